# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of the API server's messages that a machine has to read."""

from __future__ import annotations

import re

_WEBHOOK_PREFIX = re.compile(r'admission webhook "[^"]*" denied the request:\s*')
_NO_DRY_RUN = "does not support dry run"


def refusal_text(message: str) -> str | None:
    """An admission webhook's words in an API server's message; None without a webhook."""
    found = _WEBHOOK_PREFIX.search(message)
    return " ".join(message[found.end() :].split()) if found else None


def is_dry_run_unsupported(status: int, message: str) -> bool:
    """Whether a dry run was refused because an admission webhook may have side effects (400)."""
    return status == 400 and _NO_DRY_RUN in message


def with_full_stop(text: str) -> str:
    """End a text as a sentence."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API server says in its own words, as far as a machine has to read it."""

from __future__ import annotations

import re

_WEBHOOK_PREFIX = re.compile(r'admission webhook "[^"]*" denied the request:\s*')
_NO_DRY_RUN = "does not support dry run"


def refusal_text(message: str) -> str | None:
    """Give an admission webhook's own words out of an API server message, or None if no webhook spoke."""
    found = _WEBHOOK_PREFIX.search(message)
    if found is None:
        return None
    return " ".join(message[found.end() :].split())


def is_dry_run_unsupported(status: int, message: str) -> bool:
    """Whether a dry run was refused because an admission webhook may have side effects (400)."""
    return status == 400 and _NO_DRY_RUN in message


def with_full_stop(text: str) -> str:
    """End a text as a sentence."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-vault makes of a file, and of a single value in one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


class Vaulted(str):
    """A value as ansible-vault encrypted it; vars_file marks it so that Ansible decrypts it."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    Vaulted, lambda dumper, value: dumper.represent_scalar("!vault", value, style="|")
)


def vaulted(text: str, password_file: Path) -> Vaulted:
    """Encrypt a text as the user does who has its password in a file."""
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-vault"), "encrypt",
            f"--vault-password-file={password_file}", "--output=-",
        ],
        input=text, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return Vaulted(done.stdout)


def vars_file(variables: dict[str, Any]) -> str:
    """A file of variables, among which there may be Vaulted ones."""
    return yaml.dump(variables, Dumper=_Dumper)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that Ansible reads as its own in options and results.

ansible-core 2.19 and newer build an object from a dictionary with `__ansible_type`, older ones from
`__ansible_vault` and `__ansible_unsafe`. All are legal keys of a ConfigMap.
"""

from __future__ import annotations

import typing as t


def with_plain_keys(value: t.Any) -> t.Any:
    """A copy of a result with each reserved key in parentheses, at any depth."""
    if isinstance(value, dict):
        return {
            f"({key})" if is_reserved(key) else key: with_plain_keys(inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [with_plain_keys(inner) for inner in value]
    return value


def is_reserved(key: t.Any) -> bool:
    """Whether Ansible reads a key as its own."""
    return isinstance(key, str) and key.startswith("__ansible_")

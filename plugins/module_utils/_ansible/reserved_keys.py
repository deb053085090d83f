# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that Ansible reads as its own when it hands over options or takes over a result.

ansible-core 2.19 and newer build an object of their own from a dictionary with `__ansible_type` in it, older
ones from `__ansible_vault` and `__ansible_unsafe`. All of them are legal keys of a ConfigMap.
"""

from __future__ import annotations

import typing as t

_RESERVED = "__ansible_"


def with_plain_keys(value: t.Any) -> t.Any:
    """Put each reserved key of a result in parentheses, at any depth.

    :returns: a new structure with equal content where no key is reserved.
    """
    if isinstance(value, dict):
        return {_plain(key): with_plain_keys(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_plain_keys(inner) for inner in value]
    return value


def is_reserved(key: t.Any) -> bool:
    """Whether Ansible reads a key as its own."""
    return isinstance(key, str) and key.startswith(_RESERVED)


def _plain(key: t.Any) -> t.Any:
    return f"({key})" if is_reserved(key) else key

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One object in a --diff."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .json_types import JsonObject


def object_diff(label: str, before: JsonObject | None, after: JsonObject | None) -> JsonObject:
    """One entry of Ansible's `diff`.

    :param label: kind and namespace/name.
    :param before, after: what is shown; None if the object does not exist.
    """
    return {"before_header": label, "before": before, "after_header": label, "after": after}

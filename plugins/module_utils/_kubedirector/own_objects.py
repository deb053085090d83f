# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks on objects that this collection makes for itself, which more than one module must know."""

from __future__ import annotations

# On the Secret that keeps an object's old values until kd_rotate has ended.
OLD_VALUES_LABELS = {
    "app.kubernetes.io/managed-by": "kubedirector.connections",
    "kubedirector.connections/keeps": "old-values",
}
# On the same: kind/name of the object.
OLD_VALUES_OF = "kubedirector.connections/old-values-of"

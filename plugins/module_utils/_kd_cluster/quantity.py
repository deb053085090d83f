# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes quantities: "0.5" and "500m" are one amount, whichever the operator writes back."""

from __future__ import annotations

import decimal
import re

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_POWERS_OF_1024 = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def same_quantity(left: object, right: object) -> bool:
    """Whether two quantities are the same amount; texts that are none must be equal."""
    return _amount(str(left)) == _amount(str(right))


def _amount(text: str) -> decimal.Decimal | str:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return text
    try:
        return _decimal(found[1], found[2] or "")
    except (decimal.DecimalException, ValueError):
        # More than one point, or an exponent that neither decimal nor int() takes.
        return text


def _decimal(number: str, suffix: str) -> decimal.Decimal:
    amount = decimal.Decimal(number)
    if suffix in _POWERS_OF_1024:
        return amount * decimal.Decimal(1024) ** _POWERS_OF_1024[suffix]
    if suffix in _POWERS_OF_TEN:
        return amount.scaleb(_POWERS_OF_TEN[suffix])
    return amount.scaleb(int(suffix[1:])) if suffix else amount

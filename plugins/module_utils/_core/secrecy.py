# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How secret an option is, where `no_log` in its argument spec does not say enough.

A table beside each argument spec goes from an option's path, such as "secrets.annotations", to one of these.
"""

from __future__ import annotations

import enum
import typing as t

# As Ansible has it: an option's type, default and the rest by name; and all options of a module.
Option = dict[str, t.Any]
ArgumentSpec = dict[str, Option]


class Secrecy(enum.Enum):
    """What of an option's value is secret."""

    # All of it; of a dictionary the values.
    SECRET = enum.auto()
    # Of a dictionary the values that look like credentials.
    CREDENTIALS = enum.auto()
    # The same, of a list of dictionaries with name and value.
    NAMED_CREDENTIALS = enum.auto()
    # User and password in it.
    URL = enum.auto()
    # What is below its users, unless it is a path.
    KUBECONFIG = enum.auto()


SecrecyTable = t.Mapping[str, Secrecy]

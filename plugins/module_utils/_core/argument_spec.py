# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs, and how secret an option is, where `no_log` is not enough.

A table beside each argument spec maps an option's path, such as "secrets.annotations", to one of these.
"""

from __future__ import annotations

import enum
import typing as t

# As in Ansible: an option's type, default and the rest by name; a module's options.
Option = dict[str, t.Any]
ArgumentSpec = dict[str, Option]


def options_by_name(spec: t.Mapping[str, Option]) -> dict[str, str]:
    """From each option's name and aliases to its name."""
    return {name: key for key, one in spec.items() for name in (key, *one.get("aliases", ()))}


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
    # A file's content in place of its path.
    PATH = enum.auto()
    # The same, and of a dictionary what is below its users.
    KUBECONFIG = enum.auto()


SecrecyTable = t.Mapping[str, Secrecy]

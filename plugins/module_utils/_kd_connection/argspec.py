# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs of kd_connection and kd_connections."""

from __future__ import annotations

import typing as t

from .._client.auth_options import NAMESPACE_ARGUMENT
from .._core.argument_spec import ArgumentSpec, Secrecy
from .._core.names import is_plain_name
from .._kubedirector.selection import SELECTION_ARGUMENTS
from .._reconcile.desired import DATA_MODES, REPLACE

_OBJECT: ArgumentSpec = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str"},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "versioned": {"type": "bool", "default": False},
    "data_mode": {"type": "str", "choices": list(DATA_MODES), "default": REPLACE},
    "from_files": {"type": "list", "elements": "raw"},
    "from_env_file": {"type": "str"},
    "definition": {"type": "dict"},
    "src": {"type": "str"},
}

# The action plugin replaces these.
ACTION_OPTIONS = ("from_files", "from_env_file", "definition", "src")

NO_ENTRIES = (
    "Give one of connections, a list of entries, and variable, the name of a variable that holds such a list. file, "
    "where that one is read from, goes with variable."
)

# May be given for all entries at once.
WAITING = ("wait", "wait_timeout", "on_reconnect_failure")

CONNECTION_ARGUMENTS: ArgumentSpec = {
    "kdcluster": {"type": "list", "elements": "str", "aliases": ["kdclusters"]},
    **SELECTION_ARGUMENTS,
    "configmaps": {
        "type": "list",
        "elements": "dict",
        "options": {**_OBJECT, "data": {"type": "dict"}, "binary_data": {"type": "dict"}},
    },
    "secrets": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            **_OBJECT,
            "data": {"type": "dict", "no_log": True},
            "string_data": {"type": "dict", "no_log": True, "aliases": ["stringData"]},
            "secret_type": {"type": "str", "no_log": False},
        },
    },
    "clusters": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    "delete_objects": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "on_reconnect_failure": {
        "type": "str",
        "choices": ["warn", "fail", "ignore"],
        "default": "warn",
    },
}

CONNECTION_SECRECY = {
    "configmaps.data": Secrecy.CREDENTIALS,
    "configmaps.annotations": Secrecy.CREDENTIALS,
    "configmaps.definition": Secrecy.SECRET,
    "secrets.definition": Secrecy.SECRET,
    # It may hold anything.
    "configmaps.binary_data": Secrecy.SECRET,
    # kubectl apply copies the values into one.
    "secrets.annotations": Secrecy.SECRET,
}

# Of one entry; without defaults for what kd_connections sets for all.
ENTRY_ARGUMENTS: ArgumentSpec = {
    **NAMESPACE_ARGUMENT,
    **CONNECTION_ARGUMENTS,
    **{
        name: {key: value for key, value in CONNECTION_ARGUMENTS[name].items() if key != "default"}
        for name in WAITING
    },
}

CONNECTIONS_ARGUMENTS: ArgumentSpec = {
    "connections": {"type": "list", "elements": "dict"},
    "variable": {"type": "str"},
    "file": {"type": "path"},
    "places": {"type": "list", "elements": "str"},
    **{name: CONNECTION_ARGUMENTS[name] for name in WAITING},
}

# With the entries' options, which the task itself checks, to report all problems at once.
CONNECTIONS_IN_FULL: ArgumentSpec = {
    **CONNECTIONS_ARGUMENTS,
    "connections": {**CONNECTIONS_ARGUMENTS["connections"], "options": ENTRY_ARGUMENTS},
}

CONNECTIONS_SECRECY = {
    f"connections.{path}": secrecy for path, secrecy in CONNECTION_SECRECY.items()
}


def unread_sentence(given: t.Mapping[str, t.Any]) -> str | None:
    """Say that the action plugin did not read an option; the module may run where the files are not."""
    for name in ACTION_OPTIONS:
        if given.get(name) is not None:
            return (
                f"{name} was not read: the action plugin of this module reads it, on the controller, in a list of "
                "dictionaries. Write the list so, and run the module by Ansible."
            )
    return None


def with_named_objects(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Write plain names in configmaps and secrets as entries: git-login -> {name: git-login}.

    Other text stays and is refused without being shown: it may be a misplaced secret.
    """
    prepared = dict(params)
    for option in ("configmaps", "secrets"):
        entries = prepared.get(option)
        if isinstance(entries, list):
            prepared[option] = [
                {"name": entry} if isinstance(entry, str) and is_plain_name(entry) else entry
                for entry in entries
            ]
    return prepared


def with_named_objects_in_entries(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The same in each entry of kd_connections."""
    entries = params.get("connections")
    if not isinstance(entries, list):
        return dict(params)
    return {
        **params,
        "connections": [
            with_named_objects(entry) if isinstance(entry, dict) else entry for entry in entries
        ],
    }

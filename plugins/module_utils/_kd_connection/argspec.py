# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of kd_connection and kd_connections as argument specs."""

from __future__ import annotations

import typing as t

from .._client.auth_options import NAMESPACE_ARGUMENT
from .._core.names import is_plain_name
from .._core.secrecy import ArgumentSpec, Secrecy
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

# The action plugin puts others in place of these.
ACTION_OPTIONS = ("from_files", "from_env_file", "definition", "src")

NO_ENTRIES = (
    "Give one of connections, a list of entries, and variable, the name of a variable that holds such a list. file, "
    "where that one is read from, goes with variable."
)

# What may be given for all entries of a list at once.
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
    # Who can say what is in it.
    "configmaps.binary_data": Secrecy.SECRET,
    # kubectl apply keeps a copy of the values in one.
    "secrets.annotations": Secrecy.SECRET,
}


# Of one entry of a list; what kd_connections itself has as a default for all has none of its own here.
ENTRY_ARGUMENTS: ArgumentSpec = {
    **NAMESPACE_ARGUMENT,
    **CONNECTION_ARGUMENTS,
    **{
        name: {key: value for key, value in CONNECTION_ARGUMENTS[name].items() if key != "default"}
        for name in WAITING
    },
}

CONNECTIONS_ARGUMENTS: ArgumentSpec = {
    "connections": {
        "type": "list",
        "elements": "dict",
    },
    "variable": {"type": "str"},
    "file": {"type": "path"},
    "places": {"type": "list", "elements": "str"},
    **{name: CONNECTION_ARGUMENTS[name] for name in WAITING},
}

# The same with the options of the entries, which the task checks itself, to report all problems at once.
CONNECTIONS_IN_FULL: ArgumentSpec = {
    **CONNECTIONS_ARGUMENTS,
    "connections": {**CONNECTIONS_ARGUMENTS["connections"], "options": ENTRY_ARGUMENTS},
}

CONNECTIONS_SECRECY = {
    f"connections.{path}": secrecy for path, secrecy in CONNECTION_SECRECY.items()
}


def unread_sentence(given: t.Mapping[str, t.Any]) -> str | None:
    """Say that a ConfigMap or Secret has an option that the action plugin did not take: the module may run where
    the files are not."""
    names = [name for name in ACTION_OPTIONS if given.get(name) is not None]
    return (
        f"{names[0]} was not read: the action plugin of this module reads it, on the controller, in a list of "
        "dictionaries. Write the list so, and run the module by Ansible."
        if names
        else None
    )


def with_named_objects(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Write plain names in configmaps and secrets as entries: git-login -> {name: git-login}.

    Text outside of a list stays what it is and is refused without being shown: it may be a secret in the wrong
    place. So is text that cannot be a name.
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

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_cluster's options -> the desired KDCluster, typed and checked; no I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InvalidInputError
from .._core.names import require_name
from .._core.scalars import removable_text_map, scalar_text, text_map
from .._reconcile.desired import DesiredState, parse_desired
from .argspec import ACTION_OPTIONS, api_spelling

# Written as given, in the API's spelling.
_CLUSTER_FIELDS = ("app", "app_catalog", "service_type", "naming_scheme", "default_secret")
_ROLE_FIELDS = (
    "storage",
    "block_storage",
    "secret",
    "volume_projections",
    "file_injections",
    "shared_memory",
    "service_account_name",
    "affinity",
)
_ROLE_MAPS = ("pod_labels", "pod_annotations", "service_labels", "service_annotations")


@dataclasses.dataclass(frozen=True)
class WantedRole:
    """One role as the task describes it.

    :param members: None leaves their number alone, or to the KDApp.
    :param fields: other given fields, as the API spells them.
    :param secret_keys: name to plain value; None if not given.
    """

    id: str
    members: int | None
    fields: t.Mapping[str, t.Any]
    secret_keys: t.Mapping[str, str] | None = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class DesiredCluster:
    """The KDCluster as one task wants it.

    :param fields: of the spec, except roles and connections, as the API spells them.
    """

    namespace: str
    name: str
    absent: bool
    force: bool
    fields: t.Mapping[str, t.Any]
    roles: tuple[WantedRole, ...]
    labels: t.Mapping[str, str | None]
    annotations: t.Mapping[str, str | None]
    connections: DesiredState

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"KDCluster {self.namespace}/{self.name}"


def parse_desired_cluster(params: t.Mapping[str, t.Any], namespace: str) -> DesiredCluster:
    """Read kd_cluster's options. :raises InvalidInputError: never shows a secret key's value."""
    absent = params["state"] == "absent"
    if params["force"] and not absent:
        raise InvalidInputError("Option force goes with state=absent only.")
    for option in ACTION_OPTIONS:
        if params.get(option) is not None:
            raise InvalidInputError(
                f"{option} was not read: the action plugin of this module reads it, on the controller. "
                "Run the module by Ansible."
            )
    name = params.get("name")
    if name is None:
        raise InvalidInputError(
            "name is missing. Give the KDCluster's name, or its manifest in definition or src."
        )
    require_name("name: KDCluster", name)
    where = f"KDCluster {namespace}/{name}"
    connections = params.get("connections") or {}
    return DesiredCluster(
        namespace=namespace,
        name=name,
        absent=absent,
        force=bool(params["force"]),
        fields=_given(params, _CLUSTER_FIELDS),
        roles=tuple(_roles(params.get("roles"), where)),
        labels=removable_text_map(params.get("labels"), f"{where}: label"),
        annotations=removable_text_map(params.get("annotations"), f"{where}: annotation"),
        connections=parse_desired(
            {
                "kdcluster": [name],
                "clusters": connections.get("clusters"),
                "configmaps": [{"name": one} for one in connections.get("configmaps") or ()],
                "secrets": [{"name": one} for one in connections.get("secrets") or ()],
                "state": "present",
                "exclusive": False,
                "delete_objects": False,
                "wait_timeout": params["wait_timeout"],
            },
            namespace,
        ),
    )


def _roles(entries: list[dict[str, t.Any]] | None, where: str) -> t.Iterator[WantedRole]:
    seen: set[str] = set()
    for entry in entries or ():
        role_id = entry["id"]
        here = f"{where}: role {role_id}"
        if role_id in seen:
            raise InvalidInputError(f"{here} is given twice: merge the two entries.")
        seen.add(role_id)
        members = entry.get("members")
        if members is not None and members < 0:
            raise InvalidInputError(f"{here}: members is {members}; give 0 or more.")
        yield WantedRole(
            id=role_id,
            members=members,
            fields=_role_fields(entry, here),
            secret_keys=_secret_keys(entry.get("secret_keys"), here),
        )


def _role_fields(entry: dict[str, t.Any], where: str) -> dict[str, t.Any]:
    fields = _given(entry, _ROLE_FIELDS)
    for option in _ROLE_MAPS:
        if entry.get(option) is not None:
            fields[api_spelling(option)] = text_map(entry[option], f"{where}: {option}")
    if entry.get("env") is not None:
        fields["env"] = [_variable(one, where) for one in entry["env"]]
    if entry.get("resources") is not None:
        fields["resources"] = {
            part: text_map(entry["resources"][part], f"{where}: resources.{part}")
            for part in ("limits", "requests")
            if entry["resources"].get(part) is not None
        }
    return fields


def _variable(entry: dict[str, t.Any], where: str) -> dict[str, str]:
    value = scalar_text(entry["value"])
    if value is None:
        raise InvalidInputError(
            f"{where}: env {entry['name']}: the value is not text, a number or a boolean. Quote it."
        )
    return {"name": entry["name"], "value": value}


def _secret_keys(entries: list[dict[str, t.Any]] | None, where: str) -> dict[str, str] | None:
    if entries is None:
        return None
    keys: dict[str, str] = {}
    for entry in entries:
        if entry["name"] in keys:
            raise InvalidInputError(
                f"{where}: secret key {entry['name']} is given twice; keep one."
            )
        keys[entry["name"]] = entry["value"]
    return keys


def _given(options: t.Mapping[str, t.Any], names: t.Iterable[str]) -> dict[str, t.Any]:
    """The given options, as the API spells them."""
    return {
        api_spelling(name): options[name] if name == "affinity" else _spelled(options[name])
        for name in names
        if options.get(name) is not None
    }


def _spelled(value: t.Any) -> t.Any:
    """An option's value with its given suboptions as the API spells them.

    Ansible leaves an alias beside its option, but converts the option only.
    """
    if isinstance(value, dict):
        return {
            api_spelling(key): _spelled(inner)
            for key, inner in value.items()
            if inner is not None and key == key.lower()
        }
    if isinstance(value, list):
        return [_spelled(inner) for inner in value]
    return value

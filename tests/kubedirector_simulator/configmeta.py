# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Composes configmeta.json, as pkg/catalog/configmeta.go of the real operator does.

It keeps the real operator's errors, because users meet them: see _members_repeated and _service.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.kubedirector_simulator import app_catalog, facts
from tests.kubedirector_simulator.connected_objects import Connected, NamedObject
from tests.kubedirector_simulator.objects import Json, key_of, labels_of, quantity_up
from tests.kubedirector_simulator.secret_keys import SecretKeys

Members = Sequence[Json]


@dataclass(frozen=True)
class ConfigmetaSource:
    """All that configmeta.json is made from.

    members_for_role holds the member statuses that are meant to exist, in the operator's order;
    apps_of_connected only the apps found in the namespace of the connected cluster.
    """

    cluster: Json
    app: Json
    members_for_role: Mapping[str, Members]
    connected: Connected
    apps_of_connected: Mapping[str, Json]
    secret_keys: SecretKeys
    service_domain: str


def _ref(*path: str) -> Json:
    return {"bdvlibrefkey": list(path)}


def _domain(cluster: Json, service_domain: str) -> str:
    headless = (cluster.get("status") or {}).get("clusterService", "")
    return f"{headless}.{key_of(cluster).namespace}{service_domain}"


def _services(app: Json, members_for_role: Mapping[str, Members], prefix: Sequence[str]) -> Json:
    result: Json = {}
    for service in app["spec"].get("services") or []:
        roles = [
            active["roleID"]
            for active in app_catalog.role_services(app)
            if service["id"] in (active.get("serviceIDs") or [])
            and active["roleID"] in members_for_role
        ]
        if roles:
            name = service["id"]
            refs = {
                role: _ref(*prefix, "nodegroups", "1", "roles", role, "services", name)
                for role in roles
            }
            result[name] = {"1": refs}
    return result


def _service(definition: Json, role: str, members: Members, domain: str) -> Json:
    """One service of a role. Its refs never lead into a connected cluster (upstream slip)."""
    endpoint = definition.get("endpoint") or {}
    port = app_catalog.port_of(definition)
    endpoints = None
    token = ""
    if port is not None:
        scheme = endpoint.get("urlScheme", "")
        endpoints = [f"{scheme}://{member['pod']}.{domain}:{port}" for member in members]
        if endpoint.get("hasAuthToken"):
            token = members[-1].get("authToken", "")
    name = definition["id"]
    return {
        "qualifiers": [],
        "name": (definition.get("label") or {}).get("name", ""),
        "id": name,
        "hostnames": _ref("nodegroups", "1", "roles", role, "hostnames"),
        "global_id": f"1_{role}_{name}",
        "fqdns": _ref("nodegroups", "1", "roles", role, "fqdns"),
        "exported_service": definition.get("exported_service", ""),
        "endpoints": endpoints,
        "authToken": token,
    }


def _role_services(app: Json, role: str, members: Members, domain: str) -> Json:
    result: Json = {}
    for active in app_catalog.role_services(app):
        if active["roleID"] == role:
            for name in active.get("serviceIDs") or []:
                definition = app_catalog.service_of(app, name)
                if definition is not None:
                    result[name] = _service(definition, role, members, domain)
    return result


def _role(role: Json, app: Json, members: Members, domain: str, secret_keys: SecretKeys) -> Json:
    limits = (role.get("resources") or {}).get("limits") or {}
    fqdns = [f"{member['pod']}.{domain}" for member in members]
    node_ids = [str(member["nodeID"]) for member in members]
    result: Json = {
        "services": _role_services(app, role["id"], members, domain),
        "node_ids": node_ids,
        "hostnames": fqdns,
        "fqdns": fqdns,
        "fqdn_mappings": dict(zip(fqdns, node_ids, strict=True)),
        "flavor": {
            "storage": "n/a",
            "name": "n/a",
            "memory": str(quantity_up(limits.get("memory", 0)) // (1024 * 1024)),
            "description": "n/a",
            "cores": str(quantity_up(limits.get("cpu", 0))),
        },
    }
    plain = secret_keys.decrypt_all(role.get("secretKeys") or [])
    if plain:
        result["secret_keys"] = plain
    return result


def _cluster_part(
    cluster: Json,
    app: Json,
    members_for_role: Mapping[str, Members],
    prefix: Sequence[str],
    source: ConfigmetaSource,
) -> Json:
    spec = app["spec"]
    domain = _domain(cluster, source.service_domain)
    roles = {
        role["id"]: _role(role, app, members_for_role[role["id"]], domain, source.secret_keys)
        for role in cluster["spec"].get("roles") or []
        if members_for_role.get(role["id"])
    }
    return {
        "version": str(spec["configSchemaVersion"]),
        "services": _services(app, members_for_role, prefix),
        "nodegroups": {
            "1": {
                "roles": roles,
                "distro_id": spec["distroID"],
                "catalog_entry_version": spec["version"],
                "config_metadata": spec.get("config", {}).get("configMeta"),
            }
        },
        "distros": {spec["distroID"]: {"1": _ref(*prefix, "nodegroups", "1")}},
        "cluster": {
            "name": cluster["metadata"]["name"],
            "isolated": False,
            "id": cluster["metadata"]["uid"],
            "config_metadata": {"1": _ref("nodegroups", "1", "config_metadata")},
        },
        "node": None,
        "connections": {"clusters": None, "configmaps": None, "secrets": None},
    }


def _members_repeated(cluster: Json) -> dict[str, Members]:
    """Each role's last member as often as it has members (a loop variable's address upstream)."""
    roles = (cluster.get("status") or {}).get("roles") or []
    return {
        role["id"]: [role["members"][-1]] * len(role["members"]) if role.get("members") else []
        for role in roles
    }


def _connected_clusters(source: ConfigmetaSource) -> Json:
    result: Json = {}
    for named in source.connected.clusters:
        app = source.apps_of_connected.get(named.name)
        if named.found is not None and app is not None:
            prefix = ("connections", "clusters", named.name)
            members = _members_repeated(named.found)
            result[named.name] = _cluster_part(named.found, app, members, prefix, source)
    return result


def _typed(objects: Sequence[NamedObject], label: str) -> list[tuple[str, Json]]:
    return [
        (labels_of(named.found)[label], named.found)
        for named in objects
        if named.found is not None and label in labels_of(named.found)
    ]


def _encoded(values: Mapping[str, str] | None) -> dict[str, str]:
    return {
        name: base64.b64encode(value.encode()).decode() for name, value in (values or {}).items()
    }


def _configmaps(objects: Sequence[NamedObject]) -> Json:
    result: Json = {}
    for kind, found in _typed(objects, facts.CONFIGMAP_TYPE_LABEL):
        metadata = found["metadata"]
        entry = {
            "metadata": {"name": metadata["name"]},
            "data": found.get("data"),
            "labels": metadata.get("labels"),
            "annotations": metadata.get("annotations"),
        }
        result.setdefault(kind, []).append(entry)
    return result


def _secrets(objects: Sequence[NamedObject]) -> Json:
    result: Json = {}
    for kind, found in _typed(objects, facts.SECRET_TYPE_LABEL):
        metadata = found["metadata"]
        entry = {
            "metadata": _encoded({"name": metadata["name"]}),
            "data": found.get("data"),  # the API already has it in base64
            "labels": _encoded(metadata.get("labels")),
            "annotations": _encoded(metadata.get("annotations")),
        }
        result.setdefault(kind, []).append(entry)
    return result


def _node(member: Json, role: str, source: ConfigmetaSource) -> Json:
    domain = _domain(source.cluster, source.service_domain)
    fqdn = f"{member['pod']}.{domain}"
    node: Json = {
        "role_id": role,
        "nodegroup_id": "1",
        "id": str(member["nodeID"]),
        "hostname": fqdn,
        "fqdn": fqdn,
        "domain": domain,
        "distro_id": source.app["spec"]["distroID"],
        "depends_on": {},
    }
    if member.get("blockDevicePaths"):
        node["block_device_paths"] = member["blockDevicePaths"]
    return node


def compose(source: ConfigmetaSource) -> dict[str, str]:
    """The text of configmeta.json for each member, by its pod's name."""
    base = _cluster_part(source.cluster, source.app, source.members_for_role, (), source)
    base["connections"] = {
        "clusters": _connected_clusters(source),
        "configmaps": _configmaps(source.connected.configmaps),
        "secrets": _secrets(source.connected.secrets),
    }
    return {
        member["pod"]: _go_json({**base, "node": _node(member, role, source)})
        for role, members in source.members_for_role.items()
        for member in members
    }


def _go_json(value: Json) -> str:
    # Go's encoder is compact, writes UTF-8 as it is and escapes the three characters of HTML.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KDClusters as kd_export_info read them, as options of kd_cluster. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    CLUSTER_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import facts

_Spec = t.Mapping[str, t.Mapping[str, t.Any]]
_EMPTY: tuple[t.Any, ...] = (None, "", {}, [])
# The operator's own, and kubectl's copy of the manifest.
_FOREIGN = (f"{facts.API_VERSION.partition('/')[0]}/", facts.LAST_APPLIED_ANNOTATION)


def cluster_options(content: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """Write a KDCluster as options of kd_cluster that change nothing, without its connections.

    :param content: its namespace, name, labels, annotations and spec, which has only names of secret keys.
    :returns: the options, and a sentence for each thing that is left out.
    """
    label = f"KDCluster {content['namespace']}/{content['name']}"
    spec = {key: value for key, value in content["spec"].items() if key != "connections"}
    roles = [dict(role) for role in spec.pop("roles", None) or ()]
    left_out = [
        f"{label}: the values of secret_keys {', '.join(names)} of role {role['id']}. The operator stores them "
        "encrypted, so they stay as they are. Give them where the KDCluster is to be created."
        for role in roles
        for names in [[key["name"] for key in role.pop("secretKeys", None) or ()]]
        if names
    ]
    options, unknown = _options(spec, CLUSTER_ARGUMENTS)
    options["roles"] = []
    for role in roles:
        fields, more = _options(role, CLUSTER_ARGUMENTS["roles"]["options"])
        options["roles"].append(fields)
        unknown += [f"{field} of role {role['id']}" for field in more]
    left_out += [f"{label}: {field}, for which kd_cluster has no option." for field in unknown]
    metadata = {field: _own(content[field]) for field in ("labels", "annotations")}
    about = {"namespace": content["namespace"], "name": content["name"]}
    return {**about, **options, **{k: v for k, v in metadata.items() if v}}, left_out


def _own(texts: t.Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if not key.startswith(_FOREIGN)}


def _options(given: t.Mapping[str, t.Any], spec: _Spec) -> tuple[dict[str, t.Any], list[str]]:
    """Spell the fields of a manifest as options.

    :returns: the options without empty ones, and the fields that they cannot express as a whole.
    """
    named = {spelling: name for name in spec for spelling in (*spec[name].get("aliases", ()), name)}
    options: dict[str, t.Any] = {}
    unknown: list[str] = []
    for field, value in given.items():
        if value in _EMPTY:
            continue
        option = spec.get(named.get(field, ""))
        expressed = _value(value, option) if option is not None else None
        if expressed is None:
            unknown.append(field)
        else:
            options[named[field]] = expressed
    return options, unknown


def _value(value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    """Spell a value as that of an option; None if that cannot express it."""
    if value not in option.get("choices", [value]):
        return None
    spec = option.get("options")
    if spec is None:
        return value
    if isinstance(value, list):
        inner = [_value(one, {"options": spec}) for one in value]
        return None if None in inner else inner
    options, unknown = _options(value, spec)
    for name, one in spec.items():
        if one.get("required") and name not in options:
            if one["type"] != "raw":
                return None
            # The operator leaves an empty value out.
            options[name] = ""
    return None if unknown else options

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest of a KDCluster as the options of kd_cluster. Pure. No sentence shows a value.

Whatever the manifest says becomes an option or is refused: kd_cluster compares and writes what it knows.
"""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.option_forms import (
    meant,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.json_types import (
    JsonObject,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.secrecy import (
    ArgumentSpec,
    Option,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    ACTION_OPTIONS,
    CLUSTER_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
    wrong_type,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import facts
from ansible_collections.kubedirector.connections.plugins.plugin_utils._manifests import (
    Problems,
    metadata_fields,
    not_text,
    of_other_kind,
    unlike,
)

# Options that have no place in a manifest, or not in its spec.
_OF_TASK = {*ACTION_OPTIONS, "name", "state", "force", "wait", "wait_timeout"}
_OF_METADATA = {"labels", "annotations"}
_SPEC = {
    name: option
    for name, option in CLUSTER_ARGUMENTS.items()
    if name not in _OF_TASK | _OF_METADATA
}
# What may not stand beside a manifest.
IN_MANIFEST = frozenset(
    spelling
    for name, option in CLUSTER_ARGUMENTS.items()
    if name not in _OF_TASK or name in ACTION_OPTIONS
    for spelling in (name, *option.get("aliases", ()))
)
_OF_OPERATOR = (facts.CHANGE_COUNT, facts.EVENT_COUNT, facts.FINALIZER)
_SCALARS: dict[str, type] = {"str": str, "int": int, "bool": bool}
# Kubernetes' own, which the API server checks.
_VERBATIM = "affinity"


def cluster_fields(
    manifest: t.Any, *, namespace: t.Any, strict: bool
) -> tuple[JsonObject, Problems]:
    """Write a manifest as the options of kd_cluster.

    :param namespace: the namespace of the task, or None where none is given.
    :param strict: whether values must have the types of the CRD; else Ansible makes these of them.
    """
    if not isinstance(manifest, dict):
        return {}, [((), wrong_type(manifest, "dict"))]
    problems = list(
        of_other_kind(manifest, facts.API_VERSION, facts.KDCLUSTER_KIND, "a KDCluster's manifest")
    )
    fields, of_metadata = metadata_fields(manifest, strict=strict, of_operator=_OF_OPERATOR)
    problems += of_metadata
    if namespace is not None and fields.get("namespace", namespace) != namespace:
        problems.append(
            (("metadata", "namespace"), f"is not {namespace}, the namespace of the task.")
        )
    for field, value in manifest.items():
        # The status is the operator's.
        if field not in ("apiVersion", "kind", "metadata", "spec", "status") and value is not None:
            problems.append(((field,), f"is not a field of a {facts.KDCLUSTER_KIND}."))
    fields.update(_Walk(problems, strict).options(manifest.get("spec"), _SPEC, ("spec",)))
    return fields, problems


class _Walk:
    """Copies what a manifest holds, with the names of options for those of fields."""

    def __init__(self, problems: Problems, strict: bool) -> None:
        self._problems = problems
        self._strict = strict

    def options(self, given: t.Any, spec: ArgumentSpec, path: Path) -> JsonObject:
        """Copy a dictionary. Of null Kubernetes makes nothing."""
        if not isinstance(given, dict):
            self._problems.append((path, wrong_type(given, "dict")))
            return {}
        names = {(option.get("aliases") or [name])[0]: name for name, option in spec.items()}
        result: JsonObject = {}
        before = len(self._problems)
        for field, value in given.items():
            if value is None:
                continue
            if field in names:
                name = names[field]
                result[name] = self._value(value, name, spec[name], (*path, field))
            elif field == "encryptedValue":
                self._problem(
                    (*path, field),
                    "is the operator's, which refuses it from others. Give value, or leave secretKeys out.",
                )
            else:
                self._problem(
                    (*path, field),
                    f"is not a field that kd_cluster takes; {meant(str(field), {key: {} for key in names})}",
                )
        for field, name in names.items():
            if not spec[name].get("required") or name in result:
                continue
            if spec[name]["type"] == "raw":
                # The API server leaves an empty value of an environment variable out.
                result[name] = ""
            elif len(self._problems) == before:
                self._problem((*path, field), "is missing.")
        return result

    def _value(self, value: t.Any, name: str, option: Option, path: Path) -> t.Any:
        kind, inner = option["type"], option.get("options")
        if kind == "list":
            if not isinstance(value, list):
                self._problem(path, wrong_type(value, "list"))
                return None
            element: Option = {"type": option["elements"], **({"options": inner} if inner else {})}
            return [
                self._value(one, name, element, (*path, number)) for number, one in enumerate(value)
            ]
        if kind == "dict":
            if inner is not None:
                return self.options(value, inner, path)
            strict = self._strict and name != _VERBATIM
            self._problems += not_text(path, value, strict=strict)
            return value
        if self._strict:
            # An environment variable's value is raw, and text in the CRD.
            wanted = "str" if kind == "raw" else kind
            fits = isinstance(value, _SCALARS[wanted])
            if not fits or (wanted == "int" and isinstance(value, bool)):
                self._problem(path, unlike(value, wanted))
        elif isinstance(value, (dict, list)):
            self._problem(path, wrong_type(value, "str" if kind == "raw" else kind))
        choices = option.get("choices")
        if choices and isinstance(value, str) and value not in choices:
            self._problem(path, f"has to be one of {', '.join(choices)}.")
        return value

    def _problem(self, path: Path, text: str) -> None:
        self._problems.append((path, text))

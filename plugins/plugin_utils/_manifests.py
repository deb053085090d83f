# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest of a ConfigMap, Secret or KDCluster as options. Pure. No sentence shows a value.

Whatever a manifest says becomes an option or is refused.
"""

from __future__ import annotations

import datetime
import typing as t

import yaml

from ..module_utils._ansible.option_forms import meant
from ..module_utils._core.argument_spec import ArgumentSpec, Option
from ..module_utils._core.json_types import JsonObject
from ..module_utils._kd_cluster.argspec import ACTION_OPTIONS, CLUSTER_ARGUMENTS
from ..module_utils._kd_connection.entry_words import Path, wrong_type
from ..module_utils._kubedirector import facts
from ._kubectl_values import UnusableFileError

Problems = list[tuple[Path, str]]
# Option to kind, and to {field of its manifest: option}.
_OBJECTS = {
    "configmaps": ("ConfigMap", {"data": "data", "binaryData": "binary_data"}),
    "secrets": (
        "Secret",
        {"data": "data", "stringData": "string_data", "type": "secret_type"},
    ),
}
# What the API server writes and kubectl get prints.
_OF_SERVER = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
_OF_OPERATOR = (facts.CHANGE_COUNT, facts.EVENT_COUNT, facts.FINALIZER)
# May stand beside an object's manifest, which has no place for it.
BESIDES = frozenset({"data_mode", "name", "type", "versioned"})
# Options of kd_cluster that have no place in a manifest, and those that have one in its spec.
_OF_TASK = {*ACTION_OPTIONS, "name", "state", "force", "wait", "wait_timeout"}
SPEC = {
    name: option
    for name, option in CLUSTER_ARGUMENTS.items()
    if name not in {*_OF_TASK, "labels", "annotations"}
}
# What may not stand beside a manifest of a KDCluster.
IN_MANIFEST = frozenset(
    spelling
    for name, option in CLUSTER_ARGUMENTS.items()
    if name not in _OF_TASK or name in ACTION_OPTIONS
    for spelling in (name, *option.get("aliases", ()))
)
_SCALARS: dict[str, type] = {"str": str, "int": int, "bool": bool}
# Kubernetes' own, which the API server checks.
_VERBATIM = "affinity"
_EMPTY: tuple[t.Any, ...] = (None, "", {}, [])


class _TextLoader(yaml.SafeLoader):
    """Leaves dates as written, like Kubernetes; refuses repeated keys, unlike it."""

    def compose_mapping_node(self, anchor: t.Any) -> t.Any:
        """Read a dictionary. :raises UnusableFileError: a key is repeated."""
        node = super().compose_mapping_node(anchor)
        keys = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
        texts = [key.value for key in keys]
        for number, key in enumerate(keys):
            if key.value in texts[:number]:
                line = key.start_mark.line + 1
                raise UnusableFileError(
                    f"has a key twice in one dictionary (line {line}). Keep one."
                )
        return node


_TextLoader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def manifest_in(content: bytes) -> t.Any:
    """Read the only manifest of a file. :raises UnusableFileError:"""
    try:
        documents = [one for one in yaml.load_all(content, _TextLoader) if one is not None]
    except (
        yaml.YAMLError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        RecursionError,
    ) as error:
        # Its own message shows the lines around, or the value.
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1})"
        problem = f"is not YAML or JSON{where}."
        if isinstance(error, yaml.constructor.ConstructorError):
            problem = (
                f"has a tag that Kubernetes does not know, such as !vault{where}. Let ansible-vault encrypt the whole file, "
                "or use definition."
            )
        raise UnusableFileError(problem) from None
    if len(documents) != 1:
        raise UnusableFileError(f"holds {len(documents)} manifests, and one belongs here.")
    return documents[0]


def manifest_fields(
    option: str, manifest: t.Any, *, namespace: t.Any, strict: bool
) -> tuple[JsonObject, Problems]:
    """Write a manifest as an entry of configmaps or secrets.

    :param namespace: of the task or entry, if given.
    :param strict: whether values must be text, as for Kubernetes; else they become text.
    """
    if not isinstance(manifest, dict):
        return {}, [((), wrong_type(manifest, "dict"))]
    kind, names = _OBJECTS[option]
    fields, problems = _metadata_fields(
        manifest, "v1", kind, f"an entry of {option}", strict=strict
    )
    if fields.pop("namespace", namespace) != namespace:
        text = "is given, but option namespace is not. Give it there, or leave it out here."
        if namespace is not None:
            text = f"is not {namespace}, the namespace of the task or entry. Connections stay in one namespace."
        problems.append((("metadata", "namespace"), text))
    for field, value in manifest.items():
        if field in ("apiVersion", "kind", "metadata") or value is None:
            continue
        if field == "immutable":
            if value is not False:
                text = "is not supported; versioned: true makes immutable objects."
                problems.append(((field,), text))
        elif field not in names:
            problems.append(((field,), f"is not a field of a {kind}."))
        else:
            if field != "type":
                problems += _not_text((field,), value, strict=strict)
            fields[names[field]] = value
    return fields, problems


def cluster_fields(
    manifest: t.Any, *, namespace: t.Any, strict: bool
) -> tuple[JsonObject, Problems]:
    """Write a manifest as the options of kd_cluster.

    :param namespace: of the task, if given.
    :param strict: whether values must have the CRD's types; else Ansible converts them.
    """
    if not isinstance(manifest, dict):
        return {}, [((), wrong_type(manifest, "dict"))]
    kind = facts.KDCLUSTER_KIND
    fields, problems = _metadata_fields(
        manifest, facts.API_VERSION, kind, "a KDCluster's manifest", _OF_OPERATOR, strict=strict
    )
    if namespace is not None and fields.get("namespace", namespace) != namespace:
        text = f"is not {namespace}, the namespace of the task."
        problems.append((("metadata", "namespace"), text))
    for field, value in manifest.items():
        # The status is the operator's.
        if field not in ("apiVersion", "kind", "metadata", "spec", "status") and value is not None:
            problems.append(((field,), f"is not a field of a {kind}."))
    fields.update(_Walk(problems, strict).options(manifest.get("spec"), SPEC, ("spec",)))
    return fields, problems


def options_in(fields: JsonObject, spec: ArgumentSpec) -> tuple[JsonObject, list[str]]:
    """Write a live KDCluster's spec, or a role, as options.

    :returns: the options without empty ones, and the fields that they cannot express in full.
    """
    problems: Problems = []
    _Walk(problems, nothing=_EMPTY).options(fields, spec, ())
    unknown = {path[0] for path, _text in problems}
    known = {field: value for field, value in fields.items() if field not in unknown}
    options = _Walk([], nothing=_EMPTY).options(known, spec, ())
    return options, [field for field in fields if field in unknown]


def _metadata_fields(
    manifest: JsonObject,
    version: str,
    kind: str,
    holder: str,
    of_operator: t.Collection[str] = (),
    *,
    strict: bool,
) -> tuple[JsonObject, Problems]:
    """A manifest's metadata as options, and what is wrong with it and the kind.

    :param holder: what holds the manifest.
    :param of_operator: annotations and finalizers that the operator writes.
    """
    problems: Problems = [
        ((field,), f"is not {wanted}; {holder} has {field}: {wanted}.")
        for field, wanted in (("apiVersion", version), ("kind", kind))
        if manifest.get(field) != wanted
    ]
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        problems.append((("metadata", "name"), "is missing, or is not text."))
    fields: JsonObject = {"name": name}
    if metadata.get("namespace") is not None:
        fields["namespace"] = metadata["namespace"]
    # The first holds a whole manifest, for kubectl apply alone.
    not_of_user = {facts.LAST_APPLIED_ANNOTATION, *of_operator}
    for field, value in metadata.items():
        here = ("metadata", field)
        if field in ("name", "namespace") or field in _OF_SERVER or value in (None, [], {}):
            continue
        if field in ("labels", "annotations"):
            problems += _not_text(here, value, strict=strict)
            fields[field] = {
                key: one for key, one in value.items() if key not in not_of_user
            } if isinstance(value, dict) else value  # fmt: skip
        elif not (
            field == "finalizers"
            and isinstance(value, list)
            and not_of_user >= set(map(str, value))
        ):
            text = "is not supported: only name, namespace, labels and annotations are."
            problems.append((here, text))
    return fields, problems


def _not_text(here: Path, value: t.Any, *, strict: bool) -> t.Iterator[tuple[Path, str]]:
    """Say what of a map is not text. :param strict: whether values must be; else they become it."""
    if not isinstance(value, dict):
        yield here, wrong_type(value, "dict")
        return
    for key, one in value.items() if strict else ():
        if not isinstance(one, str) or not isinstance(key, str):
            yield (*here, key), _unlike(one if isinstance(key, str) else key, "str")


def _unlike(value: t.Any, wanted: str) -> str:
    """Say that a value has the wrong type, and what to do if YAML misread text."""
    quotable = isinstance(value, (bool, int, float, datetime.date))
    return f"{wrong_type(value, wanted)}{' Quote it.' if wanted == 'str' and quotable else ''}"


class _Walk:
    """Copies a KDCluster's spec, or a role of it, with option names for field names.

    :param nothing: values that are left out; of null Kubernetes makes nothing.
    """

    def __init__(
        self, problems: Problems, strict: bool = False, nothing: t.Container[t.Any] = (None,)
    ) -> None:
        self._problems = problems
        self._strict = strict
        self._nothing = nothing

    def options(self, given: t.Any, spec: ArgumentSpec, path: Path) -> JsonObject:
        if not isinstance(given, dict):
            self._problem(path, wrong_type(given, "dict"))
            return {}
        names = {(option.get("aliases") or [name])[0]: name for name, option in spec.items()}
        result: JsonObject = {}
        before = len(self._problems)
        for field, value in given.items():
            here, name = (*path, field), names.get(field)
            if value in self._nothing:
                continue
            if name is not None:
                result[name] = self._value(value, name, spec[name], here)
            elif field == "encryptedValue":
                self._problem(
                    here,
                    "is the operator's, which refuses it from others. Give value, or leave secretKeys out.",
                )
            else:
                fields = meant(str(field), {key: {} for key in names})
                self._problem(here, f"is not a field that kd_cluster takes; {fields}")
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
        # An environment variable's value is raw, and text in the CRD.
        kind = "str" if option["type"] == "raw" else option["type"]
        if kind == "list":
            if not isinstance(value, list):
                self._problem(path, wrong_type(value, kind))
                return None
            element = {**option, "type": option["elements"]}
            return [
                self._value(one, name, element, (*path, number)) for number, one in enumerate(value)
            ]
        if kind == "dict":
            if "options" in option:
                return self.options(value, option["options"], path)
            strict = self._strict and name != _VERBATIM
            self._problems += _not_text(path, value, strict=strict)
            return value
        if self._strict:
            fits = isinstance(value, _SCALARS[kind])
            if not fits or (kind == "int" and isinstance(value, bool)):
                self._problem(path, _unlike(value, kind))
        elif isinstance(value, (dict, list)):
            self._problem(path, wrong_type(value, kind))
        choices = option.get("choices")
        if choices and isinstance(value, str) and value not in choices:
            self._problem(path, f"has to be one of {', '.join(choices)}.")
        return value

    def _problem(self, path: Path, text: str) -> None:
        self._problems.append((path, text))

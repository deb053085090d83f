# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest of a ConfigMap, Secret or KDCluster as options. Pure. No sentence shows a value."""

from __future__ import annotations

import datetime
import typing as t

import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._core.json_types import (
    JsonObject,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
    wrong_type,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import facts

Problems = list[tuple[Path, str]]
_KINDS = {"configmaps": "ConfigMap", "secrets": "Secret"}
# Field of a manifest to option.
_FIELDS = {
    "configmaps": {"data": "data", "binaryData": "binary_data"},
    "secrets": {"data": "data", "stringData": "string_data", "type": "secret_type"},
}
_MAPS = ("data", "binaryData", "stringData")
# What the API server writes, as it stands in what kubectl get prints.
_OF_SERVER = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
# May stand beside a manifest, since it has no place in one.
BESIDES = frozenset({"data_mode", "name", "type", "versioned"})


class _RepeatedKeyError(ValueError):
    """A dictionary has a key twice."""


class _TextLoader(yaml.SafeLoader):
    """Leaves dates as they are written, like Kubernetes' own reader; refuses keys that are repeated, unlike it."""

    def compose_mapping_node(self, anchor: t.Any) -> t.Any:
        """Read a dictionary. :raises _RepeatedKeyError: only the last value of a key would be used."""
        node = super().compose_mapping_node(anchor)
        keys = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
        texts = [key.value for key in keys]
        for number, key in enumerate(keys):
            if key.value in texts[:number]:
                raise _RepeatedKeyError(key.start_mark.line + 1)
        return node


_TextLoader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def manifest_in(content: bytes) -> tuple[t.Any, str]:
    """Read the only manifest of a file.

    :returns: the manifest, and what is wrong with the file or "".
    """
    try:
        documents = [one for one in yaml.load_all(content, _TextLoader) if one is not None]
    except _RepeatedKeyError as error:
        return None, f"has a key twice in one dictionary (line {error}). Keep one."
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
        if isinstance(error, yaml.constructor.ConstructorError):
            problem = (
                f"has a tag that Kubernetes does not know, such as !vault{where}. Let ansible-vault encrypt the whole file, "
                "or use definition."
            )
            return None, problem
        return None, f"is not YAML or JSON{where}."
    if len(documents) != 1:
        return None, f"holds {len(documents)} manifests, and one belongs here."
    return documents[0], ""


def manifest_fields(
    option: str, manifest: t.Any, *, namespace: t.Any, strict: bool
) -> tuple[dict[str, t.Any], Problems]:
    """Write a manifest as an entry of configmaps or secrets.

    :param namespace: the namespace of the task or entry, or None where none is given.
    :param strict: whether values must be text, as for Kubernetes; else they become text like any option.
    """
    if not isinstance(manifest, dict):
        return {}, [((), wrong_type(manifest, "dict"))]
    kind = _KINDS[option]
    problems = list(of_other_kind(manifest, "v1", kind, f"an entry of {option}"))
    fields, of_metadata = metadata_fields(manifest, strict=strict)
    problems += of_metadata
    problems += _of_other_namespace(fields.pop("namespace", None), namespace)
    for field, value in manifest.items():
        if field in ("apiVersion", "kind", "metadata") or value is None:
            continue
        if field == "immutable":
            if value is not False:
                problems.append(
                    ((field,), "is not supported; versioned: true makes immutable objects.")
                )
        elif field not in _FIELDS[option]:
            problems.append(((field,), f"is not a field of a {kind}."))
        else:
            if field in _MAPS:
                problems += not_text((field,), value, strict=strict)
            fields[_FIELDS[option][field]] = value
    return fields, problems


def of_other_kind(
    manifest: JsonObject, version: str, kind: str, holder: str
) -> t.Iterator[tuple[Path, str]]:
    """Say that a manifest is of another kind. :param holder: what holds the manifest."""
    for field, wanted in (("apiVersion", version), ("kind", kind)):
        if manifest.get(field) != wanted:
            yield (field,), f"is not {wanted}; {holder} has {field}: {wanted}."


def metadata_fields(
    manifest: JsonObject, *, strict: bool, of_operator: t.Collection[str] = ()
) -> tuple[JsonObject, Problems]:
    """The name, namespace, labels and annotations of a manifest, as options.

    :param of_operator: annotations and finalizers that the operator writes.
    """
    problems: Problems = []
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
        if (
            field == "finalizers"
            and isinstance(value, list)
            and not_of_user >= set(map(str, value))
        ):
            continue
        if field not in ("labels", "annotations"):
            problems.append(
                (here, "is not supported: only name, namespace, labels and annotations are.")
            )
            continue
        problems += not_text(here, value, strict=strict)
        fields[field] = {
            key: one for key, one in value.items() if key not in not_of_user
        } if isinstance(value, dict) else value  # fmt: skip
    return fields, problems


def _of_other_namespace(given: t.Any, namespace: t.Any) -> t.Iterator[tuple[Path, str]]:
    here = ("metadata", "namespace")
    if given is None or given == namespace:
        return
    if namespace is None:
        yield here, "is given, but option namespace is not. Give it there, or leave it out here."
    else:
        yield (
            here,
            f"is not {namespace}, the namespace of the task or entry. Connections stay in one namespace.",
        )


def not_text(here: Path, value: t.Any, *, strict: bool) -> t.Iterator[tuple[Path, str]]:
    """Say what of a map is not text. :param strict: whether values must be; else they become it."""
    if not isinstance(value, dict):
        yield here, wrong_type(value, "dict")
        return
    for key, one in value.items() if strict else ():
        if not isinstance(one, str) or not isinstance(key, str):
            yield (*here, key), unlike(one if isinstance(key, str) else key, "str")


def unlike(value: t.Any, wanted: str) -> str:
    """Say that a value is not of a type, and what to do where YAML read text as something else."""
    quotable = isinstance(value, (bool, int, float, datetime.date))
    return f"{wrong_type(value, wanted)}{' Quote it.' if wanted == 'str' and quotable else ''}"

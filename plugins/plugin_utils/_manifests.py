# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest of a ConfigMap or Secret as the options of an entry. Pure. No sentence shows a value."""

from __future__ import annotations

import typing as t

import yaml

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


class _TextLoader(yaml.SafeLoader):
    """Leaves dates as they are written, like Kubernetes' own reader."""


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
    option: str, manifest: t.Any, namespace: t.Any, *, strict: bool
) -> tuple[dict[str, t.Any], Problems]:
    """Write a manifest as an entry of configmaps or secrets.

    :param namespace: the namespace of the task or entry, or None where none is given.
    :param strict: whether values must be text, as for Kubernetes; else they become text like any option.
    """
    problems: Problems = []
    kind = _KINDS[option]
    if not isinstance(manifest, dict):
        return {}, [((), wrong_type(manifest, "dict"))]
    for field, wanted in (("apiVersion", "v1"), ("kind", kind)):
        if manifest.get(field) != wanted:
            problems.append(
                ((field,), f"is not {wanted}; an entry of {option} has {field}: {wanted}.")
            )
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        problems.append((("metadata", "name"), "is missing, or is not text."))
    problems += _of_other_namespace(metadata.get("namespace"), namespace)
    fields: dict[str, t.Any] = {"name": name}
    for field, value in metadata.items():
        here = ("metadata", field)
        if field in ("name", "namespace") or field in _OF_SERVER or value in (None, [], {}):
            continue
        if field not in ("labels", "annotations"):
            problems.append(
                (here, "is not supported: only name, namespace, labels and annotations are.")
            )
            continue
        problems += _not_text(here, value, strict=strict)
        # It holds a whole manifest, for kubectl apply alone.
        fields[field] = {
            key: one for key, one in value.items() if key != facts.LAST_APPLIED_ANNOTATION
        } if isinstance(value, dict) else value  # fmt: skip
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
                problems += _not_text((field,), value, strict=strict)
            fields[_FIELDS[option][field]] = value
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


def _not_text(here: Path, value: t.Any, *, strict: bool) -> t.Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        yield here, wrong_type(value, "dict")
        return
    for key, one in value.items() if strict else ():
        if not isinstance(one, str) or not isinstance(key, str):
            yield (
                (*here, key),
                f"{wrong_type(one if isinstance(key, str) else key, 'str')} Quote it.",
            )

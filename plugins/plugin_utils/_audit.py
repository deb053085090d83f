# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between expected and live, and what is wrong with it. Pure; names only, never a value."""

from __future__ import annotations

import contextlib
import typing as t

from ..module_utils._kd_connection.argspec import ACTION_OPTIONS, with_named_objects
from ..module_utils._kd_connection.contradictions import contradictions
from ..module_utils._kd_connection.entries import entry_problems, validated_entries
from ..module_utils._kd_connection.entry_words import (
    Path,
    entry_label,
    numbered,
    place_of,
    shown_path,
)
from ..module_utils._kubedirector.problems import ERROR, INFO, SEVERITIES, WARNING
from ..module_utils._kubedirector.snapshot import Connections
from ..module_utils._reconcile.desired import DesiredState, merge_desired, parse_desired
from ..module_utils._reconcile.merged_connections import CONNECTION_KINDS, connections_after

Entry = t.Mapping[str, t.Any]
Finding = dict[str, t.Any]
# Of kd_connection_info, and of differences, which are all errors.
CODES = frozenset(
    {*SEVERITIES, "connections_differ", "object_differs", "missing_kdcluster", "unexpected_object"}
)
# From the least to the gravest.
LEVELS = (INFO, WARNING, ERROR)
_OBJECTS = ("configmaps", "secrets")
_DESCRIBING = frozenset(
    {"type", "data", "binary_data", "string_data", "stringData", "labels", "annotations", "secret_type", *ACTION_OPTIONS}
)  # fmt: skip
_SAME_OBJECT = frozenset({"missing_object", "unlabelled_object"})
_HINT = "Run connect with these entries, or correct them."
# What kd_connections would do with an object, to what differs.
_OBJECT_DRIFT = {
    "created": ("missing_object", "does not exist, and it is expected."),
    "updated": (
        "object_differs",
        "differs from what is expected in its data, labels or annotations.",
    ),
    "deleted": ("unexpected_object", "exists, and it is expected not to."),
}


def expected_problems(entries: t.Sequence[t.Any], places: t.Sequence[str]) -> list[str]:
    """Find what is wrong with expected entries of any types, one sentence each."""

    def label(index: int) -> str:
        return entry_label(entries[index], index, place_of(places, index))

    found = [(index, *one) for index, entry in enumerate(entries) for one in _in_files(entry)]
    refused = {index for index, _path, _text in found}
    found += [
        (one.entry, one.path, one.text)
        for one in entry_problems([_without_files(entry) for entry in entries])
        if one.entry not in refused
    ]
    problems = [
        f"{label(index)}, {shown_path(entries[index], path)}: {text}" for index, path, text in found
    ]
    problems += [
        f"{label(index)}: namespace is missing. An audit needs it in each entry."
        for index, entry in enumerate(entries)
        if isinstance(entry, dict) and not entry.get("namespace")
    ]
    return problems or [
        f"{label(index)}: {text}" for index, text in contradictions(list(map(_desired, entries)))
    ]


def _in_files(entry: t.Any) -> t.Iterator[tuple[Path, str]]:
    """What an audit needs to know before the action plugin of kd_connections reads it."""
    for part, number, one in _objects_of(entry):
        options = [option for option in ACTION_OPTIONS if one.get(option) is not None]
        if options and one.get("versioned"):
            text = (
                f"an audit cannot compare versioned with {options[0]}, since the name comes from the values. "
                f"Give data in place of {options[0]}, or take the entry out."
            )
            yield (part, number), text
        elif "src" in options and one.get("name") is None:
            yield (part, number), "an audit does not read src for the name. Give name beside src."


def _objects_of(entry: t.Any) -> t.Iterator[tuple[str, int, dict[str, t.Any]]]:
    """The dictionaries in configmaps and secrets, of an entry of any type."""
    for part in _OBJECTS if isinstance(entry, dict) else ():
        objects = entry.get(part)
        for number, one in enumerate(objects if isinstance(objects, list) else ()):
            if isinstance(one, dict):
                yield part, number, one


def _without_files(entry: t.Any) -> t.Any:
    """An entry of any type without what kd_connections' action plugin reads; a manifest's name stays."""
    if not isinstance(entry, dict):
        return entry
    result = with_named_objects(entry)
    for part, number, one in _objects_of(result):
        plain = {key: value for key, value in one.items() if key not in ACTION_OPTIONS}
        if plain.get("name") is None:
            with contextlib.suppress(LookupError, TypeError):
                plain["name"] = one["definition"]["metadata"]["name"]
        result[part][number] = plain
    return result


def entries_to_check(
    entries: t.Sequence[Entry], places: t.Sequence[str]
) -> tuple[list[Entry], list[str]]:
    """Choose what only kd_connections in check mode can compare: described objects, and entries that select KDClusters.

    `findings` compares what an entry names, since kd_connections stops if some of it does not exist.

    :param entries: in which expected_problems() found nothing.
    :param places: where they were written; may be shorter.
    :returns: these entries and the place of each, with its number; files that an entry names are beside its place.
    """
    chosen = [
        (checked, numbered(place_of(places, index), index))
        for index, entry in enumerate(entries)
        if (checked := _to_check(entry))
    ]
    return [entry for entry, _place in chosen], [place for _entry, place in chosen]


def _to_check(entry: Entry) -> Entry | None:
    entry = with_named_objects(entry)
    if _selects(entry):
        return entry
    if entry.get("state") == "absent":
        return None
    described = {
        part: objects
        for part in _OBJECTS
        if (objects := [one for one in entry.get(part) or () if _DESCRIBING.intersection(one)])
    }
    return {"namespace": entry["namespace"], **described} if described else None


def _selects(entry: Entry) -> bool:
    return bool(entry.get("label_selectors") or entry.get("apps"))


def _desired(entry: Entry) -> DesiredState:
    (validated,), _problems = validated_entries([_without_files(entry)])
    return parse_desired({"wait_timeout": None, **validated}, str(validated["namespace"]))


def findings(found: Entry, entries: t.Sequence[Entry], checked: Entry) -> list[Finding]:
    """List everything that differs or is wrong, each once, the gravest first.

    :param found: the result of kd_connection_info.
    :param entries: in which expected_problems() found nothing.
    :param checked: the result of kd_connections in check mode, for entries_to_check().
    :returns: [{code, severity, message, hint, namespace, kdcluster, object}], as in kd_connection_info.
    """
    known = found["problems"]
    reported = {(one["namespace"], one["object"]) for one in known if one["code"] in _SAME_OBJECT}
    live = {(one["namespace"], one["name"]): one for one in found["kdclusters"]}
    drift = [
        *_named_drift(found, live, entries),
        *_selected_drift(live, checked),
        *(
            one
            for one in _object_drift(checked)
            # Without the object or its label, its content differs, too.
            if (one["namespace"], one["object"]) not in reported
        ),
    ]
    unique = {
        (one["code"], one["namespace"], one["kdcluster"] or "", one["object"] or ""): one
        for one in reversed([*known, *drift])
    }
    order = sorted(unique.items(), key=lambda item: (-LEVELS.index(item[1]["severity"]), item[0]))
    return [one for _key, one in order]


def _named_drift(
    found: Entry, live: t.Mapping[tuple[str, str], Entry], entries: t.Sequence[Entry]
) -> t.Iterator[Finding]:
    """What entries name, compared with what is there."""
    there = {(one["namespace"], one["kind"], one["name"]) for one in found["objects"]}
    spaces: dict[str, list[DesiredState]] = {}
    for entry in entries:
        if not _selects(entry):
            desired = _desired(entry)
            spaces.setdefault(desired.namespace, []).append(desired)
    for namespace, states in spaces.items():
        desired = merge_desired(states)
        for name in desired.kdclusters:
            cluster = live.get((namespace, name))
            if cluster is not None:
                before = Connections(**{k: tuple(v) for k, v in cluster["connections"].items()})
                after = connections_after(desired, name, before)
                yield from _list_drift(namespace, name, before.as_lists(), after.as_lists())
            elif name not in desired.may_vanish:
                text = "does not exist, and it is expected."
                yield _finding(
                    "missing_kdcluster", namespace, "KDCluster", name, text, "Create it."
                )
        code, text = _OBJECT_DRIFT["deleted"]
        for one in desired.objects:
            if one.deleted and (namespace, one.kind, one.name) in there:
                yield _finding(code, namespace, one.kind, one.name, text)


def _selected_drift(live: t.Mapping[tuple[str, str], Entry], checked: Entry) -> t.Iterator[Finding]:
    for one in checked.get("kdclusters", ()):
        cluster = live.get((one["namespace"], one["name"]))
        if one["action"] == "updated" and cluster is not None:
            yield from _list_drift(
                one["namespace"], one["name"], cluster["connections"], one["connections"]
            )


def _list_drift(namespace: str, name: str, before: Entry, after: Entry) -> t.Iterator[Finding]:
    if before == after:
        return
    parts = []
    for part, kind in CONNECTION_KINDS.items():
        parts += [f"{kind} {one} is missing" for one in after[part] if one not in before[part]]
        parts += [f"{kind} {one} is too much" for one in before[part] if one not in after[part]]
    what = ", ".join(parts) or "the order is another one"
    text = f"is not connected as expected: {what}."
    yield _finding("connections_differ", namespace, "KDCluster", name, text)


def _object_drift(checked: Entry) -> t.Iterator[Finding]:
    for one in checked.get("objects", ()):
        # The versions before a versioned one are deleted, too.
        if one["action"] == "deleted" and one["versioned_name"] is not None:
            continue
        if one["action"] in _OBJECT_DRIFT:
            code, text = _OBJECT_DRIFT[one["action"]]
            name = one["versioned_name"] or one["name"]
            yield _finding(code, one["namespace"], one["kind"], name, text)


def _finding(
    code: str, namespace: str, kind: str, name: str, text: str, hint: str = _HINT
) -> Finding:
    is_object = kind != "KDCluster"
    return {
        "code": code,
        "severity": ERROR,
        "message": f"{kind} {namespace}/{name} {text}",
        "hint": hint,
        "namespace": namespace,
        "kdcluster": None if is_object else name,
        "object": f"{kind}/{name}" if is_object else None,
    }


def option_problems(severity: t.Any, allowed: t.Any) -> list[str]:
    """Say what is wrong with the threshold and the allow-list, of any types."""
    problems = []
    if severity not in LEVELS:
        problems.append(f"The severity of an audit is one of {', '.join(LEVELS)}, not {severity}.")
    if not isinstance(allowed, list):
        return [*problems, "The allow-list of an audit has to be a list of texts."]
    for one in allowed:
        code = one.partition(":")[0] if isinstance(one, str) else ""
        if code not in CODES:
            problems.append(
                f"The allow-list holds {one}, which is not a code, nor CODE:NAMESPACE/NAME. "
                f"The codes are {', '.join(sorted(CODES))}."
            )
    return problems

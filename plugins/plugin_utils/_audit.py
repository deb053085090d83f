# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between expected entries and what is live, and what is wrong with it. Pure; names only, never a value."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    ACTION_OPTIONS,
    with_named_objects,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.contradictions import (
    contradictions,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    entry_problems,
    validated_entries,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
    entry_label,
    place_of,
    shown_path,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.problems import (
    ERROR,
    INFO,
    SEVERITIES,
    WARNING,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    Connections,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.connections_after import (
    CONNECTION_KINDS,
    connections_after,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    DesiredState,
    merge_desired,
    parse_desired,
)

Entry = t.Mapping[str, t.Any]
Finding = dict[str, t.Any]
# Codes of what differs, beside those of kd_connection_info; all are errors.
DRIFT_CODES = ("connections_differ", "object_differs", "missing_kdcluster", "unexpected_object")
CODES = frozenset({*SEVERITIES, *DRIFT_CODES})
# From the least to the gravest.
LEVELS = (INFO, WARNING, ERROR)
CLEAN, DRIFT, FAILED = "clean", "drift", "error"
_SELECTING = ("label_selectors", "apps")
_OBJECTS = ("configmaps", "secrets")
_DESCRIBING = frozenset(
    {"type", "data", "binary_data", "string_data", "stringData", "labels", "annotations", "secret_type", *ACTION_OPTIONS}
)  # fmt: skip
_SAME_OBJECT = frozenset({"missing_object", "unlabelled_object"})
_HINT = "Run connect with these entries, or correct them."


def expected_problems(entries: t.Sequence[t.Any], places: t.Sequence[str]) -> list[str]:
    """Say what is wrong with expected entries, of any types: a sentence for each, with its entry."""

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
    if problems:
        return problems
    return [
        f"{label(index)}: {text}"
        for index, text in contradictions([_desired(entry) for entry in entries])
    ]


def _in_files(entry: t.Any) -> t.Iterator[tuple[Path, str]]:
    """What an audit would have to know before the action plugin of kd_connections reads it."""
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
    """An entry of any type without what the action plugin of kd_connections reads; the name in a manifest stays."""
    if not isinstance(entry, dict):
        return entry
    result = with_named_objects(entry)
    for part, number, one in _objects_of(result):
        plain = {key: value for key, value in one.items() if key not in ACTION_OPTIONS}
        name = _manifest_name(one.get("definition"))
        if plain.get("name") is None and name is not None:
            plain["name"] = name
        result[part] = [*result[part][:number], plain, *result[part][number + 1 :]]
    return result


def _manifest_name(manifest: t.Any) -> t.Any:
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    return metadata.get("name") if isinstance(metadata, dict) else None


def entries_to_check(
    entries: t.Sequence[Entry], places: t.Sequence[str]
) -> tuple[list[Entry], list[str]]:
    """Choose what of entries only kd_connections in check mode can compare.

    That is the objects that entries describe, and entries that select KDClusters, as a whole. What an entry names is
    compared by `findings`, since kd_connections refuses to go on where some of it does not exist.

    :param entries: of which expected_problems() found nothing.
    :param places: where they were written; may be shorter.
    :returns: them and their places, beside which the files are that they name.
    """
    chosen = [
        (checked, place_of(places, index))
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
        part: [one for one in entry[part] if _DESCRIBING.intersection(one)]
        for part in _OBJECTS
        if entry.get(part)
    }
    described = {part: objects for part, objects in described.items() if objects}
    return {"namespace": entry["namespace"], **described} if described else None


def _selects(entry: Entry) -> bool:
    return any(entry.get(option) for option in _SELECTING)


def _desired(entry: Entry) -> DesiredState:
    (validated,), _problems = validated_entries([_without_files(entry)])
    return parse_desired({"wait_timeout": None, **validated}, str(validated["namespace"]))


def findings(
    found: Entry, entries: t.Sequence[Entry], checked: t.Mapping[str, t.Any]
) -> list[Finding]:
    """List everything that differs or is wrong, each once, the gravest first.

    :param found: what kd_connection_info returned.
    :param entries: what is expected; expected_problems() found nothing there.
    :param checked: what kd_connections in check mode returned of what that gave.
    :returns: [{code, severity, message, hint, namespace, kdcluster, object}], as kd_connection_info's problems.
    """
    known = [dict(one) for one in found["problems"]]
    reported = {(one["namespace"], one["object"]) for one in known if one["code"] in _SAME_OBJECT}
    live = {(one["namespace"], one["name"]): one for one in found["kdclusters"]}
    drift = [
        *_named_drift(found, live, entries),
        *_selected_drift(live, checked),
        *(
            one
            for one in _object_drift(checked)
            # The same thing: without the object or its label, what it is to hold differs, too.
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
            spaces.setdefault(entry["namespace"], []).append(_desired(entry))
    for namespace, states in spaces.items():
        desired = merge_desired(states)
        for name in desired.kdclusters:
            cluster = live.get((namespace, name))
            if cluster is not None:
                before = Connections(**{k: tuple(v) for k, v in cluster["connections"].items()})
                after = connections_after(desired, name, before)
                yield from _list_drift(namespace, name, before.as_lists(), after.as_lists())
            elif name not in desired.may_vanish:
                message = f"KDCluster {namespace}/{name} does not exist, and it is expected."
                yield _finding("missing_kdcluster", namespace, message, "Create it.", name)
        for one in desired.objects:
            if one.deleted and (namespace, one.kind, one.name) in there:
                yield _unexpected_object(one.kind, namespace, one.name)


def _selected_drift(
    live: t.Mapping[tuple[str, str], Entry], checked: t.Mapping[str, t.Any]
) -> t.Iterator[Finding]:
    for one in checked.get("kdclusters", ()):
        cluster = live.get((one["namespace"], one["name"]))
        if one["action"] == "updated" and cluster is not None:
            yield from _list_drift(
                one["namespace"], one["name"], cluster["connections"], one["connections"]
            )


def _list_drift(
    namespace: str, name: str, before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]
) -> t.Iterator[Finding]:
    if before == after:
        return
    parts = []
    for part, kind in CONNECTION_KINDS.items():
        parts += [f"{kind} {one} is missing" for one in after[part] if one not in before[part]]
        parts += [f"{kind} {one} is too much" for one in before[part] if one not in after[part]]
    what = ", ".join(parts) or "the order is another one"
    message = f"KDCluster {namespace}/{name} is not connected as expected: {what}."
    yield _finding("connections_differ", namespace, message, _HINT, name)


def _object_drift(checked: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    for one in checked.get("objects", ()):
        namespace, name = one["namespace"], one["versioned_name"] or one["name"]
        item, label = f"{one['kind']}/{name}", f"{one['kind']} {namespace}/{name}"
        if one["action"] == "created":
            message = f"{label} does not exist, and it is expected."
            yield _finding("missing_object", namespace, message, _HINT, item=item)
        elif one["action"] == "updated":
            message = f"{label} differs from what is expected in its data, labels or annotations."
            yield _finding("object_differs", namespace, message, _HINT, item=item)
        # The versions before a versioned one are deleted, too.
        elif one["action"] == "deleted" and one["versioned_name"] is None:
            yield _unexpected_object(one["kind"], namespace, name)


def _unexpected_object(kind: str, namespace: str, name: str) -> Finding:
    message = f"{kind} {namespace}/{name} exists, and it is expected not to."
    return _finding("unexpected_object", namespace, message, _HINT, item=f"{kind}/{name}")


def _finding(
    code: str, namespace: str, message: str, hint: str, kdcluster: str = "", item: str = ""
) -> Finding:
    return {
        "code": code,
        "severity": ERROR,
        "message": message,
        "hint": hint,
        "namespace": namespace,
        "kdcluster": kdcluster or None,
        "object": item or None,
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


def _is_allowed(finding: Finding, allowance: str) -> bool:
    """Whether an allowance, CODE or CODE:NAMESPACE/NAME with * and ?, means a finding."""
    code, _colon, place = allowance.partition(":")
    if code != finding["code"]:
        return False
    targets = [finding["kdcluster"], finding["object"], str(finding["object"]).partition("/")[2]]
    return not place or any(
        fnmatch.fnmatchcase(f"{finding['namespace']}/{target}", place)
        for target in targets
        if target
    )


def report(
    found: Entry | None,
    listed: t.Sequence[Finding],
    *,
    severity: str,
    allowed: t.Sequence[str],
    error: str,
    host: str,
    time: str,
) -> dict[str, t.Any]:
    """Put the report together, as docs/audit-report.schema.json describes it.

    :param found: what kd_connection_info returned, if it did.
    :param listed: what findings() gave.
    :param severity: the least severity that counts.
    :param allowed: what does not count, see _is_allowed().
    :param error: why the audit could not be done, or "".
    :param time: in UTC, YYYY-MM-DDTHH:MM:SS.
    """
    used: set[str] = set()
    judged = []
    for one in listed:
        by = [allowance for allowance in allowed if _is_allowed(one, allowance)]
        used.update(by)
        grave = LEVELS.index(one["severity"]) >= LEVELS.index(severity)
        judged.append({**one, "allowed": bool(by), "counts": grave and not by})
    outcome = DRIFT if any(one["counts"] for one in judged) else CLEAN
    return {
        "version": 1,
        "host": host,
        "time": time,
        "outcome": FAILED if error else outcome,
        "error": error or None,
        "severity": severity,
        "findings": judged,
        "unused_allowances": [one for one in allowed if one not in used],
        "kdclusters": [
            {"namespace": one["namespace"], "name": one["name"]}
            for one in (found or {}).get("kdclusters", ())
        ],
        "not_seen": list((found or {}).get("not_seen", ())),
    }


def report_lines(made: t.Mapping[str, t.Any]) -> list[str]:
    """Write a report for people."""
    listed = made["findings"]
    counting = sum(one["counts"] for one in listed)
    counts = f"{counting} of {len(listed)} finding{'' if len(listed) == 1 else 's'} count."
    lines = [f"{made['outcome']}: {made['error'] or counts}"]
    for one in listed:
        aside = (
            "" if one["counts"] else " (allowed)" if one["allowed"] else " (below the threshold)"
        )
        lines.append(f"{one['severity']} {one['code']}{aside}: {one['message']} {one['hint']}")
    lines += [f"allowed, and not found: {one}" for one in made["unused_allowances"]]
    lines += [f"not seen: {one['reason']}" for one in made["not_seen"]]
    return lines

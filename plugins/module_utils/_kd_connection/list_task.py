# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connections task: all entries checked before the first write, namespaces side by side."""

from __future__ import annotations

import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import show
from .._core.errors import CollectionError, PreconditionError
from .._core.side_by_side import side_by_side
from .._observe.reader import read_selected, with_selected
from .._reconcile.desired import DesiredState, merge_desired, parse_desired
from .._reconcile.plan import make_plan
from .argspec import NO_ENTRIES, WAITING
from .contradictions import contradictions
from .entries import validated_entries
from .entry_words import entry_label, place_of, shown_path
from .task import NamespaceTask, Waiting

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import Snapshot

_SEVERITY = ("ignore", "warn", "fail")


class _Entry(t.NamedTuple):
    label: str
    params: t.Mapping[str, t.Any]
    desired: DesiredState


class ConnectionsTask(Task):
    says_what_was_done = True

    def __post_init__(self) -> None:
        self._work: dict[str, NamespaceTask] = {}
        self._plan: list[str] = []
        self._problems: list[str] = []
        self._entries: list[_Entry] = []
        # Many entries may select alike.
        self._read_selected = functools.cache(functools.partial(read_selected, self.api))

    def run(self) -> None:
        """:raises CollectionError: any of them; `result` then says what had been written."""
        self._entries = self._read_entries()
        by_namespace: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            by_namespace.setdefault(entry.desired.namespace, []).append(entry)
        for namespace, entries in by_namespace.items():
            self._work[namespace] = NamespaceTask(
                self.api,
                merge_desired([entry.desired for entry in entries]),
                _waiting(entries),
                self.warn,
                self.redactor,
            )
        if self._entries:
            # An entry may wait longer than the task's option says.
            self.api.repeat_until(_deadline(self._entries))
        work = list(self._work.values())
        side_by_side((functools.partial(self._read_and_plan, one) for one in work), "\n")
        self._plan = [line for one in work for line in one.plan_lines]
        show("\n".join(self._plan))
        # A namespace may refuse after others have written.
        tried = self.check_mode or len(work) > 1
        if tried:
            side_by_side((one.try_dry for one in work), "\n")
        if self.check_mode:
            for one in work:
                one.as_planned = True
            return
        try:
            side_by_side((functools.partial(one.apply, tried=tried) for one in work), "\n")
        except CollectionError as error:
            lines = [f"{one.label}: {self._outcome(one.desired)}" for one in self._entries]
            error.args = ("\n".join([str(error), "What the entries had done:", *lines]),)
            raise

    @property
    def result(self) -> dict[str, t.Any]:
        results = [one.result for one in self._work.values()]
        return {
            "changed": any(one["changed"] for one in results),
            "objects": [item for one in results for item in one["objects"]],
            "kdclusters": [item for one in results for item in one["kdclusters"]],
            "plan": self._plan,
            "problems": self._problems,
        }

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        diffs = [diff for one in self._work.values() if (diff := one.diff) is not None]
        return [each for diff in diffs for each in diff] if diffs else None

    def _read_entries(self) -> list[_Entry]:
        """:raises PreconditionError: everything that is wrong, each with its entry."""
        given, places = self.params["connections"], self.params.get("places") or []
        if given is None:
            raise PreconditionError([NO_ENTRIES])
        labels = [
            entry_label(entry, index, place_of(places, index)) for index, entry in enumerate(given)
        ]
        validated, found = validated_entries(given)
        problems = [
            f"{labels[one.entry]}, {shown_path(given[one.entry], one.path)}: {one.text}"
            for one in found
        ]
        if not problems:
            selected = list(map(self._selected, labels, validated))
            desired = [
                parse_desired(params, params["namespace"] or self.namespace) for params in selected
            ]
            problems = [f"{labels[index]}: {text}" for index, text in contradictions(desired)]
        if problems:
            self._problems = problems
            raise PreconditionError(["\n".join(problems)])
        return list(map(_Entry, labels, selected, desired))

    def _selected(self, label: str, entry: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        """Add options for all, and selected KDClusters. :raises PreconditionError, ApiError:"""
        params = {**entry, **{name: self.params[name] for name in WAITING if entry[name] is None}}
        try:
            return with_selected(self._read_selected, params["namespace"] or self.namespace, params)
        except PreconditionError as error:
            raise PreconditionError([f"{label}: {error}"]) from None

    def _read_and_plan(self, work: NamespaceTask) -> None:
        """:raises PreconditionError: all problems, each with its entry if it is of one alone."""
        try:
            work.read_and_plan()
        except PreconditionError as error:
            own = [
                (one.label, _plan_problems(one.desired, work.snapshot))
                for one in self._entries
                if work.snapshot is not None and one.desired.namespace == work.desired.namespace
            ]
            lines = []
            for problem in error.problems:
                label = next((f"{label}: " for label, found in own if problem in found), "")
                lines.append(f"{label}{problem}")
            raise PreconditionError(["\n".join(lines)]) from None

    def _outcome(self, entry: DesiredState) -> str:
        work = self._work[entry.namespace]
        if work.plan is None:
            return "nothing"
        keys, progress = {o.key for o in entry.objects}, work.progress
        writes = {
            one.key: f"{one.kind} {one.name} {one.action}"
            for one in work.plan.objects
            if one.key in keys and one.action != "unchanged"
        }
        writes.update(
            (("KDCluster", one.name), f"KDCluster {one.name} updated")
            for one in work.plan.clusters
            if one.name in entry.kdclusters and one.changed
        )
        if not writes:
            return "had nothing to do"
        made = progress.objects | {("KDCluster", name) for name in progress.clusters}
        stayed = made - progress.overwritten
        done = [text for key, text in writes.items() if key in stayed]
        undone = [text for key, text in writes.items() if key in made and key not in stayed]
        left = [text for key, text in writes.items() if key not in made]
        if not left and not undone:
            return f"done ({', '.join(done)})"
        parts = {"done": done or ["nothing"], "undone by another writer": undone, "not done": left}
        return "; ".join(f"{what}: {', '.join(which)}" for what, which in parts.items() if which)


def _deadline(entries: t.Iterable[_Entry]) -> float:
    longest: int = max(one.params["wait_timeout"] for one in entries)
    return time.monotonic() + longest


def _waiting(entries: t.Sequence[_Entry]) -> Waiting:
    """How a namespace's entries wait: the longest timeout, the strictest reaction."""
    waited, unwaited = set[str](), set[str]()
    reactions: dict[str, str] = {}
    for _label, params, desired in entries:
        (waited if params["wait"] else unwaited).update(desired.kdclusters)
        for name in desired.kdclusters:
            pair = (reactions.get(name, "ignore"), params["on_reconnect_failure"])
            reactions[name] = max(pair, key=_SEVERITY.index)
    return Waiting(
        deadline=_deadline(entries),
        wait=any(one.params["wait"] for one in entries),
        reaction=max((one.params["on_reconnect_failure"] for one in entries), key=_SEVERITY.index),
        reactions=reactions,
        unwaited=frozenset(unwaited - waited),
    )


def _plan_problems(desired: DesiredState, snapshot: Snapshot) -> list[str]:
    """The problems of one entry alone."""
    if any(one.key not in snapshot.objects for one in desired.objects):
        # Another entry makes a version of it, which is read instead.
        return []
    try:
        make_plan(desired, snapshot)
    except PreconditionError as error:
        return error.problems
    return []

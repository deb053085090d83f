# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connections task: a whole list of entries, checked before the first write, namespaces side by side."""

from __future__ import annotations

import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import show
from .._core.errors import (
    CollectionError,
    PreconditionError,
)
from .._core.side_by_side import side_by_side
from .._observe.reader import read_selected, with_selected
from .._reconcile.desired import (
    DesiredState,
    merge_desired,
    parse_desired,
)
from .._reconcile.plan import make_plan
from .argspec import NO_ENTRIES, WAITING
from .contradictions import contradictions
from .entries import validated_entries
from .entry_words import (
    entry_label,
    place_of,
    shown_path,
)
from .namespace_task import NamespaceTask, Waiting

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import Snapshot

_SEVERITY = ("ignore", "warn", "fail")


class ConnectionsTask(Task):
    """Runs one task. `result` is usable at any time; after a failure it says what had been done."""

    says_what_was_done = True

    def __post_init__(self) -> None:
        self._work: dict[str, NamespaceTask] = {}
        self._plan: list[str] = []
        self._problems: list[str] = []
        # Many entries may select alike.
        self._read_selected = functools.cache(functools.partial(read_selected, self.api))
        self._params: list[t.Mapping[str, t.Any]] = []
        self._entries: list[tuple[str, DesiredState]] = []

    def run(self) -> None:
        """Do what the entries want.

        :raises CollectionError: any of them; `result` then says what had been written.
        """
        desired = self._read_entries()
        by_namespace: dict[str, list[int]] = {}
        for index, one in enumerate(desired):
            by_namespace.setdefault(one.namespace, []).append(index)
        for namespace, indexes in by_namespace.items():
            self._work[namespace] = NamespaceTask(
                self.api,
                merge_desired([desired[index] for index in indexes]),
                self._waiting([(self._params[index], desired[index]) for index in indexes]),
                self.warn,
                self.redactor,
            )
        if self._params:
            # An entry may wait longer than the task's own option says.
            longest = max(params["wait_timeout"] for params in self._params)
            self.api.repeat_until(time.monotonic() + longest)
        work = list(self._work.values())
        side_by_side((functools.partial(self._read_and_plan, one) for one in work), "\n")
        self._plan = [line for one in work for line in one.plan_lines()]
        show("\n".join(self._plan))
        # Some namespace may refuse what others would have written by then.
        tried = self.check_mode or len(work) > 1
        if tried:
            side_by_side((one.try_dry for one in work), "\n")
        if self.check_mode:
            for each in work:
                each.show_as_planned()
            return
        try:
            side_by_side((functools.partial(one.apply, tried=tried) for one in work), "\n")
        except CollectionError as error:
            lines = [f"{label}: {self._outcome(entry)}" for label, entry in self._entries]
            error.args = ("\n".join([str(error), "What the entries had done:", *lines]),)
            raise

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; empty lists where nothing was found out yet."""
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
        """The --diff, or None before there is a plan."""
        diffs = [diff for one in self._work.values() if (diff := one.diff) is not None]
        return [each for diff in diffs for each in diff] if diffs else None

    def _with_defaults(self, entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """An entry's options, with what the task gives for all where it gives none of its own."""
        defaults = {name: self.params[name] for name in WAITING if entry.get(name) is None}
        return {**entry, **defaults}

    def _read_entries(self) -> list[DesiredState]:
        """Read all entries. :raises PreconditionError: everything that is wrong, each with its entry."""
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
            read = map(self._with_defaults, validated)
            self._params = [self._selected(label, params) for label, params in zip(labels, read)]
            desired = [
                parse_desired(params, params["namespace"] or self.namespace)
                for params in self._params
            ]
            problems = [f"{labels[index]}: {text}" for index, text in contradictions(desired)]
        if problems:
            self._problems = problems
            raise PreconditionError(["\n".join(problems)])
        self._entries = list(zip(labels, desired))
        return desired

    def _selected(self, label: str, params: dict[str, t.Any]) -> t.Mapping[str, t.Any]:
        """An entry's options with the KDClusters that it selects. :raises PreconditionError, ApiError:"""
        try:
            return with_selected(self._read_selected, params["namespace"] or self.namespace, params)
        except PreconditionError as error:
            raise PreconditionError([f"{label}: {error}"]) from None

    def _read_and_plan(self, work: NamespaceTask) -> None:
        """Plan one namespace. :raises PreconditionError: all that is in the way, each with its entries."""
        try:
            work.read_and_plan()
        except PreconditionError as error:
            lines = self._with_labels(error.problems, work)
            raise PreconditionError(["\n".join(lines)]) from None

    def _with_labels(self, problems: list[str], work: NamespaceTask) -> t.Iterator[str]:
        """Say of which entry each problem is, where it is one of a single entry."""
        own = [
            (label, _plan_problems(desired, work.snapshot))
            for label, desired in self._entries
            if work.snapshot is not None and desired.namespace == work.desired.namespace
        ]
        for problem in problems:
            label = next((label for label, found in own if problem in found), None)
            yield problem if label is None else f"{label}: {problem}"

    def _waiting(self, entries: t.Sequence[tuple[t.Mapping[str, t.Any], DesiredState]]) -> Waiting:
        """How the entries of one namespace wait, together: the longest timeout, the strictest reaction."""
        waited, unwaited = set[str](), set[str]()
        reactions: dict[str, str] = {}
        for params, desired in entries:
            (waited if params["wait"] else unwaited).update(desired.kdclusters)
            for name in desired.kdclusters:
                pair = (reactions.get(name, "ignore"), params["on_reconnect_failure"])
                reactions[name] = max(pair, key=_SEVERITY.index)
        return Waiting(
            deadline=time.monotonic() + max(params["wait_timeout"] for params, _one in entries),
            wait=any(params["wait"] for params, _one in entries),
            reaction=max(
                (params["on_reconnect_failure"] for params, _one in entries), key=_SEVERITY.index
            ),
            reactions=reactions,
            unwaited=frozenset(unwaited - waited),
        )

    def _outcome(self, entry: DesiredState) -> str:
        """Say how far an entry came."""
        work = self._work[entry.namespace]
        if work.plan is None:
            return "nothing"
        progress, keys = work.progress, {o.key for o in entry.objects}
        writes = [
            (f"{one.kind} {one.name} {one.action}", one.key, one.key in progress.objects)
            for one in work.plan.objects
            if one.key in keys and one.action != "unchanged"
        ]
        writes += [
            (
                f"KDCluster {one.name} updated",
                ("KDCluster", one.name),
                one.name in progress.clusters,
            )
            for one in work.plan.clusters
            if one.name in entry.kdclusters and one.changed
        ]
        if not writes:
            return "had nothing to do"
        done = [text for text, key, made in writes if made and key not in progress.overwritten]
        undone = [text for text, key, made in writes if made and key in progress.overwritten]
        left = [text for text, _key, made in writes if not made]
        if not left and not undone:
            return f"done ({', '.join(done)})"
        parts = {"done": done or ["nothing"], "undone by another writer": undone, "not done": left}
        return "; ".join(f"{what}: {', '.join(which)}" for what, which in parts.items() if which)


def _plan_problems(desired: DesiredState, snapshot: Snapshot) -> list[str]:
    """What is in the way of one entry alone."""
    try:
        make_plan(desired, snapshot)
    except PreconditionError as error:
        return error.problems
    return []

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the benchmark, each done by the collection, by kubernetes.core and by kubectl."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.benchmark.operator_clock import operator_clock
from tests.harness.benchmark_objects import SHARED_SECRET, Space, own_configmap
from tests.harness.kdcluster import KDCluster
from tests.harness.measure import Measured, Meter
from tests.runner.paths import Pair

JOBS = Path(__file__).parent / "jobs"
# It has kubernetes.core.
BENCH = Pair(environment="bench", ansible="bench", python="3.13")
COLLECTION, CORE, KUBECTL, OPERATOR = "collection", "kubernetes.core", "kubectl", "operator"
ANSIBLE = "ansible"
CONNECT = "connect 1 ConfigMap and 1 Secret, wait, read 3 members"
UNCHANGED = "the same, nothing to do"
FLOOR = "two tasks of ansible.builtin.stat"
READ_MANY = "read the members of many KDClusters"
CONNECT_MANY = "connect 1 Secret to many KDClusters and wait"
CHANGE_MANY = "change a Secret that many KDClusters connect to and wait"
CONNECT_LIST = "connect a list of entries, one for each of many KDClusters, and wait"
LIST_UNCHANGED = "the same list, nothing to do"
WAIT = "connect 1 ConfigMap and wait"
# So long after the operator's last write may a task still run.
MOST_SECONDS_AFTER = 0.3
NOTEBOOK = "notebook"
# One task of kubernetes.core takes a second: so many are timed, and the rest is reckoned from them.
TIMED_MEMBERS = 6
# Two runs of some seconds each: the ratio of a single pair may be off by a third.
PAIRS = 5

Runs = dict[str, dict[str, list[dict[str, float | int | None]]]]


class WrongResultError(Exception):
    """A contender ended well without having done its job."""


@dataclass
class Bench:
    """All contenders and what they work on; `runs` holds every run's figures."""

    one: Space
    many: Space
    names: list[str]
    meters: Mapping[str, Meter]
    ansible_playbook: Path
    folder: Path
    say: Callable[[str], None]
    runs: Runs = field(default_factory=dict)

    def round(self, number: int, *, with_core: bool = True) -> None:
        """Run every job once by each contender; another one begins each time."""
        order = _order(number, with_core=with_core)
        for contender in order:
            self._connect(contender, f"{contender}-{number}")
        self._note(FLOOR, ANSIBLE, self._playbook(COLLECTION, "ansible-floor.yml"))
        self.list_round(number, with_core=with_core)
        self._connect_many(f"many-{number}")
        # Last, so that the members hold the same in every round.
        for contender in order:
            self._read_many(contender)

    def list_round(self, number: int, *, with_core: bool = True) -> None:
        """Run the jobs with a list of entries, and no others."""
        for contender in _order(number, with_core=with_core):
            self._connect_list(contender, f"{contender}-{number}")

    def _note(self, job: str, contender: str, run: Measured, **further: float) -> None:
        figures = {**run.figures(), **{name: round(value, 3) for name, value in further.items()}}
        self.runs.setdefault(job, {}).setdefault(contender, []).append(figures)
        self.say(f"{job}, {contender}: {figures}")

    def _playbook(self, contender: str, name: str, **variables: object) -> Measured:
        given = {f"bench_{key}": value for key, value in variables.items()}
        return self._ansible(contender, str(JOBS / name), given)

    def _ansible(self, contender: str, playbook: str, given: Mapping[str, object]) -> Measured:
        command = [str(self.ansible_playbook), playbook, "--extra-vars", json.dumps(given)]
        return self.meters[contender].run(*command)

    def _connect(self, contender: str, value: str) -> None:
        self.one.empty([NOTEBOOK])
        # The second run has nothing to do.
        for job in (CONNECT, UNCHANGED):
            self._note(job, contender, self._connect_once(contender, value))
        self._require(self.one.kdcluster(NOTEBOOK), value)

    def _connect_once(self, contender: str, value: str) -> Measured:
        given = {"namespace": self.one.name, "kdcluster": NOTEBOOK, "value": value, "token": value}
        if contender == KUBECTL:
            return self.meters[KUBECTL].run(str(JOBS / "kubectl-connect.sh"), *given.values())
        playbook = "collection-connect.yml" if contender == COLLECTION else "core-connect.yml"
        return self._playbook(contender, playbook, **given)

    def _require(self, cluster: KDCluster, value: str) -> None:
        for member in cluster.members():
            models = cluster.connections_in(member.pod)["configmaps"]["model"]
            if models[0]["data"]["model-version"] != value:
                raise WrongResultError(f"{member.pod} holds {models}, not {value}")

    def _read_many(self, contender: str) -> None:
        namespace = self.many.name
        if contender == KUBECTL:
            self._note(
                READ_MANY, KUBECTL,
                self.meters[KUBECTL].run(str(JOBS / "kubectl-read.sh"), namespace),
            )  # fmt: skip
        elif contender == COLLECTION:
            run = self._playbook(
                contender, "collection-read.yml", namespace=namespace, kdclusters=self.names
            )
            self._note(READ_MANY, contender, run)
        else:
            few, none = (
                self._playbook(contender, "core-read.yml", namespace=namespace, members=members)
                for members in (TIMED_MEMBERS, 0)
            )
            self._note_scaled(READ_MANY, few, none)

    def _note_scaled(self, job: str, few: Measured, none: Measured) -> None:
        """Reckon what all would take kubernetes.core."""
        each = (few.seconds - none.seconds) / TIMED_MEMBERS
        each_cpu = (few.cpu_seconds - none.cpu_seconds) / TIMED_MEMBERS
        self._note(
            job, CORE, few,
            scaled_seconds=none.seconds + len(self.names) * each,
            scaled_cpu_seconds=none.cpu_seconds + len(self.names) * each_cpu,
        )  # fmt: skip

    def _connect_list(self, contender: str, value: str) -> None:
        self.many.empty(self.names)
        if contender == CORE:
            names = self.names[:TIMED_MEMBERS]
            none = self._connect_list_once(CORE, value, [])
            # The second run has nothing to do.
            for job in (CONNECT_LIST, LIST_UNCHANGED):
                self._note_scaled(job, self._connect_list_once(CORE, value, names), none)
        else:
            names = self.names
            with operator_clock(self.many.kubectl, self.many.name) as clock:
                run = self._connect_list_once(contender, value, names)
                self.many.wait_settled()
                first, last = clock.span(run.began)
            self._note(CONNECT_LIST, contender, run, operator_seconds=last - first)
            for _pair in range(PAIRS if contender == COLLECTION else 1):
                again = self._connect_list_once(contender, value, names)
                self._note(LIST_UNCHANGED, contender, again)
                if contender == COLLECTION:
                    # At once, while the machine has as much to do as it had.
                    empty = self._playbook(COLLECTION, "ansible-empty.yml")
                    self._note(LIST_UNCHANGED, ANSIBLE, empty)
        for name in (names[0], names[-1]):
            self._require(self.many.kdcluster(name), value)

    def _connect_list_once(self, contender: str, value: str, names: list[str]) -> Measured:
        if contender == KUBECTL:
            script = str(JOBS / "kubectl-connect-list.sh")
            return self.meters[KUBECTL].run(script, self.many.name, value, *names)
        if contender == CORE:
            given = {"namespace": self.many.name, "kdclusters": names, "value": value}
            return self._playbook(CORE, "core-connect-list.yml", **given)
        file = self.folder / "connections.yml"
        file.write_text(yaml.safe_dump({"kd_connections": self._entries(value, names)}))
        given = {"kd_connections_file": str(file)}
        return self._ansible(COLLECTION, "kubedirector.connections.connect", given)

    def _entries(self, value: str, names: list[str]) -> list[dict[str, object]]:
        return [
            {
                "namespace": self.many.name,
                "kdcluster": [name],
                "configmaps": [
                    {
                        "name": own_configmap(name),
                        "type": "model",
                        "data": {
                            "name": "digits",
                            "model-version": value,
                            "path": "s3://models.example.com/digits",
                        },
                    }
                ],
                "wait_timeout": 900,
            }
            for name in names
        ]

    def _connect_many(self, value: str) -> None:
        self.many.empty(self.names)
        given = {"namespace": self.many.name, "kdclusters": self.names}
        with operator_clock(self.many.kubectl, self.many.name) as clock:
            for job, text in ((CONNECT_MANY, f"{value}-a"), (CHANGE_MANY, f"{value}-b")):
                run = self._playbook(
                    COLLECTION, "collection-connect-many.yml", value=text, token=text, **given
                )
                self.many.wait_settled()
                first, last = clock.span(run.began)
                self._note(
                    job, COLLECTION, run,
                    operator_seconds=last - first,
                    after_operator_seconds=run.began + run.seconds - last,
                    before_operator_seconds=first - run.began,
                )  # fmt: skip
            patch = json.dumps({"stringData": {"branch": f"{value}-c"}})
            run = self.meters[KUBECTL].run(
                self.many.kubectl.binary, "--namespace", self.many.name, "patch", "secret",
                SHARED_SECRET, "--patch", patch,
            )  # fmt: skip
            self.many.wait_settled()
            first, last = clock.span(run.began)
            self._note(CHANGE_MANY, OPERATOR, run, operator_seconds=last - first)


def _order(number: int, *, with_core: bool) -> list[str]:
    """The contenders of a round; another one begins each time."""
    order = [COLLECTION, CORE, KUBECTL] if with_core else [COLLECTION, KUBECTL]
    first = number % len(order)
    return order[first:] + order[:first]

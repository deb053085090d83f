# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs suites in lanes side by side: one lane needs no cluster, each other one has a sandbox."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.harness.cluster import ClusterUnderTest
from tests.runner import report, sanity, tree
from tests.runner.cluster import Cluster, cluster_environment, is_given
from tests.runner.leavings import SECRECY, Leavings
from tests.runner.paths import LOGS, NEWEST, OLDEST, CheckError, suite_environment
from tests.runner.processes import Processes, StoppedError
from tests.runner.report import Outcome
from tests.runner.suites import COVERAGE_REPORT, Suite

HEARTBEAT = 30.0
# The clusters' own lines in the summary: every run tests that they start and stop. Each lane has
# one to itself: an operator matches names across namespaces, so that two suites on one cluster would
# disturb one another.
SANDBOX = Suite("sandbox", "sandbox", NEWEST, ())
FURTHER_SANDBOXES = tuple(Suite("sandbox", f"sandbox/{n}", NEWEST, ()) for n in (2, 3))


class Run:
    """One run of some suites; every suite runs, even after others failed."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self.suites = suites
        self._processes = Processes()
        self._clusters = {SANDBOX: Cluster()} | {
            suite: Cluster(f"-{number}") for number, suite in enumerate(FURTHER_SANDBOXES, 2)
        }
        self._start = time.monotonic()
        self._events: queue.Queue[Outcome | str | None] = queue.Queue()
        self._busy: set[str] = set()
        self._clustered = deque(suite for suite in suites if suite.cluster)
        self._built = threading.Event()
        self._leavings = Leavings()

    def go(self) -> int:
        """Run all suites, print the summary and return the exit code; stop the sandboxes that this run started."""
        tree.link()
        self._prepare()
        # An earlier run's report must not count for a suite that never wrote its own.
        COVERAGE_REPORT.unlink(missing_ok=True)
        for suite in self.suites:
            if suite.report is not None:
                suite.report.unlink(missing_ok=True)
            (LOGS / suite.log).unlink(missing_ok=True)
        try:
            outcomes = self._all_lanes()
            # While the sandboxes' logs are still there.
            outcomes.append(self._leavings.outcome())
            self._print_outcome(outcomes[-1])
        finally:
            self._processes.stop()
            problems = self._take_down()
        outcomes = [one for one in outcomes if one.suite not in problems]
        outcomes += [report.not_run(suite, problem) for suite, problem in problems.items()]
        order = [suite.name for suite in (SANDBOX, *FURTHER_SANDBOXES, *self.suites, SECRECY)]
        outcomes.sort(key=lambda one: order.index(one.suite.name))
        if all(one.good for one in outcomes):
            self._leavings.remove()
        else:
            self._say(f"the suites' temporary files are kept in {self._leavings.temporary}")
        return report.summary(outcomes, time.monotonic() - self._start)

    def _prepare(self) -> None:
        """Install with apt-get first: later, lanes would compete for its lock."""
        for pair in {suite.pair for suite in self.suites}:
            pair.folder()
        if any("sanity" in suite.name for suite in self.suites):
            OLDEST.folder()
            sanity.install_shellcheck()

    def _all_lanes(self) -> list[Outcome]:
        lanes = [self._plain_lane]
        if self._clustered:
            lanes.append(self._first_cluster_lane)
        if not is_given():
            spare = min(len(FURTHER_SANDBOXES), len(self._clustered) - 1)
            lanes += [partial(self._further_lane, FURTHER_SANDBOXES[n]) for n in range(spare)]
        with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
            ends = [pool.submit(self._to_the_end, lane) for lane in lanes]
            try:
                outcomes = self._watch(len(lanes))
            finally:
                # The pool waits for its lanes, and they for their programs: an interrupt ends those.
                self._processes.stop()
            for end in ends:
                end.result()
        return outcomes

    def _to_the_end(self, lane: Callable[[], None]) -> None:
        try:
            lane()
        finally:
            self._events.put(None)

    def _watch(self, lanes: int) -> list[Outcome]:
        """Print the events of the lanes until they have ended."""
        outcomes: list[Outcome] = []
        while lanes:
            try:
                event = self._events.get(timeout=HEARTBEAT)
            except queue.Empty:
                self._say(f"still running: {', '.join(sorted(self._busy))}")
                continue
            if event is None:
                lanes -= 1
            elif isinstance(event, str):
                self._say(event)
            else:
                outcomes.append(event)
                self._print_outcome(event)
        return outcomes

    def _say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    def _print_outcome(self, one: Outcome) -> None:
        counts = f"{one.passed} passed, {one.failed} failed"
        note = f" ({one.reason})" if one.reason else ""
        self._say(
            f"{'ok' if one.good else 'FAILED'} {one.suite.name}: {counts}, {one.seconds:.1f} s{note}"
        )
        if not one.good:
            report.show_log(one.suite)

    def _plain_lane(self) -> None:
        for suite in self.suites:
            if not suite.cluster:
                self._events.put(self._run(suite, None))

    def _first_cluster_lane(self) -> None:
        try:
            cluster = self._bring_up(SANDBOX)
        finally:
            self._built.set()
        self._run_clustered(cluster)

    def _further_lane(self, sandbox: Suite) -> None:
        """Start when the first sandbox is up: what it had to build serves all."""
        self._built.wait()
        if self._clustered:
            cluster = self._bring_up(sandbox)
            # Without one the other lanes run the remaining suites.
            if cluster is not None:
                self._run_clustered(cluster)

    def _bring_up(self, sandbox: Suite) -> ClusterUnderTest | None:
        began = self._begin(sandbox)
        try:
            cluster = self._clusters[sandbox].bring_up(self._processes)
        except CheckError as error:
            self._events.put(report.not_run(sandbox, str(error)))
            return None
        finally:
            self._busy.discard(sandbox.name)
        self._leavings.add_cluster(cluster)
        self._events.put(report.outcome(sandbox, 0, time.monotonic() - began))
        return cluster

    def _run_clustered(self, cluster: ClusterUnderTest | None) -> None:
        """Run the remaining suites on a cluster, in step with the other lanes."""
        while suite := self._next_clustered():
            if cluster is None:
                self._events.put(report.not_run(suite, "needs a cluster, see sandbox"))
            else:
                self._events.put(self._run(suite, cluster))

    def _next_clustered(self) -> Suite | None:
        try:
            return self._clustered.popleft()
        except IndexError:
            # Another lane took the last one.
            return None

    def _begin(self, suite: Suite) -> float:
        self._busy.add(suite.name)
        self._events.put(f"start {suite.name}")
        return time.monotonic()

    def _run(self, suite: Suite, cluster: ClusterUnderTest | None) -> Outcome:
        began = self._begin(suite)
        try:
            environment = (
                suite_environment(suite.pair)
                if cluster is None
                else cluster_environment(suite.pair, cluster)
            )
            environment |= self._leavings.variables()
            code = self._processes.run(suite.command, LOGS / suite.log, suite.folder, environment)
        except (CheckError, OSError) as error:
            return report.not_run(suite, str(error))
        except StoppedError:
            return report.not_run(suite, "interrupted")
        finally:
            self._busy.discard(suite.name)
        return report.outcome(suite, code, time.monotonic() - began)

    def _take_down(self) -> dict[Suite, str]:
        problems = {}
        for sandbox, cluster in self._clusters.items():
            try:
                cluster.take_down()
            except CheckError as error:
                problems[sandbox] = str(error)
        return problems

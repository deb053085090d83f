# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILLs at random moments of a rotation, half of them with a start script that refuses the new values.

    python -m tests.stress --only rotation-kills [--rotation-kills 100] [--seed 1] [--first 0] [--lanes 3]

After each, kubectl must find the old values somewhere until every member has the new ones, and one more
run must end with all members on new or all on old values. Every fourth rotation is of an object that
linked KDClusters share.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
from typing import Any
from uuid import uuid4

from tests.harness.canaries import canary
from tests.harness.cluster import find_cluster
from tests.harness.integration_objects import WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, KubectlError, Manifest
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import (
    START_SCRIPT_TYPE,
    ClusterRole,
    Connections,
    configmap,
    kdcluster,
    secret,
)
from tests.harness.modules import Arguments, Modules
from tests.harness.timing import Timing
from tests.harness.workspace import add_kdclusters, workspace
from tests.runner.paths import CheckError
from tests.stress.series import Series

Values = dict[str, str]
# Of no rotation.
_OTHER = "other"
_WAIT_SECONDS = 120
# A little longer than a rotation takes, so that some come to their end.
_LONGEST = 1.15


@dataclass(frozen=True)
class Kind:
    """A kind of rotation.

    :param kind: of the object, and its name.
    :param named_by: the KDClusters that share it.
    :param refuses: whether their start scripts refuse the new values.
    """

    kind: str
    name: str
    named_by: tuple[str, ...]
    refuses: bool

    def fresh(self, turn: str) -> Values:
        """New values."""
        if self.kind == "secret":
            return {"token": canary(f"rotation-{turn}")}
        return {"exit": "3" if self.refuses else "0", "note": turn}


def kinds(mark: str) -> list[Kind]:
    """The kinds of rotations, whose objects carry the mark: the operator matches names across namespaces."""
    apart, linked = (
        (f"rotate-one-{mark}", f"rotate-two-{mark}"),
        (
            f"rotate-engine-{mark}",
            f"rotate-study-{mark}",
        ),
    )
    token, steering, shared = (f"rotate-{n}-{mark}" for n in ("token", "steering", "shared"))
    return [
        Kind("secret", token, apart, refuses=False),
        Kind("configmap", steering, apart, refuses=True),
        Kind("configmap", shared, linked, refuses=False),
        Kind("configmap", steering, apart, refuses=True),
        Kind("secret", token, apart, refuses=False),
        Kind("configmap", shared, linked, refuses=True),
        Kind("configmap", steering, apart, refuses=False),
        Kind("configmap", steering, apart, refuses=True),
    ]


@dataclass(frozen=True)
class Lab:
    """The KDClusters, by name."""

    kubectl: Kubectl
    namespace: str
    found: Mapping[str, KDCluster]
    modules: Modules
    kinds: Sequence[Kind]

    def live(self, kind: Kind) -> Values:
        """The object's values, by kubectl."""
        return _plain(kind.kind, self.kubectl.get(kind.kind, kind.name, namespace=self.namespace))

    def kept(self, kind: Kind) -> Values | None:
        """The old values as a user reads them with kubectl; None where none are kept."""
        target = {"secret": "Secret", "configmap": "ConfigMap"}[kind.kind]
        name = hashlib.sha256(f"{target}/{kind.name}".encode()).hexdigest()[:32]
        found = self.kubectl.find("secret", f"kd-rotate-{name}", namespace=self.namespace)
        if found is None:
            return None
        values = _plain("secret", found)
        del values["kd-rotate.json"]
        return values

    def held(self, kind: Kind) -> list[Values]:
        """What the pod of each KDCluster holds, by kubectl exec."""
        held = []
        for name in kind.named_by:
            connected = self.found[name].connections_in()[f"{kind.kind}s"] or {}
            entries = [entry for listed in connected.values() for entry in listed]
            named = [base64.b64encode(kind.name.encode()).decode(), kind.name]
            held += [
                _plain(kind.kind, entry) for entry in entries if entry["metadata"]["name"] in named
            ]
        return held

    def require_everywhere(self, kind: Kind, values: Values, when: str) -> None:
        """AssertionError unless the object and each member hold these values."""
        assert self.live(kind) == values, f"{when}: the object holds something else"
        held = self.held(kind)
        right = [one == values for one in held]
        assert right == [True] * len(kind.named_by), f"{when}: members hold it: {right}"

    def require_at_rest(self, kind: Kind) -> None:
        """AssertionError unless all is settled and nothing is left behind."""
        for name in kind.named_by:
            one = self.found[name]
            assert one.unsettled_because(one.get()) == []
            named = one.named()
            assert [*named.configmaps, *named.secrets].count(kind.name) == 1
        names = {
            found["metadata"]["name"]
            for each in ("secret", "configmap")
            for found in self.kubectl.list(each, namespace=self.namespace)
        }
        left = [n for n in names if n.startswith(("kd-rotate-", f"{kind.name}."))]
        assert not left, f"left behind: {left}"


def _plain(kind: str, manifest: Manifest) -> Values:
    data: Values = manifest["data"]
    if kind != "secret":
        return dict(data)
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@contextmanager
def lab() -> Iterator[Lab]:
    """Make the KDClusters in a namespace that is deleted afterwards.

    Raises NoClusterError, KubectlError, DeadlineError.
    """
    under_test = find_cluster()
    timing = Timing(under_test.poll_seconds)
    mark = uuid4().hex[:8]
    where = f"rotate-kills-{mark}"
    start = {"exit": "0", "note": "first"}
    made = kinds(mark)
    token, steering, shared = made[0], made[1], made[2]
    with proxied(under_test.kubectl) as kubectl, workspace(kubectl, where, WORKBENCH):
        kubectl.create(
            secret(token.name, {"token": canary("rotation-first")}, connection_type="token"),
            configmap(steering.name, start, connection_type=START_SCRIPT_TYPE),
            configmap(shared.name, start, connection_type=START_SCRIPT_TYPE),
            configmap(_OTHER, {"path": "/models"}, connection_type="model"),
            namespace=where,
        )
        engine, study = shared.named_by
        connections = {
            **{
                name: Connections(configmaps=[steering.name], secrets=[token.name])
                for name in token.named_by
            },
            # What names a copy in place of the shared object goes on naming others.
            engine: Connections(configmaps=[shared.name, _OTHER]),
            study: Connections(clusters=[engine], configmaps=[shared.name, _OTHER]),
        }
        role = [ClusterRole("controller")]
        manifests = [kdcluster(n, "workbench", role, connections=c) for n, c in connections.items()]
        found = add_kdclusters(kubectl, where, timing, manifests)
        for one in found.values():
            one.wait_settled(timing.configure_seconds)
        modules = Modules({"kubeconfig": str(kubectl.kubeconfig)}, where)
        yield Lab(kubectl, where, found, modules, made)


def kill_once(made: Lab, kind: Kind, turn: str, rng: Random, lasts: float) -> tuple[bool, bool]:
    """One rotation that is killed, and one more run of it.

    :param lasts: seconds that such a rotation takes.
    :returns: whether the process was killed before its end, and whether the second run went back.
    :raises AssertionError: old values were lost, or the second run left members on both.
    """
    old, new = made.live(kind), kind.fresh(turn)
    whole = {**old, **new}
    arguments: Arguments = {kind.kind: kind.name, "wait_timeout": _WAIT_SECONDS, "new_keys": True}
    arguments["string_data" if kind.kind == "secret" else "data"] = new
    running = made.modules.start("kd_rotate", **arguments)
    time.sleep(rng.uniform(0, lasts * _LONGEST))
    running.kill()
    killed = running.was_killed()
    kept = made.kept(kind)
    if kept is None:
        # It had not begun, or had ended: the operator has nothing to do any more.
        made.require_everywhere(kind, whole if made.live(kind) == whole else old, "with none kept")
    else:
        assert kept == old, "other values are kept than the old ones"
    result = made.modules.rotation(**arguments)
    went_back = result.failed
    if went_back:
        assert result.json.get("rolled_back") is True, result.message
    elif kind.refuses:
        raise AssertionError("the second run says that refused values were taken")
    made.require_everywhere(kind, old if went_back else whole, "after one more run")
    made.require_at_rest(kind)
    if went_back and not kind.refuses:
        print(f"{turn} went back: {result.message}", file=sys.stderr, flush=True)
    return killed, went_back


def time_of(made: Lab, kind: Kind) -> float:
    """How many seconds such a rotation takes when it is not killed."""
    data = kind.fresh("timed")
    option = "string_data" if kind.kind == "secret" else "data"
    started = time.monotonic()
    options: dict[str, Any] = {kind.kind: kind.name, option: data}
    result = made.modules.rotation(wait_timeout=_WAIT_SECONDS, **options)
    assert kind.refuses or not result.failed, result.message
    return time.monotonic() - started


def run_share(numbers: Sequence[int], seed: int, seconds: float) -> tuple[Series, int]:
    """Do some of the runs; returns how they went and how many went back. Raises CheckError."""
    try:
        return _run_share(numbers, seed, seconds)
    except KubectlError as error:
        # It cannot travel between processes.
        raise CheckError(str(error)) from None


def _run_share(numbers: Sequence[int], seed: int, seconds: float) -> tuple[Series, int]:
    deadline = time.monotonic() + seconds
    found, back = Series(), 0
    lasts: dict[Kind, float] = {}
    with lab() as made:
        for number in numbers:
            if time.monotonic() > deadline:
                break
            kind = made.kinds[number % len(made.kinds)]
            rng = Random(f"rotation-kills-{seed}-{number}")
            try:
                if kind not in lasts:
                    lasts[kind] = time_of(made, kind)
                killed, went_back = kill_once(made, kind, f"run {number}", rng, lasts[kind])
            except AssertionError as error:
                text = f"rotation-kills, seed {seed}, run {number} ({kind}): {error}"
                print(text, file=sys.stderr, flush=True)
                found += Series(done=1, wrong=(text,))
            else:
                found += Series(1, int(killed), int(went_back))
                back += went_back
    return found, back


def rotation_kills(
    numbers: Sequence[int], *, seed: int, lanes: int, seconds: float
) -> tuple[bool, str]:
    """Do all runs, spread over processes; each draws from the seed and its own number alone.

    Returns whether no run broke the promise, and the line of figures.
    """
    shares = [share for share in (numbers[i::lanes] for i in range(lanes)) if share]
    with ProcessPoolExecutor(len(shares), get_context("spawn")) as pool:
        running = [pool.submit(run_share, share, seed, seconds) for share in shares]
        parts = [one.result() for one in running]
    whole = sum((part for part, _back in parts), Series())
    figures = (
        f"{whole.done} of {len(numbers)} runs, seed {seed}, {whole.met} killed before the end, "
        f"{sum(back for _part, back in parts)} went back in the second run, wrong {len(whole.wrong)}"
    )
    return whole.done == len(numbers) and not whole.wrong, figures

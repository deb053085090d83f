# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the application made of the change: the exit code of each member's start script.

The operator runs `--reconnect` in the background and looks at its exit code nowhere (measured); the
start script's wrapper leaves it in configure.status.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.errors import (
    MemberError,
    MemberReplacedError,
    NotFoundError,
    WaitTimeoutError,
)
from .._kubedirector import facts
from .._kubedirector.resources import POD

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._client.pod_exec import Output
    from .._kubedirector.snapshot import (
        KDCluster,
        Member,
    )

MAX_OUTPUT_BYTES = 16 * 1024
STDERR_BYTES = 4000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_EARLY_THREADS = 8
_REPLACED_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Reconnect:
    """How the start script ended in a member.

    :param exit_code: 0 when it took the change.
    :param stderr: the end of what it said, only when it failed.
    """

    exit_code: int
    stderr: str


class EarlyReads:
    """Reads exit codes of KDClusters that have settled while others are still waited for.

    An answer counts only for the generation that it was asked for; all else is asked again.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._pool = concurrent.futures.ThreadPoolExecutor(_EARLY_THREADS)
        self._reads: dict[
            tuple[str, int | None, str], concurrent.futures.Future[int | MemberError | None]
        ] = {}

    def begin(self, cluster: KDCluster) -> None:
        """Ask the members of a KDCluster that has settled, unless they were asked already."""
        for member in cluster.members:
            key = (member.pod, member.config_generation, member.container)
            if member.has_configmeta and key not in self._reads:
                self._reads[key] = self._pool.submit(self._read, member.pod)

    def end(self, clusters: t.Iterable[KDCluster]) -> dict[str, int]:
        """Wait for what was asked; return the exit codes that still count, by pod."""
        self._pool.shutdown()
        codes = {}
        for member in (m for cluster in clusters for m in cluster.members):
            read = self._reads.get((member.pod, member.config_generation, member.container))
            code = None if read is None else read.result()
            if isinstance(code, int):
                codes[member.pod] = code
        return codes

    def abandon(self) -> None:
        """Ask nothing more; nobody wants to know."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, pod: str) -> int | MemberError | None:
        return next(_read_codes(self._api, self._namespace, [pod]))


def read_reconnects(
    api: Api,
    namespace: str,
    clusters: t.Iterable[KDCluster],
    deadline: float,
    known: t.Mapping[str, int] | None = None,
) -> dict[str, Reconnect | MemberError]:
    """Read how the start script ended in every member that gets configmeta.

    :param deadline: as of time.monotonic(); until then a start script that still runs is waited for.
    :param known: exit codes that need not be asked for, by pod (see EarlyReads).
    :returns: by pod; an error where a member cannot be asked.
    :raises MemberReplacedError: a member's container is a new one, which the operator has not set up yet.
    :raises WaitTimeoutError: a start script still runs at the deadline.
    :raises ApiError, UnreachableError:
    """
    members = {m.pod: m for cluster in clusters for m in cluster.members if m.has_configmeta}
    outcomes: dict[str, int | MemberError] = {
        pod: code for pod, code in (known or {}).items() if pod in members
    }
    pause = _FIRST_PAUSE
    while pending := [pod for pod in members if pod not in outcomes]:
        for pod, outcome in zip(pending, _read_codes(api, namespace, pending), strict=True):
            if isinstance(outcome, MemberError) and _was_replaced(api, namespace, members[pod]):
                raise MemberReplacedError(str(outcome))
            if outcome is not None:
                outcomes[pod] = outcome
        if len(outcomes) == len(members):
            break
        if time.monotonic() + pause > deadline:
            running = ", ".join(f"{namespace}/{pod}" for pod in members if pod not in outcomes)
            raise WaitTimeoutError(
                f"The change has reached every member, but the start script still runs in: {running}. "
                f"Look at {facts.START_SCRIPT_STDERR_PATH} there, or give a longer wait_timeout."
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    failed = [pod for pod, outcome in outcomes.items() if isinstance(outcome, int) and outcome != 0]
    stderr = dict(zip(failed, _read_stderr(api, namespace, failed), strict=True))
    return {
        pod: outcome
        if isinstance(outcome, MemberError)
        else Reconnect(outcome, stderr.get(pod, ""))
        for pod, outcome in outcomes.items()
    }


def read_settled_reconnects(
    api: Api,
    namespace: str,
    clusters: t.Callable[[], t.Iterable[KDCluster]],
    settle: t.Callable[[], None],
    deadline: float,
    *,
    before: t.Mapping[str, KDCluster],
    known: t.Mapping[str, int] | None = None,
) -> dict[str, Reconnect | MemberError]:
    """Read how the start script ended, waiting for members that are replaced meanwhile.

    :param clusters: gives the KDClusters as they are now.
    :param before: the KDClusters that changed, by name, as they were before their last change.
    :param settle: waits until they have settled (again).
    :returns: as read_reconnects; an error, too, where the start script was not told of the change.
    :raises MemberReplacedError, WaitTimeoutError, MemberError, ApiError, UnreachableError:
    """
    while True:
        try:
            outcomes = read_reconnects(api, namespace, clusters(), deadline, known)
            return {**outcomes, **_missed(before, clusters())}
        except MemberReplacedError:
            known = None
            # The operator notices it only at its next poll, and then sets the member up again.
            if time.monotonic() + _REPLACED_PAUSE > deadline:
                raise
        time.sleep(_REPLACED_PAUSE)
        settle()


def _missed(
    before: t.Mapping[str, KDCluster], clusters: t.Iterable[KDCluster]
) -> dict[str, MemberError]:
    """The members, by pod, that have the change in their file but whose start script did not run for it.

    The operator counts changes in an annotation. Where it could not write it (its own webhook refuses
    that now and then), it takes the next change for one that the members know already (measured: 2 of some
    250 changes on the real operator).
    """
    return {
        member.pod: MemberError(
            f"{cluster.label}: member {member.pod} (role {member.role}) has the change in configmeta.json, but "
            "the operator did not run its start script with --reconnect, so the application may still use "
            f"what it read before. Run it: kubectl exec -n {cluster.namespace} {member.pod} -c "
            f"{facts.APP_CONTAINER} -- sh -c '{facts.START_SCRIPT} --reconnect'."
        )
        for cluster in clusters
        if cluster.name in before
        for member in cluster.members
        if _was_not_told(member, before[cluster.name])
    }


def _was_not_told(member: Member, before: KDCluster) -> bool:
    versions = {one.container: one.connection_version for one in before.members}
    version = versions.get(member.container)
    if not member.has_configmeta or version is None or member.connection_version is None:
        return False
    return member.connection_version <= version


def failure_sentences(
    clusters: t.Iterable[KDCluster], reconnects: t.Mapping[str, Reconnect]
) -> list[str]:
    """Say of each member whose start script ended with an error how it did."""
    return [
        f"{cluster.label}: the start script of member {member.pod} (role {member.role}) ended with "
        f"exit code {reconnect.exit_code}{_last_line(reconnect.stderr)}."
        for cluster in clusters
        for member in cluster.members
        for reconnect in [reconnects.get(member.pod)]
        if reconnect is not None and reconnect.exit_code != 0
    ]


def _last_line(stderr: str) -> str:
    lines = stderr.splitlines()
    return f": {lines[-1].strip()}" if lines else ""


def _read_codes(api: Api, namespace: str, pods: list[str]) -> t.Iterator[int | MemberError | None]:
    """Exit code, why there is none, or None while the start script runs."""
    outputs = _run_everywhere(api, namespace, pods, ["cat", facts.START_SCRIPT_STATUS_PATH])
    for pod, output in zip(pods, outputs, strict=True):
        where = f"Pod {namespace}/{pod}: {facts.START_SCRIPT_STATUS_PATH}"
        if isinstance(output, MemberError):
            yield output
        elif output.exit_code != 0:
            said = output.stderr.decode("utf-8", "replace").strip()
            yield MemberError(
                f"{where} cannot be read ({said}), so it is not known how the application took the "
                "change (kd_connection: on_reconnect_failure=ignore does not ask)."
            )
        else:
            try:
                yield facts.start_script_exit_code(output.stdout.decode("utf-8", "replace"))
            except ValueError as error:
                yield MemberError(
                    f"{where} is not what the operator writes ({error}); delete the pod to have it set up again."
                )


def _was_replaced(api: Api, namespace: str, member: Member) -> bool:
    """Whether the operator does not know yet that a member's pod is gone or has a new container."""
    try:
        pod = api.get(POD, namespace, member.pod)
    except NotFoundError:
        return True
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return not any(
        status.get("name") == facts.APP_CONTAINER and status.get("containerID") == member.container
        for status in statuses
    )


def _read_stderr(api: Api, namespace: str, pods: list[str]) -> t.Iterator[str]:
    """The end of what each start script said; that it cannot be read is not worth another failure."""
    command = ["tail", "-c", str(STDERR_BYTES), facts.START_SCRIPT_STDERR_PATH]
    for output in _run_everywhere(api, namespace, pods, command):
        text = (
            str(output)
            if isinstance(output, MemberError)
            else output.stdout.decode("utf-8", "replace")
        )
        yield text.strip()


def _run_everywhere(
    api: Api, namespace: str, pods: list[str], command: list[str]
) -> list[Output | MemberError]:
    return run_in_pods(
        api,
        namespace,
        facts.APP_CONTAINER,
        [(pod, command) for pod in pods],
        max_bytes=MAX_OUTPUT_BYTES,
    )

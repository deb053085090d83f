# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the application took the change: the exit code of each member's start script.

The operator runs `--reconnect` in the background and ignores its exit code (measured). The start script's wrapper
appends it to configure.status. The next run empties this file, but an unfinished run still appends to it (source:
types.go).
"""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.display import WaitDisplay
from .._core.errors import MemberError, MemberReplacedError, NotFoundError, WaitTimeoutError
from .._core.side_by_side import thread_pool
from .._kubedirector import facts
from .._kubedirector.resources import POD
from .members import MAX_CONFIGMETA_BYTES

if t.TYPE_CHECKING:
    import concurrent.futures

    from .._client.api import Api
    from .._client.pod_exec import Output
    from .._kubedirector.snapshot import KDCluster, Member

# How much output is shown, and how much is read: a value may stand at the cut.
STDERR_BYTES = 4000
_READ_STDERR_BYTES = 64 * 1024 + STDERR_BYTES
# Prints whether a start script runs, whether its status is readable, the status; then, if none runs, configmeta.json,
# and what the last run printed if it failed. Processes come first: a run that ended before has written its code by
# then. `[s]` keeps the pattern from fitting this command's own process. The first line of the wrapper's command
# suffices (source: appPrepConfigRunCmd, appPrepConfigReconnectCmd).
_READ_MEMBER = r"""runs=no
[ -r /proc/$$/cmdline ] || runs=unseen
for process in /proc/[0-9]*/cmdline; do
  line=
  { IFS= read -r line <"$process"; } 2>/dev/null
  case $line in
    */[s]tartscript\ --*\ 2\>/opt/guestconfig/configure.stderr*) runs=yes ;;
  esac
done
code=absent status=
if [ -e "$0" ]; then status=$(cat "$0"); code=$?; fi
printf '%s\0%s\0%s\0' "$runs" "$code" "$status"
[ "$runs" != yes ] && [ $# != 0 ] || exit 0
cat "$1"
code=$?
printf '\0'
case $status in
  ''|*=0) ;;
  *) tail -c "$3" "$2" 2>&1 ;;
esac
exit $code
"""
# Longest time from the note of a start to its process; later, a run without code was killed.
_START_SECONDS = 2.0
# Exit codes of many published start scripts for an unknown option.
_MEANINGS = {
    10: " Most likely it knows only --configure, as many start scripts do: then it ends with 10 on --reconnect, "
    "and the application goes on with what it read before. Delete the member's pod to have it configured with "
    "the new connections, or give on_reconnect_failure=ignore."
}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_REPLACED_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Reconnect:
    """How the last run of the start script ended in a member.

    :param exit_code: 0 if it took the change.
    :param stderr: the end of its output, as far as it may be shown (see member_text).
    :param printed: more of it, unredacted; only if it failed, never shown.
    :param configmeta: the member's configmeta.json; only if it failed, never shown.
    :param unshown: why no output is shown, or "".
    """

    exit_code: int
    stderr: str = ""
    printed: bytes = dataclasses.field(default=b"", repr=False)
    configmeta: bytes | None = dataclasses.field(default=None, repr=False)
    unshown: str = ""


@dataclasses.dataclass(frozen=True)
class MemberReading:
    """What one command found in a member.

    :param exit_code: of the start script's last run; None while one runs, if none has run yet, or where `unknown`
        says why.
    :param ended: certainly no start script runs.
    :param configmeta: None while a start script runs, or if unreadable.
    :param printed: as in Reconnect.
    :param no_code: the status announces a start script, but none runs: it is about to, or was killed.
    """

    exit_code: int | None = None
    unknown: str = ""
    ended: bool = False
    configmeta: bytes | None = dataclasses.field(default=None, repr=False)
    printed: bytes = dataclasses.field(default=b"", repr=False)
    no_code: bool = False

    @property
    def runs(self) -> bool:
        return not (self.ended or self.unknown)

    @property
    def outcome(self) -> Reconnect | MemberError | None:
        """How the last run ended, why that is unknown, or None if none has run yet."""
        if self.unknown:
            return MemberError(self.unknown)
        if self.exit_code is None:
            return None
        configmeta = self.configmeta if self.exit_code else None
        return Reconnect(self.exit_code, printed=self.printed, configmeta=configmeta)


class EarlyReads:
    """Reads members of KDClusters that have settled while others still change.

    An answer counts only for the generation of its request.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._pool = thread_pool()
        self._reads: dict[
            tuple[str, int | None, str], concurrent.futures.Future[list[MemberReading]]
        ] = {}

    def begin(self, cluster: KDCluster) -> None:
        """Start to read its members, unless already begun."""
        for member in cluster.members:
            key = (member.pod, member.config_generation, member.container)
            if member.has_configmeta and key not in self._reads:
                self._reads[key] = self._pool.submit(read_now, self._api, self._namespace, [member])

    def end(self, clusters: t.Iterable[KDCluster]) -> dict[str, MemberReading]:
        """Wait for the answers; return readings with an exit code that still count, by pod."""
        self._pool.shutdown()
        found = {}
        for member in (m for cluster in clusters for m in cluster.members):
            read = self._reads.get((member.pod, member.config_generation, member.container))
            if read is not None and (reading := read.result()[0]).exit_code is not None:
                found[member.pod] = reading
        return found

    def abandon(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def read_reconnects(
    api: Api,
    namespace: str,
    clusters: t.Iterable[KDCluster],
    deadline: float,
    known: t.Mapping[str, MemberReading] | None = None,
) -> dict[str, MemberReading]:
    """Read how the start script ended in every member that gets configmeta, and what the member holds.

    :param deadline: as of time.monotonic(), for running start scripts.
    :param known: readings to reuse (see EarlyReads).
    :returns: by pod, as `known`.
    :raises MemberReplacedError: a member has a new container, not yet set up.
    :raises WaitTimeoutError: a start script still runs at the deadline.
    :raises ApiError, UnreachableError:
    """
    members = {m.pod: m for cluster in clusters for m in cluster.members if m.has_configmeta}
    readings = {pod: reading for pod, reading in (known or {}).items() if pod in members}
    asked = [member for pod, member in members.items() if pod not in readings]
    readings |= _read_ended(api, namespace, asked, deadline)
    for pod, member in members.items():
        if readings[pod].unknown and _was_replaced(api, namespace, member):
            raise MemberReplacedError(readings[pod].unknown)
    if running := [f"{namespace}/{pod}" for pod in members if readings[pod].runs]:
        raise WaitTimeoutError(
            f"The change has reached every member, but the start script still runs in: {', '.join(running)}. "
            f"Look at {facts.START_SCRIPT_STDERR_PATH} there, or give a longer wait_timeout."
        )
    return readings


def wait_until_ended(
    api: Api, namespace: str, members: t.Sequence[Member], deadline: float
) -> list[Member]:
    """Wait until no start script runs in these members.

    :param deadline: as of time.monotonic().
    :returns: members in which one still runs at the deadline, or may run.
    """
    readings = _read_ended(api, namespace, members, deadline, with_configmeta=False)
    return [member for member in members if not readings[member.pod].ended]


def read_settled_reconnects(
    api: Api,
    namespace: str,
    clusters: t.Callable[[], t.Iterable[KDCluster]],
    settle: t.Callable[[], None],
    deadline: float,
    *,
    before: t.Mapping[str, KDCluster],
    overlapped: t.Collection[tuple[str, str]] = (),
    known: t.Mapping[str, MemberReading] | None = None,
) -> dict[str, MemberReading]:
    """Read how the start script ended, waiting for members that are replaced meanwhile.

    :param clusters: gives the current KDClusters.
    :param settle: waits until they have settled again.
    :param before: the changed KDClusters, before their last change.
    :param overlapped: (pod, container) where an earlier run may not have ended at the last change.
    :returns: as read_reconnects; `unknown`, too, if the start script did not run for the change, or the exit code may
        be an earlier run's.
    :raises MemberReplacedError, WaitTimeoutError, MemberError, ApiError, UnreachableError:
    """
    while True:
        try:
            readings = read_reconnects(api, namespace, clusters(), deadline, known)
            break
        except MemberReplacedError:
            # The operator notices it at its next poll and sets the member up again.
            if time.monotonic() + _REPLACED_PAUSE > deadline:
                raise
        known = None
        time.sleep(_REPLACED_PAUSE)
        settle()
    for pod, why in _doubts(before, clusters(), overlapped):
        if pod in readings:
            readings[pod] = dataclasses.replace(readings[pod], exit_code=None, unknown=why)
    return readings


def _doubts(
    before: t.Mapping[str, KDCluster],
    clusters: t.Iterable[KDCluster],
    overlapped: t.Collection[tuple[str, str]],
) -> t.Iterator[tuple[str, str]]:
    """Pods whose exit code is not, or may not be, that of the run for the last change, and why.

    Why the operator misses a run: see KDCluster.missing_counts.
    """
    for cluster in clusters:
        for member in cluster.members:
            where = f"{cluster.label}: member {member.pod} (role {member.role})"
            if cluster.name in before and _missed_reconnect(member, before[cluster.name]):
                yield (
                    member.pod,
                    f"{where} has the change in configmeta.json, but the operator did not run its start script "
                    "with --reconnect, so the application may still use what it read before. Run it: kubectl "
                    f"exec -n {cluster.namespace} {member.pod} -c {facts.APP_CONTAINER} -- sh -c "
                    f"'{facts.START_SCRIPT} --reconnect'.",
                )
            elif (member.pod, member.container) in overlapped:
                yield (
                    member.pod,
                    f"{where}: the start script still ran for an earlier change of this task when the last one was "
                    "made, or that could not be seen. So it is not known how the last run ended. Give a longer "
                    "wait_timeout.",
                )


def _missed_reconnect(member: Member, before: KDCluster) -> bool:
    versions = {one.container: one.connection_version for one in before.members}
    was, now = versions.get(member.container), member.connection_version
    return member.has_configmeta and was is not None and now is not None and now <= was


def failure_sentences(
    clusters: t.Iterable[KDCluster], reconnects: t.Mapping[str, Reconnect]
) -> list[str]:
    return [
        f"{cluster.label}: the start script of member {member.pod} (role {member.role}) ended with "
        f"exit code {reconnect.exit_code}{_what_it_printed(cluster, member, reconnect)}."
        f"{_MEANINGS.get(reconnect.exit_code, '')}"
        for cluster in clusters
        for member in cluster.members
        for reconnect in [reconnects.get(member.pod)]
        if reconnect is not None and reconnect.exit_code != 0
    ]


def _what_it_printed(cluster: KDCluster, member: Member, reconnect: Reconnect) -> str:
    if reconnect.unshown:
        return (
            ". What it printed is not shown, because it may hold secret values that cannot be read here: "
            f"{reconnect.unshown.rstrip('.')}. Look at it with: kubectl exec -n {cluster.namespace} {member.pod} "
            f"-c {facts.APP_CONTAINER} -- cat {facts.START_SCRIPT_STDERR_PATH}"
        )
    lines = reconnect.stderr.splitlines()
    return f": {lines[-1].strip().rstrip('.')}" if lines else ""


def _read_ended(
    api: Api,
    namespace: str,
    members: t.Sequence[Member],
    deadline: float,
    *,
    with_configmeta: bool = True,
) -> dict[str, MemberReading]:
    """Read members, each again while its start script runs; by pod."""
    readings: dict[str, MemberReading] = {}
    no_code_since: dict[str, float] = {}
    pending = list(members)
    pause = _FIRST_PAUSE
    display = WaitDisplay(deadline)
    while True:
        found = read_now(api, namespace, pending, with_configmeta=with_configmeta)
        now = time.monotonic()
        again = []
        for member, reading in zip(pending, found):
            readings[member.pod] = reading
            if not reading.no_code:
                no_code_since.pop(member.pod, None)
            elif now - no_code_since.setdefault(member.pod, now) < _START_SECONDS:
                again.append(member)
            if reading.runs:
                again.append(member)
        pending = again
        if not pending or now + pause > deadline:
            return readings
        display.show(functools.partial(_still_running, namespace, pending))
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _still_running(namespace: str, members: t.Iterable[Member]) -> str:
    pods = ", ".join(f"{namespace}/{member.pod}" for member in members)
    return f"the start script has not ended in {pods}."


def read_now(
    api: Api, namespace: str, members: t.Sequence[Member], *, with_configmeta: bool = True
) -> list[MemberReading]:
    """Read members once, side by side, whether a start script runs or not; return them in the order of `members`."""
    command = ["sh", "-c", _READ_MEMBER, facts.START_SCRIPT_STATUS_PATH]
    if with_configmeta:
        command += [
            facts.CONFIGMETA_PATH,
            facts.START_SCRIPT_STDERR_PATH,
            str(_READ_STDERR_BYTES),
        ]
    outputs = run_in_pods(
        api,
        namespace,
        facts.APP_CONTAINER,
        [(member.pod, command) for member in members],
        max_bytes=MAX_CONFIGMETA_BYTES + _READ_STDERR_BYTES,
    )
    return [
        MemberReading(unknown=str(output))
        if isinstance(output, MemberError)
        else _reading(namespace, member, output)
        for member, output in zip(members, outputs)
    ]


def _reading(namespace: str, member: Member, output: Output) -> MemberReading:
    """Read what _READ_MEMBER printed."""
    runs, _end, rest = output.stdout.partition(b"\0")
    readable, _end, rest = rest.partition(b"\0")
    status, end, rest = rest.partition(b"\0")
    configmeta, _end, printed = rest.partition(b"\0")
    ended = runs == b"no" and bool(end)
    code: int | None = None
    why, no_code = "", False
    if not end:
        why = f" cannot be read with sh (exit code {output.exit_code})"
    elif runs == b"yes":
        return MemberReading()
    elif not ended:
        why = ": whether a start script still runs cannot be seen, as /proc cannot be read there"
    elif readable == b"absent":
        # Missing before the first --reconnect if the eventList lacks `configure` (source: appConfig).
        why = "" if member.setup_generation is None else " does not exist"
    elif readable != b"0":
        shown = readable.decode("utf-8", "replace")[:9]
        why = f" cannot be read (cat ended with exit code {shown})"
    else:
        try:
            code = facts.start_script_exit_code(status.decode("utf-8", "replace"))
        except ValueError as error:
            why = f" {error}"
        else:
            if code is None:
                no_code, why = (
                    True,
                    ": the last start script left no exit code, as if it had been killed",
                )
    unknown = (
        f"Pod {namespace}/{member.pod}: {facts.START_SCRIPT_STATUS_PATH}{why}, so it is not known how the "
        "application took the change (kd_connection: on_reconnect_failure=ignore does not ask)."
    )
    return MemberReading(
        exit_code=code,
        unknown=unknown if why else "",
        ended=ended,
        configmeta=configmeta if ended and output.exit_code == 0 else None,
        printed=printed if code else b"",
        no_code=no_code,
    )


def _was_replaced(api: Api, namespace: str, member: Member) -> bool:
    """Whether its pod is gone or has a container new to the operator."""
    try:
        pod = api.get(POD, namespace, member.pod)
    except NotFoundError:
        return True
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return not any(
        status.get("name") == facts.APP_CONTAINER and status.get("containerID") == member.container
        for status in statuses
    )

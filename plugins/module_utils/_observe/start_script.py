# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the application took the change: the exit code of each member's start script.

The operator runs `--reconnect` in the background and ignores its exit code (measured). The
start script's wrapper appends it to configure.status, which the next run empties (source: types.go).
"""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.display import WaitDisplay
from .._core.errors import (
    MemberError,
    MemberReplacedError,
    NotFoundError,
    WaitTimeoutError,
)
from .._core.side_by_side import thread_pool
from .._kubedirector import facts
from .._kubedirector.resources import POD
from .members import MAX_CONFIGMETA_BYTES

if t.TYPE_CHECKING:
    import concurrent.futures

    from .._client.api import Api
    from .._client.pod_exec import Output
    from .._kubedirector.snapshot import (
        KDCluster,
        Member,
    )

# How much of a start script's output is shown, and how much is read: a value may stand at the cut.
STDERR_BYTES = 4000
_READ_STDERR_BYTES = 64 * 1024 + STDERR_BYTES
# In each member: whether a start script runs, whether its status can be read, the status; then, if no start
# script runs, configmeta.json, and what the last run printed if it failed. The processes come first: a run that has ended before has
# written its code by then. `[s]` keeps the pattern from fitting this command's own process. Of the
# wrapper's command the first line suffices (source: appPrepConfigRunCmd, appPrepConfigReconnectCmd).
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
# Between the note that a start script starts and its process; a run that left no code has ended otherwise.
_START_SECONDS = 2.0
# What many start scripts of published applications end with on an option that they do not know.
_MEANINGS = {
    10: " Most likely it knows only --configure, as many start scripts do: then it ends with 10 on --reconnect, "
    "and the application goes on with what it read before. Delete the member's pod to have it configured with "
    "the new connections, or give on_reconnect_failure=ignore."
}
_NOT_KNOWN = (
    ", so it is not known how the application took the change (kd_connection: on_reconnect_failure=ignore "
    "does not ask)."
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_REPLACED_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Reconnect:
    """How the last run of the start script ended in a member.

    :param exit_code: 0 when it took the change.
    :param stderr: the end of what it printed, as far as it may be shown (see member_text).
    :param printed: the same and more of it as it was read, only when it failed; never shown.
    :param configmeta: the member's configmeta.json, only when it failed; never shown.
    :param unshown: why nothing of it is shown, or "".
    """

    exit_code: int
    stderr: str = ""
    printed: bytes = dataclasses.field(default=b"", repr=False)
    configmeta: bytes | None = dataclasses.field(default=None, repr=False)
    unshown: str = ""


@dataclasses.dataclass(frozen=True)
class MemberReading:
    """What one command found in a member.

    :param exit_code: of the start script's last run; None while one runs, where `unknown` says why it is
        not known, or where none has run yet.
    :param unknown: why the exit code is not known, or "".
    :param ended: no start script runs, for certain.
    :param configmeta: the content of configmeta.json; None while a start script runs, or where the file
        cannot be read.
    :param printed: the end of what the start script printed, only when it failed; never shown as it is.
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
        """Whether a start script still runs."""
        return not (self.ended or self.unknown)

    @property
    def outcome(self) -> Reconnect | MemberError | None:
        """How the last run ended, why that is not known, or None where none has run yet."""
        if self.unknown:
            return MemberError(self.unknown)
        if not self.exit_code:
            return None if self.exit_code is None else Reconnect(self.exit_code)
        return Reconnect(self.exit_code, printed=self.printed, configmeta=self.configmeta)


class EarlyReads:
    """Reads members of KDClusters that have settled while others still change.

    An answer counts only for the generation that it was asked for; all else is asked again.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._pool = thread_pool()
        self._reads: dict[
            tuple[str, int | None, str], concurrent.futures.Future[MemberReading]
        ] = {}

    def begin(self, cluster: KDCluster) -> None:
        """Ask the members of a KDCluster that has settled, unless they were asked already."""
        for member in cluster.members:
            key = (member.pod, member.config_generation, member.container)
            if member.has_configmeta and key not in self._reads:
                self._reads[key] = self._pool.submit(self._read, member)

    def end(self, clusters: t.Iterable[KDCluster]) -> dict[str, MemberReading]:
        """Wait for what was asked; return the readings with an exit code that still count, by pod."""
        self._pool.shutdown()
        found = {}
        for member in (m for cluster in clusters for m in cluster.members):
            read = self._reads.get((member.pod, member.config_generation, member.container))
            if read is not None and read.result().exit_code is not None:
                found[member.pod] = read.result()
        return found

    def abandon(self) -> None:
        """Ask nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, member: Member) -> MemberReading:
        return _read_once(self._api, self._namespace, [member], with_configmeta=True)[0]


def read_reconnects(
    api: Api,
    namespace: str,
    clusters: t.Iterable[KDCluster],
    deadline: float,
    known: t.Mapping[str, MemberReading] | None = None,
) -> dict[str, MemberReading]:
    """Read how the start script ended in every member that gets configmeta, and what the member holds.

    :param deadline: as of time.monotonic(); until then it waits for start scripts that still run.
    :param known: readings that need not be asked for, by pod (see EarlyReads).
    :returns: by pod.
    :raises MemberReplacedError: a member's container is a new one, which the operator has not set up yet.
    :raises WaitTimeoutError: a start script still runs at the deadline.
    :raises ApiError, UnreachableError:
    """
    members = {m.pod: m for cluster in clusters for m in cluster.members if m.has_configmeta}
    readings = {pod: reading for pod, reading in (known or {}).items() if pod in members}
    asked = [member for pod, member in members.items() if pod not in readings]
    readings |= _read_ended(api, namespace, asked, deadline, with_configmeta=True)
    for pod, member in members.items():
        if readings[pod].unknown and _was_replaced(api, namespace, member):
            raise MemberReplacedError(readings[pod].unknown)
    running = [f"{namespace}/{pod}" for pod in members if readings[pod].runs]
    if running:
        raise WaitTimeoutError(
            f"The change has reached every member, but the start script still runs in: {', '.join(running)}. "
            f"Look at {facts.START_SCRIPT_STDERR_PATH} there, or give a longer wait_timeout."
        )
    return readings


def read_now(api: Api, namespace: str, members: t.Sequence[Member]) -> list[MemberReading]:
    """Read members once, whether a start script runs or not; in the order of `members`."""
    return _read_once(api, namespace, members, with_configmeta=True)


def wait_until_ended(
    api: Api, namespace: str, members: t.Sequence[Member], deadline: float
) -> list[Member]:
    """Wait until no start script runs in these members.

    The next run empties the file with the exit codes, and a run that has not ended by then writes its
    own one into it nevertheless (source: types.go).

    :param deadline: as of time.monotonic().
    :returns: the members in which one still runs at the deadline, or where that cannot be seen.
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

    :param clusters: gives the KDClusters as they are now.
    :param settle: waits until they have settled (again).
    :param before: the KDClusters that changed, by name, as they were before their last change.
    :param overlapped: (pod, container) where an earlier run may not have ended when the last change was
        made.
    :returns: as read_reconnects; `unknown`, too, where the start script did not run for the change, or where
        the exit code may be an earlier run's.
    :raises MemberReplacedError, WaitTimeoutError, MemberError, ApiError, UnreachableError:
    """
    while True:
        try:
            readings = read_reconnects(api, namespace, clusters(), deadline, known)
        except MemberReplacedError:
            known = None
            # The operator notices it only at its next poll, and then sets the member up again.
            if time.monotonic() + _REPLACED_PAUSE > deadline:
                raise
        else:
            doubts = dict(_doubts(before, clusters(), overlapped))
            return {
                pod: dataclasses.replace(reading, exit_code=None, unknown=doubts[pod])
                if pod in doubts
                else reading
                for pod, reading in readings.items()
            }
        time.sleep(_REPLACED_PAUSE)
        settle()


def _doubts(
    before: t.Mapping[str, KDCluster],
    clusters: t.Iterable[KDCluster],
    overlapped: t.Collection[tuple[str, str]],
) -> t.Iterator[tuple[str, str]]:
    """The members, by pod, whose exit code is not that of the run for the last change, and why.

    The operator counts changes in an annotation. Where it could not write it (its own webhook refuses
    that now and then), it takes the next change for one that the members know already (measured: 2 of some
    250 changes on the real operator).
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
    with_configmeta: bool,
) -> dict[str, MemberReading]:
    """Read members, each again while a start script runs in it; by pod."""
    readings: dict[str, MemberReading] = {}
    no_code_since: dict[str, float] = {}
    pending = list(members)
    pause = _FIRST_PAUSE
    display = WaitDisplay(deadline)
    while pending:
        found = _read_once(api, namespace, pending, with_configmeta=with_configmeta)
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
        if now + pause > deadline:
            break
        if pending:
            display.show(functools.partial(_still_running, namespace, pending))
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    return readings


def _still_running(namespace: str, members: t.Iterable[Member]) -> str:
    pods = ", ".join(f"{namespace}/{member.pod}" for member in members)
    return f"the start script has not ended in {pods}."


def _read_once(
    api: Api, namespace: str, members: t.Sequence[Member], *, with_configmeta: bool
) -> list[MemberReading]:
    """Read members side by side; in the order of `members`."""
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
        else _reading(f"Pod {namespace}/{member.pod}", member, output)
        for member, output in zip(members, outputs)
    ]


def _reading(where: str, member: Member, output: Output) -> MemberReading:
    """Read what _READ_MEMBER printed."""
    runs, _end, rest = output.stdout.partition(b"\0")
    readable, _end, rest = rest.partition(b"\0")
    status, end, rest = rest.partition(b"\0")
    configmeta, _end, printed = rest.partition(b"\0")
    where = f"{where}: {facts.START_SCRIPT_STATUS_PATH}"
    if not end:
        return MemberReading(
            unknown=f"{where} cannot be read with sh (exit code {output.exit_code}){_NOT_KNOWN}"
        )
    if runs == b"yes":
        return MemberReading()
    ended = runs == b"no"
    found = MemberReading(
        ended=ended, configmeta=configmeta if ended and output.exit_code == 0 else None
    )
    if not ended:
        unknown = f"{where}: whether a start script still runs cannot be seen, as /proc cannot be read there{_NOT_KNOWN}"
    elif readable == b"absent":
        # A role whose eventList lacks `configure` has none before its first --reconnect (source: appConfig).
        unknown = "" if member.setup_generation is None else f"{where} does not exist{_NOT_KNOWN}"
    elif readable != b"0":
        unknown = f"{where} cannot be read (cat ended with exit code {readable.decode('utf-8', 'replace')[:9]}){_NOT_KNOWN}"
    else:
        try:
            code = facts.start_script_exit_code(status.decode("utf-8", "replace"))
        except ValueError as error:
            unknown = f"{where} {error}{_NOT_KNOWN}"
        else:
            if code is not None:
                return dataclasses.replace(found, exit_code=code, printed=printed if code else b"")
            unknown = f"{where}: the last start script left no exit code, as if it had been killed{_NOT_KNOWN}"
            return dataclasses.replace(found, unknown=unknown, no_code=True)
    return dataclasses.replace(found, unknown=unknown)


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

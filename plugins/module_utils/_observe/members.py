# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read members' configmeta.json side by side."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.errors import MemberError
from .._kubedirector import facts
from .._kubedirector.configmeta import parse_configmeta

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._client.pod_exec import Output
    from .._kubedirector.snapshot import KDCluster, Member

MAX_CONFIGMETA_BYTES = 32 * 1024 * 1024
# The operator rewrites the file with tee, so a read can get half of it (measured).
_READS, _PAUSE_SECONDS = 5, 0.2


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one member holds, or why that is unknown.

    :param expected: the role has no config package.
    :param unusable: perhaps a write was under way, or the API server restarts.
    """

    member: Member
    configmeta: dict[str, t.Any] | None = dataclasses.field(repr=False)
    error: str | None = None
    expected: bool = False
    unusable: bool = False


def read_configmetas(api: Api, namespace: str, members: t.Sequence[Member]) -> list[Reading]:
    """Read configmeta.json side by side, again if unusable; return the readings in the order of `members`."""
    readings: list[Reading] = []
    pending: list[Member] = []
    for member in members:
        where = f"Pod {namespace}/{member.pod}"
        if member.has_configmeta:
            pending.append(member)
        elif member.state == facts.MEMBER_CONFIGURED:
            text = f"{where}: role {member.role} has no config package, so the operator gives it no configmeta.json."
            readings.append(Reading(member, None, text, expected=True))
        else:
            text = (
                f"{where}: the member is in state {member.state!r} and has no configmeta.json yet"
                f"{': ' + member.problem if member.problem else ''}. Wait until its KDCluster is configured."
            )
            readings.append(Reading(member, None, text))
    for reads_left in reversed(range(_READS)):
        done = _read_once(api, namespace, pending)
        pending = [reading.member for reading in done if reading.unusable and reads_left]
        readings += [reading for reading in done if reading.member not in pending]
        if not pending:
            break
        time.sleep(_PAUSE_SECONDS)
    order = {member.pod: index for index, member in enumerate(members)}
    return sorted(readings, key=lambda reading: order[reading.member.pod])


def read_held_secret_keys(api: Api, cluster: KDCluster) -> dict[str, dict[str, str]] | None:
    """Read member after member until one has the plain secret keys, of all roles (measured).

    The API has them encrypted, differently after each write.

    :returns: role to its secret keys' names and values; None if no member has them.
    :raises ApiError, UnreachableError:
    """
    for member in cluster.members:
        if not member.has_configmeta or member.state != facts.MEMBER_CONFIGURED:
            continue
        (reading,) = _read_once(api, cluster.namespace, [member])
        held = {
            role: dict(entry.get("secret_keys") or {})
            for group in ((reading.configmeta or {}).get("nodegroups") or {}).values()
            for role, entry in (group.get("roles") or {}).items()
        }
        # If not, another member may have the whole file.
        if held:
            return held
    return None


def _read_once(api: Api, namespace: str, members: t.Sequence[Member]) -> list[Reading]:
    command = ["cat", facts.CONFIGMETA_PATH]
    outputs = run_in_pods(
        api,
        namespace,
        facts.APP_CONTAINER,
        [(member.pod, command) for member in members],
        max_bytes=MAX_CONFIGMETA_BYTES,
    )
    return [_reading(namespace, member, output) for member, output in zip(members, outputs)]


def _reading(namespace: str, member: Member, output: Output | MemberError) -> Reading:
    where = f"Pod {namespace}/{member.pod}: {facts.CONFIGMETA_PATH}"
    if isinstance(output, MemberError):
        return Reading(member, None, str(output), unusable=output.passes)
    if output.exit_code != 0:
        text = (
            f"{where} cannot be read (cat ended with exit code {output.exit_code}). It is absent until the member is "
            "configured, and after a restart until the operator has set the member up again."
        )
        return Reading(member, None, text)
    try:
        return Reading(member, parse_configmeta(output.stdout))
    except ValueError as error:
        text = f"{where} is not JSON that can be used: {error}. If this lasts, delete the pod to have it set up again."
        return Reading(member, None, text, unusable=True)

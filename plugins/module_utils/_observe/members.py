# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""configmeta.json as members hold it, read side by side."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.errors import MemberError
from .._kubedirector import facts
from .._kubedirector.configmeta import (
    parse_configmeta,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._client.pod_exec import Output
    from .._kubedirector.snapshot import Member

MAX_CONFIGMETA_BYTES = 32 * 1024 * 1024
# The operator rewrites the file with tee, so a reader can meet half of it (measured).
_READS, _PAUSE_SECONDS = 5, 0.2


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one member holds, or why that is not known.

    :param expected: the role has no config package, so that there is nothing to read.
    :param unusable: the content cannot be used, perhaps because it was being written just then.
    """

    member: Member
    configmeta: dict[str, t.Any] | None = dataclasses.field(repr=False)
    error: str | None
    expected: bool = False
    unusable: bool = False


def read_configmetas(api: Api, namespace: str, members: t.Sequence[Member]) -> list[Reading]:
    """Read configmeta.json of each member, again where it cannot be used; in the order of `members`."""
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
    for attempt in range(_READS):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        done = _read_once(api, namespace, pending)
        broken = [reading for reading in done if reading.unusable]
        last = attempt == _READS - 1
        readings += done if last else [r for r in done if r not in broken]
        pending = [reading.member for reading in broken]
        if not pending or last:
            break
    order = {member.pod: index for index, member in enumerate(members)}
    return sorted(readings, key=lambda reading: order[reading.member.pod])


def _read_once(api: Api, namespace: str, members: list[Member]) -> list[Reading]:
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
        return Reading(member, None, str(output))
    if output.exit_code != 0:
        return Reading(
            member,
            None,
            f"{where} cannot be read (cat ended with exit code {output.exit_code}). It is absent until the member is configured, and "
            "after a restart until the operator has set the member up again.",
        )
    try:
        return Reading(member, parse_configmeta(output.stdout), None)
    except ValueError as error:
        return Reading(
            member,
            None,
            f"{where} is not JSON that can be used: {error}. If this lasts, delete the pod to have "
            "it set up again.",
            unusable=True,
        )

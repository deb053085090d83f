# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What start scripts printed, without the secret values that their member may know.

A start script may print values of Secrets that this task does not name, and values from before the task. So this reads
all Secrets that the KDCluster connects to or did then, and what the member holds. If any is unreadable, it does not
show the text.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import CollectionError
from .._core.redaction import values_of
from .._core.side_by_side import answers_side_by_side
from .._kubedirector.configmeta import parse_configmeta, secret_values
from .._kubedirector.resources import SECRET
from .members import Reading, read_configmetas
from .start_script import STDERR_BYTES

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.redaction import Redactor
    from .._kubedirector.snapshot import KDCluster, Member, Snapshot
    from .start_script import Reconnect

    Values = list[str | bytes]


class MemberText:
    """Makes what start scripts printed fit to be shown.

    :param before: from before the task, with the data of Secrets that it writes.
    :param redactor: knows the task's own secret values.
    """

    def __init__(self, api: Api, before: Snapshot, redactor: Redactor) -> None:
        self._api = api
        self._before = before
        self._redactor = redactor

    def shown(
        self, clusters: t.Iterable[KDCluster], reconnects: t.Mapping[str, Reconnect]
    ) -> dict[str, Reconnect]:
        """Redact what failed start scripts printed.

        :param clusters: as they are now.
        :param reconnects: by pod, with a longer end of the text than is shown.
        :returns: by pod; `unshown` says why a text is not shown.
        """
        shown = dict(reconnects)
        for cluster in clusters:
            members = [
                m for m in cluster.members if m.pod in reconnects and reconnects[m.pod].printed
            ]
            if members:
                shown.update(self._shown(cluster, members, reconnects))
        return shown

    def _shown(
        self, cluster: KDCluster, members: list[Member], reconnects: t.Mapping[str, Reconnect]
    ) -> t.Iterator[tuple[str, Reconnect]]:
        values, unreadable = self._known_to(cluster)
        for reading in self._held(cluster.namespace, members, reconnects):
            failed, why, text = reconnects[reading.member.pod], unreadable, ""
            if reading.configmeta is None:
                why = why or str(reading.error)
            elif not why:
                known = [*values, *secret_values(reading.configmeta)]
                redactor = self._redactor.with_values(known)
                if redactor.is_slow:
                    why = "the member holds too many values that begin alike"
                else:
                    text = redactor.output(failed.printed, STDERR_BYTES)
            yield (
                reading.member.pod,
                dataclasses.replace(failed, printed=b"", configmeta=None, stderr=text, unshown=why),
            )

    def _held(
        self, namespace: str, members: list[Member], reconnects: t.Mapping[str, Reconnect]
    ) -> list[Reading]:
        """As read with the exit code; read again if that is unusable."""
        found, again = [], []
        for member in members:
            try:
                configmeta = parse_configmeta(reconnects[member.pod].configmeta or b"")
            except ValueError:
                again.append(member)
            else:
                found.append(Reading(member, configmeta))
        return [*found, *read_configmetas(self._api, namespace, again)]

    def _known_to(self, cluster: KDCluster) -> tuple[Values, str]:
        """The secret values that members may know from outside; why they are unreadable, or ""."""
        now = cluster.connections
        then = self._before.clusters.get(cluster.name, cluster).connections
        names = sorted({*now.secrets, *then.secrets})
        values: Values = [
            value
            for name in names
            if (found := self._before.objects.get(("Secret", name))) is not None
            for value in values_of("Secret", found.data)
        ]
        try:
            for name in sorted({*then.clusters} - {*now.clusters}):
                values += self._held_by(name)
            for found_values in answers_side_by_side(self._values_of_secret, names):
                values += found_values
        except CollectionError as error:
            return [], str(error)
        return values, ""

    def _values_of_secret(self, name: str) -> Values:
        manifest = self._api.get(SECRET, self._before.namespace, name)
        metadata = manifest.get("metadata") or {}
        return [
            *values_of("Secret", manifest.get("data")),
            *(metadata.get("annotations") or {}).values(),
        ]

    def _held_by(self, name: str) -> t.Iterator[str | bytes]:
        """What a formerly connected KDCluster holds. :raises CollectionError:"""
        cluster = self._before.clusters.get(name)
        members = [m for m in cluster.members if m.has_configmeta][:1] if cluster else []
        for reading in read_configmetas(self._api, self._before.namespace, members):
            if reading.configmeta is None:
                raise CollectionError(str(reading.error))
            yield from secret_values(reading.configmeta)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain values of a KDCluster's secret keys, as its members hold them.

The API stores them encrypted, differently after each write. configmeta.json in every member has the
values of all roles in the clear (measured).
"""

from __future__ import annotations

import typing as t

from .._client.pod_exec import run_in_pods
from .._core.errors import MemberError
from .._kubedirector import facts
from .._kubedirector.configmeta import (
    parse_configmeta,
)
from .members import (
    MAX_CONFIGMETA_BYTES,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import KDCluster


def read_held_secret_keys(api: Api, cluster: KDCluster) -> dict[str, dict[str, str]] | None:
    """Read one member after the other until one has them.

    :returns: role to its secret keys' names and plain values; None if no member has them.
    :raises ApiError, UnreachableError:
    """
    command = ["cat", facts.CONFIGMETA_PATH]
    for member in cluster.members:
        if not member.has_configmeta or member.state != facts.MEMBER_CONFIGURED:
            continue
        (output,) = run_in_pods(
            api,
            cluster.namespace,
            facts.APP_CONTAINER,
            [(member.pod, command)],
            max_bytes=MAX_CONFIGMETA_BYTES,
        )
        if isinstance(output, MemberError) or output.exit_code != 0:
            continue
        try:
            configmeta = parse_configmeta(output.stdout)
        except ValueError:
            # Half of a file that is being written; another member may have it whole.
            continue
        held = {
            role: dict(entry.get("secret_keys") or {})
            for group in (configmeta.get("nodegroups") or {}).values()
            for role, entry in (group.get("roles") or {}).items()
        }
        # A file without roles is of no use either.
        if held:
            return held
    return None

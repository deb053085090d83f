# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the application made of the change: the exit code of each member's start script.

The operator runs `--reconnect` in the background and looks at its exit code nowhere (measured); the
start script's wrapper leaves it in configure.status.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    MemberError,
    MemberReplaced,
    WaitTimeout,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._exec import run_in_pods

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import KDCluster

MAX_STATUS_BYTES = 4096
STDERR_BYTES = 4000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


@dataclasses.dataclass(frozen=True)
class Reconnect:
    """How the start script ended in a member.

    :param exit_code: 0 when it took the change.
    :param stderr: the end of what it said, only when it failed.
    """

    exit_code: int
    stderr: str


def read_reconnects(
    api: Api, namespace: str, clusters: t.Iterable[KDCluster], deadline: float
) -> dict[str, Reconnect]:
    """Read how the start script ended in every member that gets configmeta.

    :param deadline: as of time.monotonic(); until then a start script that still runs is waited for.
    :returns: by pod.
    :raises MemberReplaced: a pod is gone or new, so that it has no status file (yet).
    :raises MemberError: a command cannot be run, or a status file is not what the operator writes.
    :raises WaitTimeout: a start script still runs at the deadline.
    """
    pending = [m.pod for cluster in clusters for m in cluster.members if m.has_configmeta]
    codes: dict[str, int] = {}
    pause = _FIRST_PAUSE
    while pending:
        for pod, code in zip(pending, _read_codes(api, namespace, pending), strict=True):
            if code is not None:
                codes[pod] = code
        pending = [pod for pod in pending if pod not in codes]
        if pending:
            if time.monotonic() + pause > deadline:
                raise WaitTimeout(
                    "The change has reached every member, but the start script still runs in: "
                    f"{', '.join(f'{namespace}/{pod}' for pod in pending)}. Look at "
                    f"{_operator.START_SCRIPT_STDERR_PATH} there, or give a longer wait_timeout."
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    failed = [pod for pod, code in codes.items() if code != 0]
    stderr = dict(zip(failed, _read_stderr(api, namespace, failed), strict=True))
    return {pod: Reconnect(code, stderr.get(pod, "")) for pod, code in codes.items()}


def _read_codes(api: Api, namespace: str, pods: list[str]) -> t.Iterator[int | None]:
    command = ["cat", _operator.START_SCRIPT_STATUS_PATH]
    outputs = run_in_pods(
        api,
        namespace,
        _operator.APP_CONTAINER,
        [(pod, command) for pod in pods],
        max_bytes=MAX_STATUS_BYTES,
    )
    for pod, output in zip(pods, outputs, strict=True):
        if isinstance(output, MemberError):
            raise output
        if output.exit_code != 0:
            raise MemberReplaced(
                f"Pod {namespace}/{pod}: {_operator.START_SCRIPT_STATUS_PATH} cannot be read "
                f"({output.stderr.decode('utf-8', 'replace').strip()}), because the member's container is a "
                "new one or the file was removed. Set on_reconnect_failure to ignore if this does not matter."
            )
        try:
            yield _operator.start_script_exit_code(output.stdout.decode("utf-8", "replace"))
        except ValueError as error:
            raise MemberError(
                f"Pod {namespace}/{pod}: {_operator.START_SCRIPT_STATUS_PATH} is not what the operator "
                f"writes ({error})."
            ) from None


def _read_stderr(api: Api, namespace: str, pods: list[str]) -> t.Iterator[str]:
    command = ["tail", "-c", str(STDERR_BYTES), _operator.START_SCRIPT_STDERR_PATH]
    outputs = run_in_pods(
        api,
        namespace,
        _operator.APP_CONTAINER,
        [(pod, command) for pod in pods],
        max_bytes=2 * STDERR_BYTES,
    )
    for output in outputs:
        if isinstance(output, MemberError):
            raise output
        yield output.stdout.decode("utf-8", "replace").strip()

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs commands in a member's container over the API server's exec endpoint.

What each call does inside the container follows pkg/executor/guest.go of the real operator: the
file is written by `tee` (so a reader can meet half of it), scripts go to the standard input of
bash, and nothing is run in a container other than the one that is expected.
"""

from __future__ import annotations

import json
import logging
import posixpath
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.cluster_api import PODS
from tests.kubedirector_simulator.object_cache import ObjectCache
from tests.kubedirector_simulator.objects import Json

LOG = logging.getLogger(__name__)

# Only this version of the protocol can close the standard input without closing the connection.
_PROTOCOL: Final = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_CHUNK: Final = 32 * 1024


class MemberError(Exception):
    """A command could not be run in a member, or failed there."""


class CommandFailed(MemberError):
    """A command ran in a member and ended with an exit code other than 0."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"command terminated with exit code {exit_code}")
        self.exit_code = exit_code


@dataclass(frozen=True)
class MemberShell:
    """The app container of one member, as long as it is the container of the given ID."""

    objects: ObjectCache
    namespace: str
    pod: str
    container_id: str
    made: set[tuple[str, str]] = field(default_factory=set, compare=False)
    """Directories, with the container's ID, that need not be made again: an exec is dear."""

    async def file_exists(self, path: str) -> bool:
        """Whether `test -f` finds the path (no shell: a pattern never matches)."""
        try:
            await self._run(["test", "-f", path])
        except CommandFailed as error:
            if error.exit_code == 1:
                return False
            raise
        return True

    async def create_file(self, path: str, content: str, private_directory: bool) -> None:
        """Writes a file by `tee`; a private directory gets the mode 0700."""
        directory = posixpath.dirname(path)
        if (self.container_id, directory) not in self.made:
            await self._run(["mkdir", "-p", directory])
            if private_directory:
                await self._run(["chmod", "700", directory])
            self.made.add((self.container_id, directory))
        await self._run(["tee", path], stdin=content)

    async def read_file(self, path: str) -> str | None:
        """The file's text, or None when `cat` cannot find it."""
        try:
            return await self._run(["cat", path], stdout=True)
        except CommandFailed as error:
            if error.exit_code == 1:
                return None
            raise

    async def run_script(self, what: str, script: str) -> None:
        """Runs a script in bash. Raises MemberError, CommandFailed for its exit code."""
        LOG.info("running %s in pod %s/%s", what, self.namespace, self.pod)
        await self._run(["bash"], stdin=script)

    async def _check(self) -> None:
        pod = await self.objects.find(PODS, self.namespace, self.pod)
        if pod is None:
            raise MemberError(f"pod{{{self.pod}}} does not exist")
        status = pod.get("status", {})
        for container in status.get("containerStatuses") or []:
            if container["name"] == facts.APP_CONTAINER:
                if container.get("containerID", "") != self.container_id:
                    raise MemberError("container ID changed during configuration")
                break
        else:
            raise MemberError(
                f"container{{{facts.APP_CONTAINER}}} does not exist in pod{{{self.pod}}}"
            )
        if status.get("phase") in ("Succeeded", "Failed"):
            raise MemberError(f"cannot connect to pod{{{self.pod}}} in phase {status['phase']}")

    async def _run(self, command: list[str], stdin: str | None = None, stdout: bool = False) -> str:
        await self._check()
        query = {
            "container": facts.APP_CONTAINER,
            "command": command,
            "stdin": str(stdin is not None).lower(),
            # The API server wants at least one stream.
            "stdout": str(stdout or stdin is None).lower(),
        }
        url = self.objects.api.url(PODS.path(self.namespace, self.pod, "exec"), query)
        try:
            async with self.objects.api.session.ws_connect(url, protocols=(_PROTOCOL,)) as socket:
                if socket.protocol != _PROTOCOL:
                    raise MemberError(
                        f"the API server does not speak {_PROTOCOL}: use Kubernetes 1.31 or newer"
                    )
                return await _converse(socket, stdin)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise MemberError(f"exec in pod{{{self.pod}}} failed: {error}") from error


async def _converse(socket: aiohttp.ClientWebSocketResponse, stdin: str | None) -> str:
    if stdin is not None:
        data = stdin.encode()
        for start in range(0, len(data), _CHUNK):
            await socket.send_bytes(bytes([_STDIN]) + data[start : start + _CHUNK])
        await socket.send_bytes(bytes([_CLOSE, _STDIN]))
    output = bytearray()
    status: Json | None = None
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, payload = message.data[0], message.data[1:]
        if channel == _STDOUT:
            output += payload
        elif channel == _STATUS and payload:
            status = json.loads(payload)
    if status is None:
        raise MemberError("the connection ended before the command's exit status came")
    _raise_for(status)
    return output.decode(errors="replace")


def _raise_for(status: Json) -> None:
    if status.get("status") == "Success":
        return
    if status.get("reason") == "NonZeroExitCode":
        for cause in status.get("details", {}).get("causes") or []:
            if cause.get("reason") == "ExitCode":
                raise CommandFailed(int(cause["message"]))
    raise MemberError(status.get("message") or "the command could not be run")

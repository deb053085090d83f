# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS proxy before an API server; chosen requests fail in chosen ways.

It terminates TLS: only then can it answer for the server, and cut a response at a given byte.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.harness.certificates import Authority
from tests.harness.faults.fault import Fault, Target

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "host"}
_MAX_BODY = 64 * 1024 * 1024
_START_SECONDS = 20.0
_PROTOCOL = "v4.channel.k8s.io"
_STDOUT = 1
# A frame of the given number of bytes: final, binary, with a 16-bit length.
_FRAME, _LONG = 0x82, 126


@dataclass
class _Script:
    """The faults of one run, and which requests there have been."""

    faults: Sequence[Fault]
    on_kill: Callable[[], None]
    counts: Counter[Target] = field(default_factory=Counter)
    met: list[str] = field(default_factory=list)

    def next_fault(self, request: web.Request) -> Fault | None:
        """Count a request, and find what it meets."""
        found = None
        for target in _targets(request):
            number = self.counts[target]
            self.counts[target] += 1
            found = found or next((f for f in self.faults if f.meets(target, number)), None)
        if found is not None:
            self.met.append(f"{found.kind}: {request.method} {request.path}")
        return found


def _targets(request: web.Request) -> Iterator[Target]:
    yield "any"
    if request.path.endswith("/exec"):
        yield "exec"
    elif "watch" in request.query:
        yield "watch"
    elif request.method != "GET" and "dryRun" not in request.query:
        yield "write"


class FaultProxy:
    """A proxy on a free port of 127.0.0.1, in a thread of its own; see `fault_proxy`."""

    def __init__(self, upstream: str, upstream_ca: Path, folder: Path) -> None:
        authority = Authority(folder, "fault-proxy-ca")
        self.ca_cert = authority.certificate
        self.url = ""
        self._upstream = upstream.rstrip("/")
        self._upstream_tls = ssl.create_default_context(cafile=upstream_ca)
        self._tls = authority.identity("fault-proxy").server_context()
        self._script = _Script((), lambda: None)
        self._ready = threading.Event()
        # Its run() cancels at its end what clients left open.
        self._runner = asyncio.Runner()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def arm(self, *faults: Fault, on_kill: Callable[[], None] = lambda: None) -> None:
        """Use only these faults for the next run; count its requests from here."""
        self._script = _Script(faults, on_kill)

    @property
    def met(self) -> list[str]:
        """What the run met so far: fault, method and path."""
        return list(self._script.met)

    def start(self) -> None:
        """Start to listen. Raises AssertionError where it does not."""
        self._thread.start()
        assert self._ready.wait(_START_SECONDS), "the fault proxy does not start"

    def stop(self) -> None:
        """Stop, and close what is still open."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with self._runner as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        connector = aiohttp.TCPConnector(ssl=self._upstream_tls, limit=0)
        async with aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as self._session:
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.url = f"https://{host}:{port}"
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        script = self._script
        fault = script.next_fault(request)
        if fault is None:
            return await self._pass(request, None)
        if fault.kind == "latency":
            await asyncio.sleep(fault.seconds)
            return await self._pass(request, None)
        if fault.kind == "kill":
            if not fault.reached:
                return await _kill(request, script, fault)
            if "watch" in request.query or request.path.endswith("/exec"):
                # These last as long as the module reads.
                killing = asyncio.ensure_future(_kill(request, script, fault))
                response = await self._pass(request, None)
                await killing
                return response
        if fault.kind == "reset request":
            # What the client sent is lost with the connection.
            return _hang_up(request, polite=fault.polite)
        if fault.kind == "too many requests":
            return _failure(429, "TooManyRequests", {"Retry-After": f"{fault.seconds:.0f}"})
        if fault.kind == "server error":
            return _failure(fault.status, "InternalError")
        response = await self._pass(request, fault)
        if fault.kind == "kill":
            return await _kill(request, script, fault)
        return response

    async def _pass(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        """Forward a request; a fault changes the response."""
        url = URL(self._upstream + request.raw_path, encoded=True)
        headers = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP and not name.lower().startswith("sec-websocket")
        )
        try:
            if request.path.endswith("/exec"):
                return await self._pass_exec(request, url, headers, fault)
            body = await request.read()
            async with self._session.request(
                request.method, url, headers=headers, data=body or None
            ) as answer:
                if "watch" in request.query and answer.status == 200:
                    return await _stream(request, answer, fault)
                text = await answer.read()
        except (aiohttp.ClientError, OSError):
            return _hang_up(request, polite=False)
        if fault is not None and fault.kind == "lost answer":
            return _failure(fault.status, "Timeout")
        found = CIMultiDict(
            (name, value)
            for name, value in answer.headers.items()
            if name.lower() not in _HOP_BY_HOP
        )
        if fault is None or fault.kind == "kill":
            return web.Response(status=answer.status, headers=found, body=text)
        part = text[: int(len(text) * fault.share)]
        if fault.kind == "truncated":
            return web.Response(status=answer.status, headers=found, body=part)
        found["Content-Length"] = str(len(text))
        return await _break_off(
            request, web.StreamResponse(status=answer.status, headers=found), part, fault
        )

    async def _pass_exec(
        self, request: web.Request, url: URL, headers: CIMultiDict[str], fault: Fault | None
    ) -> web.StreamResponse:
        """Both ways of a WebSocket; a fault lets it end within a message of standard output."""
        try:
            remote = await self._session.ws_connect(
                url, headers=headers, protocols=[_PROTOCOL], max_msg_size=0
            )
        except aiohttp.WSServerHandshakeError as error:
            return _failure(error.status, "Refused")
        async with remote:
            if fault is not None and fault.kind == "lost answer":
                return _failure(fault.status, "Timeout")
            local = web.WebSocketResponse(protocols=[_PROTOCOL], max_msg_size=0)
            await local.prepare(request)
            async for message in remote:
                if message.type is not aiohttp.WSMsgType.BINARY:
                    continue
                data: bytes = message.data
                if fault is not None and fault.kind != "kill" and data[:1] == bytes([_STDOUT]):
                    part = data[: 1 + int((len(data) - 1) * fault.share)]
                    if fault.kind == "truncated":
                        # A whole frame with half of the file, and an orderly end with no verdict.
                        await local.send_bytes(part)
                        await local.close()
                        return local
                    if request.transport is not None:
                        head = bytes([_FRAME, _LONG]) + len(data).to_bytes(2, "big")
                        request.transport.write(head + part)
                    _hang_up(request, polite=fault.polite)
                    return local
                await local.send_bytes(data)
            await local.close()
        return local


async def _stream(
    request: web.Request, answer: aiohttp.ClientResponse, fault: Fault | None
) -> web.StreamResponse:
    """A watch: event by event, until a fault ends it within one."""
    response = web.StreamResponse(
        status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]}
    )
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            if fault is not None and fault.kind in ("reset response", "truncated", "lost answer"):
                await response.write(chunk[: int(len(chunk) * fault.share)] or chunk[:1])
                if fault.kind != "truncated":
                    _hang_up(request, polite=fault.polite)
                return response
            await response.write(chunk)
    except ConnectionError:
        # A client that has read enough closes the connection.
        return response
    return response


async def _break_off(
    request: web.Request, response: web.StreamResponse, part: bytes, fault: Fault
) -> web.StreamResponse:
    if fault.share < 0.2:
        # Nothing of the answer arrives, not even its head.
        return _hang_up(request, polite=fault.polite)
    await response.prepare(request)
    await response.write(part)
    _hang_up(request, polite=fault.polite)
    return response


async def _kill(request: web.Request, script: _Script, fault: Fault) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    script.on_kill()
    return _hang_up(request, polite=False)


def _hang_up(request: web.Request, *, polite: bool) -> web.StreamResponse:
    """End the connection; what is returned goes nowhere."""
    if request.transport is not None:
        if polite:
            request.transport.close()
        else:
            request.transport.abort()
    return web.Response()


def _failure(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    said = {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
        "reason": reason, "message": "a fault that a test made",
    }  # fmt: skip
    return web.Response(
        status=status,
        headers=headers,
        body=json.dumps(said).encode(),
        content_type="application/json",
    )


@contextmanager
def fault_proxy(upstream: str, upstream_ca: Path, folder: Path) -> Iterator[FaultProxy]:
    """Run a proxy before an API server.

    :param upstream: the API server's URL; its certificate is checked against `upstream_ca`.
    :param folder: takes the proxy's own certificate and key.
    """
    proxy = FaultProxy(upstream, upstream_ca, folder)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()

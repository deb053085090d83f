# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSocket frames as a server of v4.channel.k8s.io sends them."""

from __future__ import annotations

import json
import struct

TEXT, BINARY, CONTINUATION, PING = 1, 2, 0, 9


def frame(data: bytes, *, opcode: int = BINARY, last: bool = True) -> bytes:
    """One unmasked frame; `last` False leaves the message open for a continuation."""
    head = bytes([(0x80 if last else 0) | opcode])
    if len(data) < 126:
        return head + bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return head + b"\x7e" + struct.pack(">H", len(data)) + data
    return head + b"\x7f" + struct.pack(">Q", len(data)) + data


def stdout(data: bytes) -> bytes:
    """A piece of standard output."""
    return frame(b"\x01" + data)


def stderr(data: bytes) -> bytes:
    """A piece of standard error."""
    return frame(b"\x02" + data)


def verdict(status: object) -> bytes:
    """The Status that ends an exec."""
    return frame(b"\x03" + json.dumps(status).encode())


def exit_code(code: int) -> bytes:
    """The verdict on a command that ended with another exit code than 0."""
    return verdict(
        {
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": f"command terminated with exit code {code}",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }
    )


SUCCESS = verdict({"metadata": {}, "status": "Success"})
CLOSE = frame(struct.pack(">H", 1000), opcode=8)

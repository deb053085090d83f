# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge, a subnet and ports that nothing else on this machine uses."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
from collections.abc import Iterable

from tests.sandbox.commands import attempt, run
from tests.sandbox.errors import SandboxError

# Three private ranges, since a VPN often routes one of them away as a whole.
_POOLS = tuple(
    ipaddress.IPv4Network(text) for text in ("10.213.0.0/16", "172.29.0.0/16", "192.168.0.0/16")
)
_TIMEOUT = 10.0


def choose_subnet(name: str, used: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """A /24 that overlaps none of `used`; the same one for a name as long as it is free.

    Raises SandboxError when every candidate is taken.
    """
    taken = list(used)
    for pool in _POOLS:
        candidates = list(pool.subnets(new_prefix=24))
        first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2], "big") % len(candidates)
        for candidate in candidates[first:] + candidates[:first]:
            if not any(candidate.overlaps(network) for network in taken):
                return candidate
    pools = ", ".join(str(pool) for pool in _POOLS)
    raise SandboxError(
        f"This machine has routes to every /24 of {pools}, so there is no subnet left for the "
        "sandbox: end another sandbox or a VPN."
    )


def used_networks() -> list[ipaddress.IPv4Network]:
    """The IPv4 networks that this machine has routes to or addresses in, but the default one."""
    found = []
    for route in json.loads(
        run(["ip", "-json", "route", "show", "table", "all"], timeout=_TIMEOUT)
    ):
        destination = route.get("dst", "default")
        if destination == "default" or ":" in destination:
            continue
        found.append(ipaddress.IPv4Network(destination, strict=False))
    return found


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Different TCP ports that are free just now on an address."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _number in range(count)]
    try:
        for each in sockets:
            each.bind((address, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def make_bridge(name: str, address: str, prefix: int) -> None:
    """Make the bridge and give it its address; there is no route beyond it and no masquerade."""
    run(["ip", "link", "add", name, "type", "bridge"], timeout=_TIMEOUT)
    run(["ip", "address", "add", f"{address}/{prefix}", "dev", name], timeout=_TIMEOUT)
    run(["ip", "link", "set", name, "up"], timeout=_TIMEOUT)


def bridge_exists(name: str) -> bool:
    """Whether there is a network device of that name."""
    return attempt(["ip", "link", "show", "dev", name], timeout=_TIMEOUT).returncode == 0


def remove_bridge(name: str) -> None:
    """Remove the bridge and whatever is still plugged into it; fine when it is missing."""
    if not bridge_exists(name):
        return
    listed = run(["ip", "-json", "link", "show", "master", name], timeout=_TIMEOUT)
    for port in json.loads(listed or "[]"):
        attempt(["ip", "link", "delete", port["ifname"]], timeout=_TIMEOUT)
    run(["ip", "link", "delete", name, "type", "bridge"], timeout=_TIMEOUT)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member's application: run with --configure, then with --reconnect after each change."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIGMETA = Path("/etc/guestconfig/configmeta.json")
UNDERSTOOD = Path("/var/lib/member/read.json")


def decoded(text: str) -> str:
    """Every string of a connected secret is in base64, its name included."""
    return base64.b64decode(text).decode(errors="replace")


def objects(by_type: Any, read: Callable[[str], str]) -> dict[str, Any]:
    """{type: [{"name", "data"}]}, in the order in which the KDCluster names them."""

    def understood(item: Any) -> dict[str, Any]:
        data = {key: read(value) for key, value in (item.get("data") or {}).items()}
        return {"name": read(item["metadata"]["name"]), "data": data}

    return {kind: [understood(item) for item in items] for kind, items in (by_type or {}).items()}


def cluster(configmeta: Any) -> dict[str, Any]:
    """What a connected KDCluster is, and where its services answer."""
    group = configmeta["nodegroups"]["1"]
    services = [s for r in group["roles"].values() for s in (r.get("services") or {}).values()]
    endpoints = [endpoint for service in services for endpoint in service.get("endpoints") or []]
    return {"distro_id": group["distro_id"], "endpoints": endpoints}


connections = json.loads(CONFIGMETA.read_text())["connections"]
read: dict[str, Any] = {
    "event": sys.argv[1].removeprefix("--"),
    "count": json.loads(UNDERSTOOD.read_text())["count"] + 1 if UNDERSTOOD.exists() else 1,
    "configmaps": objects(connections["configmaps"], str),
    "secrets": objects(connections["secrets"], decoded),
    "clusters": {name: cluster(meta) for name, meta in (connections["clusters"] or {}).items()},
}
UNDERSTOOD.parent.mkdir(parents=True, exist_ok=True)
UNDERSTOOD.with_suffix(".new").write_text(json.dumps(read, indent=2) + "\n")
os.replace(UNDERSTOOD.with_suffix(".new"), UNDERSTOOD)

steering = read["configmaps"].get("sandbox-start-script", [{"data": {}}])[0]["data"]
time.sleep(float(steering.get("seconds", 0)))
if code := int(steering.get("exit", 0)):
    print(f"A connected ConfigMap told the start script to end with {code}.", file=sys.stderr)
    sys.exit(code)

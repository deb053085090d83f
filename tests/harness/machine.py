# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures were measured on: the machine and the versions."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from tests.harness.kubectl import Kubectl

_PACKAGES = ("ansible-core", "ansible", "kubernetes", "urllib3", "websocket-client")
_VERSIONS = """
import importlib.metadata, json, sys, yaml
from pathlib import Path
versions = {name: importlib.metadata.version(name) for name in sys.argv[1:]}
import ansible_collections.kubernetes.core as core
manifest = json.loads((Path(list(core.__path__)[0]) / "MANIFEST.json").read_text())
versions["kubernetes.core"] = manifest["collection_info"]["version"]
print(json.dumps(versions))
"""


def size() -> dict[str, str | int | float]:
    """The machine's cores, memory (GiB), kernel and processor."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count() or 0,
        "memory_gib": round(pages * page / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "nice": os.nice(0),
    }


def versions(python: Path, kubectl: Kubectl) -> dict[str, str]:
    """The versions of everything that was measured, Kubernetes and the operator's included."""
    done = subprocess.run(
        [str(python), "-c", _VERSIONS, *_PACKAGES], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    kubernetes = json.loads(kubectl.ok("version", "--output", "json"))
    found["Kubernetes"] = kubernetes["serverVersion"]["gitVersion"]
    found["kubectl"] = kubernetes["clientVersion"]["gitVersion"]
    found["Python"] = platform.python_version()
    found["operator"] = _operator()
    return found


def _operator() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    return str(json.loads(done.stdout)["operator"]) if done.returncode == 0 else "given"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"

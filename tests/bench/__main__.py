# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time the modules on set-up 4 of the demo and write build/bench.json.

Each figure is one module as a process of its own, without Ansible's controller: seconds from its
start to its end.
"""

from __future__ import annotations

import copy
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.checks.paths import BUILD, NEWEST, ROOT, CheckError, suite_environment
from tests.checks.tree import link
from tests.demo.setups import Setup, all_setups
from tests.support.cluster import NoClusterError, find_cluster
from tests.support.kubectl import Kubectl, KubectlError
from tests.support.manifests import namespace

RUNS = 5
MODULES = "ansible_collections.kubedirector.connections.plugins.modules"


def main() -> int:
    """Run the benchmark; 0 when every module ended well."""
    if subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "up"], cwd=ROOT, check=False
    ).returncode:
        return 1
    try:
        kubectl = find_cluster().kubectl
        setup = next(setup for setup in all_setups() if setup.name.startswith("4-"))
        kubectl.apply(namespace(setup.namespace))
        kubectl.apply(*setup.manifests, namespace=setup.namespace)
        figures = measure(kubectl, setup)
    except (CheckError, KubectlError, NoClusterError, RuntimeError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    report = {"python": platform.python_version(), "runs": RUNS, "figures": figures}
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    return 0


def measure(kubectl: Kubectl, setup: Setup) -> dict[str, dict[str, float]]:
    """Time each job RUNS times, after one run that is not counted."""
    wanted = yaml.safe_load(setup.connections_file.read_text())["kd_connections"][0]
    reading = yaml.safe_load(setup.configmeta_file.read_text())["kd_configmeta"]

    def changed(number: int) -> dict[str, Any]:
        arguments = copy.deepcopy(wanted)
        arguments["secrets"][0]["string_data"]["branch"] = f"branch-{number}"
        return dict(arguments)

    jobs: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
        "kd_connection, Secret changed": ("kd_connection", changed),
        "kd_connection, unchanged": ("kd_connection", lambda _number: wanted),
        "kd_configmeta_info": ("kd_configmeta_info", lambda _number: reading),
    }
    figures = {}
    for name, (module, arguments) in jobs.items():
        run_module(module, arguments(0), kubectl.kubeconfig)
        seconds = [run_module(module, arguments(n), kubectl.kubeconfig) for n in range(1, RUNS + 1)]
        figures[name] = {
            "min": round(min(seconds), 3),
            "median": round(statistics.median(seconds), 3),
            "max": round(max(seconds), 3),
        }
    return figures


def run_module(module: str, arguments: dict[str, Any], kubeconfig: Path) -> float:
    """Run a module and return its seconds; raises RuntimeError where it fails."""
    environment = {
        **suite_environment(NEWEST),
        "PYTHONPATH": str(link()),
        "K8S_AUTH_KUBECONFIG": str(kubeconfig),
        # Users' libraries are compiled.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(BUILD / "bench-pycache"),
    }
    payload = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    started = time.perf_counter()
    done = subprocess.run(
        [str(NEWEST.python_path()), "-c", _RUNNER, f"{MODULES}.{module}"],
        input=payload,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stdout}{done.stderr}")
    return seconds


# The name of the JSON dialect is given by Ansible's controller otherwise.
_RUNNER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module(sys.argv[1], run_name="__main__")
"""

if __name__ == "__main__":
    sys.exit(main())

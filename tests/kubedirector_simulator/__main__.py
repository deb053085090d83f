# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the simulator: python -m tests.kubedirector_simulator --kubeconfig FILE."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from pathlib import Path

import kopf

from tests.kubedirector_simulator.bookkeeping import AppUsers
from tests.kubedirector_simulator.cluster_api import ApiError, ClusterApi
from tests.kubedirector_simulator.credentials import KubeconfigError, load_connection
from tests.kubedirector_simulator.install import InstallFailed, await_webhook, install
from tests.kubedirector_simulator.operator_state import Operator, Options
from tests.kubedirector_simulator.reconcile import reconcile
from tests.kubedirector_simulator.watches import make_registry, make_settings
from tests.kubedirector_simulator.webhook import Webhook
from tests.kubedirector_simulator.work_queue import WorkQueue


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.kubedirector_simulator", description=__doc__
    )
    defaults = Options()
    parser.add_argument("--kubeconfig", type=Path, required=True, help="whose current context")
    parser.add_argument("--webhook-address", default="127.0.0.1", help="where to listen")
    parser.add_argument("--webhook-port", type=int, default=8443)
    parser.add_argument("--namespace", default=defaults.operator_namespace, help="the operator's")
    parser.add_argument(
        "--poll-seconds",
        type=float,
        default=defaults.poll_seconds,
        help="how often it checks each cluster without an event (the real operator: 30)",
    )
    parser.add_argument(
        "--wedge-seconds",
        type=float,
        default=defaults.wedge_seconds,
        help="how long a conflicting notification blocks its cluster (the real operator: 8191)",
    )
    parser.add_argument("--verbose", action="store_true", help="log what kopf does too")
    return parser.parse_args()


def _set_up_logging(verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if not verbose:
        # Kopf reports each handler of each event.
        logging.getLogger("kopf").setLevel(logging.WARNING)


async def _serve(arguments: argparse.Namespace) -> None:
    connection = load_connection(arguments.kubeconfig)
    options = Options(arguments.namespace, arguments.poll_seconds, arguments.wedge_seconds)
    async with ClusterApi(connection) as api:
        await install(api, options.operator_namespace)
        operator = Operator(api, options, AppUsers(options.operator_namespace))
        webhook = Webhook(operator, arguments.webhook_address, arguments.webhook_port)
        await webhook.start()
        try:
            await await_webhook(api, options.operator_namespace)
            await _watch(operator, webhook, arguments.kubeconfig)
        finally:
            await webhook.stop()


async def _watch(operator: Operator, webhook: Webhook, kubeconfig: Path) -> None:
    queue = WorkQueue(operator, reconcile)
    ready = asyncio.Event()
    # Kopf itself ends on SIGINT and SIGTERM.
    watching = asyncio.create_task(
        kopf.operator(
            registry=make_registry(operator, queue, webhook, kubeconfig),
            settings=make_settings(),
            clusterwide=True,
            standalone=True,
            ready_flag=ready,
        )
    )
    announcing = asyncio.create_task(_announce(ready))
    try:
        done, _pending = await asyncio.wait(
            (watching, queue.failed), return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
    finally:
        announcing.cancel()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _announce(ready: asyncio.Event) -> None:
    await ready.wait()
    print("ready", flush=True)


def main() -> int:
    """Runs until a signal stops it; returns the process's exit code."""
    arguments = _arguments()
    _set_up_logging(arguments.verbose)
    try:
        asyncio.run(_serve(arguments))
    except (KubeconfigError, InstallFailed, ApiError, OSError) as error:
        print(f"The simulator cannot run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

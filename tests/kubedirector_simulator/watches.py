# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator does about each event of its watches (kopf runs them)."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any, Final

import kopf

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.cluster_api import (
    CLUSTERS,
    CONFIGMAPS,
    CONFIGS,
    SECRETS,
    Resource,
)
from tests.kubedirector_simulator.credentials import load_connection
from tests.kubedirector_simulator.notify_connecting import NotifyFailed, notify_connecting
from tests.kubedirector_simulator.objects import Json, key_of, labels_of
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.webhook import Webhook
from tests.kubedirector_simulator.work_queue import WorkQueue

LOG = logging.getLogger(__name__)

_DELETED: Final = "DELETED"


def make_registry(
    operator: Operator, queue: WorkQueue, webhook: Webhook, kubeconfig: Path
) -> kopf.OperatorRegistry:
    """The handlers of all watches. They only look: kopf itself writes nothing to any object."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return load_connection(kubeconfig)

    @kopf.on.cleanup(registry=registry)
    async def stop_the_rest(**_: Any) -> None:
        # Kopf would wait 5 s for tasks that it did not start, the webhook's connections too.
        await queue.stop()
        await webhook.stop()

    @kopf.on.event(CLUSTERS.api_version, CLUSTERS.plural, registry=registry)
    async def cluster_changed(event: Any, **_: Any) -> None:
        cluster: Json = dict(event["object"])
        if event["type"] == _DELETED:
            operator.clusters.drop(cluster)
            operator.stale_copies.forget(key_of(cluster))
        else:
            operator.stale_copies.observe(cluster)
            operator.clusters.put(cluster)
        queue.add(key_of(cluster))

    @kopf.on.event(CONFIGS.api_version, CONFIGS.plural, registry=registry)
    async def config_changed(event: Any, **_: Any) -> None:
        config: Json = dict(event["object"])
        if key_of(config) == (operator.options.operator_namespace, facts.GLOBAL_CONFIG_NAME):
            deleted = event["type"] == _DELETED
            operator.config.spec = {} if deleted else dict(config.get("spec") or {})

    for resource in operator.objects.KINDS:
        _watch_objects(registry, operator, resource)
    _watch_connected(registry, operator, CONFIGMAPS, facts.CONFIGMAP_TYPE_LABEL)
    _watch_connected(registry, operator, SECRETS, facts.SECRET_TYPE_LABEL)
    return registry


def _watch_objects(registry: kopf.OperatorRegistry, operator: Operator, resource: Resource) -> None:
    @kopf.on.event(resource.api_version, resource.plural, registry=registry)
    async def object_changed(event: Any, **_: Any) -> None:
        obj: Json = dict(event["object"])
        if event["type"] == _DELETED:
            operator.objects.drop(resource, obj)
        else:
            operator.objects.put(resource, obj)


def _watch_connected(
    registry: kopf.OperatorRegistry, operator: Operator, resource: Resource, label: str
) -> None:
    """Notifies connecting clusters of new or changed labelled objects, not of deleted ones."""

    @kopf.on.event(resource.api_version, resource.plural, registry=registry)
    async def connected_changed(event: Any, **_: Any) -> None:
        obj: Json = dict(event["object"])
        if event["type"] == _DELETED or label not in labels_of(obj):
            return
        try:
            copies = copy.deepcopy(operator.clusters.connecting(resource.plural, key_of(obj).name))
            await notify_connecting(operator, f"{resource.plural} {key_of(obj)}", copies)
        except NotifyFailed as error:
            LOG.warning("%s: %s", key_of(obj), error)


def make_settings() -> kopf.OperatorSettings:
    """Kopf's settings: no events posted, no reaction to errors but its own."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # At the end, what the watches have in hand can be dropped: the next start lists everything.
    settings.queueing.exit_timeout = 0.5
    return settings

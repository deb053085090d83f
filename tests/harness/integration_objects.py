# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KDApps and KDClusters that the suite makes, all at once at its start."""

from __future__ import annotations

from tests.harness.canaries import canary
from tests.harness.kubectl import Manifest
from tests.harness.manifests import (
    AppRole,
    AppService,
    ClusterRole,
    Connections,
    configmap,
    kdapp,
    kdcluster,
    secret,
    start_script,
)

SECRET_KEY = {"name": "rest-password", "value": canary("pomegranate-seed")}
FAILING_SCRIPT = "fails-to-configure"
UNSCHEDULABLE = "unschedulable"
RESTORING = "kubedirector.hpe.com/restoring"
READER_BORN_WITH = Connections(
    clusters=["backend"], configmaps=["reader-info"], secrets=["reader-token"]
)
READER_TOKEN = canary("marzipan and hazelnut")

WORKBENCH = kdapp(
    "workbench",
    [
        AppRole("controller", [AppService("notebook", 8888)]),
        AppRole("worker", cardinality="0+"),
        AppRole("sidecar", config_package=False, cardinality="0+"),
    ],
    config_metadata={"flavour": "plain"},
)
SERVING = kdapp(
    "serving",
    [
        AppRole("restserver", [AppService("rest", 10001, has_auth_token=True)]),
        AppRole("loadbalancer", [AppService("haproxy", 8081)]),
    ],
    distro_id="example/serving-engine",
    version="2.1",
    config_metadata={"framework": "tensor"},
)
BARE = kdapp("bare", [AppRole("sidecar", config_package=False)])
# The operator runs no set-up in its members, only --reconnect.
WITHOUT_SETUP = kdapp("without-setup", [AppRole("controller", events=["addnodes", "delnodes"])])


def apps() -> list[Manifest]:
    """The KDApps that live beside the KDClusters."""
    return [WORKBENCH, SERVING, BARE, WITHOUT_SETUP]


def prerequisites() -> list[Manifest]:
    """The objects that the KDClusters below name and need at their creation."""
    return [
        start_script(FAILING_SCRIPT, exit_code=7),
        configmap("reader-info", {"origin": "birth", "port": "8080"}, connection_type="info"),
        secret("reader-token", {"token": READER_TOKEN}, connection_type="token"),
    ]


def kdclusters() -> list[Manifest]:
    """One KDCluster for each group of tests, so that none disturbs another's."""
    controller = [ClusterRole("controller")]
    sidecar = [ClusterRole("sidecar")]
    wide = [ClusterRole("controller", 2), ClusterRole("worker"), ClusterRole("sidecar")]
    serving = [
        ClusterRole("restserver", 2, extra={"secretKeys": [SECRET_KEY]}),
        ClusterRole("loadbalancer"),
    ]
    alone = ["lab", "second", "scripted", "race", "restarts", "engine-tf", "engine-torch"]
    huge = {
        "requests": {"cpu": "9000", "memory": "16Mi"},
        "limits": {"cpu": "9000", "memory": "256Mi"},
    }
    return [
        kdcluster(
            UNSCHEDULABLE, "workbench", [ClusterRole("controller", extra={"resources": huge})]
        ),
        *(kdcluster(name, "workbench", controller) for name in [*alone, "notebook"]),
        kdcluster("wide", "workbench", wide),
        kdcluster("backend", "serving", serving),
        kdcluster(
            "reader",
            "workbench",
            [ClusterRole("controller", 2), ClusterRole("sidecar")],
            connections=READER_BORN_WITH,
        ),
        kdcluster(
            "broken", "workbench", controller, connections=Connections(configmaps=[FAILING_SCRIPT])
        ),
        kdcluster("bare", "bare", sidecar),
        kdcluster("restored", "bare", sidecar),
        kdcluster("without-setup", "without-setup", controller),
        kdcluster("chain-c", "bare", sidecar),
        kdcluster("chain-b", "bare", sidecar, connections=Connections(clusters=["chain-c"])),
        kdcluster("chain-a", "bare", sidecar, connections=Connections(clusters=["chain-b"])),
    ]


def outsider_app(name: str) -> Manifest:
    """A KDApp for the operator's own namespace, from which every namespace may use it."""
    return kdapp(name, [AppRole("sidecar", config_package=False)])


def outsider(app: str) -> Manifest:
    """A KDCluster whose KDApp is not in its own namespace."""
    return kdcluster("outsider", app, [ClusterRole("sidecar")])

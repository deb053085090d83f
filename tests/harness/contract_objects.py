# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KDApps and KDClusters that the suite makes, all at once: configuring takes whole polls."""

from __future__ import annotations

from tests.harness.canaries import canary
from tests.harness.kubectl import Manifest
from tests.harness.manifests import (
    APP_CONFIG_PACKAGE,
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

OPERATOR_NAMESPACE = "kubedirector"
GLOBAL_CONFIG = "kd-global-config"

SECRET_KEY = {"name": "rest-password", "value": canary("grapefruit")}
SERVICE_ACCOUNT = "contract-members"
FAILING_SCRIPT = "fails-to-configure"
BORN_WITH = Connections(configmaps=["born-with-info"], secrets=["born-with-token"])

WORKBENCH = kdapp(
    "workbench",
    [
        AppRole("controller", [AppService("notebook", 8888)]),
        AppRole("worker", cardinality="0+"),
        AppRole("sidecar", config_package=False, cardinality="0+"),
    ],
    config_metadata={"flavour": "plain"},
)
ENGINE = kdapp(
    "engine",
    [
        AppRole("restserver", [AppService("rest", 10001, has_auth_token=True)]),
        AppRole("loadbalancer", [AppService("haproxy", 8081)]),
    ],
    distro_id="example/serving-engine",
    version="2.1",
    config_metadata={"framework": "tensor"},
)
NEW_LAYOUT = kdapp(
    "new-layout",
    [AppRole("controller")],
    config_package={**APP_CONFIG_PACKAGE, "useNewSetupLayout": True},
)
BARE = kdapp("bare", [AppRole("sidecar", config_package=False)])


def apps() -> list[Manifest]:
    """The KDApps that live beside the KDClusters."""
    return [WORKBENCH, ENGINE, NEW_LAYOUT, BARE]


def prerequisites() -> list[Manifest]:
    """The objects that the KDClusters below name and need at their creation."""
    return [
        start_script(FAILING_SCRIPT, exit_code=7),
        configmap("born-with-info", {"origin": "birth"}, connection_type="info"),
        secret("born-with-token", {"token": canary("milk")}, connection_type="token"),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": SERVICE_ACCOUNT},
        },
    ]


def kdclusters() -> list[Manifest]:
    """One KDCluster for each group of tests, so that none disturbs another's."""
    alone = ["hashes", "reconnects", "reactions", "states", "restarts", "refusals", "scales"]
    linked = ["notebook", "cycle-a", "cycle-b"]
    controller = [ClusterRole("controller")]
    return [
        *(kdcluster(name, "workbench", controller) for name in [*alone, *linked]),
        kdcluster(
            "files",
            "workbench",
            [ClusterRole("controller", 2), ClusterRole("worker"), ClusterRole("sidecar")],
        ),
        kdcluster("born-connected", "workbench", controller, connections=BORN_WITH),
        kdcluster(
            "broken",
            "workbench",
            controller,
            connections=Connections(configmaps=[FAILING_SCRIPT]),
        ),
        kdcluster("new-layout", "new-layout", controller),
        kdcluster("bare", "bare", [ClusterRole("sidecar")]),
        kdcluster("restored", "bare", [ClusterRole("sidecar")]),
        kdcluster(
            "drifter",
            "bare",
            [ClusterRole("sidecar", extra={"serviceAccountName": SERVICE_ACCOUNT})],
        ),
        kdcluster(
            "engine",
            "engine",
            [
                ClusterRole("restserver", 2, extra={"secretKeys": [SECRET_KEY]}),
                ClusterRole("loadbalancer"),
            ],
        ),
    ]


def outsider_app(name: str) -> Manifest:
    """A KDApp for the operator's own namespace, from which every namespace may use it."""
    return kdapp(name, [AppRole("sidecar", config_package=False)])


def outsider(app: str) -> Manifest:
    """A KDCluster whose KDApp is not in its own namespace."""
    return kdcluster("outsider", app, [ClusterRole("sidecar")])


def global_config() -> Manifest:
    """The operator's configuration; without one it cannot keep a role's secret keys."""
    return {
        "apiVersion": WORKBENCH["apiVersion"],
        "kind": "KubeDirectorConfig",
        "metadata": {"name": GLOBAL_CONFIG},
        "spec": {"defaultServiceType": "ClusterIP"},
    }

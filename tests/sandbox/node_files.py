# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration files of the single node, as data. No file here holds a key."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.sandbox.files import private_directory, write_private
from tests.sandbox.images import PAUSE_IMAGE
from tests.sandbox.machine import CNI_BINARIES
from tests.sandbox.record import Record

MOST_PODS = 200
# The audit log holds what its accounts are answered for Secrets: no values, if all is well.
AUDITED_NAMESPACE = "audited"
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # What a test's accounts are answered, so that it can say what was not in it. ConfigMaps are
        # read with their values.
        {
            "level": "RequestResponse",
            "userGroups": [f"system:serviceaccounts:{AUDITED_NAMESPACE}"],
            "resources": [{"group": "", "resources": ["secrets"]}],
        },
        {"level": "Metadata"},
    ],
}


def containerd_socket(state: Path) -> Path:
    """Where this sandbox's containerd answers."""
    return state / "containerd.sock"


def write_all(state: Path, record: Record) -> None:
    """Write every configuration file into <state>/config, and make the folders they name."""
    config = private_directory(state / "config")
    write_private(config / "audit-policy.yaml", yaml.safe_dump(_AUDIT_POLICY))
    write_private(config / "containerd.toml", _containerd(state))
    write_private(config / "cni" / "10-sandbox.conflist", json.dumps(_cni(state, record), indent=2))
    write_private(config / "kubelet.yaml", yaml.safe_dump(_kubelet(state, record)))
    for folder in ("kubelet", "pod-logs", "containerd", "volume-plugins"):
        private_directory(state / folder)


def _containerd(state: Path) -> str:
    folder = state / "containerd"
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE no pod would start otherwise.
    # Root of runc and netns_mounts_under_state_dir: nothing of ours outside the state folder.
    return f"""\
version = 2
root = "{folder}/root"
state = "{folder}/state"
oom_score = 0
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "{containerd_socket(state)}"
{cri}]
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  sandbox_image = "{PAUSE_IMAGE}"
{cri}.cni]
  bin_dir = "{CNI_BINARIES}"
  conf_dir = "{state}/config/cni"
{cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
{cri}.containerd.runtimes.runc.options]
  Root = "{folder}/runc"
  SystemdCgroup = false
"""


def _cni(state: Path, record: Record) -> dict[str, object]:
    # Not a gateway: pods reach their node and one another, and the host's ip_forward stays as is.
    return {
        "cniVersion": "0.4.0",
        "name": record.bridge,
        "plugins": [
            {
                "type": "bridge",
                "bridge": record.bridge,
                "isGateway": False,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(state / "cni-addresses"),
                    "ranges": [[{"subnet": record.subnet, "gateway": record.address}]],
                },
            }
        ],
    }


def _kubelet(state: Path, record: Record) -> dict[str, object]:
    certificates = state / "certificates"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": record.address,
        "port": 10250,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates / "kubernetes.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificates / "kubelet.crt"),
        "tlsPrivateKeyFile": str(certificates / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{containerd_socket(state)}",
        "clusterDomain": "cluster.local",
        # There is no DNS: a refused look-up, where with no address every pod has an event every few seconds.
        "clusterDNS": [record.address],
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "maxPods": MOST_PODS,
        "podLogsDir": str(state / "pod-logs"),
        "volumePluginDir": str(state / "volume-plugins"),
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "oomScoreAdj": 0,
        # The images are not to be had again: neither their age nor a full disk may remove them.
        "imageGCHighThresholdPercent": 100,
        "imageMinimumGCAge": "8760h",
        "evictionHard": {"memory.available": "50Mi"},
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
        "eventRecordQPS": 0,
    }

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of the single node's programs."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.builds import Programs
from tests.sandbox.certificates import Pair
from tests.sandbox.files import private_directory
from tests.sandbox.record import Record
from tests.sandbox.settings import NODE_NAME

SERVICES = "10.96.0.0/16"
# The first address of that range is the service `kubernetes`.
KUBERNETES_SERVICE = "10.96.0.1"

Command = list[str | Path]


def etcd(programs: Programs, state: Path, record: Record, pairs: dict[str, Pair]) -> Command:
    """etcd, which only the API server may use, with a certificate."""
    client, peer = (
        f"https://127.0.0.1:{port}" for port in (record.etcd_port, record.etcd_peer_port)
    )
    own, authority = pairs["etcd"], pairs["etcd-ca"].certificate
    return [
        programs.path("etcd"),
        f"--data-dir={private_directory(state / 'etcd')}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--client-cert-auth",
        f"--cert-file={own.certificate}",
        f"--key-file={own.key}",
        f"--trusted-ca-file={authority}",
        "--peer-client-cert-auth",
        f"--peer-cert-file={own.certificate}",
        f"--peer-key-file={own.key}",
        f"--peer-trusted-ca-file={authority}",
        # It lives no longer than the machine runs: nothing to lose.
        "--unsafe-no-fsync",
    ]


def apiserver(programs: Programs, state: Path, record: Record, pairs: dict[str, Pair]) -> Command:
    """The API server, on loopback only."""
    service_accounts = state / "certificates/service-accounts.key"
    kubelet = pairs["apiserver-kubelet"]
    return [
        programs.path("kube-apiserver"),
        "--bind-address=127.0.0.1",
        f"--secure-port={record.apiserver_port}",
        f"--advertise-address={record.address}",
        f"--tls-cert-file={pairs['apiserver'].certificate}",
        f"--tls-private-key-file={pairs['apiserver'].key}",
        f"--client-ca-file={pairs['kubernetes'].certificate}",
        f"--etcd-servers=https://127.0.0.1:{record.etcd_port}",
        f"--etcd-cafile={pairs['etcd-ca'].certificate}",
        f"--etcd-certfile={pairs['etcd-client'].certificate}",
        f"--etcd-keyfile={pairs['etcd-client'].key}",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={service_accounts}",
        f"--service-account-signing-key-file={service_accounts}",
        f"--kubelet-certificate-authority={pairs['kubernetes'].certificate}",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
        "--kubelet-preferred-address-types=InternalIP",
        # Webhooks reach pods with no kube-proxy.
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={state / 'config/audit-policy.yaml'}",
        f"--audit-log-path={record.audit_log}",
    ]


def controller_manager(programs: Programs, state: Path, pairs: dict[str, Pair]) -> Command:
    """The controllers, which serve nothing."""
    authority = pairs["kubernetes"]
    return [
        programs.path("kube-controller-manager"),
        f"--kubeconfig={state / 'config/controller-manager.kubeconfig'}",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={state / 'certificates/service-accounts.key'}",
        f"--root-ca-file={authority.certificate}",
        f"--cluster-signing-cert-file={authority.certificate}",
        f"--cluster-signing-key-file={authority.key}",
        f"--flex-volume-plugin-dir={state / 'volume-plugins'}",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def scheduler(programs: Programs, state: Path) -> Command:
    """The scheduler, which serves nothing."""
    return [
        programs.path("kube-scheduler"),
        f"--kubeconfig={state / 'config/scheduler.kubeconfig'}",
        "--secure-port=0",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def kubelet(programs: Programs, state: Path, record: Record) -> Command:
    """The kubelet, on the bridge's own address."""
    return [
        programs.path("kubelet"),
        f"--config={state / 'config/kubelet.yaml'}",
        f"--kubeconfig={state / 'config/kubelet.kubeconfig'}",
        f"--root-dir={state / 'kubelet'}",
        f"--cert-dir={state / 'kubelet/pki'}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={record.address}",
    ]

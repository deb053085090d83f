# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single node of real Kubernetes on this machine, with no container engine but containerd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox import images, machine, network, node_commands, node_files
from tests.sandbox.builds import Programs, build_programs
from tests.sandbox.certificates import Authority, Pair, write_key, write_kubeconfig
from tests.sandbox.commands import attempt, run, wait_until
from tests.sandbox.files import private_directory
from tests.sandbox.host_settings import remember_host_settings
from tests.sandbox.kubectl import Kubectl
from tests.sandbox.processes import ProcessTable
from tests.sandbox.record import Record, write
from tests.sandbox.settings import NODE_NAME, Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress


def prepare(settings: Settings, progress: Progress) -> tuple[Programs, images.Archives]:
    """Bring everything that a start needs and that can be cached.

    Raises MissingPart, naming what this machine lacks.
    """
    machine.require_linux_root()
    log = private_directory(settings.cache / "kubernetes") / "apt.log"
    machine.install_packages(progress, log, machine.NODE_PACKAGES)
    return build_programs(settings.cache, progress), images.build_archives(settings.cache, progress)


def plan(settings: Settings, programs: Programs) -> Record:
    """Choose subnet and ports, and write them down before anything is made with them."""
    subnet = network.choose_subnet(settings.name, network.used_networks())
    api, etcd, peer, webhook = network.free_ports(4)
    state = settings.state
    return write(
        private_directory(state),
        Record(
            name=settings.name,
            way="node",
            kubeconfig=str(state / "kubeconfig"),
            kubectl=str(programs.path("kubectl")),
            apiserver=f"https://127.0.0.1:{api}",
            audit_log=str(state / "audit.log"),
            bridge=settings.bridge,
            subnet=str(subnet),
            address=str(subnet[1]),
            apiserver_port=api,
            etcd_port=etcd,
            etcd_peer_port=peer,
            webhook_port=webhook,
        ),
    )


def start(
    settings: Settings,
    record: Record,
    programs: Programs,
    archives: images.Archives | None,
    progress: Progress,
) -> None:
    """Start the node and wait until it is Ready, with the sandbox's images on it.

    Without images there is nothing to run: the API server alone is started.

    Raises SandboxError when a part ends early or the node does not get Ready.
    """
    state = settings.state
    table = ProcessTable(state)
    remember_host_settings(settings)
    with progress.step("Making keys, certificates and the bridge"):
        pairs = _make_credentials(state, record)
        node_files.write_all(state, record)
        network.make_bridge(
            settings.bridge, record.node_address, int(str(record.subnet).split("/")[1])
        )
    kubectl = Kubectl(record)
    with progress.step("Starting etcd and the API server"):
        if archives is not None:
            # It takes as long as they do.
            table.start("containerd", ["containerd", "--config", state / "config/containerd.toml"])
        table.start("etcd", node_commands.etcd(programs, state, record, pairs))
        table.start("kube-apiserver", node_commands.apiserver(programs, state, record, pairs))

        def api_ready() -> bool:
            table.require("etcd")
            table.require("kube-apiserver")
            return kubectl.attempt("get", "--raw=/readyz", timeout=10).returncode == 0

        wait_until(
            api_ready, timeout=120, what="The API server was not ready", on_poll=progress.note
        )
    if archives is not None:
        _start_pods(state, record, programs, archives, pairs, progress)


def _start_pods(
    state: Path,
    record: Record,
    programs: Programs,
    archives: images.Archives,
    pairs: dict[str, Pair],
    progress: Progress,
) -> None:
    """Start what runs pods, on containerd, which has been started."""
    table = ProcessTable(state)
    with progress.step("Starting controllers, scheduler and kubelet"):
        table.start(
            "kube-controller-manager", node_commands.controller_manager(programs, state, pairs)
        )
        table.start("kube-scheduler", node_commands.scheduler(programs, state))
        wait_until(
            lambda: _containerd_answers(table, state), timeout=60, what="containerd did not answer"
        )
        table.start("kubelet", node_commands.kubelet(programs, state, record))
    with progress.step("Loading the member image"):
        for archive in (archives.pause, archives.member):
            import_image(state, archive)
    with progress.step("Waiting for the node"):

        def node_ready() -> bool:
            for name in ("containerd", "kubelet", "kube-controller-manager", "kube-scheduler"):
                table.require(name)
            return _schedulable(Kubectl(record))

        wait_until(node_ready, timeout=120, what="The node was not Ready", on_poll=progress.note)


def import_image(state: Path, archive: Path) -> None:
    """Load a docker-archive file into the sandbox's containerd."""
    socket = node_files.containerd_socket(state)
    run(["ctr", "-a", socket, "-n", "k8s.io", "images", "import", archive], timeout=300)


def open_api_to_pods(state: Path, record: Record) -> None:
    """Let pods reach the API server, which listens on loopback, at the bridge's own address."""
    port = record.apiserver_port
    ProcessTable(state).start(
        "api-relay",
        [
            "socat",
            f"TCP-LISTEN:{port},bind={record.node_address},reuseaddr,backlog=128,fork",
            f"TCP:127.0.0.1:{port}",
        ],
    )


def _containerd_answers(table: ProcessTable, state: Path) -> bool:
    table.require("containerd")
    socket = node_files.containerd_socket(state)
    return attempt(["ctr", "-a", socket, "version"], timeout=10).returncode == 0


def _schedulable(kubectl: Kubectl) -> bool:
    """Ready, free of taints, and pods get their service account."""
    node = kubectl.attempt(
        "get",
        "node",
        NODE_NAME,
        '-o=jsonpath={.status.conditions[?(@.type=="Ready")].status} {.spec.taints}',
        timeout=10,
    )
    if node.returncode != 0 or node.stdout.strip() != "True":
        return False
    account = kubectl.attempt("get", "serviceaccount", "default", "-n=default", timeout=10)
    return account.returncode == 0


def _make_credentials(state: Path, record: Record) -> dict[str, Pair]:
    folder = private_directory(state / "certificates")
    write_key(folder / "service-accounts.key")
    etcd = Authority(folder, "etcd-ca")
    kubernetes = Authority(folder, "kubernetes")
    pairs = {
        "etcd-ca": etcd.pair,
        "kubernetes": kubernetes.pair,
        "etcd": etcd.issue("etcd", "etcd", hosts=("127.0.0.1",)),
        "etcd-client": etcd.issue("etcd-client", "kube-apiserver"),
        "apiserver": kubernetes.issue(
            "apiserver",
            "kube-apiserver",
            hosts=(
                "127.0.0.1",
                record.node_address,
                node_commands.KUBERNETES_SERVICE,
                "localhost",
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
            ),
        ),
        "apiserver-kubelet": kubernetes.issue(
            "apiserver-kubelet", "kube-apiserver-kubelet-client", group="system:masters"
        ),
        "kubelet": kubernetes.issue(
            "kubelet", f"system:node:{NODE_NAME}", hosts=(record.node_address, NODE_NAME)
        ),
    }
    users = {
        state / "kubeconfig": ("sandbox-admin", "system:masters"),
        state / "config/controller-manager.kubeconfig": ("system:kube-controller-manager", None),
        state / "config/scheduler.kubeconfig": ("system:kube-scheduler", None),
        state / "config/kubelet.kubeconfig": (f"system:node:{NODE_NAME}", "system:nodes"),
    }
    for file, (user, group) in users.items():
        client = kubernetes.issue(f"client-{user.replace(':', '-')}", user, group=group)
        write_kubeconfig(
            file,
            server=record.apiserver,
            authority=kubernetes.pair.certificate,
            user=user,
            client=client,
        )
    return pairs

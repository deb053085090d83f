# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real KubeDirector, from an image and a folder of manifests that the user gives."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.sandbox import docker_archive, node
from tests.sandbox.commands import wait_until
from tests.sandbox.errors import SandboxError
from tests.sandbox.kind import load_archive
from tests.sandbox.kubectl import Kubectl
from tests.sandbox.record import Record
from tests.sandbox.settings import OPERATOR_NAMESPACE, Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

Manifest = dict[str, Any]

_GROUP = "kubedirector.hpe.com"
_READY_SECONDS = 180.0
_CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PriorityClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
}
_PROBE: Manifest = {
    "apiVersion": f"{_GROUP}/v1beta1",
    "kind": "KubeDirectorConfig",
    "metadata": {"name": "kd-global-config", "namespace": OPERATOR_NAMESPACE},
    "spec": {},
}


def read_manifests(folder: Path) -> list[Manifest]:
    """Every object in the YAML files of a folder, the CRDs first.

    Raises SandboxError when a file is not YAML or there is not exactly one Deployment.
    """
    found: list[Manifest] = []
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml"), *folder.glob("*.json")]):
        try:
            for document in yaml.safe_load_all(file.read_text()):
                found.extend(_flat(document))
        except yaml.YAMLError as error:
            raise SandboxError(f"{file} is not YAML: {' '.join(str(error).split())}.") from error
    deployments = [each for each in found if each["kind"] == "Deployment"]
    if len(deployments) != 1:
        raise SandboxError(
            f"KD_OPERATOR_MANIFESTS must hold exactly one Deployment, and {folder} holds "
            f"{len(deployments)}."
        )
    return sorted(found, key=lambda each: each["kind"] != "CustomResourceDefinition")


def _flat(document: Any) -> Iterator[Manifest]:
    if not isinstance(document, dict) or "kind" not in document:
        return
    if document["kind"] == "List":
        for item in document.get("items", []):
            yield from _flat(item)
    else:
        yield document


def adapted(manifest: Manifest, image: str, environment: dict[str, str] | None) -> Manifest:
    """A copy for the sandbox: our namespace; and the Deployment with our image.

    `environment` is added to the operator's container: on our node it says where the API server
    is, since nothing serves the service addresses without kube-proxy.
    """
    result = copy.deepcopy(manifest)
    if result["kind"] not in _CLUSTER_SCOPED:
        result["metadata"]["namespace"] = OPERATOR_NAMESPACE
    for subject in result.get("subjects") or []:
        if subject["kind"] == "ServiceAccount":
            subject["namespace"] = OPERATOR_NAMESPACE
    if result["kind"] == "Deployment":
        pod = result["spec"]["template"]["spec"]
        for container in pod["containers"]:
            container["image"] = image
            container["imagePullPolicy"] = "IfNotPresent"
            if environment is not None:
                kept = [
                    each for each in container.get("env", []) if each["name"] not in environment
                ]
                added = [{"name": name, "value": value} for name, value in environment.items()]
                container["env"] = kept + added
    return result


def install(settings: Settings, record: Record, progress: Progress) -> str:
    """Load the image, apply the manifests and wait for the webhook.

    Returns the Deployment's name. Raises SandboxError when the operator does not answer.
    """
    if settings.operator_image is None or settings.operator_manifests is None:
        raise SandboxError("The real operator was not given.")
    manifests = read_manifests(settings.operator_manifests)
    environment = None
    if record.way == "node":
        node.open_api_to_pods(settings.state, record)
        environment = {
            "KUBERNETES_SERVICE_HOST": record.node_address,
            "KUBERNETES_SERVICE_PORT": str(record.apiserver_port),
        }
    with progress.step("Loading the real operator's image"):
        image = _load(settings, record, settings.operator_image)
    kubectl = Kubectl(record)
    with progress.step("Starting the real operator"):
        ready = [adapted(manifest, image, environment) for manifest in manifests]
        definitions = [each for each in ready if each["kind"] == "CustomResourceDefinition"]
        if definitions:
            kubectl.apply(definitions)
            names = [f"crd/{each['metadata']['name']}" for each in definitions]
            kubectl.run("wait", "--for=condition=Established", "--timeout=60s", *names, timeout=70)
        kubectl.apply([each for each in ready if each not in definitions])
        (deployment,) = [each["metadata"]["name"] for each in ready if each["kind"] == "Deployment"]
        wait_for_operator(kubectl, str(deployment), progress)
    return str(deployment)


def _load(settings: Settings, record: Record, given: str) -> str:
    archive = Path(given)
    if not archive.is_file():
        return given
    name = docker_archive.image_name(archive)
    if record.way == "node":
        node.import_image(settings.state, archive)
    else:
        load_archive(settings, archive)
    return name


def restart(record: Record, deployment: str, progress: Progress) -> None:
    """Delete the operator's pod and wait until the next one answers."""
    kubectl = Kubectl(record)
    with progress.step("Restarting the real operator"):
        listed = kubectl.items("deployment", "-n", OPERATOR_NAMESPACE)
        (found,) = [each for each in listed if each["metadata"]["name"] == deployment]
        labels = found["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        kubectl.run(
            "delete", "pod", "-n", OPERATOR_NAMESPACE, "-l", selector, "--grace-period=1", "--wait"
        )
        wait_for_operator(kubectl, deployment, progress)


def wait_for_operator(kubectl: Kubectl, deployment: str, progress: Progress) -> None:
    """Wait until the Deployment is available and the webhook answers a dry run."""
    kubectl.run(
        "rollout",
        "status",
        f"deployment/{deployment}",
        "-n",
        OPERATOR_NAMESPACE,
        f"--timeout={_READY_SECONDS:g}s",
        timeout=_READY_SECONDS + 10,
    )

    def answers() -> bool:
        return webhook_registered(kubectl) and webhook_answers(kubectl)

    wait_until(
        answers,
        timeout=_READY_SECONDS,
        what="The real operator's webhook did not answer",
        on_poll=progress.note,
    )


def webhook_registered(kubectl: Kubectl) -> bool:
    """Whether some webhook watches over KubeDirector's objects."""
    kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
    return any(
        _GROUP in rule.get("apiGroups", [])
        for configuration in kubectl.items(kinds)
        for webhook in configuration.get("webhooks", [])
        for rule in webhook.get("rules", [])
    )


def webhook_answers(kubectl: Kubectl) -> bool:
    """Whether a dry run gets past the webhook, or is refused by the webhook itself."""
    document = yaml.safe_dump(_PROBE)
    tried = kubectl.attempt("create", "--dry-run=server", "-f", "-", stdin=document, timeout=15)
    refused = "denied the request" in tried.stderr or "AlreadyExists" in tried.stderr
    return tried.returncode == 0 or refused

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mutating webhook of another product, which removes one pod label from KDClusters."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.certificates import Authority
from tests.harness.kubectl import Kubectl

_NAME = "label-policy.example.com"


def _answer(review: dict[str, Any], label: str) -> dict[str, Any]:
    """The AdmissionReview that removes the label from every role."""
    roles = review["request"]["object"]["spec"].get("roles") or []
    patch = [
        {"op": "remove", "path": f"/spec/roles/{number}/podLabels/{label}"}
        for number, role in enumerate(roles)
        if label in (role.get("podLabels") or {})
    ]
    response = {"uid": review["request"]["uid"], "allowed": True}
    if patch:
        encoded = base64.b64encode(json.dumps(patch).encode()).decode()
        response |= {"patchType": "JSONPatch", "patch": encoded}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


@contextmanager
def taking_away(label: str, namespace: str, kubectl: Kubectl, folder: Path) -> Iterator[None]:
    """Remove a pod label from all KDClusters of a namespace; the API server must be on this machine.

    :param folder: takes the webhook's certificate and key.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(_answer(review, label)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    authority = Authority(folder, "label-policy")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = authority.identity("webhook").server_context()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    rule = {
        "apiGroups": ["kubedirector.hpe.com"],
        "apiVersions": ["v1beta1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["kubedirectorclusters"],
    }
    webhook = {
        "name": _NAME,
        "clientConfig": {"url": f"https://127.0.0.1:{server.server_port}/", "caBundle": bundle},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }
    try:
        kubectl.create(
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "MutatingWebhookConfiguration",
                "metadata": {"name": f"{namespace}-{_NAME}"},
                "webhooks": [webhook],
            }
        )
        yield
    finally:
        kubectl.delete("mutatingwebhookconfiguration", f"{namespace}-{_NAME}")
        server.shutdown()
        server.server_close()
        thread.join()

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admission webhook: a TLS server, and its registration with the API server."""

from __future__ import annotations

import base64
import logging
import ssl
from typing import Final

import trustme
from aiohttp import web

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.admit_app import admit_app
from tests.kubedirector_simulator.admit_cluster import admit_cluster
from tests.kubedirector_simulator.admit_config import admit_config
from tests.kubedirector_simulator.cluster_api import APPS, CLUSTERS, CONFIGS, WEBHOOKS, ApiError
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.verdict import Verdict

LOG = logging.getLogger(__name__)

_PATH: Final = "/validate"
_LAST_ANSWERS_SECONDS: Final = 0.2


class Webhook:
    """The server at one address, with a certificate made for this run."""

    def __init__(self, operator: Operator, address: str, port: int) -> None:
        self._operator = operator
        self._address = address
        self._port = port
        # For this run only.
        self._authority = trustme.CA()
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post(_PATH, self._review)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_ANSWERS_SECONDS)

    async def start(self) -> None:
        """Listens, and registers with the API server. Raises OSError when it cannot listen."""
        await self._runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(self._address).configure_cert(context)
        site = web.TCPSite(self._runner, self._address, self._port, ssl_context=context)
        await site.start()
        await self._register()

    async def stop(self) -> None:
        """Stops listening. The registration stays, as the real operator's: writes now fail."""
        await self._runner.cleanup()

    async def _register(self) -> None:
        api = self._operator.api
        desired = self._configuration()
        current = await api.find(WEBHOOKS, None, facts.WEBHOOK_CONFIGURATION)
        if current is None:
            await api.create(WEBHOOKS, desired)
        else:
            desired["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
            await api.update(WEBHOOKS, desired)

    def _configuration(self) -> Json:
        host = f"[{self._address}]" if ":" in self._address else self._address
        group, version = facts.API_VERSION.split("/")
        return {
            "apiVersion": WEBHOOKS.api_version,
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": facts.WEBHOOK_CONFIGURATION},
            "webhooks": [
                {
                    "name": facts.HARD_WEBHOOK,
                    "clientConfig": {
                        "url": f"https://{host}:{self._port}{_PATH}",
                        "caBundle": base64.b64encode(self._authority.cert_pem.bytes()).decode(),
                    },
                    "rules": [
                        {
                            "operations": ["CREATE", "UPDATE", "DELETE"],
                            "apiGroups": [group],
                            "apiVersions": [version],
                            "resources": [CONFIGS.plural, APPS.plural, CLUSTERS.plural],
                        }
                    ],
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
            ],
        }

    async def _review(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        asked: Json = body["request"]
        verdict = await self._judge(asked)
        answer = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": verdict.as_response(asked["uid"]),
        }
        return web.json_response(answer)

    async def _judge(self, asked: Json) -> Verdict:
        asked.setdefault("namespace", "")
        asked.setdefault("name", "")
        kind = asked["kind"]["kind"]
        try:
            if kind == "KubeDirectorCluster":
                return await admit_cluster(self._operator, asked)
        except ApiError as error:
            return Verdict([str(error)])
        if kind == "KubeDirectorApp":
            return admit_app(self._operator, asked)
        if kind == "KubeDirectorConfig":
            return admit_config(self._operator, asked)
        return Verdict()

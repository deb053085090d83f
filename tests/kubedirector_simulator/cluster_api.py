# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small asynchronous client of the Kubernetes API, over objects in their JSON form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import kopf

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.objects import Json


@dataclass(frozen=True)
class Resource:
    """A kind of object as the API's paths name it."""

    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """The path of a collection (no name) or of one object."""
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


CLUSTERS: Final = Resource(facts.API_VERSION, "kubedirectorclusters")
APPS: Final = Resource(facts.API_VERSION, "kubedirectorapps")
CONFIGS: Final = Resource(facts.API_VERSION, "kubedirectorconfigs")
PODS: Final = Resource("v1", "pods")
SERVICES: Final = Resource("v1", "services")
CONFIGMAPS: Final = Resource("v1", "configmaps")
SECRETS: Final = Resource("v1", "secrets")
CLAIMS: Final = Resource("v1", "persistentvolumeclaims")
SERVICE_ACCOUNTS: Final = Resource("v1", "serviceaccounts")
NAMESPACES: Final = Resource("v1", "namespaces", namespaced=False)
STATEFUL_SETS: Final = Resource("apps/v1", "statefulsets")
STORAGE_CLASSES: Final = Resource("storage.k8s.io/v1", "storageclasses", namespaced=False)
ACCESS_REVIEWS: Final = Resource(
    "authorization.k8s.io/v1", "subjectaccessreviews", namespaced=False
)
CRDS: Final = Resource("apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False)
WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", namespaced=False
)


class ApiError(Exception):
    """The API server refused a request, or (HTTP status 0) could not be reached."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message or reason or f"HTTP status {status}")
        self.status = status
        self.reason = reason

    @property
    def not_found(self) -> bool:
        """Whether the object does not exist."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """Whether the resourceVersion sent was not the current one."""
        return self.status == 409 and self.reason == "Conflict"


class ClusterApi:
    """Requests to one API server; use as an asynchronous context manager."""

    def __init__(self, connection: kopf.ConnectionInfo) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ClusterApi:
        connector = aiohttp.TCPConnector(ssl=self._connection.as_ssl_context(), limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, headers=self._connection.as_http_headers()
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open HTTP session. Raises RuntimeError outside the context manager."""
        if self._session is None:
            raise RuntimeError("ClusterApi is used before it was entered")
        return self._session

    def url(self, path: str, query: dict[str, Any] | None = None) -> str:
        """The full address of a path, with a query whose values may be lists."""
        tail = f"?{urlencode(query, doseq=True)}" if query else ""
        return f"{self._connection.server.rstrip('/')}{path}{tail}"

    async def _request(
        self, method: str, path: str, body: Json | None = None, content_type: str = ""
    ) -> Json:
        headers = {"Content-Type": content_type or "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        request = self.session.request(method, self.url(path), data=data, headers=headers)
        try:
            async with request as response:
                status, text = response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError(0, "Unreachable", f"{method} {path} failed: {error}") from error
        if status >= 400:
            raise _error(status, text)
        answer: Json = json.loads(text)
        return answer

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Json:
        """One object. Raises ApiError (not_found among others)."""
        return await self._request("GET", resource.path(namespace, name))

    async def find(self, resource: Resource, namespace: str | None, name: str) -> Json | None:
        """One object, or None when it does not exist. Raises ApiError for other refusals."""
        if not name:
            return None
        try:
            return await self.get(resource, namespace, name)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def list(self, resource: Resource, namespace: str | None = None) -> list[Json]:
        """The objects of a kind, in one namespace or in all."""
        answer = await self._request("GET", resource.path(namespace))
        items: list[Json] = answer.get("items") or []
        return items

    async def create(self, resource: Resource, obj: Json, dry_run: bool = False) -> Json:
        """Makes an object; its metadata names the namespace."""
        path = resource.path(obj.get("metadata", {}).get("namespace"))
        return await self._request("POST", path + ("?dryRun=All" if dry_run else ""), obj)

    async def update(self, resource: Resource, obj: Json, subresource: str = "") -> Json:
        """Replaces an object (or its subresource); conflicts when its resourceVersion is old."""
        metadata = obj["metadata"]
        path = resource.path(metadata.get("namespace"), metadata["name"], subresource)
        return await self._request("PUT", path, obj)

    async def patch(
        self, resource: Resource, namespace: str | None, name: str, change: Json
    ) -> Json:
        """Merges a change into an object (JSON merge patch)."""
        path = resource.path(namespace, name)
        return await self._request("PATCH", path, change, "application/merge-patch+json")

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> bool:
        """Deletes an object; False when it did not exist."""
        try:
            await self._request("DELETE", resource.path(namespace, name))
        except ApiError as error:
            if error.not_found:
                return False
            raise
        return True


def _error(status: int, text: str) -> ApiError:
    try:
        body = json.loads(text)
    except ValueError:
        return ApiError(status, "", text.strip())
    if not isinstance(body, dict):
        return ApiError(status, "", text.strip())
    return ApiError(status, body.get("reason", ""), body.get("message", ""))

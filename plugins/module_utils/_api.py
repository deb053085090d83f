# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON requests to the Kubernetes API. Knows nothing of KubeDirector but the names of its resources."""

from __future__ import annotations

import json
import time
import typing as t
import urllib.parse

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._api_errors import (
    error_from_response,
    error_from_transport,
    is_never_sent,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._auth_options import (
    header_text,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import Unreachable
from ansible_collections.kubedirector.connections.plugins.module_utils._kubernetes import (
    RESTClientObject,
    urllib3,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._auth import Access

JsonObject = dict[str, t.Any]

CONNECT_SECONDS = 10
READ_SECONDS = 60
BUSY_SECONDS = 10
TOO_MANY_REQUESTS = 429
MAX_BODY_BYTES = 64 * 1024 * 1024
PAGE_SIZE = 500
_FIELD_MANAGER = "kubedirector.connections"
_METADATA_OBJECT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Resource(t.NamedTuple):
    """A resource of the API: the kind that people say, the path prefix, the plural."""

    kind: str
    prefix: str
    plural: str


CONFIGMAP = Resource("ConfigMap", "api/v1", "configmaps")
SECRET = Resource("Secret", "api/v1", "secrets")
POD = Resource("Pod", "api/v1", "pods")
NAMESPACE = Resource("Namespace", "api/v1", "namespaces")
KDCLUSTER = Resource("KDCluster", f"apis/{_operator.API_VERSION}", "kubedirectorclusters")
KDAPP = Resource("KDApp", f"apis/{_operator.API_VERSION}", "kubedirectorapps")
BY_KIND = {resource.kind: resource for resource in (CONFIGMAP, SECRET)}


class Api:
    """A connection pool to one API server. Its methods may be called from several threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._host = str(access.configuration.host).rstrip("/")
        if not access.verified:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._pool = RESTClientObject(access.configuration).pool_manager

    def headers(self) -> list[tuple[str, str]]:
        """The headers that say who is asking, as (name, value). :raises AuthError: they cannot be sent."""
        found = list(self._access.headers)
        token = self._access.configuration.auth_settings().get("BearerToken", {}).get("value")
        if token and not any(name == "Authorization" for name, _value in found):
            # A token that was read from a file may still have the file's last newline.
            found.append(("Authorization", header_text("token", str(token).strip())))
        return found

    @property
    def access(self) -> Access:
        """Address and credentials, for what does not go over HTTP (see _exec)."""
        return self._access

    def get(
        self, resource: Resource, namespace: str | None, name: str, *, metadata_only: bool = False
    ) -> JsonObject:
        """Read one object, or only its metadata (which leaves a Secret's values where they are).

        :raises NotFound, ApiError, Unreachable:
        """
        return self._call(
            "get",
            resource,
            namespace,
            name,
            accept=_METADATA_OBJECT if metadata_only else "application/json",
        )

    def list_all(
        self,
        resource: Resource,
        namespace: str,
        *,
        metadata_only: bool = False,
        selector: str | None = None,
    ) -> tuple[list[JsonObject], str]:
        """Read all objects of a namespace, page by page.

        :param selector: a label selector.
        :returns: the objects and the resourceVersion from which a watch can go on.
        :raises ApiError, Unreachable:
        """
        items: list[JsonObject] = []
        query: dict[str, str] = {"limit": str(PAGE_SIZE)}
        if selector:
            query["labelSelector"] = selector
        while True:
            page = self._call(
                "list",
                resource,
                namespace,
                query=query,
                accept=_METADATA_LIST if metadata_only else "application/json",
            )
            metadata, found = page.get("metadata"), page.get("items") or []
            if not isinstance(metadata, dict) or not _is_list_of_objects(found):
                raise self._not_kubernetes()
            items.extend(found)
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion", ""))
            query["continue"] = metadata["continue"]

    def create(
        self, resource: Resource, namespace: str, body: JsonObject, *, dry_run: bool
    ) -> JsonObject:
        """Create an object. :raises Conflict, ApiError, Unreachable:"""
        return self._call(
            "create", resource, namespace, body=body, name_in_message=body["metadata"]["name"],
            dry_run=dry_run,
        )  # fmt: skip

    def merge_patch(
        self, resource: Resource, namespace: str, name: str, body: JsonObject, *, dry_run: bool
    ) -> JsonObject:
        """Patch an object by a JSON merge patch. :raises NotFound, ApiError, Unreachable:"""
        return self._call(
            "patch", resource, namespace, name, body=body, dry_run=dry_run,
            content_type="application/merge-patch+json",
        )  # fmt: skip

    def json_patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: list[JsonObject],
        *,
        dry_run: bool,
    ) -> JsonObject:
        """Patch an object by a JSON patch. :raises NotFound, ApiError, Unreachable:"""
        return self._call(
            "patch", resource, namespace, name, body=body, dry_run=dry_run,
            content_type="application/json-patch+json",
        )  # fmt: skip

    def delete(self, resource: Resource, namespace: str, name: str, *, dry_run: bool) -> JsonObject:
        """Delete an object. :raises NotFound, ApiError, Unreachable:"""
        return self._call("delete", resource, namespace, name, dry_run=dry_run)

    def watch(
        self, resource: Resource, namespace: str, resource_version: str, seconds: int
    ) -> t.Iterator[JsonObject]:
        """Yield the events {type, object} after `resource_version` for at most `seconds` seconds.

        :raises Gone: the resourceVersion is too old; list again.
        :raises ApiError, Unreachable:
        """
        query = {
            "watch": "1",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
            "allowWatchBookmarks": "true",
        }
        try:
            response = self._request(
                "GET", self._path(resource, namespace, None), query, "application/json", None, None,
                read_seconds=seconds + CONNECT_SECONDS,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise error_from_transport(error, self._host) from None
        try:
            if response.status != 200:
                raise error_from_response(
                    "watch", resource.kind, resource.plural, namespace, None,
                    response.status, response.read(MAX_BODY_BYTES), self._host,
                )  # fmt: skip
            for line in _lines(response):
                event = _event(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise error_from_response(
                        "watch", resource.kind, resource.plural, namespace, None,
                        int(status.get("code", 500)), json.dumps(status).encode(), self._host,
                    )  # fmt: skip
                yield event
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise error_from_transport(error, self._host) from None
        finally:
            response.close()

    def _path(self, resource: Resource, namespace: str | None, name: str | None) -> str:
        parts = [resource.prefix]
        if namespace is not None:
            parts += ["namespaces", urllib.parse.quote(namespace, safe="")]
        parts.append(resource.plural)
        if name is not None:
            parts.append(urllib.parse.quote(name, safe=""))
        return "/".join(parts)

    def _call(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str | None = None,
        *,
        query: dict[str, str] | None = None,
        body: JsonObject | list[JsonObject] | None = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        dry_run: bool = False,
        name_in_message: str | None = None,
    ) -> JsonObject:
        method = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}.get(verb, "GET")
        query = dict(query or {})
        if dry_run:
            query["dryRun"] = "All"
        if verb in ("create", "patch"):
            query["fieldManager"] = _FIELD_MANAGER
        response, text = self._answer(
            method, self._path(resource, namespace, name), query, accept, content_type, body
        )
        if len(text) > MAX_BODY_BYTES:
            raise Unreachable(
                f"The answer of the API server {self._host} is longer than {MAX_BODY_BYTES} bytes."
            )
        if response.status >= 400:
            raise error_from_response(
                verb, resource.kind, resource.plural, namespace, name or name_in_message,
                response.status, text, self._host,
            )  # fmt: skip
        try:
            answer = json.loads(text)
        except ValueError:
            raise self._not_kubernetes() from None
        if not isinstance(answer, dict):
            raise self._not_kubernetes()
        return answer

    def _answer(self, *request: t.Any) -> tuple[t.Any, bytes]:
        """Send a request and read the answer; again, for a while, where the server has no time for it."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                response = self._request(*request)
                try:
                    text = response.read(MAX_BODY_BYTES + 1)
                finally:
                    response.release_conn()
            except urllib3.exceptions.HTTPError as error:
                unreachable = error_from_transport(error, self._host)
                if request[0] == "GET" or is_never_sent(error):
                    raise unreachable from None
                raise Unreachable(
                    f"{unreachable} Whether the write was done is not known: run the task again."
                ) from None
            pause = _seconds_to_wait(response)
            if response.status != TOO_MANY_REQUESTS or time.monotonic() + pause > until:
                return response, text
            time.sleep(pause)

    def _not_kubernetes(self) -> Unreachable:
        return Unreachable(
            f"{self._host} answered with something that is no Kubernetes object: is it a Kubernetes API "
            "server? Check the address."
        )

    def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        content_type: str | None,
        body: JsonObject | list[JsonObject] | None,
        read_seconds: float = READ_SECONDS,
    ) -> t.Any:
        headers = urllib3.HTTPHeaderDict({"Accept": accept})
        for name, value in self.headers():
            headers.add(name, value)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = content_type or "application/json"
        url = f"{self._host}/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        try:
            return self._pool.request(
                method,
                url,
                body=data,
                headers=headers,
                preload_content=False,
                redirect=False,
                retries=urllib3.Retry(total=None, connect=1, read=0, status=0, other=0, redirect=0),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            )
        except (ValueError, UnicodeError):
            # Its text may hold a header's value, which may be a token.
            raise Unreachable(
                f"The request to {self._host} cannot be sent: the credentials or the address hold "
                "characters that do not fit."
            ) from None


def _seconds_to_wait(response: t.Any) -> float:
    """How long a busy server asks to be left alone."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 1.0


def _is_list_of_objects(items: t.Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _event(line: bytes) -> JsonObject:
    """Read one line of a watch. :raises ValueError: it is no event."""
    event = json.loads(line)
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("type"), str)
        or not isinstance(event.get("object"), dict)
    ):
        raise ValueError("a line of the watch is no event")
    return event


def _lines(response: t.Any) -> t.Iterator[bytes]:
    """Split a streamed body into lines; a last line without its end is dropped."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_BODY_BYTES:
            raise ValueError("a watch event is too long")
        yield from (line for line in lines if line.strip())

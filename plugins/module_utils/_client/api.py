# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON requests to the Kubernetes API."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from .._core.errors import (
    AnswerTooLongError,
    ApiError,
    CollectionError,
    DryRunUnsupportedError,
    ExpiredError,
    UnreachableError,
)
from .._core.retry import retry_transient_refusals
from .library import urllib3
from .status_errors import (
    error_from_response,
    unsure_sentence,
)
from .transport import (
    MAX_BODY_BYTES,
    Transport,
    lines_of,
    retry_after,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._core.resource import Resource
    from .auth import ClientConfig

# As many as kubectl asks for. An object has at most 1.5 MiB or so, and most have a few KiB.
PAGE_SIZE = 500
# For how long a busy server is asked again, and a list that has expired is begun again.
BUSY_SECONDS, _RESTART_SECONDS = 10.0, 30.0
_TOO_MANY_REQUESTS = 429
_FIELD_MANAGER = "kubedirector.connections"
_METADATA_OBJECT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Api:
    """A connection pool to one API server. Its methods may be called from several threads.

    :param redact: what takes secret values out of the API server's own words.
    :param warn: called with one sentence, once, where the API server cannot try a write.
    """

    def __init__(
        self,
        access: ClientConfig,
        redact: t.Callable[[str], str] = str,
        warn: t.Callable[[str], None] | None = None,
    ) -> None:
        self._transport = Transport(access)
        self.redact = redact
        self._warn = warn
        self._host = self._transport.host

    def repeat_until(self, deadline: float) -> None:
        """Repeat no request after this moment, as of time.monotonic()."""
        self._transport.deadline = deadline

    @property
    def transport(self) -> Transport:
        """Address and credentials, for what does not go over HTTP (see _client.pod_exec)."""
        return self._transport

    def get(
        self, resource: Resource, namespace: str | None, name: str, *, metadata_only: bool = False
    ) -> JsonObject:
        """Read one object, or only its metadata (which leaves a Secret's values where they are).

        :raises NotFoundError, ApiError, UnreachableError:
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
        namespace: str | None,
        *,
        metadata_only: bool = False,
        selector: str | None = None,
    ) -> tuple[list[JsonObject], str]:
        """Read all objects of a namespace, or of all namespaces where it is None, page by page.

        A list that the API server has forgotten before its last page is begun again until the deadline;
        pages that are too long are asked for with half as many objects.

        :param selector: a label selector.
        :returns: the objects and the resourceVersion from which a watch can go on.
        :raises ApiError, UnreachableError:
        """
        page_size = PAGE_SIZE

        def read() -> tuple[list[JsonObject], str]:
            nonlocal page_size
            while True:
                try:
                    return self._list_pages(resource, namespace, metadata_only, selector, page_size)
                except AnswerTooLongError:
                    if page_size == 1:
                        raise
                    page_size //= 2

        return retry_transient_refusals(read, self._transport.deadline, _restart_seconds)

    def _list_pages(
        self,
        resource: Resource,
        namespace: str | None,
        metadata_only: bool,
        selector: str | None,
        page_size: int,
    ) -> tuple[list[JsonObject], str]:
        items: list[JsonObject] = []
        query: dict[str, str] = {"limit": str(page_size)}
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
        """Create an object. :raises ConflictError, ApiError, UnreachableError:"""
        return self._call(
            "create", resource, namespace, body=body, name_in_message=body["metadata"]["name"],
            dry_run=dry_run,
        )  # fmt: skip

    def merge_patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject,
        *,
        dry_run: bool,
        metadata_only: bool = False,
    ) -> JsonObject:
        """Patch an object by a JSON merge patch.

        :param metadata_only: the answer need not hold more (see get).
        :raises NotFoundError, ApiError, UnreachableError:
        """
        return self._call(
            "patch", resource, namespace, name, body=body, dry_run=dry_run,
            content_type="application/merge-patch+json",
            accept=_METADATA_OBJECT if metadata_only else "application/json",
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
        """Patch an object by a JSON patch. :raises NotFoundError, ApiError, UnreachableError:"""
        return self._call(
            "patch", resource, namespace, name, body=body, dry_run=dry_run,
            content_type="application/json-patch+json",
        )  # fmt: skip

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        dry_run: bool,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> JsonObject:
        """Delete an object.

        :param uid, resource_version: delete the object only if it still has these.
        :raises ConflictError: it has not; with uid alone, another object has that name now.
        :raises NotFoundError, ApiError, UnreachableError:
        """
        preconditions = {
            key: value
            for key, value in (("uid", uid), ("resourceVersion", resource_version))
            if value is not None
        }
        body: JsonObject | None = None
        if preconditions:
            body = {"preconditions": preconditions}
            if dry_run:
                # Where there is a body, the API server does not look at the query (measured).
                body["dryRun"] = ["All"]
        return self._call("delete", resource, namespace, name, dry_run=dry_run, body=body)

    def watch(
        self, resource: Resource, namespace: str, resource_version: str, seconds: int
    ) -> t.Iterator[JsonObject]:
        """Yield the events {type, object} after `resource_version` for at most `seconds` seconds.

        :raises ExpiredError: the resourceVersion is too old; list again.
        :raises ApiError, UnreachableError:
        """
        query = {
            "watch": "1",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
            "allowWatchBookmarks": "true",
        }
        response = self._transport.open_stream(
            self._path(resource, namespace, None), query, seconds
        )
        try:
            if response.status != 200:
                raise error_from_response(
                    "watch", resource, namespace, None,
                    response.status, response.read(MAX_BODY_BYTES), self._host,
                    redact=self.redact,
                )  # fmt: skip
            for line in lines_of(response):
                event = _event(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise error_from_response(
                        "watch", resource, namespace, None,
                        int(status.get("code", 500)), json.dumps(status).encode(), self._host,
                        redact=self.redact,
                    )  # fmt: skip
                yield event
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise self._transport.unreachable(error) from None
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
        try:
            return retry_transient_refusals(
                lambda: self._request(
                    verb, resource, namespace, name, query or {}, body, accept, content_type,
                    dry_run=dry_run, named=name or name_in_message,
                ),
                self._transport.deadline,
                _busy_seconds,
            )  # fmt: skip
        except DryRunUnsupportedError as error:
            if not dry_run:
                raise
            # The write itself may well succeed, and its own answer says so.
            if self._warn is not None:
                self._warn(f"{error} So nothing was tried before it is written.")
                self._warn = None
            if verb == "create":
                return t.cast("JsonObject", body)
            return self.get(resource, namespace, name) if name and verb == "patch" else {}

    def _request(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str | None,
        query: dict[str, str],
        body: JsonObject | list[JsonObject] | None,
        accept: str,
        content_type: str,
        *,
        dry_run: bool,
        named: str | None,
    ) -> JsonObject:
        method = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}.get(verb, "GET")
        query = dict(query)
        if dry_run:
            query["dryRun"] = "All"
        if verb in ("create", "patch"):
            query["fieldManager"] = _FIELD_MANAGER
        unsure = "" if dry_run else unsure_sentence(verb, resource.kind, namespace, named)
        try:
            response, text = self._transport.answer(
                method, self._path(resource, namespace, name), query, accept, content_type, body
            )
        except UnreachableError as error:
            if not error.maybe_done:
                raise
            raise type(error)(f"{error}{unsure}", maybe_done=True) from None
        if response.status >= 400:
            refusal = error_from_response(
                verb, resource, namespace, named,
                response.status, text, self._host, unsure=unsure,
                redact=self.redact,
            )  # fmt: skip
            refusal.retry_after = retry_after(response)
            raise refusal
        try:
            answer = json.loads(text)
        except ValueError:
            raise self._not_kubernetes(unsure) from None
        if not isinstance(answer, dict):
            raise self._not_kubernetes(unsure)
        return answer

    def _not_kubernetes(self, unsure: str = "") -> UnreachableError:
        return UnreachableError(
            f"{self._host} did not return a Kubernetes object. Is this a Kubernetes API server? "
            f"Check the address.{unsure}"
        )


def _busy_seconds(error: CollectionError) -> float:
    busy = isinstance(error, ApiError) and error.status == _TOO_MANY_REQUESTS
    return BUSY_SECONDS if busy else 0.0


def _restart_seconds(error: CollectionError) -> float:
    return _RESTART_SECONDS if isinstance(error, ExpiredError) else 0.0


def _is_list_of_objects(items: t.Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _event(line: bytes) -> JsonObject:
    """Read one line of a watch. :raises ValueError: it is not an event."""
    event = json.loads(line)
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("type"), str)
        or not isinstance(event.get("object"), dict)
    ):
        raise ValueError("a line of the watch is not an event")
    return event

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON requests to the Kubernetes API."""

from __future__ import annotations

import functools
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
from .status_errors import error_from_response, place
from .transport import MAX_BODY_BYTES, Transport, lines_of, retry_after

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._core.resource import Resource
    from .merged_auth import ClientConfig

# As in kubectl; most objects have a few KiB, the longest some 1.5 MiB.
PAGE_SIZE = 500
# How long to retry on a busy server, and to restart an expired list.
BUSY_SECONDS, _RESTART_SECONDS = 10.0, 30.0
_TOO_MANY_REQUESTS = 429
_FIELD_MANAGER = "kubedirector.connections"
_WRITES = {
    "create": ("POST", "created"),
    "patch": ("PATCH", "changed"),
    "delete": ("DELETE", "deleted"),
}


class Api:
    """Thread-safe requests to one API server. Each raises a class of ApiError, or UnreachableError.

    :param redact: takes secret values out of the API server's words.
    :param warn: takes one sentence, once, if the API server cannot dry-run a write.
    :ivar dry_runs: False once it could not: what a dry run returned then is what is live.
    """

    def __init__(
        self,
        access: ClientConfig,
        redact: t.Callable[[str], str] = str,
        warn: t.Callable[[str], None] | None = None,
    ) -> None:
        # Also for pod_exec.
        self.transport = Transport(access)
        self.redact = redact
        self._warn = warn
        self.dry_runs = True

    def repeat_until(self, deadline: float) -> None:
        """Repeat no request after this moment, as of time.monotonic()."""
        self.transport.deadline = deadline

    def get(
        self, resource: Resource, namespace: str | None, name: str, *, metadata_only: bool = False
    ) -> JsonObject:
        """Read one object, or only its metadata, without a Secret's values."""
        return self._call("get", resource, namespace, name, metadata_only=metadata_only)

    def list_all(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        metadata_only: bool = False,
        selector: str | None = None,
    ) -> tuple[list[JsonObject], str]:
        """Read all objects of a namespace (None: of all), page by page.

        Restarts an expired list for 30 s at most, never after the deadline, and halves pages that are too long.

        :returns: the objects, and the resourceVersion that a watch continues from.
        """
        page_size = PAGE_SIZE

        def read() -> tuple[list[JsonObject], str]:
            nonlocal page_size
            while True:
                query = {"limit": str(page_size)}
                if selector:
                    query["labelSelector"] = selector
                try:
                    return self._list_pages(resource, namespace, query, metadata_only)
                except AnswerTooLongError:
                    if page_size == 1:
                        raise
                    page_size //= 2

        return retry_transient_refusals(read, self.transport.deadline, _restart_seconds)

    def _list_pages(
        self, resource: Resource, namespace: str | None, query: dict[str, str], metadata_only: bool
    ) -> tuple[list[JsonObject], str]:
        items: list[JsonObject] = []
        while True:
            page = self._call("list", resource, namespace, query=query, metadata_only=metadata_only)
            metadata, found = page.get("metadata"), page.get("items") or []
            if (
                not isinstance(metadata, dict)
                or not isinstance(found, list)
                or not all(isinstance(item, dict) for item in found)
            ):
                raise self._not_kubernetes()
            items.extend(found)
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion", ""))
            query["continue"] = metadata["continue"]

    def create(
        self, resource: Resource, namespace: str, body: JsonObject, *, dry_run: bool
    ) -> JsonObject:
        name = body["metadata"]["name"]
        return self._call("create", resource, namespace, name, body=body, dry_run=dry_run)

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
        """Apply a JSON merge patch. :param metadata_only: of the answer, as in get."""
        return self._call(
            "patch", resource, namespace, name, body=body, dry_run=dry_run,
            metadata_only=metadata_only,
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
        return self._call("patch", resource, namespace, name, body=body, dry_run=dry_run)

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

        :param uid, resource_version: delete it only if it still has these.
        :raises ConflictError: it has not.
        """
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in preconditions.items() if value is not None}
        body: JsonObject | None = None
        if preconditions:
            body = {"preconditions": preconditions}
            if dry_run:
                # With a body, the API server ignores the query (measured).
                body["dryRun"] = ["All"]
        return self._call("delete", resource, namespace, name, dry_run=dry_run, body=body)

    def watch(
        self, resource: Resource, namespace: str, resource_version: str, seconds: int
    ) -> t.Iterator[JsonObject]:
        """Yield events {type, object} after `resource_version`, for at most `seconds`.

        :raises ExpiredError: the resourceVersion is too old; list again.
        """
        query = {
            "watch": "1",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
            "allowWatchBookmarks": "true",
        }
        refusal = functools.partial(
            error_from_response, "watch", resource, namespace, None,
            host=self.transport.host, redact=self.redact,
        )  # fmt: skip
        response = self.transport.open_stream(_path(resource, namespace, None), query, seconds)
        try:
            if response.status != 200:
                raise refusal(response.status, response.read(MAX_BODY_BYTES))
            for line in lines_of(response):
                event = _event(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise refusal(int(status.get("code", 500)), json.dumps(status).encode())
                yield event
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise self.transport.unreachable(error) from None
        finally:
            response.close()

    def _call(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str | None = None,
        *,
        query: dict[str, str] | None = None,
        body: JsonObject | list[JsonObject] | None = None,
        dry_run: bool = False,
        metadata_only: bool = False,
    ) -> JsonObject:
        method, done = _WRITES.get(verb, ("GET", ""))
        path = _path(resource, namespace, None if verb == "create" else name)
        asked = dict(query or {})
        if dry_run:
            asked["dryRun"] = "All"
        if verb in ("create", "patch"):
            asked["fieldManager"] = _FIELD_MANAGER
        accept = content_type = "application/json"
        if metadata_only:
            kind = "PartialObjectMetadataList" if verb == "list" else "PartialObjectMetadata"
            accept = f"application/json;as={kind};g=meta.k8s.io;v=v1"
        if verb == "patch":
            content_type = f"application/{'json' if isinstance(body, list) else 'merge'}-patch+json"
        # For errors that leave open whether the write was done.
        unsure = ""
        if done and not dry_run:
            what = place(resource.kind, namespace, name)
            unsure = f" Whether {what} was {done} is not known: run the task again."

        def answer() -> JsonObject:
            try:
                response, text = self.transport.answer(
                    method, path, asked, accept, content_type, body
                )
            except UnreachableError as error:
                if not error.maybe_done:
                    raise
                raise type(error)(f"{error}{unsure}", maybe_done=True) from None
            if response.status >= 400:
                refusal = error_from_response(
                    verb, resource, namespace, name, response.status, text,
                    host=self.transport.host, redact=self.redact, unsure=unsure,
                )  # fmt: skip
                refusal.retry_after = retry_after(response)
                raise refusal
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise self._not_kubernetes(unsure)
            return found

        try:
            return retry_transient_refusals(answer, self.transport.deadline, _busy_seconds)
        except DryRunUnsupportedError as error:
            if not dry_run:
                raise
            self.dry_runs = False
            # The write itself may still succeed.
            if self._warn is not None:
                self._warn(f"{error} So nothing was tried before it is written.")
                self._warn = None
            if verb == "create":
                return t.cast("JsonObject", body)
            return self.get(resource, namespace, name) if name and verb == "patch" else {}

    def _not_kubernetes(self, unsure: str = "") -> UnreachableError:
        return UnreachableError(
            f"{self.transport.host} did not return a Kubernetes object. Is this a Kubernetes API server? "
            f"Check the address.{unsure}",
            maybe_done=bool(unsure),
        )


def _busy_seconds(error: CollectionError) -> float:
    busy = isinstance(error, ApiError) and error.status == _TOO_MANY_REQUESTS
    return BUSY_SECONDS if busy else 0.0


def _restart_seconds(error: CollectionError) -> float:
    return _RESTART_SECONDS if isinstance(error, ExpiredError) else 0.0


def _path(resource: Resource, namespace: str | None, name: str | None) -> str:
    parts = [resource.prefix]
    if namespace is not None:
        parts += ["namespaces", urllib.parse.quote(namespace, safe="")]
    parts.append(resource.plural)
    if name is not None:
        parts.append(urllib.parse.quote(name, safe=""))
    return "/".join(parts)


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

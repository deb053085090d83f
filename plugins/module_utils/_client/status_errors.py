# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP answer or a broken connection to one clear sentence."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import (
    SERVER_ERRORS,
    AdmissionError,
    ApiError,
    ConflictError,
    DryRunUnsupportedError,
    ExpiredError,
    NotFoundError,
    UnreachableError,
)
from .._core.server_words import (
    is_dry_run_unsupported,
    refusal_text,
    with_full_stop,
)
from .library import urllib3

if t.TYPE_CHECKING:
    from .._core.resource import Resource
    from .proxy import Proxy

_MAX_SERVER_WORDS = 600
# The rest of it is not read.
_MAX_MESSAGE = 64 * 1024
# Kubernetes' own words (source: pkg/registry/rbac/validation).
_ESCALATION = "attempting to grant RBAC permissions not currently held"
# The words of the API server's admission (source: plugin/pkg/admission/resourcequota and namespace/lifecycle).
_QUOTA = "exceeded quota"
_TERMINATING = "NamespaceTerminating"
_BEING_TERMINATED = "because it is being terminated"
_DONE = {"create": "created", "patch": "changed", "delete": "deleted"}


def place(kind: str, namespace: str | None, name: str | None) -> str:
    """Say which object is meant: "ConfigMap ns/name"."""
    if name is None:
        return f"{kind}s in namespace {namespace}" if namespace else f"{kind}s"
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def error_from_response(
    verb: str,
    resource: Resource,
    namespace: str | None,
    name: str | None,
    status: int,
    body: bytes,
    host: str,
    *,
    unsure: str = "",
    redact: t.Callable[[str], str] = str,
) -> ApiError:
    """Make the error for an answer of 400 and above.

    :param verb: the RBAC verb that was tried (get, list, create, patch, delete, watch).
    :param body: the answer's body; a Kubernetes Status as JSON, or anything.
    :param redact: takes secret values out of what the server says, before it is folded and cut.
    :param unsure: what to add if the server, or a proxy on the way, may have failed after the write.
    :returns: NotFound, Conflict, Gone, Refused or a plain ApiError; its text names kind,
        namespace/name, what is wrong and what to do.
    """
    reason, message = _status_of(body)
    said, shown = " ".join(message.split()), folded(redact(message), _MAX_SERVER_WORDS)
    what = place(resource.kind, namespace, name)
    if resource.explain is not None:
        explained = resource.explain(f"Cannot {verb} {what}", status, reason, said)
        if explained is not None:
            return explained
    cls: type[ApiError] = ApiError
    webhook_said = refusal_text(said)
    if webhook_said is not None:
        cls = AdmissionError
        text = (
            f"Cannot {verb} {what}: the cluster's admission webhook refuses it: "
            f"{with_full_stop(refusal_text(shown) or shown)}"
        )
    elif is_dry_run_unsupported(status, said):
        cls = DryRunUnsupportedError
        text = (
            f"Cannot try to {verb} {what}: an admission webhook of the cluster takes no dry run. "
            f"({with_full_stop(shown)})"
        )
    elif "failed calling webhook" in said:
        text = (
            f"Cannot {verb} {what}: an admission webhook of the cluster does not answer; see that what "
            f"serves it runs. ({with_full_stop(shown)})"
        )
    elif status == 401:
        text = (
            f"Cannot {verb} {what}: the API server {host} does not accept the credentials (401); "
            "they are wrong or have expired. Check api_key, or the user in the kubeconfig."
        )
    elif status == 403 and _ESCALATION in said:
        text = (
            f"Cannot {verb} {what}: forbidden (403), because only users who have a right can grant it in "
            f"Kubernetes; run the task as a user who has these rights. ({with_full_stop(shown)})"
        )
    elif status == 403 and _QUOTA in said:
        text = (
            f"Cannot {verb} {what}: a quota of the namespace is used up (403). Delete what is not needed, or "
            f"have the ResourceQuota raised. ({with_full_stop(shown)})"
        )
    elif status == 403 and (_TERMINATING in _causes_of(body) or _BEING_TERMINATED in said):
        text = (
            f"Cannot {verb} {what}: the namespace is being deleted (403), so nothing can be created in it. "
            f"Run the task again once it is gone and made again. ({with_full_stop(shown)})"
        )
    elif status == 403:
        scope = f"in namespace {namespace}" if namespace else "in the whole cluster"
        text = (
            f"Cannot {verb} {what}: forbidden (403). Grant the verb {verb!r} on resource {resource.plural!r} "
            f"{scope}, by a Role and a RoleBinding. ({with_full_stop(shown)})"
        )
    elif status == 404 and not reason:
        text = (
            f"Cannot {verb} {what}: {host} answers 404 without saying why: is it a Kubernetes API server? "
            "Check the address."
        )
    elif status == 404:
        cls = NotFoundError
        text = f"Cannot {verb} {what}: it does not exist; run the task again once it is there. ({with_full_stop(shown)})"
    elif status == 409:
        cls = ConflictError
        text = f"Cannot {verb} {what}: it was changed meanwhile; run the task again. ({with_full_stop(shown)})"
    elif status == 410:
        cls = ExpiredError
        text = f"Cannot {verb} {what}: the resourceVersion is too old; run the task again. ({with_full_stop(shown)})"
    else:
        text = f"Cannot {verb} {what}: the API server refuses it ({status} {reason}): {with_full_stop(shown)}"
        if status >= SERVER_ERRORS:
            text += unsure
    return cls(text, status=status, reason=reason, server_message=said)


def error_from_transport(error: Exception, host: str, proxy: Proxy | None) -> UnreachableError:
    """Make the error for a connection that could not be made, or broke.

    :param proxy: the one between, if any, which may be the one at fault.
    """
    cause: BaseException = error
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        cause = error.reason
    if _is_unverified(cause):
        return UnreachableError(
            f"The TLS certificate of the API server {host} cannot be verified ({with_full_stop(str(cause))}) "
            "Give its CA in ca_cert; only for a test, set validate_certs to false."
        )
    return UnreachableError(
        f"The API server {host} cannot be reached ({type(cause).__name__}: {with_full_stop(_short(cause))}) "
        f"Check the address, the network and the proxy{f' {proxy.label}' if proxy else ''}.",
        maybe_done=not is_never_sent(error),
    )


def unsure_sentence(verb: str, kind: str, namespace: str | None, name: str | None) -> str:
    """What to add to an error that leaves open whether a write was done; nothing for a read."""
    if verb not in _DONE:
        return ""
    what = place(kind, namespace, name)
    return f" Whether {what} was {_DONE[verb]} is not known: run the task again."


def is_never_sent(error: Exception) -> bool:
    """Whether a request certainly did not reach the server: the connection was never there."""
    cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return isinstance(
        cause,
        (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.ProxyError,
        ),
    ) or _is_unverified(cause)


def _is_unverified(cause: BaseException | None) -> bool:
    """Whether the server's certificate was refused; TLS that breaks in another way may do so later."""
    if not isinstance(cause, urllib3.exceptions.SSLError):
        return False
    # urllib3 1.26 compares the host's name itself, after OpenSSL was content.
    connection: t.Any = urllib3.connection
    mismatch = any(isinstance(why, connection.CertificateError) for why in cause.args)
    return mismatch or "CERTIFICATE_VERIFY_FAILED" in str(cause)


def _short(cause: BaseException) -> str:
    text = str(cause)
    return text.rsplit(">: ", maxsplit=1)[-1] if ">: " in text else text


def _causes_of(body: bytes) -> set[str]:
    """The machine-readable reasons of a Kubernetes Status' causes."""
    try:
        status: t.Any = json.loads(body)
        return {str(cause.get("reason")) for cause in status["details"]["causes"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()


def _status_of(body: bytes) -> tuple[str, str]:
    """The reason and the message of a Kubernetes Status; ("", the text itself) of anything else."""
    try:
        status: t.Any = json.loads(body)
    except ValueError:
        return "", body.decode("utf-8", "replace")[:_MAX_MESSAGE]
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return "", ""
    message = str(status.get("message", ""))[:_MAX_MESSAGE]
    return str(status.get("reason", "") or "Unknown"), message


def folded(text: str, longest: int) -> str:
    """Text of others in one line, cut. Secret values are to be out of it before."""
    return " ".join(text.split())[:longest]

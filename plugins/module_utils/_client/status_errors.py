# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP answer or a broken connection to one sentence."""

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
from .._core.server_words import is_dry_run_unsupported, refusal_text, with_full_stop
from .library import urllib3

if t.TYPE_CHECKING:
    from .._core.resource import Resource
    from .config import Proxy

_MAX_SERVER_WORDS = 600
# The rest of it is not read.
_MAX_MESSAGE = 64 * 1024
# Kubernetes' own words (source: pkg/registry/rbac/validation).
_ESCALATION = "attempting to grant RBAC permissions not currently held"
# Admission's words (source: plugin/pkg/admission/resourcequota and namespace/lifecycle).
_QUOTA = "exceeded quota"
_TERMINATING = "NamespaceTerminating"
_BEING_TERMINATED = "because it is being terminated"


def place(kind: str, namespace: str | None, name: str | None) -> str:
    """Say which object is meant."""
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
    *,
    host: str,
    redact: t.Callable[[str], str],
    unsure: str = "",
) -> ApiError:
    """Make the error for an answer of 400 and above.

    :param verb: the RBAC verb that was tried.
    :param body: a Kubernetes Status as JSON, or anything.
    :param redact: takes secret values out of the server's words before they are cut.
    :param unsure: what to add if the server or a proxy may have failed after the write.
    """
    reason, message = _status_of(body)
    said, shown = " ".join(message.split()), folded(redact(message), _MAX_SERVER_WORDS)
    what = place(resource.kind, namespace, name)
    cannot, words = f"Cannot {verb} {what}", with_full_stop(shown)
    if resource.explain and (explained := resource.explain(cannot, status, reason, said)):
        return explained
    cls: type[ApiError] = ApiError
    if refusal_text(said) is not None:
        cls = AdmissionError
        refusal = with_full_stop(refusal_text(shown) or shown)
        text = f"the cluster's admission webhook refuses it: {refusal}"
    elif is_dry_run_unsupported(status, said):
        cls, cannot = DryRunUnsupportedError, f"Cannot try to {verb} {what}"
        text = f"an admission webhook of the cluster takes no dry run. ({words})"
    elif "failed calling webhook" in said:
        text = (
            "an admission webhook of the cluster does not answer; see that what serves it runs. "
            f"({words})"
        )
    elif status == 401:
        text = (
            f"the API server {host} does not accept the credentials (401); they are wrong or have expired. "
            "Check api_key, or the user in the kubeconfig."
        )
    elif status == 403 and _ESCALATION in said:
        text = (
            "forbidden (403), because only users who have a right can grant it in Kubernetes; run the task as "
            f"a user who has these rights. ({words})"
        )
    elif status == 403 and _QUOTA in said:
        text = (
            "a quota of the namespace is used up (403). Delete what is not needed, or have the ResourceQuota "
            f"raised. ({words})"
        )
    elif status == 403 and (_TERMINATING in _causes_of(body) or _BEING_TERMINATED in said):
        text = (
            "the namespace is being deleted (403), so nothing can be created in it. Run the task again once "
            f"it is gone and made again. ({words})"
        )
    elif status == 403:
        scope = f"in namespace {namespace}" if namespace else "in the whole cluster"
        text = (
            f"forbidden (403). Grant the verb {verb!r} on resource {resource.plural!r} {scope}, by a Role and "
            f"a RoleBinding. ({words})"
        )
    elif status == 404 and not reason:
        text = f"{host} answers 404 without saying why: is it a Kubernetes API server? Check the address."
    elif status == 404:
        cls = NotFoundError
        text = f"it does not exist; run the task again once it is there. ({words})"
    elif status == 409:
        cls, text = ConflictError, f"it was changed meanwhile; run the task again. ({words})"
    elif status == 410:
        cls, text = ExpiredError, f"the resourceVersion is too old; run the task again. ({words})"
    else:
        text = f"the API server refuses it ({status} {reason}): {words}"
        text += unsure if status >= SERVER_ERRORS else ""
    return cls(f"{cannot}: {text}", status=status, reason=reason, server_message=said)


def error_from_transport(error: Exception, host: str, proxy: Proxy | None) -> UnreachableError:
    """Make the error for a connection that failed, perhaps at a proxy."""
    cause = error
    if isinstance(error, urllib3.exceptions.MaxRetryError):
        cause = error.reason or error
    if _is_unverified(cause):
        return UnreachableError(
            f"The TLS certificate of the API server {host} cannot be verified ({with_full_stop(str(cause))}) "
            "Give its CA in ca_cert; only for a test, set validate_certs to false."
        )
    # urllib3 puts a connection's repr before its words.
    why = with_full_stop(str(cause).rsplit(">: ", maxsplit=1)[-1])
    return UnreachableError(
        f"The API server {host} cannot be reached ({type(cause).__name__}: {why}) Check the address, the "
        f"network and the proxy{f' {proxy.label}' if proxy else ''}.",
        maybe_done=not is_never_sent(cause),
    )


def is_never_sent(cause: Exception) -> bool:
    """Whether a request cannot have reached the server: there was no connection."""
    return isinstance(
        cause,
        (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.ProxyError,
        ),
    ) or _is_unverified(cause)


def _is_unverified(cause: Exception) -> bool:
    """Whether the server's certificate was refused; other TLS failures may come later."""
    if not isinstance(cause, urllib3.exceptions.SSLError):
        return False
    # urllib3 1.26 compares the host's name itself, after OpenSSL was content.
    connection: t.Any = urllib3.connection
    mismatch = any(isinstance(why, connection.CertificateError) for why in cause.args)
    return mismatch or "CERTIFICATE_VERIFY_FAILED" in str(cause)


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
    """Fold text of others into one line and cut it. Redact it before."""
    return " ".join(text.split())[:longest]

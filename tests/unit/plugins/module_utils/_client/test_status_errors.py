# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message if the API server refuses, is not an API server, or cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import (
    api as api_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client import transport
from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    AdmissionError,
    AnswerTooLongError,
    ApiError,
    AuthError,
    ConflictError,
    ExpiredError,
    NotFoundError,
    OperatorDownError,
    UnreachableError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    CONFIGMAP,
    KDCLUSTER,
    SECRET,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, free_port, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN, api_for

SECRETS = f"{CORE}/secrets"
MARK = "QXZJKVQXZ"
E = TypeVar("E", bound=Exception)


def failure(kind: type[E], call: Callable[[], Any]) -> E:
    """The error of a call: of exactly this kind, one clear text, no token, nothing chained."""
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.__class__ is kind
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).rstrip().endswith((".", ")", "?"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def reading(api: Api) -> Callable[[], Any]:
    """Read one Secret."""
    return lambda: api.get(SECRET, "team-a", "one")


def test_401_says_that_the_credentials_are_not_accepted(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{SECRETS}/one", status_answer(401, "Unauthorized", "Unauthorized"))
    error = failure(ApiError, reading(api))
    assert error.status == 401
    for words in ("Secret team-a/one", server.url, "401", "credentials", "api_key"):
        assert words in str(error)


def test_403_names_verb_and_resource(server: ScriptedServer, api: Api) -> None:
    said = 'secrets is forbidden: User "bob" cannot list resource "secrets"'
    server.on("GET", SECRETS, status_answer(403, "Forbidden", said))
    error = failure(ApiError, lambda: api.list_all(SECRET, "team-a"))
    assert error.status == 403
    for words in ("'list'", "'secrets'", "namespace team-a", "Role", said):
        assert words in str(error)


@pytest.mark.parametrize("verb", ["create", "patch", "delete", "get"])
def test_403_names_the_verb_that_was_tried(server: ScriptedServer, api: Api, verb: str) -> None:
    refusal = status_answer(403, "Forbidden", "no")
    body = {"metadata": {"name": "one"}, "data": {"token": MARK}}
    calls: dict[str, tuple[str, str, Callable[[], Any]]] = {
        "create": ("POST", SECRETS, lambda: api.create(SECRET, "team-a", body, dry_run=False)),
        "patch": (
            "PATCH", f"{SECRETS}/one",
            lambda: api.merge_patch(SECRET, "team-a", "one", body, dry_run=False),
        ),
        "delete": (
            "DELETE", f"{SECRETS}/one", lambda: api.delete(SECRET, "team-a", "one", dry_run=False),
        ),
        "get": ("GET", f"{SECRETS}/one", reading(api)),
    }  # fmt: skip
    method, path, call = calls[verb]
    server.on(method, path, refusal)
    error = failure(ApiError, call)
    assert f"'{verb}'" in str(error)
    assert "Secret team-a/one" in str(error)
    assert MARK not in str(error)


@pytest.mark.parametrize("body", [b"404 page not found\n", b"", b"<html></html>", b"{}"])
def test_404_without_a_status_means_that_the_crds_are_missing(
    server: ScriptedServer, api: Api, body: bytes
) -> None:
    server.on("GET", KDCLUSTERS, Answer(404, body, "text/plain"))
    error = failure(NotFoundError, lambda: api.list_all(KDCLUSTER, "team-a"))
    for words in ("KubeDirector installed", "kubectl get crd kubedirectorclusters"):
        assert words in str(error)


def test_404_with_a_status_means_that_the_object_is_missing(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", f"{SECRETS}/one", status_answer(404, "NotFound", 'secrets "one" not found'))
    error = failure(NotFoundError, reading(api))
    assert error.reason == "NotFound"
    assert "Secret team-a/one" in str(error)
    assert "does not exist" in str(error)
    assert "KubeDirector installed" not in str(error)


def test_409_says_that_the_object_was_changed_meanwhile(server: ScriptedServer, api: Api) -> None:
    server.on("POST", SECRETS, status_answer(409, "AlreadyExists", 'secrets "one" already exists'))
    body = {"metadata": {"name": "one"}}
    error = failure(ConflictError, lambda: api.create(SECRET, "team-a", body, dry_run=False))
    assert (error.status, error.reason) == (409, "AlreadyExists")
    assert "Secret team-a/one" in str(error)


@pytest.mark.parametrize(
    ("status", "reason"), [(422, "Invalid"), (500, "InternalError"), (413, "TooLarge")]
)
def test_other_refusals_say_what_the_server_said(
    server: ScriptedServer, api: Api, status: int, reason: str
) -> None:
    said = "metadata.labels: Invalid value"
    server.on("PATCH", f"{SECRETS}/one", status_answer(status, reason, said))
    error = failure(ApiError, lambda: api.merge_patch(SECRET, "team-a", "one", {}, dry_run=False))
    assert (error.status, error.reason, error.server_message) == (status, reason, said)
    for words in ("Cannot patch Secret team-a/one", str(status), said):
        assert words in str(error)


def test_a_busy_server_is_asked_again_for_a_while(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Answer(429, b"", "text/plain", headers=(("Retry-After", "0"),))
    server.on("GET", f"{SECRETS}/one", busy, busy, Answer(body={"metadata": {}}))
    assert api.get(SECRET, "team-a", "one") == {"metadata": {}}
    monkeypatch.setattr(api_module, "BUSY_SECONDS", -1)
    server.on("GET", f"{SECRETS}/one", busy)
    assert failure(ApiError, reading(api)).status == 429


def test_a_write_with_an_unknown_outcome_says_so(server: ScriptedServer, api: Api) -> None:
    server.on("PATCH", f"{SECRETS}/one", Answer(status=0))
    error = failure(
        UnreachableError, lambda: api.merge_patch(SECRET, "team-a", "one", {}, dry_run=False)
    )
    assert "not known" in str(error)
    # Sent once: the client never repeats a write by itself.
    assert len(server.requests) == 1


def test_a_webhooks_refusal_is_quoted(server: ScriptedServer, api: Api) -> None:
    said = (
        'admission webhook "hard-validate-cr.kubedirector.hpe.com" denied the request: \n'
        "Role(controller) is not what it was."
    )
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(403, "Forbidden", said))
    error = failure(
        AdmissionError, lambda: api.json_patch(KDCLUSTER, "team-a", "notebook", [], dry_run=True)
    )
    assert "KDCluster team-a/notebook" in str(error)
    assert "Role(controller) is not what it was." in str(error)
    assert "RoleBinding" not in str(error)


@pytest.mark.parametrize("cause", ["connection refused", "context deadline exceeded"])
def test_a_webhook_that_does_not_answer_means_that_the_operator_is_down(
    server: ScriptedServer, api: Api, cause: str
) -> None:
    said = (
        'Internal error occurred: failed calling webhook "hard-validate-cr.kubedirector.hpe.com": '
        f"failed to call webhook: {cause}"
    )
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(500, "InternalError", said))
    error = failure(
        OperatorDownError,
        lambda: api.json_patch(KDCLUSTER, "team-a", "notebook", [], dry_run=False),
    )
    for words in (
        "KDCluster team-a/notebook",
        "operator is down",
        "kubectl rollout restart",
        cause,
    ):
        assert words in str(error)


def test_another_webhook_that_does_not_answer_is_not_the_operator(
    server: ScriptedServer, api: Api
) -> None:
    said = (
        'Internal error occurred: failed calling webhook "policy.example.com": connection refused'
    )
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(500, "InternalError", said))
    error = failure(
        ApiError, lambda: api.json_patch(KDCLUSTER, "team-a", "notebook", [], dry_run=False)
    )
    assert "policy.example.com" in str(error)
    assert "KubeDirector operator" not in str(error)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("spec changes not allowed while kubedirector.hpe.com/restoring label exists", "restore"),
        ("Role(a) properties other than the members count cannot be modified while role members "
         "exist.", "put that role back"),
        ("Unable to fetch storageClassName(fast) for role(a).", "Bring back what is missing"),
        ("Change to spec not allowed before previous spec change has been processed.",
         "longer wait_timeout"),
        ("Something else.", "correct its spec"),
    ],
)  # fmt: skip
def test_a_refusal_of_the_operator_says_what_to_do(
    server: ScriptedServer, api: Api, said: str, advice: str
) -> None:
    text = f'admission webhook "hard-validate-cr.kubedirector.hpe.com" denied the request: {said}'
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(403, "Forbidden", text))
    error = failure(
        AdmissionError, lambda: api.json_patch(KDCLUSTER, "team-a", "notebook", [], dry_run=True)
    )
    assert said in str(error) and advice in str(error)
    assert "RoleBinding" not in str(error)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxys_error_page_is_cut_short(server: ScriptedServer, api: Api, status: int) -> None:
    page = b"<html>\n" + b"bad gateway \n" * 1000
    server.on("GET", f"{SECRETS}/one", Answer(status, page, "text/html"))
    error = failure(ApiError, reading(api))
    assert error.status == status
    assert len(str(error)) < 1200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>hello</html>", b"[]", b"7", b'"x"', b"\xff\xfe", b"null"]
)
def test_an_answer_that_is_not_a_kubernetes_object_is_reported(
    server: ScriptedServer, api: Api, body: bytes
) -> None:
    server.on("GET", f"{SECRETS}/one", Answer(body=body))
    assert server.url in str(failure(UnreachableError, reading(api)))


@pytest.mark.parametrize(
    "page",
    [{}, {"status": "ok"}, {"items": {}}, {"items": [7]}, {"metadata": 7, "items": []}],
)
def test_a_list_of_another_form_is_reported(server: ScriptedServer, api: Api, page: Any) -> None:
    server.on("GET", SECRETS, Answer(body=page))
    failure(UnreachableError, lambda: api.list_all(SECRET, "team-a"))


def test_a_body_that_ends_too_early_is_reported(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{SECRETS}/one", Answer(body=b'{"kind":', length=500, cut=True))
    assert "cannot be reached" in str(failure(UnreachableError, reading(api)))


def test_a_body_over_the_limit_is_reported(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 100)
    server.on("GET", f"{SECRETS}/one", Answer(body=b'{"a":"' + b"x" * 93 + b'"}'))
    assert "100 bytes" in str(failure(AnswerTooLongError, reading(api)))
    server.on("GET", f"{SECRETS}/one", Answer(body=b'{"a":"' + b"x" * 92 + b'"}'))
    assert len(api.get(SECRET, "team-a", "one")["a"]) == 92


def test_a_server_that_does_not_listen_is_reported() -> None:
    api = api_for(f"http://127.0.0.1:{free_port()}")
    error = failure(UnreachableError, lambda: api.get(CONFIGMAP, "team-a", "one"))
    assert "cannot be reached" in str(error)
    assert "refused" in str(error)
    assert "object at 0x" not in str(error)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "ftp://127.0.0.1:1", "http://", "http://[::1", "http://a b", "https"]
)
def test_a_host_that_is_not_a_url_is_an_error(host: str) -> None:
    with pytest.raises((AuthError, UnreachableError)) as caught:
        api_for(host).get(CONFIGMAP, "team-a", "one")
    assert TOKEN not in str(caught.value)


def test_a_server_that_hangs_up_without_an_answer_is_reported(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", f"{SECRETS}/one", Answer(status=0), forever=True)
    assert "cannot be reached" in str(failure(UnreachableError, reading(api)))


def test_410_on_a_list_page_is_an_error_after_the_deadline(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", SECRETS, status_answer(410, "Expired", "continue token is too old"))
    # After the deadline a list does not restart.
    api.repeat_until(0)
    assert failure(ExpiredError, lambda: api.list_all(SECRET, "team-a")).status == 410

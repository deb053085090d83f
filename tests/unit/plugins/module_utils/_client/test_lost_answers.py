# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""If the answer to a write is lost, the error names what may have been written. No other error does."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.library import (
    urllib3,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.status_errors import (
    is_never_sent,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    CollectionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    CONFIGMAP,
    KDCLUSTER,
    SECRET,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, free_port, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS, api_for

Write = Callable[[Api, bool], Any]

WRITES: dict[str, tuple[str, str, Write]] = {
    "ConfigMap team-a/one was created": (
        "POST",
        f"{CORE}/configmaps",
        lambda api, dry: api.create(
            CONFIGMAP, "team-a", {"metadata": {"name": "one"}}, dry_run=dry
        ),
    ),
    "Secret team-a/one was changed": (
        "PATCH",
        f"{CORE}/secrets/one",
        lambda api, dry: api.merge_patch(SECRET, "team-a", "one", {}, dry_run=dry),
    ),
    "KDCluster team-a/notebook was changed": (
        "PATCH",
        f"{KDCLUSTERS}/notebook",
        lambda api, dry: api.json_patch(KDCLUSTER, "team-a", "notebook", [], dry_run=dry),
    ),
    "Secret team-a/one was deleted": (
        "DELETE",
        f"{CORE}/secrets/one",
        lambda api, dry: api.delete(SECRET, "team-a", "one", dry_run=dry),
    ),
}
LOST = {
    "no answer": Answer(0),
    "half an answer": Answer(body=b'{"kind": "Sec', length=400, cut=True),
    "truncated": Answer(body=b'{"kind": "Sec'),
    "no object": Answer(body=b"[]"),
    "500": status_answer(500, "InternalError", "etcdserver: request timed out"),
    "502": Answer(502, b"bad gateway", "text/plain"),
    "503": status_answer(503, "ServiceUnavailable", "try later"),
    "504": status_answer(504, "Timeout", "request did not complete within the allotted timeout"),
}


def error_of(write: Write, api: Api, *, dry_run: bool = False) -> CollectionError:
    """The error of a write that fails."""
    with pytest.raises(CollectionError) as caught:
        write(api, dry_run)
    return caught.value


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_the_error_names_what_may_have_been_written(
    server: ScriptedServer, api: Api, what: str, answer: Answer
) -> None:
    method, path, write = WRITES[what]
    server.on(method, path, answer)
    error = error_of(write, api)
    assert str(error).endswith(f" Whether {what} is not known: run the task again.")
    assert error.maybe_done


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_dry_run_writes_nothing(
    server: ScriptedServer, api: Api, what: str, answer: Answer
) -> None:
    method, path, write = WRITES[what]
    server.on(method, path, answer)
    assert "not known" not in str(error_of(write, api, dry_run=True))


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_read_writes_nothing(server: ScriptedServer, api: Api, answer: Answer) -> None:
    server.on("GET", f"{CORE}/secrets/one", answer)
    assert "not known" not in str(error_of(lambda api, _dry: api.get(SECRET, "team-a", "one"), api))


@pytest.mark.parametrize(
    "answer",
    [
        status_answer(409, "Conflict", "the object has been modified"),
        status_answer(422, "Invalid", "the server rejected our request"),
        status_answer(403, "Forbidden", "no"),
        status_answer(500, "InternalError", 'failed calling webhook "x": connection refused'),
    ],
)
@pytest.mark.parametrize("what", WRITES)
def test_a_refused_write_has_written_nothing(
    server: ScriptedServer, api: Api, what: str, answer: Answer
) -> None:
    method, path, write = WRITES[what]
    server.on(method, path, answer)
    assert "not known" not in str(error_of(write, api))


def test_a_write_that_was_never_sent_has_written_nothing() -> None:
    api = api_for(f"http://127.0.0.1:{free_port()}")
    _method, _path, write = WRITES["Secret team-a/one was changed"]
    assert "not known" not in str(error_of(write, api))


@pytest.mark.parametrize(
    ("error", "never"),
    [
        (ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), True),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), False),
        (ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]"), False),
    ],
)
def test_tls_that_breaks_may_break_after_the_request(error: ssl.SSLError, never: bool) -> None:
    assert is_never_sent(urllib3.exceptions.SSLError(error)) is never

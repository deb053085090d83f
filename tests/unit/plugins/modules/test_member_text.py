# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start script's output is shown without any secret value that its member may know, or not at all."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import NOTEBOOK, Run, headed
from tests.unit.plugins.namespace_server import CONFIGMETA, STATUS, STDERR, Namespace

VALUE = canary("basil" * 8)
PATH = "/opt/guestconfig/configure.stderr"

# An ansible-core without this argument always returns the options.
INVOCATION = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}


@pytest.fixture
def failing(space: Namespace) -> Namespace:
    """A notebook that connects to a Secret, and whose start script fails and prints its value."""
    space.add_object("Secret", "kept", object_type="token", data={"token": encoded(VALUE)})
    space.add_object("Secret", "other", object_type="token", data={"token": encoded("x" * 9)})
    space.add_kdcluster("notebook", "pod-0", configmaps=["model"], secrets=["kept"])
    space.files["pod-0", STATUS] = b"containerd://abc=7\n"
    space.files["pod-0", STDERR] = f"start\ncannot log in with {VALUE} here\n".encode()
    return space


def stderr_of(result: JsonObject) -> str:
    """The shown text; the warning has its last line, too."""
    (one,) = result["kdclusters"][0]["members"]
    assert one["reconnect"]["rc"] == 7
    text = str(one["reconnect"]["stderr"])
    assert text.splitlines()[-1] in " ".join(warnings_of(result))
    return text


def warnings_of(result: JsonObject) -> list[str]:
    """The warnings; ansible-core 2.19 and newer wrap them."""
    found = result.get("warnings", [])
    return [one if isinstance(one, str) else one["event"]["msg"] for one in found]


TASKS: dict[str, JsonObject] = {
    "connected and not named": {"configmaps": [{"name": "model", "data": {"path": "/new"}}]},
    "merely named": {"secrets": [{"name": "kept"}], "clusters": ["engine"]},
    "updated": {"secrets": [{"name": "kept", "string_data": {"token": canary("new")}}]},
    "disconnected": {"secrets": [{"name": "kept"}], "state": "absent"},
    "replaced": {"secrets": [{"name": "other"}], "exclusive": True},
}


@pytest.mark.parametrize("task", TASKS)
def test_the_value_of_a_secret_is_redacted(failing: Namespace, plain_run: Run, task: str) -> None:
    result = plain_run(kd_connection, **NOTEBOOK, **TASKS[task])
    assert VALUE not in json.dumps(result)
    assert stderr_of(result) == "start\ncannot log in with ******** here"


@pytest.mark.parametrize("place", ["secret key", "token", "connected token", "earlier value"])
def test_a_value_that_the_member_itself_holds_is_redacted(
    failing: Namespace, plain_run: Run, place: str
) -> None:
    held = canary(place)
    service = {"services": {"rest": {"authToken": held}}}
    role: JsonObject = {"secret_keys": {"key": held}} if place == "secret key" else service
    groups: JsonObject = {"1": {"roles": {"controller": role}}}
    entry: JsonObject = {"metadata": {"name": encoded("s")}, "data": {"a": encoded(held)}}
    places: dict[str, JsonObject] = {
        "connected token": {"connections": {"clusters": {"engine": {"nodegroups": groups}}}},
        "earlier value": {"connections": {"secrets": {"token": [entry]}}},
    }
    configmeta = places.get(place, {"nodegroups": groups})
    failing.files["pod-0", CONFIGMETA] = json.dumps(configmeta).encode()
    failing.files["pod-0", STDERR] = f"cannot use {held} here\n".encode()
    result = plain_run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert stderr_of(result) == "cannot use ******** here"


def test_secret_keys_of_a_kdcluster_that_is_disconnected_are_redacted(
    failing: Namespace, plain_run: Run
) -> None:
    held = canary("tarragon")
    role = {"controller": {"secret_keys": {"key": held}}}
    failing.add_kdcluster("notebook", "pod-0", clusters=["engine"])
    failing.files["pod-0", STATUS] = b"containerd://abc=7\n"
    failing.files["pod-e", CONFIGMETA] = json.dumps({"nodegroups": {"1": {"roles": role}}}).encode()
    failing.files["pod-0", STDERR] = f"lost {held} here\n".encode()
    result = plain_run(kd_connection, **NOTEBOOK, clusters=["engine"], state="absent")
    assert stderr_of(result) == "lost ******** here"


UNREADABLE = ["forbidden", "deleted", "no configmeta"]


@pytest.mark.parametrize("reaction", ["warn", "fail"])
@pytest.mark.parametrize("why", UNREADABLE)
def test_a_text_is_not_shown_if_a_value_cannot_be_read(
    failing: Namespace, plain_run: Run, server: ScriptedServer, why: str, reaction: str
) -> None:
    secret = f"{CORE}/secrets/kept"
    if why == "forbidden":
        refused = status_answer(403, "Forbidden", "secrets is forbidden")

        others = failing._answer

        def read(request: Request) -> Answer:
            """Metadata, but not the values."""
            whole = "PartialObjectMetadata" not in str(request.header("Accept"))
            return refused if request.path == secret and whole else others(request)

        server.otherwise = read
    elif why == "deleted":
        del failing.objects[secret]
    else:
        failing.files["pod-0", CONFIGMETA] = b"{"
    result = plain_run(
        kd_connection, kdcluster=["notebook"], clusters=["engine"], on_reconnect_failure=reaction
    )
    shown = result["msg"] if reaction == "fail" else " ".join(warnings_of(result))
    assert f"kubectl exec -n team-a pod-0 -c app -- cat {PATH}" in shown
    assert "exit code 7" in shown and "is not shown" in shown
    assert ("configmeta.json" if why == "no configmeta" else "Secret team-a/kept") in shown
    (one,) = result["kdclusters"][0]["members"]
    assert one["reconnect"] == {"rc": 7, "stderr": ""}
    assert VALUE not in json.dumps(result) and "cannot log in" not in json.dumps(result)


def test_a_value_at_the_cut_is_redacted_completely(failing: Namespace, plain_run: Run) -> None:
    tail = "b" * (4000 - len(VALUE) // 2)
    failing.files["pod-0", STDERR] = f"{'a' * 60000}{VALUE}{tail}".encode()
    result = plain_run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert stderr_of(result) == f"********{tail}"


def test_terminal_escapes_are_written_out(failing: Namespace, plain_run: Run) -> None:
    failing.files["pod-0", STDERR] = b"\x1b[2Jall is \x1b]0;well\x07\r\nfine\x08\n"
    result = plain_run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert stderr_of(result) == "\\x1b[2Jall is \\x1b]0;well\\x07\nfine\\x08"


def test_an_api_servers_message_is_redacted_before_it_is_cut(
    space: Namespace, plain_run: Run, server: ScriptedServer
) -> None:
    for length in (590 - len(VALUE) // 2, 560):
        said = f"{'a' * length} {VALUE}  b" + " c" * 100
        server.on("POST", f"{CORE}/secrets", status_answer(400, "BadRequest", said))
        secret = {"name": "s", "type": "token", "string_data": {"token": VALUE, "b": f"{VALUE}  b"}}
        result = plain_run(kd_connection, **NOTEBOOK, secrets=[secret])
        assert result["failed"] is True
        assert "aaa ***" in result["msg"]
        assert VALUE[:8] not in json.dumps(result)


def test_a_configmaps_credentials_are_nowhere_but_in_the_configmap(
    space: Namespace, plain_run: Run
) -> None:
    data = {"path": "/old", "token": VALUE, "app.properties": f"user=me\nAPP_PASSWORD={VALUE}\n"}
    entry = {"name": "model", "data": data}
    result = plain_run(kd_connection, **NOTEBOOK, configmaps=[entry], **INVOCATION)
    assert VALUE not in json.dumps(result)
    shown = headed(result["diff"], "ConfigMap team-a/model")["after"]["data"]
    assert shown == {
        "path": "/old", "token": "(hidden)", "app.properties": "user=me\nAPP_PASSWORD=(hidden)\n",
    }  # fmt: skip
    shown = [text for text in warnings_of(result) if "credential" in text]
    assert len(shown) == 2
    assert space.objects[f"{CORE}/configmaps/model"]["data"] == data
    entry = {"name": "model", "data": {**data, "token": VALUE + "x"}}
    result = plain_run(kd_connection, **NOTEBOOK, configmaps=[entry])
    before, after = (
        headed(result["diff"], "ConfigMap team-a/model")[side]["data"]
        for side in ("before", "after")
    )
    assert (before["token"], after["token"]) == ("(hidden)", "(hidden, other value)")
    assert VALUE not in json.dumps(result)


def test_a_password_in_the_api_servers_address_is_refused_and_not_shown(
    space: Namespace, plain_run: Run
) -> None:
    host = f"https://me:{VALUE}@api.example.com"
    result = plain_run(kd_connection, **{**NOTEBOOK, "host": host}, **INVOCATION)
    assert result["failed"] is True
    assert "https://********@api.example.com" in result["msg"] and "username" in result["msg"]
    assert VALUE not in json.dumps(result)
    assert space.writes == []

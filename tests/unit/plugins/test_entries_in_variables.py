# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connections reads its entries from a variable and from a file of variables, as a whole run of Ansible does."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.vault import vars_file, vaulted
from tests.unit.plugins.clients import CORE, TOKEN
from tests.unit.plugins.namespace_server import Namespace

pytestmark = pytest.mark.whole_run
SECRET = canary("a value beside a broken template")
NOWHERE = {"host": "http://127.0.0.1:1", "api_key": "none"}
CONNECT = "kubedirector.connections.connect"
MODEL: dict[str, Any] = {
    "namespace": "team-a",
    "kdcluster": ["notebook"],
    "configmaps": [
        {
            "name": "model",
            "type": "{{ no_type | default(omit) }}",
            "data": {"path": "{{ base }}/digits"},
        }
    ],
}


@pytest.fixture
def live(space: Namespace) -> Namespace:
    """A namespace with a notebook, which connects to a ConfigMap."""
    space.add_object("ConfigMap", "model", data={"path": "/old"})
    space.add_kdcluster("notebook", "pod-0", configmaps=["model"])
    return space


def auth(live: Namespace) -> dict[str, str]:
    """The options to reach the scripted server."""
    return {"host": live.server.url, "api_key": TOKEN}


def written(folder: Path, **variables: Any) -> Path:
    """A file of variables."""
    file = folder / "connections.yml"
    file.write_text(yaml.safe_dump(variables))
    return file


def run(folder: Path, options: dict[str, Any], **variables: Any) -> PlaybookRun:
    """Run one task of kd_connections, with extra variables."""
    task = {"kubedirector.connections.kd_connections": options}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]))
    return run_playbook(playbook, "-e", json.dumps(variables), kubeconfig=None)


def path_of(live: Namespace) -> str:
    """The path in the ConfigMap's data."""
    return str(live.objects[f"{CORE}/configmaps/model"]["data"]["path"])


def test_a_file_has_entries_their_variables_and_the_authentication(
    live: Namespace, tmp_path: Path
) -> None:
    file = written(tmp_path, kd_connections=[MODEL], kd_auth=auth(live), base="/of-the-file")
    done = run_playbook(CONNECT, "-e", f"kd_connections_file={file}", kubeconfig=None)
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 1
    assert path_of(live) == "/of-the-file/digits"


def test_extra_variables_override_those_of_the_file(live: Namespace, tmp_path: Path) -> None:
    file = written(tmp_path, kd_connections=[MODEL], kd_auth=NOWHERE, base="/of-the-file")
    extra = {"kd_connections_file": str(file), "kd_auth": auth(live), "base": "/extra"}
    done = run_playbook(CONNECT, "-e", json.dumps(extra), kubeconfig=None)
    assert done.returncode == 0, done.output
    assert path_of(live) == "/extra/digits"


def test_a_variable_is_evaluated_when_the_task_runs(live: Namespace, tmp_path: Path) -> None:
    options = {"variable": "listed", "on_reconnect_failure": "ignore", **auth(live)}
    done = run(tmp_path, options, listed="{{ [entry] }}", entry=MODEL, base="/here")
    assert done.returncode == 0, done.output
    assert path_of(live) == "/here/digits"


@pytest.mark.parametrize("given", ["file", "variable"])
def test_each_broken_template_is_named_without_its_surroundings(
    live: Namespace, tmp_path: Path, given: str
) -> None:
    values = {
        "token": SECRET,
        "other": "{{ unset.away }}",
        "sum": "{{ 1 + none }}",
        "date": "{{ marked | to_datetime }}",
        "key": "{{ {}[marked] }}",
        "zero": "{{ 1 // 0 }}",
    }
    secret = {"name": "login", "type": "token", "string_data": values}
    entries = [
        {**MODEL, "configmaps": []},
        {"namespace": "{{ team }}", "kdcluster": ["notebook"], "secrets": [secret]},
    ]
    options = {"variable": "list", **auth(live)}
    if given == "file":
        file = written(tmp_path, list=entries, marked=SECRET)
        done = run(tmp_path, {**options, "file": str(file)})
    else:
        done = run(tmp_path, options, list=entries, marked=SECRET)
    assert done.returncode != 0
    for field, why in (
        ("namespace", "'team' is undefined"),
        ("secrets[login].string_data.other", "'unset' is undefined"),
        ("secrets[login].string_data.sum", "its template fails"),
        ("secrets[login].string_data.date", "its template fails"),
        ("secrets[login].string_data.key", "what it looks up is not there"),
        ("secrets[login].string_data.zero", "its template fails"),
    ):
        said = f"entry 2 (kdcluster notebook), {field}: cannot be worked out: {why}."
        assert said in done.output, done.output
    assert SECRET not in done.output
    assert ("connections.yml" in done.output) is (given == "file")
    assert live.server.requests == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Give one of connections, a list of entries, and variable"),
        ({"variable": "listed", "connections": [MODEL]}, "Give one of connections"),
        ({"file": "connections.yml"}, "Give one of connections"),
        ({"variable": "nothing"}, "There is no variable nothing. Give it"),
        ({"variable": "listed", "file": "connections.yml"}, "listed is a variable already, so connections.yml is not read"),
        ({"variable": ["listed"]}, "variable: text belongs here."),
        ({"variable": ""}, "variable: text belongs here."),
        ({"variable": "nothing", "file": {"a": 1}}, "file: text belongs here."),
        ({"variable": "text"}, "text: a list of dictionaries with kd_connection's options belongs here."),
        ({"variable": "single"}, "single: a list of dictionaries with kd_connection's options belongs here."),
        ({"variable": "nothing", "file": "missing.yml"}, "missing.yml cannot be read as a file of variables: "),
        (
            {"variable": "nothing", "file": "a: b\nc: d\n"},
            "What is given cannot be read as a file of variables: No such file",
        ),
    ],
)  # fmt: skip
def test_contradicting_or_missing_entries_are_refused(
    live: Namespace, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    single = {"namespace": "{{ unset }}"}
    done = run(
        tmp_path, {**options, **auth(live)}, listed=[MODEL], base="/here", text="a", single=single
    )
    assert done.returncode != 0
    assert said in done.output, done.output
    assert live.server.requests == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host": "{{ unset }}", "api_key": SECRET}, "kd_auth cannot be worked out: 'unset' is undefined."),
        ("{{ whole }}", "kd_auth cannot be worked out: 'unset' is undefined."),
        ([SECRET], "kd_auth has to be a dictionary of authentication options."),
    ],
    ids=range(3),
)  # fmt: skip
def test_unusable_authentication_in_a_file_is_named_without_its_values(
    live: Namespace, tmp_path: Path, given: Any, said: str
) -> None:
    whole = {"host": "{{ unset }}", "api_key": SECRET}
    file = written(tmp_path, kd_connections=[MODEL], kd_auth=given, whole=whole, base="/here")
    done = run_playbook(CONNECT, "-e", f"kd_connections_file={file}", kubeconfig=None)
    assert done.returncode != 0
    assert f"connections.yml: {said}" in done.output, done.output
    assert SECRET not in done.output
    assert live.server.requests == []


def test_the_authentication_in_a_file_replaces_that_of_the_task(
    live: Namespace, tmp_path: Path
) -> None:
    given = {
        "host": live.server.url,
        "api_key": "{{ nothing | default(omit) }}",
        "username": "file",
        "password": SECRET,
    }
    file = written(tmp_path, listed=[MODEL], kd_auth=given, base="/here")
    options = {
        "variable": "listed",
        "file": str(file),
        "host": "http://127.0.0.1:1",
        "api_key": TOKEN,
    }
    done = run(tmp_path, options)
    assert done.returncode == 0, done.output
    sent = {
        value.partition(" ")[0]
        for request in live.server.requests
        for name, value in request.headers
        if name == "Authorization"
    }
    assert sent == {"Basic"}, done.output
    assert SECRET not in done.output and TOKEN not in done.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"list:\n- token: !{SECRET}\n", "it is not valid YAML, near line 2."),
        (f"list: [{{a: {SECRET}\n  b: c: d\n", "it is not valid YAML"),
        ("\x01\x02", "it is not valid YAML"),
        (f"- {SECRET}\n", "it is not a dictionary."),
        (f"list: [{SECRET}, 2024-02-30]\n", "it is not valid YAML"),
    ],
    ids=range(5),
)
def test_a_file_that_cannot_be_read_is_named_without_its_content(
    live: Namespace, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "connections.yml"
    file.write_text(content)
    done = run(tmp_path, {"variable": "list", "file": str(file), **auth(live)})
    assert done.returncode != 0
    assert f"{file} cannot be read as a file of variables: {said}" in done.output, done.output
    assert SECRET not in done.output


def test_a_pipe_is_refused_before_it_is_opened(live: Namespace, tmp_path: Path) -> None:
    """Opening a pipe blocks until a program writes to it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = run(tmp_path, {"variable": "list", "file": str(pipe), **auth(live)})
    assert (
        f"{pipe} cannot be read as a file of variables: it is not an ordinary file." in done.output
    ), done.output


def test_audit_shows_nothing_of_a_file_that_it_cannot_read(live: Namespace, tmp_path: Path) -> None:
    file = tmp_path / "connections.yml"
    file.write_text(f"kd_connections:\n- token: !{SECRET}\n")
    done = run_playbook(
        "kubedirector.connections.audit", "-e", f"kd_connections_file={file}", kubeconfig=None
    )
    assert done.returncode != 0
    assert f"{file} cannot be read as a file of variables: it is not valid YAML." in done.output, (
        done.output
    )
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (["/srv/a:b/c.yml:3"], "/srv/a:b/c.yml, entry 1"),
        ("c.yml:7,c.yml:9", "c.yml, entry 1"),
        ([5], "entry 1"),
        ({"a": 1}, "places: a list belongs here."),
    ],
    ids=range(4),
)
def test_places_of_any_form_cause_no_traceback(
    live: Namespace, tmp_path: Path, places: Any, said: str
) -> None:
    entry = {"namespace": "team-a", "kdcluster": ["notebook"], "secretz": ["login"]}
    done = run(tmp_path, {"connections": [entry], "places": places, **auth(live)})
    assert done.returncode != 0
    assert said in done.output, done.output
    assert "Traceback" not in done.output


def test_a_file_of_an_option_beside_the_list_is_named_by_its_option(
    live: Namespace, tmp_path: Path
) -> None:
    options = {"connections": [], "secrets": [{"name": "a", "src": "missing.yml"}]}
    done = run(tmp_path, {**options, **auth(live)})
    assert done.returncode != 0
    assert "secrets[a].src: " in done.output, done.output
    assert "entry 1" not in done.output and "Traceback" not in done.output


def test_a_value_with_another_vault_password_is_named(live: Namespace, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("the password of the file")
    wrong.write_text("the password of the run")
    entry = {**MODEL, "secrets": [{"name": "login", "type": "token"}]}
    entry["secrets"][0]["string_data"] = {"token": vaulted(SECRET, right)}
    file = tmp_path / "connections.yml"
    file.write_text(vars_file({"kd_connections": [entry], "kd_auth": auth(live), "base": "/here"}))
    done = run_playbook(
        CONNECT, "-e", f"kd_connections_file={file}", f"--vault-password-file={wrong}",
        kubeconfig=None,
    )  # fmt: skip
    assert done.returncode != 0
    said = "secrets[login].string_data.token: cannot be worked out: no vault password of this run decrypts it."
    assert said in done.output, done.output
    assert live.server.requests == []

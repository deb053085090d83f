# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook connect: a list of entries, of which one invalid entry stops the play before the first write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.audit_log import AuditLog
from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import encoded
from tests.harness.modules import Fresh, Modules, model
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.vault import Vaulted, vars_file, vaulted
from tests.integration.conftest import TENANT
from tests.integration.test_connect import application, connections_of

Entries = list[Any]
Connect = Callable[..., PlaybookRun]
TOKEN, KEY = canary("entries-token"), canary("entries-key")


@pytest.fixture(scope="module")
def vault_password(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the password of ansible-vault."""
    path = tmp_path_factory.mktemp("vault") / "password"
    path.write_text("of these tests")
    return path


@pytest.fixture(scope="module")
def key(vault_password: Path) -> Vaulted:
    """KEY, encrypted."""
    return vaulted(KEY, vault_password)


@pytest.fixture
def connect(tenant: Modules, tmp_path: Path, vault_password: Path) -> Connect:
    """Run the playbook with these entries in a file, as the tenant; no output shows a secret of them."""

    def run(
        entries: Entries, *arguments: str, by_name: bool = True, encrypted: bool = False
    ) -> PlaybookRun:
        text = vars_file({"kd_connections": entries, "kd_auth": dict(tenant.auth), "token": TOKEN})
        file = tmp_path / "connections.yml"
        file.touch(mode=0o600)
        file.write_text(vaulted(text, vault_password) if encrypted else text)
        given = f"kd_connections_file={os.path.relpath(file)}" if by_name else f"@{file}"
        done = run_playbook(
            "kubedirector.connections.connect", "-vvv", "--diff", "-e", given, *arguments,
            f"--vault-password-file={vault_password}", kubeconfig=None,
        )  # fmt: skip
        assert not [
            one for one in (TOKEN, KEY) if one in done.output or encoded(one) in done.output
        ]
        return done

    return run


@pytest.fixture
def refused(
    connect: Connect, versions: Callable[[], dict[str, str]], audit_log: AuditLog | None, home: str
) -> Connect:
    """Run the playbook, which must fail; checks objects and audit log for writes."""

    def run(entries: Entries, *, asks: bool, **options: bool) -> PlaybookRun:
        before = versions()
        mark = 0 if audit_log is None else audit_log.mark()
        done = connect(entries, **options)
        assert done.returncode != 0
        assert versions() == before, "something was written"
        if audit_log is not None:
            made = audit_log.since(mark, f"system:serviceaccount:{home}:{TENANT}")
            assert not [one for one in made if one.writes]
            assert bool(made) == asks, made
        return done

    return run


def broken(name: str, key: Vaulted) -> list[tuple[dict[str, Any] | list[str], str]]:
    """Entries and the message for each, without the entry's number."""
    login: dict[str, Any] = {"name": name, "type": "source-control"}
    return [
        ({"kdcluster": ["lab"], "secret": [login]}, "(kdcluster lab), secret: is not an option here; did you"),
        ({"kdcluster": ["lab"], "context": "prod"}, "(kdcluster lab), context: the way to the API server"),
        ({"secrets": TOKEN}, "(no kdcluster), secrets: text stands where a list belongs"),
        ({"secrets": [{**login, "string_data": TOKEN}]}, f"secrets[{name}].string_data: text stands"),
        ({"secrets": [{**login, "string_data": {"a": ["{{ token }}"]}}]}, f"secrets[{name}].string_data.a: "),
        ({"secrets": [{**login, "data": {"a": TOKEN}}]}, f"secrets[{name}].data.a: key a is not valid base64"),
        ({"secrets": [{**login, "data": {"a": key}}]}, f"secrets[{name}].data.a: key a is not valid base64"),
        ({"secrets": [{**login, "string_data": key}]}, f"secrets[{name}].string_data: text stands"),
        ({"configmaps": [{"name": "Upper_Case"}]}, "configmaps[Upper_Case].name: ConfigMap 'Upper_Case'"),
        ({"configmaps": [{"type": "model"}]}, "configmaps[no. 1]: name is missing."),
        ({"secrets": [{**login, "type": "two words"}]}, f"secrets[{name}].type: 'two words' is not a valid"),
        ({"kdcluster": ["lab"], "clusters": ["lab"]}, "KDCluster lab cannot be connected to itself"),
        ({"kdcluster": ["lab"], "state": "gone"}, "(kdcluster lab), state: is none of present, absent."),
        ({"kdcluster": ["lab"], "wait_timeout": "soon"}, "wait_timeout: text stands where a whole number"),
        ({"kdcluster": ["lab"], "exclusive": True, "state": "absent"}, "Option exclusive goes with"),
        ([TOKEN], "(unreadable): an entry is a dictionary with kd_connection's options."),
    ]  # fmt: skip


@pytest.mark.parametrize("by_name", [True, False])
def test_every_invalid_entry_is_named_before_any_request(
    refused: Connect, fresh: Fresh, home: str, key: Vaulted, by_name: bool
) -> None:
    name = fresh("entries")
    bad = broken(name, key)
    fine = {"namespace": home, "kdcluster": ["lab"], "configmaps": [model(name)]}
    done = refused([fine, *(entry for entry, _said in bad)], asks=False, by_name=by_name)
    lines = done.output.splitlines()
    for number, (_entry, said) in enumerate(bad, 2):
        reported = [line for line in lines if f"entry {number} (" in line and said in line]
        assert reported, f"entry {number}: {said} not in {done.output}"
        if by_name:
            assert all("connections.yml" in line for line in reported)


def test_entries_that_contradict_each_other_are_refused(
    refused: Connect, fresh: Fresh, home: str
) -> None:
    name = fresh("entries")
    entries = [
        {"namespace": home, "kdcluster": ["second"], "clusters": ["lab"]},
        {
            "namespace": home,
            "kdcluster": ["lab"],
            "clusters": ["second"],
            "configmaps": [model(name)],
        },
    ]
    done = refused(entries, asks=False)
    assert (
        f"KDCluster {home}/second to itself through a cycle (second -> lab -> second)"
        in done.output
    )


def test_errors_that_only_the_api_server_knows_stop_before_the_first_write(
    refused: Connect, fresh: Fresh, home: str
) -> None:
    name, nowhere = fresh("entries"), fresh("nowhere")
    entries = [
        {"namespace": home, "kdcluster": ["lab"], "configmaps": [model(name)]},
        {"namespace": home, "kdcluster": ["second"], "configmaps": [{"name": name}]},
        {"namespace": home, "kdcluster": [nowhere], "configmaps": [{"name": name}]},
        {"namespace": home, "kdcluster": ["second"], "secrets": [{"name": nowhere}]},
    ]
    done = refused(entries, asks=True)
    lost = f"entry 3 (kdcluster {nowhere}): KDCluster {home}/{nowhere} does not exist"
    assert lost in done.output
    assert f"entry 4 (kdcluster second): Secret {home}/{nowhere} does not exist" in done.output


def test_a_list_is_checked_applied_and_then_unchanged(
    connect: Connect,
    key: Vaulted,
    emptied: Named,
    fresh: Fresh,
    home: str,
    kubectl: Kubectl,
    versions: Callable[[], dict[str, str]],
) -> None:
    lab, second = emptied("lab"), emptied("second")
    name = fresh("entries")
    login = {"name": name, "type": "login", "string_data": {"token": "{{ token }}", "key": key}}
    entries = [
        # What it names is made by the last entry, and the KDCluster it connects to changes there.
        {"namespace": home, "kdcluster": ["lab"], "clusters": ["second"], "configmaps": [{"name": name}]},
        {"namespace": home, "kdcluster": ["second"], "configmaps": [model(name)], "secrets": [login]},
    ]  # fmt: skip
    before = versions()
    rehearsed = connect(entries, "--check")
    assert rehearsed.returncode == 0, rehearsed.output
    assert versions() == before
    done = connect(entries)
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 1, done.output
    assert connections_of(lab) == {"clusters": ["second"], "configmaps": [name], "secrets": []}
    assert connections_of(second) == {"clusters": [], "configmaps": [name], "secrets": [name]}
    read = application(second)["secrets"]["login"][0]["data"]
    assert read == {"token": TOKEN, "key": KEY}
    done = connect(entries, encrypted=True)
    assert (done.returncode, done.counts["changed"]) == (0, 0), done.output
    emptied("lab")
    emptied("second")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("kd_connections: [{kdcluster: lab\n  a: b: c\n", "cannot be read as a file of variables: "),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "cannot be read as a file of variables: Attempting to decrypt"),
        ("something: else\n", "holds no kd_connections"),
        ("kd_connections: 1\n", "a list of dictionaries with kd_connection's options belongs here"),
        (f'kd_connections: [{{namespace: "{TOKEN}", kdcluster: "{{{{ no_such }}}}"}}]\n', "'no_such' is"),
    ],
    # By number: the names of tests are in a report that is searched, too.
    ids=range(5),
)  # fmt: skip
def test_a_file_without_a_list_of_entries_is_named(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "connections.yml"
    file.write_text(content)
    done = run_playbook(
        "kubedirector.connections.connect", "-e", f"kd_connections_file={file}", kubeconfig=None
    )
    assert done.returncode != 0
    assert str(file) in done.output and said in done.output, done.output
    assert TOKEN not in done.output

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_configmeta_info on members that differ, lag behind, or cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.integration_objects import READER_TOKEN, UNSCHEDULABLE
from tests.harness.kdcluster import CONFIGMETA, KDCluster
from tests.harness.kubectl import Manifest
from tests.harness.manifests import encoded
from tests.harness.modules import Modules

SAVED = "/tmp/configmeta.saved"

Tampered = Callable[[str], AbstractContextManager[str]]
Result = dict[str, Any]


@pytest.fixture
def reader(kdcluster: Named) -> KDCluster:
    """A settled KDCluster of three members, connected to a ConfigMap, a Secret and a KDCluster."""
    found = kdcluster("reader")
    kdcluster("backend").wait_settled()
    found.wait_settled()
    return found


@pytest.fixture
def tampered(reader: KDCluster) -> Tampered:
    """Change the second controller's file by a shell command, and restore it afterwards."""

    @contextmanager
    def change(command: str) -> Iterator[str]:
        pod = reader.members("controller")[1].pod
        script = f"cp {CONFIGMETA} {SAVED} && {command}"
        done = reader.exec(pod, "sh", "-c", script)
        assert done.returncode == 0, done.stderr
        try:
            yield pod
        finally:
            done = reader.exec(pod, "cp", SAVED, CONFIGMETA)
            assert done.returncode == 0, done.stderr

    return change


def replaced(old: str, new: str) -> str:
    """A shell command that replaces text in the file, which must be there."""
    return f"grep -q '{old}' {CONFIGMETA} && sed -i 's|{old}|{new}|g' {CONFIGMETA}"


def members(tenant: Modules, **arguments: Any) -> tuple[Result, list[Result]]:
    """The result for `reader`, and its members, the controllers first: the operator lists the roles in any order."""
    (reported,) = tenant.read(kdcluster=["reader"], **arguments).json["kdclusters"]
    return reported, controllers_first(reported)


def controllers_first(reported: Result) -> list[Result]:
    """The members of `reader`."""
    found: list[Result] = reported["members"]
    return sorted(found, key=lambda one: one["role"] != "controller")


def test_members_that_differ_are_reported(
    tenant: Modules, tampered: Tampered, reader: KDCluster
) -> None:
    with tampered(replaced("birth", "death")) as pod:
        reported, (first, second, _sidecar) = members(tenant)
    assert reported["consistent"] is False
    (difference,) = reported["differences"]
    assert {difference["pod"], difference["other_pod"]} == {pod, reader.pod()}
    assert difference["path"] == "connections.configmaps.info[0].data.origin"
    assert (first["current"], first["stale"]) == (True, [])
    assert second["current"] is False
    (stale,) = second["stale"]
    assert (stale["kind"], stale["name"]) == ("ConfigMap", "reader-info")
    assert "data.origin" in stale["reason"]


def test_a_file_of_64_mib_is_refused(tenant: Modules, tampered: Tampered) -> None:
    with tampered(f"truncate -s 64M {CONFIGMETA}") as pod:
        message = tenant.configmeta(kdcluster=["reader"], pods=[pod]).message
    assert f"/{pod}: what it holds in {CONFIGMETA} is longer than" in message and "bytes" in message


def test_a_stale_secret_is_reported_without_its_value(tenant: Modules, tampered: Tampered) -> None:
    old = encoded("an older secret")
    place = 'meta["connections"]["secrets"]["token"][0]["data"]["token"]'
    # Not by its value: the API server's audit log keeps the commands that it hands on.
    with tampered(rewritten(f'{place} = "{old}"')):
        result = tenant.read(kdcluster=["reader"])
    (_first, second, _sidecar) = controllers_first(result.json["kdclusters"][0])
    (stale,) = second["stale"]
    assert (stale["kind"], stale["name"]) == ("Secret", "reader-token")
    assert "data.token" in stale["reason"]
    for value in ("an older secret", old, READER_TOKEN, encoded(READER_TOKEN)):
        assert value not in result.output


def rewritten(change: str) -> str:
    """A shell command that runs a Python statement on the file's content `meta`."""
    return (
        f'python3 -c \'import json; p = "{CONFIGMETA}"; meta = json.load(open(p)); '
        f'c = meta["connections"]; {change}; json.dump(meta, open(p, "w"))\''
    )


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        ('del c["configmaps"]["info"]', "ConfigMap", "reader-info"),
        ('del c["secrets"]["token"]', "Secret", "reader-token"),
        ('del c["clusters"]["backend"]', "KDCluster", "backend"),
        (
            'c["configmaps"]["more"] = [dict(c["configmaps"]["info"][0], metadata={"name": "more"})]',
            "ConfigMap",
            "more",
        ),
        ('c["configmaps"]["info"][0]["labels"]["x"] = "y"', "ConfigMap", "reader-info"),
        ('c["clusters"]["backend"]["cluster"]["id"] = "a-former-one"', "KDCluster", "backend"),
        (
            'c["clusters"]["backend"]["nodegroups"]["1"]["roles"]["restserver"]["node_ids"] = ["99"]',
            "KDCluster",
            "backend",
        ),
    ],
)
def test_missing_leftover_and_different_parts_are_stale(
    tenant: Modules, tampered: Tampered, change: str, kind: str, name: str
) -> None:
    with tampered(rewritten(change)):
        reported, (first, second, _sidecar) = members(tenant)
    assert reported["consistent"] is False
    assert first["current"] is True
    assert second["current"] is False
    assert [(one["kind"], one["name"]) for one in second["stale"]] == [(kind, name)]


def test_only_node_may_differ(tenant: Modules, tampered: Tampered) -> None:
    with tampered(rewritten('meta["node"]["hostname"] = "elsewhere"')):
        reported, _members = members(tenant)
    assert reported["consistent"] is True and reported["differences"] == []


UNREADABLE = {
    "half-written": f"head -c 300 {SAVED} > {CONFIGMETA}",
    "empty": f": > {CONFIGMETA}",
    "not JSON": f"echo 'by hand' > {CONFIGMETA}",
    "no object": f"echo '[1, 2]' > {CONFIGMETA}",
    "absent": f"rm {CONFIGMETA}",
}


@pytest.mark.parametrize("command", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_fails_the_task(
    tenant: Modules, tampered: Tampered, reader: KDCluster, command: str
) -> None:
    with tampered(command) as pod:
        message = tenant.configmeta(kdcluster=["reader"]).message
    assert pod in message and "controller" in message
    assert f"{reader.namespace}/reader" in message
    assert CONFIGMETA in message


@pytest.mark.parametrize("command", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_reported_on_request(
    tenant: Modules, tampered: Tampered, command: str
) -> None:
    with tampered(command) as pod:
        reported, (first, second, _sidecar) = members(tenant, on_member_error="report")
    assert second["pod"] == pod
    assert CONFIGMETA in second["error"]
    assert (second["configmeta"], second["current"], second["stale"]) == (None, None, [])
    assert (first["error"], first["current"]) == (None, True)
    assert first["configmeta"]["connections"]["configmaps"]["info"]
    assert reported["consistent"] is None, "the content of the other one is unknown"


@pytest.mark.parametrize(
    "text",
    ["{}", '{"connections": null}', '{"connections": 1}', '{"connections": {"clusters": []}}'],
)
def test_a_file_of_another_shape_is_not_current(
    tenant: Modules, tampered: Tampered, text: str
) -> None:
    with tampered(f"echo '{text}' > {CONFIGMETA}") as pod:
        _result, (first, second, _sidecar) = members(tenant, on_member_error="report")
    assert second["pod"] == pod
    assert second["error"] or (second["current"] is False and second["stale"])
    assert first["current"] is True


def test_a_message_about_a_broken_file_shows_none_of_it(
    tenant: Modules, tampered: Tampered
) -> None:
    broken = f"cp {SAVED} {CONFIGMETA} && echo tail >> {CONFIGMETA}"
    with tampered(broken):
        result = tenant.configmeta(kdcluster=["reader"])
    assert result.failed
    for value in (READER_TOKEN, encoded(READER_TOKEN)):
        assert value not in result.output


def test_a_role_without_config_package_is_reported_and_never_fails(
    tenant: Modules, reader: KDCluster
) -> None:
    reported, (*_controllers, sidecar) = members(tenant, on_member_error="fail")
    assert sidecar["role"] == "sidecar"
    assert "config package" in sidecar["error"]
    assert (sidecar["configmeta"], sidecar["current"]) == (None, None)
    assert reported["consistent"] is True


def test_a_pod_that_is_not_running_is_reported(tenant: Modules, kdcluster: Named) -> None:
    pending = kdcluster(UNSCHEDULABLE)
    (member,) = pending.members()
    message = tenant.configmeta(kdcluster=[pending.name]).message
    assert member.pod in message and "controller" in message
    assert f"{pending.namespace}/" in message and member.state in message
    assert ".." not in message
    (found,) = tenant.read(kdcluster=[pending.name], on_member_error="report").json["kdclusters"]
    assert found["state"] == "creating"
    (reported,) = found["members"]
    assert member.pod == reported["pod"] and reported["error"]
    assert (reported["configmeta"], reported["current"]) == (None, None)


def test_a_deleted_pod_is_reported_without_a_traceback(tenant: Modules, kdcluster: Named) -> None:
    restarts = kdcluster("restarts")
    restarts.wait_settled(2 * restarts.timing.settle_seconds)
    pod = restarts.pod()
    restarts.kubectl.ok(
        "delete", "pod", pod, "--grace-period=1", "--wait=false", namespace=restarts.namespace
    )
    # Whether the pod is terminating, deleted, pending or running again: the result is about it, without a traceback.
    result = tenant.read(kdcluster=["restarts"], on_member_error="report")
    (reported,) = result.json["kdclusters"][0]["members"]
    assert reported["pod"] == pod
    assert (reported["error"] is None) != (reported["configmeta"] is None)
    restarts.wait_settled(2 * restarts.timing.settle_seconds)


def test_missing_objects_and_objects_without_a_type_label_are_stale(
    tenant: Modules, emptied: Named, kdcluster: Named
) -> None:
    lab = emptied("lab")
    untyped: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "untyped"},
        "data": {"a": "1"},
    }
    lab.kubectl.create(untyped, namespace=lab.namespace)
    lab.kubectl.patch(
        "kubedirectorclusters.kubedirector.hpe.com", "lab",
        {"spec": {"connections": {"configmaps": ["untyped", "no-such-map"]}}},
        namespace=lab.namespace,
    )  # fmt: skip
    lab.wait_settled()
    (reported,) = tenant.read(kdcluster=["lab"]).json["kdclusters"][0]["members"]
    names = [one["name"] for one in reported["stale"]]
    assert (reported["current"], names) == (False, ["untyped", "no-such-map"])
    assert json.dumps(reported["configmeta"]["connections"]["configmaps"]) == "{}"

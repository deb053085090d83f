# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation reaches every KDCluster that names the object, or none: asked of kubectl and the pods."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.connection_hash import connection_hash
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.documentation import marked_blocks, plugin_examples
from tests.harness.integration_objects import WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.modules import Modules, succeeded
from tests.harness.playbook import run_playbook
from tests.harness.sessions import replayed, session
from tests.harness.timing import Timing
from tests.integration.playbook import run_play, task
from tests.integration.playbooks.bad_role_data import (
    BadData,
    missing_refusals,
    refused_play,
    whole_names,
)
from tests.integration.playbooks.context import kubeconfig_in
from tests.integration.playbooks.rotation import (
    EXIT,
    KEPT,
    LINKED,
    MODEL,
    NAMING,
    SECRET,
    SHARED,
    STEERING,
    Find,
    assert_absent,
    assert_everywhere,
    fresh_value,
    kdclusters,
    objects,
    secret_values,
    steer,
)

DOCUMENTED = "team-a"


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, timing: Timing, new_namespace: Callable[[], str]) -> str:
    """A namespace with those KDClusters, settled."""
    name = new_namespace()
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(WORKBENCH, *objects(), namespace=name)
    # The operator dies of a KDCluster that connects to one without a status (measured, source:
    # calcConnectionsHash), so the one that connects comes last.
    *first, connecting = kdclusters()
    for some in (first, [connecting]):
        kubectl.create(*some, namespace=name)
        for one in some:
            found = KDCluster(kubectl, name, one["metadata"]["name"], timing)
            found.wait_settled(timing.configure_seconds)
    return name


@pytest.fixture
def find(kubectl: Kubectl, place: str, timing: Timing) -> Find:
    """The KDClusters by name."""
    return lambda name: KDCluster(kubectl, place, name, timing)


@pytest.fixture(scope="module")
def modules(kubectl: Kubectl, place: str, address: dict[str, str]) -> Modules:
    """The modules as somebody who may do in the namespace what kd_access grants, and no more."""
    admin = Modules({"kubeconfig": str(kubectl.kubeconfig)}, place)
    succeeded(admin.access(name="rotator"))
    token = kubectl.ok("create", "token", "rotator", "--duration=1h", namespace=place).strip()
    return Modules({**address, "api_key": token}, place)


def test_two_kdclusters_get_the_new_value_in_one_change_and_again_nothing(
    modules: Modules, kubectl: Kubectl, place: str, find: Find
) -> None:
    before, new = kubectl.get("secret", SECRET, namespace=place), fresh_value()
    generations = {name: find(name).generation() for name in NAMING}
    tried = succeeded(modules.rotation(check_mode=True, secret=SECRET, string_data={"token": new}))
    assert tried.changed and list(tried.kdclusters) == list(NAMING)
    assert kubectl.get("secret", SECRET, namespace=place) == before

    done = succeeded(modules.rotation(diff=True, secret=SECRET, string_data={"token": new}))
    assert done.json["object"] == {
        "kind": "Secret", "name": SECRET, "type": "source-control", "action": "updated",
        "changed_keys": ["token"],
    }  # fmt: skip
    assert (done.changed, done.json["rolled_back"]) == (True, False)
    for name in NAMING:
        told, manifest = done.kdclusters[name], find(name).get()
        (member,) = told["members"]
        assert member["reconnect"] == {"rc": 0, "stderr": ""}
        assert told["connection_hash"] == connection_hash(kubectl, place, manifest["spec"])
        assert told["spec_generation"] == find(name).generation() == generations[name] + 1
        assert told["state"] == manifest["status"]["state"]
    assert_everywhere(find, NAMING, "secrets", SECRET, token=new, username=KEPT)
    after = kubectl.get("secret", SECRET, namespace=place)
    for field in ("labels", "annotations"):
        assert after["metadata"][field] == before["metadata"][field]
    assert secret_values(kubectl, place) == {"token": new, "username": KEPT}

    again = succeeded(modules.rotation(secret=SECRET, data={"token": after["data"]["token"]}))
    assert not again.changed
    assert kubectl.get("secret", SECRET, namespace=place) == after
    assert_absent(done.output + again.output, new, KEPT)


def test_one_application_that_refuses_brings_the_old_values_back_for_all(
    modules: Modules, kubectl: Kubectl, place: str, find: Find
) -> None:
    steer(kubectl, find, 0)
    result = modules.rotation(configmap=STEERING, data={"exit": EXIT})
    assert (
        f"KDCluster {place}/lab: the start script of member {find('lab').pod()}" in result.message
    )
    assert f"exit code {EXIT}: A connected ConfigMap told the start script to end" in result.message
    assert f"The old values are back in ConfigMap {place}/{STEERING}" in result.message
    assert (result.changed, result.json["rolled_back"]) == (False, True)
    found = kubectl.get("configmap", STEERING, namespace=place)
    assert found["data"] == {"exit": "0", "seconds": "0"}
    assert_everywhere(find, NAMING, "configmaps", STEERING, exit="0", seconds="0")
    assert find("lab").configure_status()[1].strip() == "0"


def test_a_start_script_that_takes_too_long_brings_the_old_values_back(
    modules: Modules, kubectl: Kubectl, place: str, find: Find, timing: Timing
) -> None:
    steer(kubectl, find, 0)
    # Longer than the attempt may take, and soon over in the rollback.
    patience = int(20 + timing.poll_seconds / 2)
    result = modules.rotation(
        configmap=STEERING, data={"seconds": patience + 10}, wait_timeout=patience
    )
    assert "has not reached every member in time" in result.message
    assert f"KDCluster {place}/lab" in result.message
    assert result.json["rolled_back"] is True, result.message
    assert_everywhere(find, NAMING, "configmaps", STEERING, exit="0", seconds="0")


def test_an_edit_by_others_is_not_overwritten(
    modules: Modules, kubectl: Kubectl, place: str, find: Find, tmp_path: Path
) -> None:
    steer(kubectl, find, 0, seconds=4)
    new, foreign = fresh_value(), fresh_value()
    running = modules.start("kd_rotate", secret=SECRET, string_data={"token": new})
    wait_until("it is written", lambda: secret_values(kubectl, place)["token"] == new, seconds=30)
    data = {"stringData": {"token": foreign}}
    kubectl.patch("secret", SECRET, data, namespace=place)
    result = running.result()
    assert f"Secret {place}/{SECRET} was changed by others during this task" in result.message
    assert result.json["rolled_back"] is False
    assert secret_values(kubectl, place)["token"] == foreign
    assert_absent(result.output, new, foreign)
    # The values from before are kept until somebody decides.
    kept = session("docs/rotation.md", "kept")
    shown = replayed(kept, place, kubectl, tmp_path)
    kubectl.delete("secret", result.json["kept_in"], namespace=place)
    steer(kubectl, find, 0)
    assert shown == kept


def test_linked_kdclusters_take_it_one_after_the_other_both_ways(
    modules: Modules, kubectl: Kubectl, place: str, find: Find
) -> None:
    done = succeeded(modules.rotation(configmap=SHARED, data={"note": "1"}, new_keys=True))
    assert list(done.kdclusters) == list(LINKED)
    assert_everywhere(find, LINKED, "configmaps", SHARED, note="1", exit="0")
    result = modules.rotation(configmap=SHARED, data={"exit": EXIT, "note": "2"})
    for name in LINKED:
        assert f"KDCluster {place}/{name}: the start script" in result.message
    assert result.json["rolled_back"] is True, result.message
    assert_everywhere(find, LINKED, "configmaps", SHARED, note="1", exit="0")
    for name in LINKED:
        assert find(name).named().configmaps == [SHARED]
    names = [one["metadata"]["name"] for one in kubectl.list("configmap", namespace=place)]
    assert not [name for name in names if name.startswith(f"{SHARED}.")]


def test_a_member_is_asked_as_the_page_of_the_sandbox_says(kubectl: Kubectl, find: Find) -> None:
    shown = session("docs/sandbox.md", "asked")
    command, _newline, printed = shown.partition("\n")
    pod, place = find("lab").pod(), find("lab").namespace
    words = shlex.split(command.replace("POD", pod))
    assert words[:2] == ["$", "kubectl"]
    assert json.loads(kubectl.ok(*words[2:], namespace=place)).keys() == json.loads(printed).keys()


def mistakes(place: str, value: str) -> list[tuple[dict[str, Any], str]]:
    """Options of kd_rotate with one mistake each, all around the same value, and what is to be said."""
    new = {"token": value}
    return [
        ({"secret": "gone", "string_data": new}, f"Secret {place}/gone does not exist"),
        ({"secret": "alone", "string_data": new}, f"names Secret {place}/alone"),
        ({"secret": SECRET, "string_data": {"tokne": value}}, "no key 'tokne'"),
        ({"secret": SECRET, "data": {"token": f"{value}!"}}, "is not valid base64"),
        ({"secret": SECRET, "string_data": {"token": [value]}}, "the value is a list"),
        ({"secret": SECRET, "configmap": STEERING, "data": new}, "Give either option"),
        ({"configmap": STEERING, "string_data": new}, "string_data is for Secrets only"),
        ({"secret": SECRET, "string_data": value}, "string_data"),
        ({"secret": SECRET}, "give at least one new value"),
        ({"secret": SECRET, "string_data": new, "wait_timeout": 0}, "seconds, 1 to"),
    ]


@pytest.fixture
def versions(kubectl: Kubectl, place: str) -> Callable[[], list[Any]]:
    """The resourceVersions of all Secrets and ConfigMaps."""
    return lambda: [
        [found["metadata"]["resourceVersion"] for found in kubectl.list(kind, namespace=place)]
        for kind in ("secret", "configmap")
    ]


def test_bad_input_is_named_and_nothing_is_written(
    modules: Modules, place: str, versions: Callable[[], list[Any]]
) -> None:
    before, value = versions(), fresh_value()
    for number, (arguments, said) in enumerate(mistakes(place, value)):
        result = modules.rotation(check_mode=bool(number % 2), diff=True, **arguments)
        assert said in result.message
        assert not result.json.get("changed")
        assert_absent(result.output, value)
    assert versions() == before


def test_bad_data_of_the_role_is_named_and_nothing_is_written(
    kubectl: Kubectl, place: str, versions: Callable[[], list[Any]], tmp_path: Path
) -> None:
    before, value = versions(), fresh_value()
    bad = [
        BadData("rotate", whole_names("rotate", {"namespace": place, **arguments}), said)
        for arguments, said in mistakes(place, value)
    ]
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(yaml.safe_dump([refused_play(bad)], sort_keys=False))
    done = run_playbook(playbook, "-vvv", "--diff", kubeconfig=kubectl.kubeconfig)
    assert missing_refusals(bad, done.output) == []
    assert_absent(done.output, value)
    assert versions() == before


def test_no_output_of_ansible_playbook_shows_a_value(
    modules: Modules, kubectl: Kubectl, place: str, find: Find, tmp_path: Path
) -> None:
    old, first, second = secret_values(kubectl, place)["token"], fresh_value(), fresh_value()
    steer(kubectl, find, EXIT)
    on = {**modules.auth, "namespace": place, "secret": SECRET}
    role = {
        "ansible.builtin.include_role": {
            "name": "kubedirector.connections.rotate",
            "apply": {"ignore_errors": True},
        },
        "vars": {
            "rotate_namespace": place, "rotate_secret": SECRET,
            "rotate_string_data": {"tokne": second},
        },
    }  # fmt: skip
    tasks = [
        task("kd_rotate", **on, string_data={"token": first}),
        task("kd_rotate", **on, string_data={"token": first}) | {"check_mode": True},
        task("kd_rotate", **on, data={"token": f"{first}!"}),
        task("kd_rotate", **on, string_data={"token": {"nested": second}}),
        task("kd_rotate", **on, string_data=second),
        task("kd_rotate", **on, string_data={"new": second}, new_keys=True, wait_timeout=0),
        role,
    ]
    played = run_play(
        tmp_path,
        tasks,
        "-vvvv",
        "--diff",
        environment={
            "ANSIBLE_HOME": str(tmp_path / "ansible-home"),
            "K8S_AUTH_KUBECONFIG": str(kubectl.kubeconfig),
        },
    )
    refused, tried = played.results[:2]
    assert "But with the old values, too: " in refused["msg"] and refused["rolled_back"] is True, (
        refused["msg"]
    )
    assert tried["changed"] is True and not tried.get("failed")
    assert all(one.get("failed") for one in played.results[2:6])
    assert "no key 'tokne'" in played.output
    assert_absent(played.output, old, first, second, KEPT)
    assert_absent(json.dumps(played.results), old, first, second, KEPT)
    assert_everywhere(find, NAMING, "secrets", SECRET, token=old, username=KEPT)
    steer(kubectl, find, 0)


def test_the_readme_the_guide_and_the_playbook_do_what_they_say(
    kubectl: Kubectl, place: str, find: Find, tmp_path: Path
) -> None:
    guide = marked_blocks("docs/rotation.md")
    readme = marked_blocks("roles/rotate/README.md")["role rotate"]
    given = tmp_path / "secrets.input.json"
    new, last = fresh_value(), fresh_value()
    given.write_text(json.dumps({"git_token": new, "source_control_token": last}))
    given.chmod(0o600)
    arguments = ("-vvv", "--diff", "-e", f"@{given}")

    def run(changed: int, *plays: str) -> str:
        playbook = tmp_path / "plays.yml"
        listed = [
            play for text in plays for play in yaml.safe_load(text.replace(DOCUMENTED, place))
        ]
        playbook.write_text(yaml.safe_dump(listed, sort_keys=False))
        done = run_playbook(playbook, *arguments, kubeconfig=kubectl.kubeconfig)
        assert done.returncode == 0, done.output
        assert done.counts["changed"] == changed, done.output
        return done.output

    *examples, restoring = yaml.safe_load(plugin_examples("plugins/modules/kd_rotate.py"))
    # There is nothing to restore where no rotation was interrupted.
    assert restoring["kubedirector.connections.kd_rotate"]["state"] == "restored"
    play = {"hosts": "localhost", "gather_facts": False, "tasks": examples}
    printed = run(4, yaml.safe_dump([play]), readme)
    assert_everywhere(find, NAMING, "secrets", SECRET, token=new, username=KEPT)
    path = "s3://models.example.com/convolutional-nn/2"
    assert_everywhere(find, ("lab",), "configmaps", MODEL, path=path)
    role = whole_names("rotate", {"configmap": MODEL, "data": {"note": "new"}, "new_keys": True})
    new_key = {
        "hosts": "localhost", "gather_facts": False,
        "environment": {"K8S_AUTH_KUBECONFIG": str(kubeconfig_in(place, kubectl, tmp_path))},
        "roles": [{"role": "kubedirector.connections.rotate", **role}],
    }  # fmt: skip
    printed += run(3, guide["configmap"], guide["playbook"], yaml.safe_dump([new_key]))
    assert "lab, second use the new token" in printed
    assert_everywhere(find, NAMING, "secrets", SECRET, token=last, username=KEPT)
    version = {"path": "s3://models.example.com/convolutional-nn/3", "model-version": "3"}
    assert_everywhere(find, ("lab",), "configmaps", MODEL, **version, note="new")

    variables = tmp_path / "values.yml"
    values = guide["values"].replace("the-new-token", '"{{ source_control_token }}"')
    variables.write_text(values.replace(DOCUMENTED, place))
    done = run_playbook(
        "kubedirector.connections.rotate", *arguments, "-e", f"@{variables}",
        kubeconfig=kubectl.kubeconfig,
    )  # fmt: skip
    assert done.returncode == 0 and done.counts["changed"] == 0, done.output
    assert_absent(printed + done.output, new, last, KEPT)

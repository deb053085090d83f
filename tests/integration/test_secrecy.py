# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret values stay in the cluster: no output, result, message or file has one."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.canaries import INPUTS, forms, needles, search
from tests.harness.canaries import canary as a_canary
from tests.harness.cluster_fixtures import Named
from tests.harness.integration_objects import SECRET_KEY
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import encoded
from tests.harness.modules import Fresh, Modules, model, steering, token
from tests.integration.playbook import run_play, task

REDACTED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class Canary:
    """A secret value that occurs nowhere else, and all the forms in which it could leak."""

    def __init__(self) -> None:
        self.value = a_canary(uuid4().hex)

    def assert_absent(self, text: str, where: str) -> None:
        """Fail, without showing the text, where a form of the value is in it."""
        raw = text.encode(errors="replace")
        assert not [form for form in forms(self.value) if form in raw], f"the secret is in {where}"


@pytest.fixture
def canary() -> Canary:
    """A secret of this test alone."""
    return Canary()


def test_no_output_of_ansible_playbook_shows_it(
    tenant: Modules,
    emptied: Named,
    fresh: Fresh,
    kubectl: Kubectl,
    canary: Canary,
    tmp_path: Path,
) -> None:
    lab = emptied("lab")
    name, other = fresh("hidden"), fresh("hidden")
    home_of_ansible = tmp_path / "ansible-home"
    auth = {**tenant.auth, "namespace": tenant.namespace}
    secret = token(name, token=canary.value, note="plain")
    in_base64 = {"name": other, "type": "token", "data": {"token": encoded(canary.value)}}
    on = {**auth, "kdcluster": ["lab"]}
    tasks = [
        task("kd_connection", **on, secrets=[secret, in_base64]),
        task("kd_connection", **on, secrets=[secret, in_base64]),
        task("kd_connection", **on, secrets=[token(name, other=canary.value)]),
        task("kd_connection", **on, secrets=[{**secret, "type": "not a label value"}]),
        task("kd_connection", **{**on, "api_key": f"wrong-{canary.value}"}, secrets=[secret]),
        task("kd_connection", **on, secrets=[{**in_base64, "data": {"k": f"{canary.value}!"}}]),
        task("kd_connection", **on, secrets=[{**secret, "string_data": {"k": [canary.value]}}]),
        task("kd_connection", **on, secrets=[secret], clusters=[fresh("no-such-cluster")]),
        task(
            "kd_connection", **on, secrets=[{**secret, "annotations": {"a": canary.value}}]
        ),
        task(
            "kd_connection", **on, secrets=[secret],
            configmaps=[steering(fresh("exits"), exit_code=3)], on_reconnect_failure="fail",
        ),
        task("kd_configmeta_info", **on),
    ]  # fmt: skip
    played = run_play(
        tmp_path, tasks, "-vvvv", "--diff", environment={"ANSIBLE_HOME": str(home_of_ansible)}
    )
    failed = [bool(one.get("failed")) for one in played.results]
    assert failed == [False, False, False, True, True, True, True, True, False, True, False]
    assert name in played.output
    canary.assert_absent(played.output, "ansible-playbook -vvvv --diff")
    for number, result in enumerate(played.results):
        canary.assert_absent(json.dumps(result), f"the result of task {number}")
    left = search([tmp_path], needles(str(tenant.auth["api_key"])), INPUTS)
    assert left.hits == [] and left.files > 0
    found = kubectl.get("secret", name, namespace=lab.namespace)
    assert canary.value in base64.b64decode(found["data"]["token"]).decode()


def test_no_result_or_message_of_the_module_shows_it(
    tenant: Modules, emptied: Named, fresh: Fresh, canary: Canary
) -> None:
    emptied("lab")
    name = fresh("hidden")
    secret = token(name, token=canary.value)
    invalid = {"name": name, "type": "token", "data": {"token": f"{canary.value}!"}}
    attempts: list[dict[str, Any]] = [
        {"secrets": [secret]},
        {"secrets": [invalid]},
        {"secrets": [secret, secret]},
        {"secrets": [{**secret, "annotations": {"note": [canary.value]}}]},
        {"secrets": [{**secret, "name": "No Such Name"}]},
        {"secrets": [{**secret, "string_data": {"a key": canary.value}}]},
        {"secrets": [{**secret, "string_data": {canary.value: "as a key"}}], "state": "sideways"},
        {"secrets": [{**secret, "no_such_option": canary.value}]},
    ]
    for number, arguments in enumerate(attempts[:-2]):
        for check_mode in (True, False):
            result = tenant.connection(
                check_mode=check_mode, diff=True, kdcluster=["lab"], **arguments
            )
            canary.assert_absent(result.output, f"the result of attempt {number}")
    canary.assert_absent(
        tenant.connection(kdcluster=["lab"], **attempts[-1]).output, "an unknown option's message"
    )


def test_configmeta_redacts_it_by_default(
    tenant: Modules, emptied: Named, fresh: Fresh, canary: Canary
) -> None:
    emptied("lab")
    name = fresh("hidden")
    tenant.connected(kdcluster=["lab"], secrets=[token(name, token=canary.value)])
    redacted = tenant.read(kdcluster=["lab"])
    assert name in redacted.output
    canary.assert_absent(redacted.output, "a redacted configmeta")
    assert canary.value in tenant.read(kdcluster=["lab"], secrets="decoded").output
    assert encoded(canary.value) in tenant.read(kdcluster=["lab"], secrets="encoded").output


def test_what_kubectl_apply_left_on_a_secret_is_redacted_and_warned_of(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl, canary: Canary
) -> None:
    lab = emptied("lab")
    name = fresh("applied")
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "labels": {"kubedirector.hpe.com/secretType": "token"}},
            "stringData": {"token": canary.value},
        },
        namespace=lab.namespace,
    )
    result = tenant.connected(kdcluster=["lab"], secrets=[{"name": name}])
    assert any(name in one and "last-applied-configuration" in one for one in result.warnings)
    for shown in (result, tenant.read(kdcluster=["lab"])):
        canary.assert_absent(shown.output, "a result")


@pytest.mark.parametrize(
    "word", ["github", "true", "main", "lab", "token", "model", "created", "1", "a"]
)
def test_a_secret_that_is_a_common_word_mangles_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh, word: str
) -> None:
    lab = emptied("lab")
    info, login = fresh(f"{word}-models"), fresh(f"{word}-login")
    result = tenant.connected(
        kdcluster=["lab"],
        configmaps=[model(info, branch=word)],
        secrets=[token(login, type=word, branch=word)],
    )
    reported = json.dumps([result.json["objects"], result.json["kdclusters"], result.warnings])
    assert REDACTED not in reported and "********" not in reported
    assert result.json["objects"] == [
        {
            "kind": "ConfigMap",
            "namespace": lab.namespace,
            "name": info,
            "versioned_name": None,
            "type": "model",
            "action": "created",
        },
        {
            "kind": "Secret",
            "namespace": lab.namespace,
            "name": login,
            "versioned_name": None,
            "type": "token",
            "action": "created",
        },
    ]
    assert result.kdclusters["lab"]["connections"]["secrets"] == [login]


def test_a_secret_that_is_a_common_word_mangles_no_message(
    tenant: Modules, fresh: Fresh, home: str
) -> None:
    missing = fresh("github-missing")
    message = tenant.connection(
        kdcluster=["lab"],
        configmaps=[{"name": missing}],
        secrets=[token(fresh("login"), type="github", branch="main", host="KDCluster")],
    ).message
    assert f"ConfigMap {home}/{missing} does not exist" in message
    assert REDACTED not in message and "********" not in message


def test_a_warning_leaves_no_copy_of_the_value(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl, canary: Canary
) -> None:
    lab = emptied("lab")
    one, two, open_to_all = fresh("hidden"), fresh("hidden"), fresh("open")
    pushed = f"https://team-a:{canary.value}@git.example.com/notebooks.git"
    result = tenant.connected(
        kdcluster=["lab"],
        clusters=["backend"],
        configmaps=[model(open_to_all, origin=pushed)],
        secrets=[token(one, token=f"{canary.value}\n"), token(two, token="x")],
    )
    reported = [
        (open_to_all, "key origin", "credential"),
        (one, "key token", "newline"),
        ("backend", "secret keys", SECRET_KEY["name"]),
        (one, two, "2 Secrets of type token"),
    ]
    for words in reported:
        found = [text for text in result.warnings if all(word in text for word in words)]
        assert len(found) == 1, (words, result.warnings)
    assert len(result.warnings) == len(reported)
    canary.assert_absent(json.dumps(result.warnings), "a warning")
    assert SECRET_KEY["value"] not in result.output
    for kind, name in (("secret", one), ("secret", two), ("configmap", open_to_all)):
        assert "annotations" not in kubectl.get(kind, name, namespace=lab.namespace)["metadata"]
    tenant.connected(kdcluster=["lab"], exclusive=True, clusters=[])

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks give a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import pytest
from hypothesis import given

from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    make_plan,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.warnings import (
    plan_warnings,
)
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    managed_by,
    member,
    object_manifest,
    task,
)
from tests.unit.plugins.strategies import World, worlds

MARK = "QXZJKV"
Objects = dict[tuple[str, str], Optional[JsonObject]]  # noqa: UP045


def warnings_of(
    objects: Objects | None = None, manifests: list[JsonObject] | None = None, /, **options: Any
) -> list[str]:
    """The warnings about a task on KDCluster notebook."""
    found = {c["metadata"]["name"]: c for c in manifests or [kdcluster_manifest("notebook")]}
    world = World(found, objects or {}, task(kdcluster=["notebook"], **options))
    return warnings_in(world)


def warnings_in(world: World) -> list[str]:
    """The warnings about a world's task."""
    return plan_warnings(world.desired, world.snapshot, make_plan(world.desired, world.snapshot))


def configmap_with(**data: Any) -> list[str]:
    """The warnings about creating one ConfigMap."""
    return warnings_of(
        {("ConfigMap", "m"): None}, configmaps=[{"name": "m", "type": "model", "data": data}]
    )


@pytest.mark.parametrize("key", ["token", "mysql_password", "bind_pwd", "s3SecretKey", "Passwd"])
def test_a_credential_in_a_configmap_deserves_a_warning(key: str) -> None:
    found = configmap_with(**{key: MARK, "path": "/x"})
    assert len(found) == 1
    assert "ConfigMap team-a/m" in found[0]
    assert key in found[0]


@pytest.mark.parametrize(
    "value",
    [
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-" + "a1B2" * 5,
        "AKIA" + "A1B2" * 4,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZWFtLWEifQ." + MARK,
        "-----BEGIN RSA " + "PRIVATE KEY-----\n" + MARK,
        f"https://team-a:{MARK}@git.example.com/notebooks.git",
        f"see glpat-{MARK * 4} for more",
    ],
)
def test_a_value_that_looks_like_a_token_deserves_a_warning(value: str) -> None:
    found = configmap_with(description=value, path="/x")
    assert len(found) == 1
    assert "ConfigMap team-a/m" in found[0] and "description" in found[0]
    assert value not in found[0] and MARK not in found[0]


def test_ordinary_keys_and_values_deserve_none() -> None:
    # Keys and values from docs and from known applications.
    assert configmap_with(name="x", path="s3://bucket/key", token="") == []
    assert configmap_with(imagepullsecretname="pull", tokenizer="bpe", max_tokens="512") == []
    assert configmap_with(authType="token", type="github", mysql_user="hive", branch="main") == []
    assert configmap_with(repoURL="https://git.example.com:8443/a@b/c.git", tag="hf_small") == []


def test_a_connection_that_shares_secret_keys_deserves_a_warning() -> None:
    engine = kdcluster_manifest("engine", secret_keys=["rest-password", "other"])
    found = warnings_of(None, [kdcluster_manifest("notebook"), engine], clusters=["engine"])
    assert len(found) == 1
    assert "KDCluster team-a/notebook" in found[0] and "KDCluster team-a/engine" in found[0]
    assert "rest-password, other" in found[0]
    assert MARK not in found[0]
    # A task that does not name the engine gets no warning about it.
    linked = kdcluster_manifest("notebook", clusters=["engine"])
    assert warnings_of(None, [linked, engine]) == []


def test_a_connection_to_a_kdcluster_without_secret_keys_deserves_none() -> None:
    clusters = [kdcluster_manifest("notebook"), kdcluster_manifest("engine")]
    assert warnings_of(None, clusters, clusters=["engine"]) == []


def test_a_credential_inside_a_file_deserves_one_warning_and_shows_nothing() -> None:
    found = configmap_with(properties=f"APP_USER=me\nAPP_PASSWORD={MARK}\nAPP_TOKEN={MARK}\n")
    assert len(found) == 1
    assert "ConfigMap team-a/m" in found[0] and "properties" in found[0]
    assert MARK not in found[0]


def test_a_file_has_to_end_in_a_newline() -> None:
    secret = {"name": "s", "type": "git", "string_data": {"k": f"one\n{MARK}\n"}}
    assert warnings_of({("Secret", "s"): None}, secrets=[secret]) == []


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
def test_a_secrets_value_that_ends_in_a_newline_deserves_a_warning(ending: str) -> None:
    for data in ({"string_data": {"k": MARK + ending}}, {"data": {"k": encoded(MARK + ending)}}):
        found = warnings_of(
            {("Secret", "s"): None}, secrets=[{"name": "s", "type": "source-control", **data}]
        )
        assert len(found) == 1
        assert "Secret team-a/s" in found[0]
        assert "newline" in found[0]


def test_two_of_one_type_deserve_a_warning() -> None:
    objects: Objects = {
        ("ConfigMap", "one"): object_manifest("ConfigMap", "one", object_type="info"),
        ("ConfigMap", "two"): object_manifest("ConfigMap", "two", object_type="info"),
        ("Secret", "one"): object_manifest("Secret", "one", object_type="info"),
    }
    clusters = [kdcluster_manifest("notebook", configmaps=["one"])]
    found = warnings_of(objects, clusters, configmaps=[{"name": "two"}], secrets=[{"name": "one"}])
    assert len(found) == 1
    assert "KDCluster team-a/notebook" in found[0]
    assert "one, two" in found[0]
    assert "info" in found[0]


def test_two_models_deserve_none() -> None:
    """Deployment engines look a model up by its name and version."""
    objects: Objects = {
        ("ConfigMap", name): object_manifest("ConfigMap", name) for name in ("one", "two")
    }
    assert warnings_of(objects, configmaps=[{"name": "one"}, {"name": "two"}]) == []


@pytest.mark.parametrize("manifest", [None, object_manifest("ConfigMap", "old", object_type=None)])
def test_a_foreign_connection_that_the_operator_skips_deserves_a_warning(
    manifest: JsonObject | None,
) -> None:
    clusters = [kdcluster_manifest("notebook", configmaps=["old"])]
    found = warnings_of({("ConfigMap", "old"): manifest}, clusters)
    assert len(found) == 1
    assert "KDCluster team-a/notebook" in found[0]
    assert "ConfigMap team-a/old" in found[0]


def test_a_type_that_the_task_gives_counts() -> None:
    old = object_manifest("ConfigMap", "old", object_type=None)
    clusters = [kdcluster_manifest("notebook", configmaps=["old"])]
    assert not warnings_of(
        {("ConfigMap", "old"): old}, clusters, configmaps=[{"name": "old", "type": "model"}]
    )


def test_a_foreign_connection_to_a_missing_kdcluster_deserves_a_warning() -> None:
    found = warnings_of(None, [kdcluster_manifest("notebook", clusters=["missing"])])
    assert len(found) == 1
    assert "KDCluster team-a/missing" in found[0]


def test_the_copy_that_kubectl_apply_leaves_deserves_a_warning_on_secrets() -> None:
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    objects: Objects = {
        (kind, "o"): object_manifest(kind, "o", annotations={annotation: MARK})
        for kind in ("Secret", "ConfigMap")
    }
    found = warnings_of(objects, secrets=[{"name": "o"}], configmaps=[{"name": "o"}])
    assert len(found) == 1
    assert "Secret team-a/o" in found[0]
    assert annotation in found[0]
    assert MARK not in found[0]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([member("n-0", config=None, setup=None)], 1),
        ([member("n-0", config=None, setup=None), member("n-1", role="main")], 0),
        ([member("n-0", state="create pending", config=None, setup=None)], 0),
        ([], 0),
    ],
)
def test_a_kdcluster_that_gets_no_configmeta_deserves_a_warning(
    members: list[JsonObject], expected: int
) -> None:
    found = warnings_of(None, [kdcluster_manifest("notebook", members=members)])
    assert len(found) == expected
    assert all("KDCluster team-a/notebook" in sentence for sentence in found)


def test_disconnecting_from_a_missing_kdcluster_deserves_a_warning() -> None:
    world = World({}, {}, task(kdcluster=["missing"], state="absent"))
    found = warnings_in(world)
    assert len(found) == 1
    assert "KDCluster team-a/missing" in found[0]


@given(worlds())
def test_no_warning_holds_a_value(world: World) -> None:
    for entry in (*world.options["configmaps"], *world.options["secrets"]):
        for field in ("data", "string_data"):
            if field in entry:
                entry[field] = {"token": MARK + "\n", **dict.fromkeys(entry[field], MARK)}
    found = warnings_in(world)
    assert not any(MARK in sentence or encoded(MARK)[:8] in sentence for sentence in found)
    assert len(found) == len(set(found))


def managed(
    manager: str | None = None, key: str = "", owners: Sequence[JsonObject] = ()
) -> JsonObject:
    """A Secret with a key that a manager wrote."""
    found = object_manifest("Secret", "login", object_type="token", data={"token": encoded("old")})
    entries = [managed_by(manager, 0, "f:data", f"f:{key}")] if manager else []
    found["metadata"].update(managedFields=entries, ownerReferences=list(owners))
    return found


OWNER: JsonObject = {"kind": "ExternalSecret", "name": "login", "controller": True}


@pytest.mark.parametrize(
    ("found", "by"),
    [
        (managed("external-secrets", "token"), "also written by field manager 'external-secrets'"),
        (managed(owners=[OWNER]), "controlled by ExternalSecret/login"),
        (managed("external-secrets", "token", [OWNER]), "also written by field manager 'external-secrets'"),
        (managed("external-secrets", "user"), None),
        (managed("kubectl-client-side-apply", "token"), None),
        (managed("oc", "token"), None),
        (managed("before-first-apply", "token"), None),
        (managed("kubedirector.connections", "token"), None),
        (managed(), None),
    ],
)  # fmt: skip
def test_an_object_that_another_program_writes_deserves_a_warning(
    found: JsonObject, by: str | None
) -> None:
    secret = {"name": "login", "type": "token"}
    objects: Objects = {("Secret", "login"): found}
    warned = warnings_of(objects, secrets=[{**secret, "string_data": {"token": "new"}}])
    assert len(warned) == (0 if by is None else 1), warned
    for text in warned:
        assert text.startswith(f"Secret team-a/login is {by}, which may undo this")
    # An object that the task does not change deserves none.
    assert warnings_of(objects, secrets=[{**secret, "string_data": {"token": "old"}}]) == []
    assert warnings_of(objects, secrets=[{"name": "login"}]) == []


def test_a_name_that_is_listed_twice_is_one_object() -> None:
    clusters = [kdcluster_manifest("notebook", secrets=["login", "login"])]
    login = object_manifest("Secret", "login", object_type="token", data={})
    found = warnings_of(
        {("Secret", "login"): login, ("ConfigMap", "m"): None},
        clusters,
        configmaps=[{"name": "m", "type": "model", "data": {"a": "1"}}],
    )
    assert found == []

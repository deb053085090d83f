# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator makes of a KDCluster's spec: defaults, encrypted secret keys, member counts."""

from __future__ import annotations

import copy

from tests.harness import contract_objects
from tests.harness.cluster_fixtures import Named
from tests.harness.manifests import KDCLUSTER
from tests.operator_contract.test_webhook import edit, refusal_of


def test_secret_keys_are_stored_encrypted_and_differently_each_time(kdcluster: Named) -> None:
    role = kdcluster("engine").get()["spec"]["roles"][0]
    (key,) = role["secretKeys"]
    assert sorted(key) == ["encryptedValue", "name"]
    assert contract_objects.SECRET_KEY["value"] not in key["encryptedValue"]


def test_every_member_holds_the_secret_keys_of_all_roles_in_the_clear(kdcluster: Named) -> None:
    engine = kdcluster("engine")
    expected = {contract_objects.SECRET_KEY["name"]: contract_objects.SECRET_KEY["value"]}
    for member in engine.members():
        roles = engine.configmeta(member.pod)["nodegroups"]["1"]["roles"]
        assert roles["restserver"]["secret_keys"] == expected
        assert not roles["loadbalancer"].get("secret_keys")


def test_an_encrypted_value_is_accepted_unchanged_and_no_other_one(emptied: Named) -> None:
    engine = emptied("engine")
    roles = engine.get()["spec"]["roles"]
    engine.kubectl.patch(
        KDCLUSTER, engine.name, {"spec": {"roles": roles}}, namespace=engine.namespace, server_dry_run=True
    )  # fmt: skip
    forged = copy.deepcopy(roles)
    forged[0]["secretKeys"][0]["encryptedValue"] = "00"
    assert "cannot be modified" in refusal_of(edit(engine, {"spec": {"roles": forged}}))


def test_the_catalog_and_the_members_are_filled_in(kdcluster: Named) -> None:
    spec = kdcluster("engine").get()["spec"]
    assert spec["appCatalog"] == "local"
    assert [role["members"] for role in spec["roles"]] == [2, 1]


def test_the_state_is_still_configured_just_after_an_edit_of_the_member_count(
    emptied: Named,
) -> None:
    scales = emptied("scales")
    (role,) = scales.get()["spec"]["roles"]
    before = role["members"]
    patch = {"spec": {"roles": [{**role, "members": before + 1}]}}
    answer = scales.kubectl.patch(KDCLUSTER, scales.name, patch, namespace=scales.namespace)
    # So state and members alone do not show that work remains.
    assert answer["status"]["state"] == "configured"
    assert [len(one["members"]) for one in answer["status"]["roles"]] == [before]
    scales.wait_settled()

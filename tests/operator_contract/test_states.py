# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states a KDCluster goes through, and what its caller sees of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import members_of
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import KDCLUSTER, ClusterRole, Connections, kdcluster
from tests.operator_contract.watching import versions_of

Fresh = Callable[[str], str]


def test_a_new_cluster_is_creating_and_its_members_are_to_come(
    kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name = fresh("newborn")
    kubectl.create(kdcluster(name, "workbench", [ClusterRole("controller")]), namespace=home)
    try:
        found = wait_until(
            "the new cluster has a member",
            lambda: _with_members(kubectl.get(KDCLUSTER, name, namespace=home)),
            seconds=30,
        )
        assert found["status"]["state"] == "creating"
        (member,) = members_of(found)
        assert member.state in ("create pending", "creating")
        assert member.config_generation is None
    finally:
        kubectl.delete(KDCLUSTER, name, namespace=home)


def test_clusters_end_as_configured_with_or_without_connections(kdcluster: Named) -> None:
    for name in ("states", "born-connected", "bare", "engine"):
        assert kdcluster(name).status()["state"] == "configured"


def test_an_edit_goes_through_updating_and_ends_configured(emptied: Named, tmp_path: Path) -> None:
    states = emptied("states")
    before = states.generation()
    with versions_of(states, tmp_path / "versions") as versions:
        states.reconnect_settled(Connections(configmaps=["no-such-map"]))
    seen = [version["status"]["state"] for version in versions]
    assert seen[-1] == "configured"
    assert "updating" in seen
    assert set(seen) <= {"configured", "updating"}
    assert versions[-1]["status"]["specGenerationToProcess"] == before + 1


def test_configured_alone_does_not_mean_connected(emptied: Named, tmp_path: Path) -> None:
    states = emptied("states")
    with versions_of(states, tmp_path / "versions") as versions:
        states.reconnect_settled(Connections(configmaps=["no-such-map"]))
    edited = [one for one in versions if one["spec"]["connections"].get("configmaps")]
    last_hash = versions[-1]["status"]["lastConnectionHash"]
    too_early = [
        one
        for one in edited
        if one["status"]["state"] == "configured"
        and (
            one["status"]["lastConnectionHash"] != last_hash
            or members_of(one)[0].config_generation != one["status"]["specGenerationToProcess"]
        )
    ]
    assert too_early


def test_members_reach_the_generation_before_the_state_says_so(
    emptied: Named, tmp_path: Path
) -> None:
    states = emptied("states")
    with versions_of(states, tmp_path / "versions") as versions:
        states.reconnect_settled(Connections(configmaps=["no-such-map"]))
    for version in versions:
        generation = version["status"]["specGenerationToProcess"]
        (member,) = members_of(version)
        assert member.config_generation in (generation - 1, generation)
        assert member.setup_generation in (generation - 1, generation)
        if version["status"]["state"] == "updating" and member.config_generation < generation:
            assert member.setup_generation < generation


def test_the_state_spec_modified_is_not_in_the_answer_to_an_edit(emptied: Named) -> None:
    states = emptied("states")
    answered = states.connect(Connections(configmaps=["no-such-map"]))
    assert answered["status"]["state"] == "configured"
    assert states.get()["status"]["state"] in ("configured", "updating")
    states.wait_settled()


def test_each_write_of_the_status_has_an_id_of_its_own(emptied: Named) -> None:
    states = emptied("states")
    before = states.status()["generationUID"]
    after = states.reconnect_settled(Connections(configmaps=["no-such-map"]))
    assert after["status"]["generationUID"] != before


def test_the_operator_writes_the_spec_too_and_leaves_out_empty_lists(emptied: Named) -> None:
    states = emptied("states")
    before = states.get()["metadata"]["generation"]
    after = states.reconnect_settled(Connections(configmaps=["no-such-map"]))
    assert after["spec"]["connections"] == {"configmaps": ["no-such-map"]}
    # So metadata.generation counts more than the caller's edits.
    assert after["metadata"]["generation"] == before + 2


def _with_members(found: dict[str, object]) -> dict[str, dict[str, object]] | None:
    return found if members_of(found) else None  # type: ignore[return-value]

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the admission webhook refuses, its messages, and what it accepts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, KubectlError, Manifest, wait_until
from tests.harness.manifests import KDCLUSTER, ClusterRole, Connections, kdcluster

Fresh = Callable[[str], str]

DENIED = 'admission webhook "hard-validate-cr.kubedirector.hpe.com" denied the request: '
RESTORING = "kubedirector.hpe.com/restoring"


@pytest.fixture
def refusals(emptied: Named) -> KDCluster:
    """A settled KDCluster without connections."""
    return emptied("refusals")


def refusal_of(attempt: Callable[[], object]) -> str:
    """Return the webhook's message; fails when it accepts the attempt."""
    with pytest.raises(KubectlError) as refused:
        attempt()
    assert DENIED in refused.value.stderr
    return refused.value.stderr.split(DENIED, 1)[1].strip()


def edit(found: KDCluster, patch: Manifest) -> Callable[[], object]:
    return lambda: found.kubectl.patch(KDCLUSTER, found.name, patch, namespace=found.namespace)


def test_it_fails_closed_and_has_no_side_effects(kubectl: Kubectl) -> None:
    webhooks = [
        webhook
        for found in kubectl.list("mutatingwebhookconfigurations")
        for webhook in found["webhooks"]
        if webhook["name"] == "hard-validate-cr.kubedirector.hpe.com"
    ]
    (webhook,) = webhooks
    # No write of a KDCluster works while the operator is down; a dry run reaches the webhook.
    assert webhook["failurePolicy"] == "Fail"
    assert webhook["sideEffects"] == "None"


def test_role_properties_are_fixed_while_members_exist(refusals: KDCluster) -> None:
    (role,) = refusals.get()["spec"]["roles"]
    role["resources"]["limits"]["memory"] = "512Mi"
    assert refusal_of(edit(refusals, {"spec": {"roles": [role]}})) == (
        "Role(controller) properties other than the members count cannot be modified while "
        "role members exist."
    )


def test_the_app_is_fixed(refusals: KDCluster) -> None:
    text = refusal_of(edit(refusals, {"spec": {"app": "bare"}}))
    assert "The app property is read-only." in text


def test_an_unregistered_app_is_refused(kubectl: Kubectl, home: str, fresh: Fresh) -> None:
    name = fresh("orphan")
    orphan = kdcluster(name, "no-such-app", [ClusterRole("controller")])
    assert refusal_of(lambda: kubectl.create(orphan, namespace=home)) == (
        "Invalid app(no-such-app). This app resource ID has not been registered."
    )
    assert kubectl.find(KDCLUSTER, name, namespace=home) is None


def test_status_is_read_only_in_a_write_of_the_object(refusals: KDCluster) -> None:
    before = refusals.status()
    attempt = edit(refusals, {"status": {"generationUID": "another-writer"}})
    assert refusal_of(attempt) == "KubeDirector-related status properties are read-only"
    assert refusals.status() == before


def test_an_edit_with_a_changed_status_is_refused_as_a_whole(refusals: KDCluster) -> None:
    patch = {
        "spec": {"connections": Connections(configmaps=["no-such-map"]).spec()},
        "status": {"generationUID": "another-writer"},
    }
    assert refusal_of(edit(refusals, patch)) == (
        "KubeDirector-related status properties are read-only"
    )
    assert refusals.named() == Connections()


def test_nothing_of_the_spec_changes_under_the_restoring_label(
    kubectl: Kubectl, emptied: Named
) -> None:
    restored = emptied("restored")
    kubectl.ok("label", KDCLUSTER, restored.name, f"{RESTORING}=", namespace=restored.namespace)
    try:
        patch = {"spec": {"connections": Connections(configmaps=["no-such-map"]).spec()}}
        assert refusal_of(edit(restored, patch)) == (
            f"spec changes not allowed while {RESTORING} label exists"
        )
    finally:
        kubectl.ok("label", KDCLUSTER, restored.name, f"{RESTORING}-", namespace=restored.namespace)
    restored.wait_settled()
    restored.reconnect_settled(Connections(configmaps=["no-such-map"]))


def test_an_edit_of_connections_revalidates_the_whole_spec(
    kubectl: Kubectl, emptied: Named
) -> None:
    drifter = emptied("drifter")
    (role,) = drifter.get()["spec"]["roles"]
    account = role["serviceAccountName"]
    kubectl.delete("serviceaccount", account, namespace=drifter.namespace)
    patch = {"spec": {"connections": Connections(configmaps=["no-such-map"]).spec()}}

    def refused() -> str | None:
        try:
            drifter.kubectl.patch(
                KDCLUSTER, drifter.name, patch, namespace=drifter.namespace, server_dry_run=True
            )
        except KubectlError as error:
            return error.stderr.partition(DENIED)[2].strip()
        return None

    try:
        # The webhook hears of the deletion by a watch.
        refusal = wait_until("the webhook refuses the edit", refused, seconds=10)
        assert refusal == f"service account {account} requested by role sidecar does not exist"
    finally:
        kubectl.ok("create", "serviceaccount", account, namespace=drifter.namespace)


def test_connections_themselves_are_never_validated(refusals: KDCluster) -> None:
    odd = Connections(
        clusters=["refusals", "no-such-cluster", "no-such-cluster"],
        configmaps=["no-such-map"],
        secrets=["Not A Name"],
    )
    answered = refusals.connect(odd, server_dry_run=True)
    assert answered["spec"]["connections"] == odd.spec()


def test_empty_lists_are_accepted_and_null_means_absent(
    kubectl: Kubectl, refusals: KDCluster
) -> None:
    answered = refusals.connect(Connections())
    assert answered["spec"]["connections"] == Connections().spec()
    null = [{"op": "add", "path": "/spec/connections/configmaps", "value": None}]
    answered = kubectl.patch(
        KDCLUSTER, refusals.name, null, namespace=refusals.namespace, patch_type="json",
        server_dry_run=True,
    )  # fmt: skip
    assert "configmaps" not in answered["spec"]["connections"]


def test_a_dry_run_answers_like_the_real_one_and_leaves_no_trace(refusals: KDCluster) -> None:
    before = refusals.get()
    connections = Connections(configmaps=["no-such-map"])
    answered = refusals.connect(connections, server_dry_run=True)
    assert answered["spec"]["connections"] == connections.spec()
    assert refusals.get() == before
    # Nothing is left behind that would refuse the next edit as a second one.
    refusals.kubectl.patch(
        KDCLUSTER, refusals.name, {"spec": {"connections": connections.spec()}},
        namespace=refusals.namespace,
    )  # fmt: skip
    refusals.wait_settled()


def test_a_dry_run_is_refused_in_the_same_words(refusals: KDCluster) -> None:
    def attempt() -> Manifest:
        return refusals.kubectl.patch(
            KDCLUSTER, refusals.name, {"spec": {"app": "bare"}},
            namespace=refusals.namespace, server_dry_run=True,
        )  # fmt: skip

    assert "The app property is read-only." in refusal_of(attempt)


def test_a_spec_change_before_the_first_status_is_refused_for_now(
    kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    names: list[str] = []

    def refused() -> str | None:
        # One kubectl writes twice on one connection, before the operator has seen the first.
        name = fresh("hasty")
        names.append(name)
        first = kdcluster(name, "bare", [ClusterRole("sidecar")], connections=Connections())
        second = kdcluster(
            name, "bare", [ClusterRole("sidecar")],
            connections=Connections(configmaps=["no-such-map"]),
        )  # fmt: skip
        try:
            kubectl.apply(first, second, namespace=home)
        except KubectlError as error:
            # It may meet the first status just being written, which is the next test's.
            return None if "status properties are read-only" in error.stderr else error.stderr
        return None

    try:
        text = wait_until("a second edit came too early", refused, seconds=60)
        assert DENIED in text
        assert "Change to spec not allowed before previous spec change has been processed." in text
    finally:
        kubectl.delete(KDCLUSTER, *names, namespace=home)


def test_an_edit_that_meets_a_status_write_is_refused_as_if_it_changed_the_status(
    refusals: KDCluster, fresh: Fresh
) -> None:
    words: list[str] = []

    def refused() -> bool:
        patch = {"spec": {"connections": Connections(configmaps=[fresh("no-such-map")]).spec()}}
        try:
            edit(refusals, patch)()
        except KubectlError as error:
            words.append(error.stderr)
        return bool(words)

    def edit_until_refused() -> None:
        wait_until("an edit met a status write", refused, seconds=90, poll_seconds=0.02)

    with ThreadPoolExecutor(max_workers=3) as editors:
        for one in [editors.submit(edit_until_refused) for editor in range(3)]:
            one.result()
    for text in words:
        assert "KubeDirector-related status properties are read-only" in text
    refusals.reconnect_settled(Connections())


def test_a_spec_change_waits_for_members_to_be_notified(kubectl: Kubectl, emptied: Named) -> None:
    scales = emptied("scales")
    # Other tests may have scaled it before.
    pod = scales.members()[0].pod
    (role,) = scales.get()["spec"]["roles"]

    def start_script(mode: str) -> None:
        command = f"chmod {mode} /opt/guestconfig/*/startscript"
        done = scales.exec(pod, "sh", "-c", command)
        assert done.returncode == 0, done.stderr

    def pending() -> bool:
        return any(member.detail.get("pendingNotifyCmds") for member in scales.members())

    # The first member cannot be notified of the new one while its script does not run.
    start_script("a-x")
    try:
        edit(scales, {"spec": {"roles": [{**role, "members": role["members"] + 1}]}})()
        wait_until(
            "the first member has a notification to come",
            pending,
            seconds=2 * scales.timing.settle_seconds,
            seen=scales.members,
        )
        patch = {"spec": {"connections": Connections(configmaps=["no-such-map"]).spec()}}
        said = (
            "Change to spec not allowed because some members have not processed notifications "
            "of previous change."
        )
        # An edit that meets the operator's own write of the status is refused for that (measured).
        wait_until(
            "the notification to come is what an edit is refused for",
            lambda: refusal_of(edit(scales, patch)) == said,
            seconds=scales.timing.event_seconds,
        )
    finally:
        start_script("a+x")
    scales.wait_settled()
    scales.reconnect_settled(Connections(configmaps=["no-such-map"]))

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait, against a server that walks a KDCluster through the operator's states."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    MemberError,
    PreconditionError,
    UnreachableError,
    WaitTimeoutError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe import watcher
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.watcher import (
    SnapshotWatcher,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import (
    JsonObject,
    kdcluster_manifest,
    member,
    object_manifest,
    snapshot_of,
)

CONFIGMAP = object_manifest("ConfigMap", "model", resource_version="7")
OLD_HASH = "d41d8cd98f00b204e9800998ecf8427e"
NEW_HASH = hashlib.md5(b"model7", usedforsecurity=False).hexdigest()
WHY = "The change was written, but:"


def step(
    version: int, state: str, stored: str, generation: int, *members: tuple[int, int]
) -> JsonObject:
    """The KDCluster at one moment; `members` are (config, setup) generations."""
    return kdcluster_manifest(
        "notebook",
        configmaps=["model"],
        state=state,
        stored_hash=stored,
        generation=generation,
        resource_version=str(version),
        members=[
            member(f"pod-{number}", config=config, setup=setup)
            for number, (config, setup) in enumerate(members)
        ],
    )


# The states of the real operator after a change (measured), with two members, one after the other.
BEFORE = step(10, "configured", OLD_HASH, 1, (1, 1), (1, 1))
WALK = [
    step(11, "configured", OLD_HASH, 1, (1, 1), (1, 1)),
    step(12, "updating", OLD_HASH, 1, (1, 1), (1, 1)),
    step(13, "updating", NEW_HASH, 2, (1, 1), (1, 1)),
    step(14, "configured", NEW_HASH, 2, (1, 1), (1, 1)),
    step(15, "updating", NEW_HASH, 2, (2, 1), (1, 1)),
    step(16, "updating", NEW_HASH, 2, (2, 2), (2, 1)),
    step(17, "updating", NEW_HASH, 2, (2, 2), (2, 2)),
]
DONE = step(18, "configured", NEW_HASH, 2, (2, 2), (2, 2))


def events(*manifests: JsonObject, kind: str = "MODIFIED") -> Answer:
    """A watch that sends these, and ends."""
    lines = [json.dumps({"type": kind, "object": manifest}).encode() for manifest in manifests]
    return Answer(chunks=tuple(line + b"\n" for line in lines))


def live(api: Api, *clusters: JsonObject, objects: Any = None) -> SnapshotWatcher:
    """A snapshot that was read at resourceVersion 10."""
    return SnapshotWatcher(
        api, snapshot_of(clusters, objects or {("ConfigMap", "model"): CONFIGMAP}), "10"
    )


def wait(snapshot: SnapshotWatcher, seconds: float = 60, also: tuple[str, ...] = ()) -> None:
    """Wait for the notebook."""
    snapshot.wait_until_settled(["notebook"], also, time.monotonic() + seconds, WHY)


def watches(server: ScriptedServer) -> list[str]:
    """The resourceVersions from which watches began."""
    return [
        request.query["resourceVersion"][0]
        for request in server.of("GET", KDCLUSTERS)
        if "watch" in request.query
    ]


@pytest.fixture
def configmap(server: ScriptedServer) -> None:
    """The ConfigMap, whenever it is read again."""
    server.on("GET", f"{CORE}/configmaps/model", Answer(body=CONFIGMAP), forever=True)


@pytest.mark.usefixtures("configmap")
def test_the_wait_ends_only_when_every_member_has_the_change(
    server: ScriptedServer, api: Api
) -> None:
    # One event a watch: each further watch shows that the wait had not ended before.
    server.on("GET", KDCLUSTERS, *(events(manifest) for manifest in [*WALK, DONE]))
    snapshot = live(api, BEFORE)
    wait(snapshot)
    assert watches(server) == ["10", "11", "12", "13", "14", "15", "16", "17"]
    notebook = snapshot.snapshot.clusters["notebook"]
    assert (notebook.state, notebook.generation) == ("configured", 2)


@pytest.mark.usefixtures("configmap")
def test_one_watch_may_report_everything(server: ScriptedServer, api: Api) -> None:
    other = kdcluster_manifest("other", state="updating", resource_version="14")
    bookmark = {"metadata": {"resourceVersion": "16"}}
    server.on("GET", KDCLUSTERS, Answer(chunks=(
        *(events(*WALK[:5], other).chunks or ()), *(events(bookmark, kind="BOOKMARK").chunks or ()),
        *(events(*WALK[5:], DONE).chunks or ()),
    )))  # fmt: skip
    wait(live(api, BEFORE))
    assert watches(server) == ["10"]


def test_a_settled_kdcluster_needs_no_wait(server: ScriptedServer, api: Api) -> None:
    wait(live(api, DONE), seconds=-1)
    assert server.requests == []


@pytest.mark.usefixtures("configmap")
def test_a_watch_that_is_too_old_restarts_from_a_list(server: ScriptedServer, api: Api) -> None:
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    again = {"metadata": {"resourceVersion": "15"}, "items": [WALK[4]]}
    server.on(
        "GET", KDCLUSTERS,
        events(WALK[0]), events(expired, kind="ERROR"), Answer(body=again), events(DONE),
    )  # fmt: skip
    wait(live(api, BEFORE))
    assert watches(server) == ["10", "11", "15"]


@pytest.mark.usefixtures("configmap")
def test_errors_while_it_restarts_are_retried_too(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after a restart of the API server: too old, not reachable, not ready, no users and no CRDs yet.
    monkeypatch.setattr(watcher, "_RETRY_SECONDS", 0.01)
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    again = {"metadata": {"resourceVersion": "15"}, "items": [WALK[4]]}
    server.on(
        "GET", KDCLUSTERS,
        events(expired, kind="ERROR"), Answer(status=0), status_answer(503, "Unavailable", "soon"),
        status_answer(403, "Forbidden", "no"), Answer(404, b"404 page not found", "text/plain"),
        Answer(body=again), events(DONE),
    )  # fmt: skip
    wait(live(api, BEFORE))
    assert watches(server)[-1] == "15"


@pytest.mark.usefixtures("configmap")
@pytest.mark.parametrize(
    "error",
    [Answer(status=0), status_answer(500, "InternalError", "etcd leader changed"),
     Answer(503, b"", "text/plain"), Answer(chunks=(b'{"type":',), cut=True)],
)  # fmt: skip
def test_a_transient_error_of_the_api_server_does_not_end_the_wait(
    server: ScriptedServer, api: Api, error: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_RETRY_SECONDS", 0.01)
    server.on("GET", KDCLUSTERS, events(WALK[0]), error, error, events(DONE))
    wait(live(api, BEFORE))
    assert watches(server) == ["10", "11", "11", "11"]


def test_a_refusal_of_the_api_server_ends_the_wait(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, status_answer(403, "Forbidden", "no"))
    with pytest.raises(ApiError, match="'watch'"):
        wait(live(api, BEFORE))


def test_a_lasting_error_ends_the_wait_at_its_deadline(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_RETRY_SECONDS", 0.01)
    server.on("GET", KDCLUSTERS, Answer(status=0), forever=True)
    with pytest.raises((UnreachableError, WaitTimeoutError)):
        wait(live(api, BEFORE), seconds=0.1)


def test_an_object_that_others_changed_is_read_again(server: ScriptedServer, api: Api) -> None:
    newer = object_manifest("ConfigMap", "model", resource_version="9")
    fits = hashlib.md5(b"model9", usedforsecurity=False).hexdigest()
    server.on("GET", f"{CORE}/configmaps/model", Answer(body=newer), forever=True)
    server.on("GET", KDCLUSTERS, events(step(18, "configured", fits, 2, (2, 2))))
    snapshot = live(api, BEFORE)
    wait(snapshot)
    assert watches(server) == ["10"]


def test_an_object_that_a_new_connection_names_is_read(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{CORE}/secrets/new", status_answer(404, "NotFound", "no"), forever=True)
    text = hashlib.md5(b"new", usedforsecurity=False).hexdigest()
    done = kdcluster_manifest("notebook", secrets=["new"], stored_hash=text)
    server.on("GET", KDCLUSTERS, events(done))
    wait(
        live(api, kdcluster_manifest("notebook", stored_hash="x"), objects={("Secret", "x"): None})
    )


def test_an_object_that_others_change_meanwhile_is_seen_with_the_operators_answer(
    server: ScriptedServer, api: Api
) -> None:
    newer = object_manifest("ConfigMap", "model", resource_version="9")
    fits = hashlib.md5(b"model9", usedforsecurity=False).hexdigest()
    server.on("GET", f"{CORE}/configmaps/model", Answer(body=newer), forever=True)
    last = step(18, "configured", fits, 2, (2, 2))
    server.on("GET", KDCLUSTERS, Answer(chunks=(
        *(events(step(17, "updating", fits, 2, (1, 1)), last).chunks or ()),
        # If the object were read only after the watch, this would still be read.
        b'not an event',
    ), cut=True))  # fmt: skip
    wait(live(api, BEFORE))
    assert watches(server) == ["10"]


def test_the_group_that_is_quiet_first_is_returned(server: ScriptedServer, api: Api) -> None:
    def named(name: str, state: str, version: int) -> JsonObject:
        return kdcluster_manifest(
            name, state=state, stored_hash=OLD_HASH, resource_version=str(version)
        )

    server.on("GET", KDCLUSTERS, events(named("b", "configured", 11)))
    snapshot = live(api, *(named(name, "updating", 1) for name in "abc"))
    groups = [frozenset("a"), frozenset("b"), frozenset("c")]
    assert snapshot.wait_until_one_is_quiet(groups, time.monotonic() + 60, WHY) == 1


def failure(kind: type[CollectionError], api: Api, *clusters: JsonObject) -> str:
    """The message of a wait that times out."""
    with pytest.raises(kind) as caught:
        wait(live(api, *clusters), seconds=-1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_timeout_says_which_members_lag_and_what_they_last_reported(api: Api) -> None:
    members = [
        member("pod-0", config=2, setup=2),
        member("pod-1", role="worker", config=1, setup=1),
        member("pod-2", state="create pending", config=None, setup=None, problem="no node fits"),
    ]
    text = failure(
        WaitTimeoutError, api,
        kdcluster_manifest("notebook", configmaps=["model"], state="updating", generation=2,
                           stored_hash=NEW_HASH, members=members),
    )  # fmt: skip
    assert text.startswith(WHY)
    for words in (
        "KDCluster team-a/notebook", "'updating'", "pod-1", "worker", "generation 1", "generation 2",
        "pod-2", "'create pending'", "no node fits",
    ):  # fmt: skip
        assert words in text
    assert "pod-0" not in text


def test_a_timeout_with_a_stuck_operator_says_what_helps(api: Api) -> None:
    text = failure(WaitTimeoutError, api, WALK[6])
    for words in ("KDCluster team-a/notebook", "'updating'", "stuck", "rollout restart"):
        assert words in text
    text = failure(WaitTimeoutError, api, step(12, "updating", OLD_HASH, 1, (1, 1)))
    assert "rollout restart" in text


def test_a_timeout_before_the_operator_saw_the_change_says_so(api: Api) -> None:
    text = failure(WaitTimeoutError, api, BEFORE)
    for words in ("KDCluster team-a/notebook", "not seen the change", "running"):
        assert words in text


@pytest.mark.usefixtures("configmap")
def test_a_member_in_config_error_ends_the_wait_at_once(server: ScriptedServer, api: Api) -> None:
    broken = kdcluster_manifest(
        "notebook", configmaps=["model"], stored_hash=NEW_HASH, generation=2, resource_version="12",
        members=[
            member("pod-0", config=2, setup=2),
            member("pod-1", state="config error", config=1, setup=1, problem="startscript exit 3"),
        ],
    )  # fmt: skip
    server.on("GET", KDCLUSTERS, events(WALK[1]), events(broken))
    with pytest.raises(MemberError) as caught:
        wait(live(api, BEFORE))
    for words in ("KDCluster team-a/notebook", "pod-1", "config error", "startscript exit 3"):
        assert words in str(caught.value)
    assert "pod-0" not in str(caught.value)


def test_a_config_error_does_not_hide_members_that_still_work(api: Api) -> None:
    members = [
        member("pod-0", config=1, setup=1),
        member("pod-1", state="config error", config=1, setup=1),
    ]
    busy = kdcluster_manifest(
        "notebook", configmaps=["model"], stored_hash=NEW_HASH, generation=2, members=members
    )
    assert "pod-0" in failure(WaitTimeoutError, api, busy)


@pytest.mark.usefixtures("configmap")
def test_a_kdcluster_that_is_deleted_meanwhile_is_reported(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", KDCLUSTERS, events(WALK[1], kind="DELETED"))
    with pytest.raises(PreconditionError, match="KDCluster team-a/notebook was deleted"):
        wait(live(api, BEFORE))


@pytest.mark.usefixtures("configmap")
def test_linked_kdclusters_must_be_quiet_too(server: ScriptedServer, api: Api) -> None:
    engine = {
        state: kdcluster_manifest("engine", state=state, stored_hash=OLD_HASH, resource_version=v)
        for state, v in (("updating", "20"), ("configured", "21"))
    }
    server.on("GET", KDCLUSTERS, events(DONE), events(engine["configured"]))
    wait(live(api, BEFORE, engine["updating"]), also=("engine",))
    assert watches(server) == ["10", "18"]


@pytest.mark.usefixtures("configmap")
def test_the_wait_does_not_cover_a_linked_kdcluster_that_is_deleted(
    server: ScriptedServer, api: Api
) -> None:
    engine = kdcluster_manifest("engine", state="updating", stored_hash=OLD_HASH)
    server.on("GET", KDCLUSTERS, events(DONE), events(engine, kind="DELETED"))
    wait(live(api, BEFORE, engine), also=("engine",))
    assert watches(server) == ["10", "18"]


@pytest.mark.usefixtures("configmap")
def test_a_deletion_is_reported_while_another_kdcluster_still_lags(
    server: ScriptedServer, api: Api
) -> None:
    zoo = kdcluster_manifest("zoo", stored_hash=OLD_HASH)
    server.on("GET", KDCLUSTERS, events(zoo, kind="DELETED"))
    snapshot = live(api, BEFORE, zoo)
    with pytest.raises(PreconditionError, match="KDCluster team-a/zoo was deleted"):
        snapshot.wait_until_settled(["notebook", "zoo"], (), time.monotonic() + 60, WHY)


def test_a_write_that_is_answered_during_a_list_is_not_forgotten(
    server: ScriptedServer, api: Api
) -> None:
    snapshot = live(api, BEFORE)
    writers = [threading.Thread(target=snapshot.put_cluster, args=[DONE])]

    def answer(_request: Request) -> Answer:
        writers[0].start()
        # It either applies its answer now, or waits until this one is applied.
        writers[0].join(0.1)
        return Answer(body={"metadata": {"resourceVersion": "12"}, "items": [WALK[1]]})

    server.otherwise = answer
    snapshot.refresh()
    writers[0].join()
    assert snapshot.snapshot.clusters["notebook"].state == "configured"


def test_a_linked_kdcluster_with_a_config_error_counts_as_quiet(api: Api) -> None:
    engine = kdcluster_manifest(
        "engine", stored_hash=OLD_HASH,
        members=[member("e-0", state="config error", config=0, setup=0)],
    )  # fmt: skip
    wait(live(api, DONE, engine), seconds=-1, also=("engine",))


def test_each_kdcluster_is_kept_as_it_was_before_its_last_change(
    server: ScriptedServer, api: Api
) -> None:
    """By the connection hash: no other change of it counts."""

    def notebook(stored_hash: str, version: int, generation: int = 1) -> JsonObject:
        members = [member("pod-0", version=version, config=generation)]
        return kdcluster_manifest("notebook", stored_hash=stored_hash, members=members)

    snapshot = live(api, notebook("one", 1), kdcluster_manifest("engine", stored_hash="one"))
    assert snapshot.before_last_change == {}
    snapshot.put_cluster(notebook("two", 1))
    snapshot.put_cluster(notebook("two", 2))
    again = {"metadata": {"resourceVersion": "15"}, "items": [notebook("three", 2, 5)]}
    server.on("GET", KDCLUSTERS, Answer(body=again))
    snapshot.refresh()
    snapshot.put_cluster(notebook("three", 2, 6))
    assert list(snapshot.before_last_change) == ["notebook"]
    before = snapshot.before_last_change["notebook"]
    assert before.stored_hash == "two"
    assert [one.connection_version for one in before.members] == [2]

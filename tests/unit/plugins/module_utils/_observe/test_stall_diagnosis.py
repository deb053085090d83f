# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unrecoverable stall ends a wait long before its deadline; a recoverable one does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    CollectionError,
    StalledError,
    WaitTimeoutError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe import (
    stall_diagnosis,
    watcher,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.watcher import (
    SnapshotWatcher,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, kdcluster_manifest, member, snapshot_of

NOTEBOOK = f"{KDCLUSTERS}/notebook"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
DOWN = status_answer(
    500, "InternalError",
    'Internal error occurred: failed calling webhook "hard-validate-cr.kubedirector.hpe.com": refused',
)  # fmt: skip
ALIVE = Answer(body={"kind": "KubeDirectorCluster"})
FOREVER = 3600


def notebook(state: str = "updating", **parts: Any) -> JsonObject:
    """A KDCluster whose only member has its generation."""
    given: dict[str, Any] = {"stored_hash": EMPTY, "members": [member("pod-0")], **parts}
    return kdcluster_manifest("notebook", state=state, **given)


def pending(**parts: Any) -> JsonObject:
    """A KDCluster whose pod does not run."""
    lost = member("pod-0", state="create pending", config=None, setup=None, **parts)
    return notebook(state="creating", members=[lost])


def pod(status: JsonObject) -> Answer:
    """A pod in this status."""
    return Answer(body={"metadata": {"name": "pod-0"}, "status": status})


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Diagnose at once, and accept the second diagnosis."""
    for name in ("STILL_SECONDS", "WEDGED_SECONDS", "OTHERS_STILL_SECONDS"):
        monkeypatch.setattr(stall_diagnosis, name, 0.0)
    monkeypatch.setattr(stall_diagnosis, "AGAIN_SECONDS", 0.05)


def playing(server: ScriptedServer, webhook: Answer, of_pod: Answer | None = None) -> list[str]:
    """Answer watches with no event, and requests to the webhook and for the pod with these."""
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        if "watch" in request.query:
            time.sleep(0.03)
            return Answer(chunks=())
        if request.method == "PATCH":
            assert request.query["dryRun"] == ["All"]
            asked.append(request.path)
            return webhook
        assert of_pod is not None, request.path
        assert request.path == f"{CORE}/pods/pod-0"
        return of_pod

    server.otherwise = answer
    return asked


def failure(api: Api, manifest: JsonObject, *others: JsonObject, seconds: float = FOREVER) -> str:
    """The message with which the wait for the notebook ends."""
    live = SnapshotWatcher(api, snapshot_of([manifest, *others]), "10")
    kind: type[CollectionError] = StalledError if seconds == FOREVER else WaitTimeoutError
    with pytest.raises(kind) as caught:
        live.wait_until_settled(["notebook"], [], time.monotonic() + seconds, "Written, but")
    assert "in time" in str(caught.value) or kind is StalledError
    return str(caught.value)


@pytest.mark.parametrize("state", ["configured", "updating"])
def test_an_operator_that_is_down_is_reported(server: ScriptedServer, api: Api, state: str) -> None:
    asked = playing(server, DOWN)
    text = failure(api, notebook(state=state, stored_hash="not yet"))
    for words in ("Written, but: KDCluster team-a/notebook", "operator is down", "rollout restart"):
        assert words in text
    assert set(asked) == {NOTEBOOK}


def test_the_wait_continues_if_the_operator_comes_back(server: ScriptedServer, api: Api) -> None:
    playing(server, ALIVE)
    server.on("PATCH", NOTEBOOK, DOWN)
    text = failure(api, notebook(state="configured", stored_hash="not yet"), seconds=1.2)
    assert "not seen the change" in text


@pytest.mark.parametrize(
    "webhook", [ALIVE, status_answer(403, "Forbidden", "no"), status_answer(404, "NotFound", "no")]
)
def test_an_operator_that_is_stuck_is_reported(
    server: ScriptedServer, api: Api, webhook: Answer
) -> None:
    playing(server, webhook)
    text = failure(api, notebook(generation=1))
    for words in ("KDCluster team-a/notebook", "every member has generation 1", "rollout restart"):
        assert words in text


def test_a_kdcluster_that_waits_its_turn_is_not_stuck(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall_diagnosis, "OTHERS_STILL_SECONDS", FOREVER)
    playing(server, ALIVE)
    failure(api, notebook(), seconds=1.2)


def test_a_member_that_still_works_is_not_stuck(server: ScriptedServer, api: Api) -> None:
    # As during a start script: the operator's pass takes as long as the script.
    playing(server, ALIVE)
    busy = notebook(state="configured", generation=2, members=[member("pod-0", config=1, setup=1)])
    failure(api, busy, seconds=1.2)


def test_a_pod_that_no_node_accepts_is_reported(server: ScriptedServer, api: Api) -> None:
    said = "0/1 nodes are available: 1 Insufficient cpu."
    condition = {"type": "PodScheduled", "status": "False", "message": said}
    playing(server, ALIVE, pod({"phase": "Pending", "conditions": [condition]}))
    text = failure(api, pending())
    for words in (
        "pod pod-0 of role controller cannot be scheduled",
        said.rstrip("."),
        "Make room",
    ):
        assert words in text


def test_a_pod_that_the_caller_may_not_read_is_reported_by_the_kdcluster(
    server: ScriptedServer, api: Api
) -> None:
    playing(server, ALIVE, status_answer(403, "Forbidden", "no"))
    text = failure(api, pending(scheduling_error="no node fits."))
    assert "cannot be scheduled (no node fits)" in text


@pytest.mark.parametrize("part", ["containerStatuses", "initContainerStatuses"])
def test_a_pod_whose_image_cannot_be_pulled_is_reported(
    server: ScriptedServer, api: Api, part: str
) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "example.com/none"'}
    playing(server, ALIVE, pod({part: [{"name": "app", "state": {"waiting": waiting}}]}))
    text = failure(api, pending())
    for words in ("pod pod-0", "container app", "ImagePullBackOff", "example.com/none"):
        assert words in text


def test_the_wait_continues_while_a_pod_starts(server: ScriptedServer, api: Api) -> None:
    waiting = {"reason": "ContainerCreating"}
    statuses = [{"name": "app", "state": {"waiting": waiting}}]
    scheduled = {"type": "PodScheduled", "status": "True"}
    playing(server, ALIVE, pod({"conditions": [scheduled], "containerStatuses": statuses}))
    failure(api, pending(), seconds=1.2)


def test_a_kdcluster_that_progresses_is_not_diagnosed(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall_diagnosis, "STILL_SECONDS", 30.0)
    asked = playing(server, DOWN)
    failure(api, notebook(), seconds=1.2)
    assert asked == []
    assert watcher.WATCH_SECONDS < 30

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diff mode shows connections and data; of a Secret it shows keys and never a value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.manifests import Connections, encoded
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, succeeded, token


def leaves(part: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in nested lists and dictionaries that is neither, with the way to it."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, f"{where}/{key}")
    elif isinstance(part, list):
        for value in part:
            yield from leaves(value, where)
    elif part is not None:
        yield f"{where}={part}", part


def sides(result: ModuleResult) -> tuple[set[str], set[str]]:
    """All of a diff's before, and all of its after, as ways to values and the values."""
    diff = result.json["diff"]
    before, after = (
        {text for one in diff for text, _value in leaves(one[side], one[f"{side}_header"])}
        for side in ("before", "after")
    )
    return before, after


def mentions(side: set[str], word: str) -> set[str]:
    """What of one side of a diff has the word in it."""
    return {text for text in side if word in text}


def test_the_diff_shows_connections_and_data(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    emptied("lab").reconnect_settled(Connections(clusters=["engine-torch"]))
    name = fresh("shown")
    result = succeeded(
        tenant.connection(
            diff=True,
            kdcluster=["lab"],
            configmaps=[model(name, path="repo://old")],
            clusters=["backend"],
        )
    )
    before, after = sides(result)
    assert mentions(before, "engine-torch") and mentions(after, "engine-torch")
    for word in ("backend", name, "repo://old"):
        assert mentions(after, word) and not mentions(before, word)

    result = succeeded(
        tenant.connection(diff=True, kdcluster=["lab"], configmaps=[model(name, path="repo://new")])
    )
    before, after = sides(result)
    assert mentions(before, "repo://old") and not mentions(before, "repo://new")
    assert mentions(after, "repo://new") and not mentions(after, "repo://old")


def test_the_diff_is_empty_where_nothing_changes(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    arguments: dict[str, Any] = {
        "kdcluster": ["lab"],
        "configmaps": [model(fresh("same"))],
        "secrets": [token(fresh("same"), key="lemongrass")],
    }
    tenant.connected(**arguments)
    assert succeeded(tenant.connection(diff=True, **arguments)).json["diff"] == []


def test_there_is_no_diff_by_default(tenant: Modules, fresh: Fresh) -> None:
    assert "diff" not in tenant.connected(configmaps=[model(fresh("plain"))]).json


def test_the_diff_shows_the_changed_keys_of_a_secret_and_no_values(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    name = fresh("hidden")
    values = {
        "steady": "aaa-galangal",
        "altered": "bbb-asafoetida",
        "dropped": "ccc-ajwain",
        "added": "ddd-epazote",
    }
    first = {key: values[key] for key in ("steady", "altered", "dropped")}
    second = {"steady": values["steady"], "altered": "eee-perilla", "added": values["added"]}
    results = [
        succeeded(
            tenant.connection(
                diff=True, check_mode=check_mode, kdcluster=["lab"], secrets=[token(name, **data)]
            )
        )
        for data in (first, second)
        for check_mode in (True, False)
    ]
    for result in results:
        text = json.dumps(result.json)
        for value in [*values.values(), "eee-perilla"]:
            assert value not in text and encoded(value) not in text
    for result in results[2:]:
        before, after = sides(result)
        assert mentions(before, "dropped") and not mentions(after, "dropped")
        assert mentions(after, "added") and not mentions(before, "added")
        assert mentions(before, "altered") != mentions(after, "altered")
        assert mentions(before, "steady") == mentions(after, "steady")


def test_the_diff_shows_deleted_objects(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    emptied("lab")
    name = fresh("deleted")
    tenant.connected(
        kdcluster=["lab"],
        configmaps=[model(name)],
        secrets=[token(name, key=canary("fff-annatto"))],
    )
    result = succeeded(
        tenant.connection(
            diff=True,
            kdcluster=["lab"],
            configmaps=[{"name": name}],
            secrets=[{"name": name}],
            state="absent",
            delete_objects=True,
        )
    )
    before, after = sides(result)
    for kind in ("ConfigMap", "Secret"):
        assert any(text.startswith(kind) for text in mentions(before, f"/{name}/"))
    assert not mentions(after, name)
    text = json.dumps(result.json)
    assert "annatto" not in text and encoded(canary("fff-annatto")) not in text

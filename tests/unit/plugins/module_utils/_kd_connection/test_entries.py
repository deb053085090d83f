# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each entry of a list is checked. A message names the entry and the field, and shows no value."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.action.kd_connections import (
    entry_sentences,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.contradictions import (
    contradictions,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    validated_entries,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entries import (
    entry_places,
)

Entry = dict[str, Any]
VALUE = "liquorice"
FINE: Entry = {
    "namespace": "team-a",
    "kdcluster": ["jupyter-notebook"],
    "clusters": "training-engine-tf,training-engine-pytorch",
    "configmaps": [{"name": "info", "type": "info", "data": {"port": 8080, "day": date(2026, 1, 1), 8080: "p"}}],
    "secrets": [{"name": "git-login", "type": "source-control", "string_data": {"token": VALUE}}],
    "wait_timeout": "60",
    "exclusive": "yes",
}  # fmt: skip


def secret(**fields: Any) -> Entry:
    """An entry that connects one Secret."""
    return {"kdcluster": ["jupyter-notebook"], "secrets": [{"name": "git-login", **fields}]}


LOGIN = "secrets[git-login]"
ALONE: list[tuple[Any, str, str]] = [
    ({"secret": [{"name": "git-login"}]}, "secret", "is not an option here; did you mean secrets?"),
    ({"frobnicate": 1}, "frobnicate", "is not an option here; there are apps, clusters, configmaps, "),
    ({"context": "prod"}, "context", "the way to the API server is in kd_auth"),
    ({"verify_ssl": False}, "verify_ssl", "the way to the API server is in kd_auth"),
    ({"kdcluster": ["a"], "kdclusters": ["b"]}, "kdclusters", "means the same as kdcluster"),
    ({"kdcluster": {"a": 1}}, "kdcluster", "a dictionary stands where a list belongs."),
    ({"kdcluster": [["a"]]}, "kdcluster[no. 1]", "a list stands where text belongs."),
    ({"kdcluster": [None]}, "kdcluster[no. 1]", "nothing stands where text belongs."),
    ({"kdcluster": ["a", "a"]}, "", "names KDCluster a more than once: name it once."),
    ({"kdcluster": ["Upper"]}, "", "KDCluster 'Upper' is not a valid object name"),
    ({"namespace": "Team_A"}, "", "namespace 'Team_A' is not a valid object name"),
    ({"state": "sideways"}, "state", "is none of present, absent."),
    ({"wait_timeout": "soon"}, "wait_timeout", "text stands where a whole number belongs."),
    ({"wait_timeout": float("inf")}, "wait_timeout", "a number stands where a whole number belongs."),
    ({"wait_timeout": 0}, "", "Option wait_timeout is a number of seconds, 1 to 31536000 (a year)."),
    ({"wait_timeout": 10**400}, "", "Option wait_timeout is a number of seconds, 1 to 31536000"),
    ({"exclusive": "perhaps"}, "exclusive", "text stands where true or false belongs."),
    ({"kdcluster": ["a"], "clusters": ["a"]}, "", "KDCluster a cannot be connected to itself"),
    ({"clusters": ["a"]}, "", "Option clusters says what to connect to, but kdcluster"),
    ({"exclusive": True, "state": "absent"}, "", "Option exclusive goes with state=present only."),
    ({"delete_objects": True}, "", "Option delete_objects goes with state=absent only."),
    ({"secrets": f"A {VALUE}"}, "secrets", "text stands where a list belongs."),
    ({"secrets": [f"A {VALUE}"]}, "secrets[no. 1]", "text stands where a dictionary (key: value) belongs."),
    ({"secrets": [{"type": "x"}]}, "secrets[no. 1]", "name is missing."),
    ({"secrets": [{"name": "a", "typ": 1}]}, "secrets[a].typ", "is not an option here; did you mean type?"),
    ({"secrets": [{"name": {"x": VALUE}}]}, "secrets[no. 1].name", "a dictionary stands where text"),
    ({"secrets": [{"name": "a"}, {"name": "a"}]}, "", "Secret a is named twice in this task"),
    ({"configmaps": [{"name": "a_b"}]}, "configmaps[a_b].name", "ConfigMap 'a_b' is not a valid object name"),
    (secret(string_data=VALUE), f"{LOGIN}.string_data", "text stands where a dictionary"),
    (secret(string_data={"a": [VALUE]}), f"{LOGIN}.string_data.a", "the value is a list; only text"),
    (secret(string_data={"a": None}), f"{LOGIN}.string_data.a", "the value is empty (null)"),
    (secret(data={"a": VALUE}), f"{LOGIN}.data.a", "key a is not valid base64"),
    (secret(data={"a b": "YQ=="}), f"{LOGIN}.data.a b", "'a b' is not a valid key"),
    (secret(type="two words"), f"{LOGIN}.type", "'two words' is not a valid label value"),
    (secret(labels={"a": "b c"}), f"{LOGIN}.labels.a", "'b c' is not a valid label value"),
    (secret(annotations={"a": [VALUE]}), f"{LOGIN}.annotations.a", "the value is a list"),
    (secret(data={"a": "YQ=="}, string_data={"a": VALUE}), LOGIN, "key a is in data and in string_"),
    ({True: VALUE}, "true", "true or false stands where text belongs. Quote the key"),
    ({8080: VALUE}, "8080", "a number stands where text belongs. Quote the key"),
    ({None: VALUE}, "null", "nothing stands where text belongs. Quote the key"),
    ({1.5: [VALUE]}, "1.5", "a number stands where text belongs. Quote the key"),
    (secret(type="x") | {True: VALUE}, "true", "true or false stands where text belongs"),
    ({"secrets": [{"name": "a", True: VALUE}]}, "secrets[a].true", "true or false stands where text"),
    ({"secrets": [{"name": "a", 0: VALUE}]}, "secrets[a].0", "a number stands where text belongs."),
    (secret(string_data={True: VALUE}), f"{LOGIN}.string_data.true", "true or false stands where"),
    (secret(labels={None: "x"}), f"{LOGIN}.labels.null", "nothing stands where text belongs. Quote"),
    ([VALUE], "", "an entry is a dictionary with kd_connection's options."),
    (VALUE, "", "an entry is a dictionary with kd_connection's options."),
]  # fmt: skip


def test_entries_that_a_task_accepts_are_accepted() -> None:
    assert entry_sentences([FINE, {"kdclusters": "other"}], []) == []


@pytest.mark.parametrize(("entry", "field", "said"), ALONE)
def test_a_broken_entry_is_reported_with_file_entry_and_field(
    entry: Any, field: str, said: str
) -> None:
    (found,) = entry_sentences([FINE, entry], ["connections.yml", "connections.yml"])
    assert found.startswith("connections.yml, entry 2 (")
    assert (f"), {field}: {said}" if field else said) in found
    assert VALUE not in found


def test_all_problems_are_reported_with_the_kdclusters_of_each_entry() -> None:
    broken = {"kdcluster": ["a", "b"], "secrets": [{"name": "A"}, {"name": "b", "type": ""}]}
    found = entry_sentences([broken, {"state": "x"}], [])
    assert len(found) == 3
    assert all(one.startswith("kd_connections, entry 1 (kdcluster a, b), ") for one in found[:2])
    assert found[2].startswith("kd_connections, entry 2 (no kdcluster), state: ")


@pytest.mark.parametrize("given", [None, "text", {"kdcluster": ["a"]}])
def test_a_value_that_is_not_a_list_is_refused(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"kd_connections: a list of dictionaries with"):
        entry_places(given)


def info(value: Any, **more: Any) -> Entry:
    """An entry that describes one ConfigMap."""
    return {"configmaps": [{"name": "info", "type": "info", "data": {"a": value}}], **more}


TOGETHER: list[tuple[list[Entry], str]] = [
    ([info("1"), info("2")], "ConfigMap info is described in entry 1 too, and differently"),
    ([info("1", kdcluster="a"),
      {"kdcluster": "a", "configmaps": [{"name": "info"}], "state": "absent"}],
     "ConfigMap info is connected to KDCluster a by one of this and entry 1, and disconnected by"),
    ([info("1"), {"configmaps": [{"name": "info"}], "state": "absent", "delete_objects": True}],
     "ConfigMap info is deleted by one of this and entry 1, and used by the other"),
    ([{"kdcluster": "a", "exclusive": True}, {"kdcluster": ["a", "b"], "clusters": "c"}],
     "KDCluster a is in entry 1 too, and exclusive would undo that"),
    ([{"kdcluster": "a", "clusters": "b"}, {"kdcluster": "b", "clusters": "a"}],
     "together with entry 1, it would connect KDCluster a to itself through a cycle (a -> b -> a)"),
]  # fmt: skip


def contradicting(entries: list[Entry]) -> list[tuple[int, str]]:
    """The contradictions between entries without a namespace."""
    read, _problems = validated_entries(entries)
    return list(
        contradictions(
            [parse_desired(one, one["namespace"] or "context-namespace") for one in read]
        )
    )


@pytest.mark.parametrize(("entries", "said"), TOGETHER)
def test_entries_that_contradict_one_another_are_refused(entries: list[Entry], said: str) -> None:
    ((index, found),) = contradicting(entries)
    assert index == 1
    assert said in found.replace("context-namespace/", "")
    elsewhere = [{**entry, "namespace": f"team-{n}"} for n, entry in enumerate(entries)]
    assert contradicting(elsewhere) == []


@pytest.mark.parametrize(
    "entries",
    [
        [info(8080), info("8080")],
        [info("1", kdcluster="a"), {"kdcluster": "b", "configmaps": [{"name": "info"}]}],
        [{"kdcluster": "a", "clusters": "b", "state": "absent"}, {"kdcluster": "b", "clusters": "a"}],
        [{"kdcluster": "a", "exclusive": True}, {"kdcluster": "b", "exclusive": True}],
    ],
)  # fmt: skip
def test_entries_without_a_contradiction_are_accepted(entries: list[Entry]) -> None:
    assert contradicting(entries) == []


def test_a_long_list_that_shares_one_secret_is_read_in_linear_time() -> None:
    given = [
        {"kdcluster": f"notebook-{n}", "secrets": ["token"], "clusters": "tf"} for n in range(2000)
    ]
    entries = [parse_desired(one, "team-a") for one in validated_entries(given)[0]]
    compared = 0

    class Counted(type(entries[0])):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            nonlocal compared
            compared += 1
            return super().__getattribute__(name)

    counted = [Counted(one.namespace, one.objects, one.connections) for one in entries]
    compared = 0
    assert list(contradictions(counted)) == []
    assert compared < 40 * len(entries)


def test_an_entry_refused_for_its_namespace_names_it() -> None:
    validated, (problem,) = validated_entries([{"namespace": "Team_A", "kdcluster": "a"}])
    assert validated == []
    assert "namespace 'Team_A' is not a valid object name" in problem.text


def test_a_place_with_its_own_number_is_not_changed() -> None:
    (said,) = entry_sentences(
        [FINE, {"context": "prod"}], ["Answers, entry 1", "Credential, entry 1"]
    )
    assert said.startswith("Credential, entry 1 (")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"secrets": "a=b"}, "secrets: text stands where a list belongs."),
        ({"configmaps": [{"name": None}]}, "configmaps[no. 1]: name is missing."),
        ({"configmaps": [{"name": "info", "labels": {None: "a"}}]}, "labels.null: nothing stands where text"),
        ({"configmaps": [{"name": "info", "data": {True: "a"}}]}, "data.true: true or false stands where text"),
    ],
)  # fmt: skip
def test_a_value_that_ansible_would_convert_is_refused(entry: Entry, said: str) -> None:
    (found,) = entry_sentences([entry], [])
    assert said in found

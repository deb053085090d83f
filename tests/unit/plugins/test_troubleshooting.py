# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting.md tells of every message of the collection, and of none that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plugins.messages import (
    guide_rows,
    is_about,
    is_telling,
    play_messages,
    plugin_messages,
    source_messages,
)

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "troubleshooting.md"

# Parts of messages of which the guide tells as a whole.
PARTS = frozenset({
    # Which object is meant.
    "…: role …", "Pod …/…: …", "source control …", "external auth …", "model number …", "…: pod … of role … …",
    "… of role ……", "(no pod yet)", "the kubeconfig given as a dictionary", "the kubeconfig …",
    "KDCluster … …", "name: ServiceAccount …/", "…: KDCluster …/", "…s: … …/", "…: label …",
    "…s in namespace …", "in namespace …", "in the whole cluster", "…, entry … (…)", "of KDCluster …",
    "…: member … (role …)", "(it is at resourceVersion …)", "data or string_data",
    # How a message begins or goes on.
    "it waits for …", "its error is: …", "a plain value", "Unsupported parameters for (…) module: …",
    "The change was written, but", "Nothing had to be written, but", "… in time: …", "… is in state …",
    "… of role …: state …, generation ……", "role … has … of … members", "the name of its KDApp",
    "does not exist", "carries no type label", "no context …", "and in every member of KDCluster ….",
    "a dictionary (key: value)", "true or false", "a whole number", "did you mean …?", "there are ….",
    # What the reason in brackets may be.
    "a line of the watch is no event", "a watch event is too long", "No module named 'kubernetes'",
    "no '=' in it", "its template fails",
    # What to do; the guide's cures say it, too.
    "The operator checks the whole KDCluster at each change: correct its spec, then run the task again",
    "the operator may be stuck on clusters that are linked to one another; restarting its Deployment "
    "(kubectl rollout restart deployment/kubedirector in the operator's namespace) helps at once",
    "check its pod (kubectl get pods --all-namespaces, named kubedirector-...) and restart its Deployment "
    "(kubectl rollout restart deployment/kubedirector in the operator's namespace)",
    "Wait until the restore has ended, or take the label … off the KDCluster",
    "The live KDCluster differs from what its members were made with: put that role back as it was",
    "Bring back what is missing, or correct the KDCluster's spec",
    "Bring the KDApp back",
    "see that its container runs, and that what is on the way lets WebSockets through",
    "It passes by itself: run the task again, or give a longer wait_timeout",
    "If … … in another namespace, name it there.",
    "… keeps the old values; restore them with: ansible-playbook kubedirector.connections.rotate "
    "-e rotate_namespace=… -e rotate_…=… -e rotate_state=restored.",
    "This one restores the values from before it.", "What others made of the object since is overwritten.",
    "This one finishes it.", "See how that one ends.", "Nothing was written.", "It keeps the old values now.",
    "This one sets other values in place of its values, and if that fails, restores those from before it.",
})  # fmt: skip

# What only has the shape of a message.
NO_MESSAGES = frozenset({
    # Said with -vvv.
    "Running module … in Ansible's worker process",
    # Looked for in what others say.
    "attempting to grant RBAC permissions not currently held", "failed calling webhook",
    'admission webhook "[^"]*" denied the request:\\s*',
    'admission webhook "[^"]*kubedirector\\.hpe\\.com" denied',
    'failed calling webhook "[^"]*kubedirector\\.hpe\\.com"',
    "'[^']*' is undefined|[^:]* has no attribute '[^']*'",
    # How an object may stand when a rotation goes back.
    "it holds the old values", "it holds what the rotation wrote", "others changed it since",
    "it was deleted",
    # In a diff's place of a value.
    "(hidden, other value)",
    # Words that are never masked.
    "created updated unchanged deleted present absent true false configured updating creating config error "
    "clusters configmaps secrets connections KDCluster ConfigMap Secret members default node",
    # The reason for an error that is told otherwise.
    "its length is no multiple of four",
})  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Each text that may be a message, and where it is."""
    return {said.text: said.where for said in (*plugin_messages(ROOT), *play_messages(ROOT))}


@pytest.fixture(scope="module")
def rows() -> list[str]:
    """The messages that the guide tells of."""
    return guide_rows(GUIDE.read_text(encoding="utf-8"))


def test_every_message_is_in_the_guide(texts: dict[str, str], rows: list[str]) -> None:
    missing = [
        f"{where}: {text}"
        for text, where in texts.items()
        if text not in PARTS | NO_MESSAGES and not any(is_about(row, text, texts) for row in rows)
    ]
    assert not missing, "\n".join(["not in docs/troubleshooting.md:", *missing])


def test_every_row_of_the_guide_is_about_a_message(texts: dict[str, str], rows: list[str]) -> None:
    said = texts.keys() - NO_MESSAGES
    strange = [row for row in rows if not any(is_about(row, text, texts) for text in said)]
    assert not strange, "\n".join(["said nowhere in plugins, playbooks or roles:", *strange])


def test_no_row_is_so_short_that_it_would_be_about_anything(
    texts: dict[str, str], rows: list[str]
) -> None:
    assert [row for row in rows if not is_telling(row, texts)] == []


def test_the_guide_has_each_row_once(rows: list[str]) -> None:
    assert sorted(rows) == sorted(set(rows))


def test_what_is_left_out_of_the_guide_still_exists(texts: dict[str, str]) -> None:
    assert sorted((PARTS | NO_MESSAGES) - texts.keys()) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("raise Refused('too bad')", "too bad"),
        ("raise Impossible([f'KDCluster {name} is bad'])", "KDCluster … is bad"),
        ("yield f'{label}: role {role} is odd.'", "…: role … is odd."),
        ("return 'it is' + ' odd ' + name", "it is odd …"),
        ("text += (f'{name} ' 'is odd' if name else '')", "… is odd"),
        ("warn('Odd name.')", "Odd name."),
        ("x = 'one ' + (f'two {three} four' if y else '')", "two … four"),
        ('f\'{", ".join(f"role {r} is odd" for r in roles)}\'', "role … is odd"),
    ],
)
def test_a_message_is_found_wherever_it_is_put(source: str, expected: str) -> None:
    assert expected in [said.text for said in source_messages(source, "some.py")]


@pytest.mark.parametrize(
    "source",
    [
        '"""Of several words."""',
        "DOCUMENTATION = 'some words of it'",
        "x = 'two words'",
        "raise KeyError(name)",
        "x = f'{one} {two} {three}'",
    ],
)
def test_what_has_no_shape_of_a_message_is_not_taken_for_one(source: str) -> None:
    assert list(source_messages(source, "some.py")) == []


def test_only_rows_of_tables_of_messages_are_read() -> None:
    guide = (
        "| message | cure |\n|---|---|\n| a \\| `b` | c |\n\n| other | x |\n|---|---|\n| d | e |\n"
    )
    assert guide_rows(guide) == ["a | b"]


def test_what_varies_in_a_row_stands_for_anything() -> None:
    text = "KDCluster …: role … is odd. Mend it."
    assert is_about("role … is odd", text, [])
    assert not is_about("role … is even", text, [])
    assert not is_about("Role … is odd", text, [])
    assert not is_telling("… is odd", [text])


def test_a_row_that_is_a_whole_message_is_about_that_one_alone() -> None:
    assert is_telling("… is odd", ["… is odd"])
    assert is_about("… is odd", "… is odd", ["… is odd"])
    assert not is_about("… is odd", "role … is odd", ["… is odd"])

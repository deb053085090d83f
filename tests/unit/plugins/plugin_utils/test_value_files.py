# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""from_files and from_env_file compared with kubectl on the same files, byte for byte."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.plugin_utils import _value_files
from ansible_collections.kubedirector.connections.plugins.plugin_utils._kubectl_values import (
    MAX_BYTES,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._value_files import (
    FileValues,
    with_file_values,
)
from tests.harness.value_files import (
    BAD_ENV_FILES,
    BAD_NAMES,
    BINARY,
    CUT_ENV_FILE,
    ENV_FILES,
    ENVIRONMENT,
    FILES,
    write_all,
)
from tests.unit.plugins.controller_files import SECRET, Folder, said


def read_one(folder: Folder, option: str, **entry: Any) -> FileValues:
    """Read the files of one entry of a kd_connection task."""
    return with_file_values({option: [{"name": "x", **entry}]}, folder)


def values_of(read: FileValues, option: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The only entry's text and bytes, as bytes."""
    assert read.problems == []
    (entry,) = read.args[option]
    assert not {"from_files", "from_env_file"} & set(entry)
    data, binary = entry["data"], entry.get("binary_data", {})
    if option == "secrets":
        data, binary = {}, data
    return (
        {key: text.encode() for key, text in data.items()},
        {key: base64.b64decode(value, validate=True) for key, value in binary.items()},
    )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("option", ["configmaps", "secrets"])
def test_a_file_is_a_value_byte_for_byte(folder: Folder, option: str, name: str) -> None:
    (folder.path / name).write_bytes(FILES[name])
    text, binary = values_of(read_one(folder, option, from_files=[name]), option)
    where = binary if option == "secrets" or name in BINARY else text
    assert where == {name: FILES[name]}
    assert len(text) + len(binary) == 1


def test_a_folder_has_the_values_of_all_its_regular_files(folder: Folder) -> None:
    write_all(folder.path / "all", FILES)
    (folder.path / "all" / "inner").mkdir()
    (folder.path / "all" / "link").symlink_to("text")
    read = read_one(folder, "configmaps", from_files=["all/"])
    text, binary = values_of(read, "configmaps")
    assert text | binary == FILES and set(binary) == BINARY
    ((path, warning),) = read.warnings
    assert path == ("configmaps", 0, "from_files", 0)
    assert warning.endswith("left out: inner, link.")


def test_a_key_replaces_a_files_name(folder: Folder) -> None:
    (folder.path / "with blank").write_text("x")
    sources = [{"key": "good", "path": "with blank"}, {"path": str(folder.path / "with blank"), "key": None}]  # fmt: skip
    text, _binary = values_of(read_one(folder, "configmaps", from_files=sources[:1]), "configmaps")
    assert text == {"good": b"x"}
    assert "'with blank' is not a valid key" in said(
        read_one(folder, "configmaps", from_files=sources[1:])
    )


@pytest.mark.parametrize("name", ENV_FILES)
@pytest.mark.parametrize("option", ["configmaps", "secrets"])
def test_an_env_file_has_the_values_of_its_lines(
    folder: Folder, option: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    content, expected = ENV_FILES[name]
    (folder.path / "env").write_bytes(content)
    read = read_one(folder, option, from_env_file="env")
    if option == "secrets" and b"UNSET" in content:
        assert said(read) == (
            "env, line 2: there is no '=', and the controller's environment has no variable of this name. "
            "Write NAME=VALUE."
        )
        return
    text, binary = values_of(read, option)
    assert (binary if option == "secrets" else text) == {k: v.encode() for k, v in expected.items()}
    assert len(read.warnings) == content.count(b"UNSET\n")


@pytest.mark.parametrize("name", [*BAD_ENV_FILES, "cut"])
def test_a_line_that_kubectl_refuses_or_cuts_is_refused_with_its_number(
    folder: Folder, name: str
) -> None:
    content = BAD_ENV_FILES.get(name, CUT_ENV_FILE)
    (folder.path / "env").write_bytes(content)
    text = said(read_one(folder, "configmaps", from_env_file="env"))
    lines = {"twice": "key A is in from_env_file too", "cut": "env, line 2: has more than 65535"}
    last = len(content.rstrip(b"\n").split(b"\n"))
    assert text.startswith(lines.get(name, f"env, line {last}: "))


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_a_name_that_is_not_a_key_is_named(folder: Folder, name: str) -> None:
    (folder.path / "all").mkdir()
    (folder.path / "all" / name).write_text("x")
    for source in ("all", f"all/{name}"):
        text = said(read_one(folder, "configmaps", from_files=[source]))
        assert text.startswith(f"{name!r} is not a valid key: use letters, digits")


@pytest.mark.parametrize(
    "content",
    [f"{SECRET}\n", f"export A={SECRET}\n", f"{SECRET} ==\n", f"a b={SECRET}\n"],
    ids=range(4),
)
def test_no_line_of_a_secret_is_shown(folder: Folder, content: str) -> None:
    (folder.path / "env").write_text(content.replace("-", "/"))
    text = said(read_one(folder, "secrets", from_env_file="env"))
    assert text.startswith("env, line 1: what stands before '=' is not a valid name")


@pytest.mark.parametrize(
    "content", [f"{SECRET}\n", f"A=first\\\n{SECRET}\n", f"{SECRET}=a\n{SECRET}=b\n"], ids=range(3)
)
def test_no_key_of_a_secrets_env_file_is_shown(folder: Folder, content: str) -> None:
    (folder.path / "env").write_text(content.replace(" ", "_"))
    read = read_one(folder, "secrets", from_env_file="env")
    assert said(read).startswith(("env, line", "the key of env, line"))
    assert SECRET.replace(" ", "_") not in said(read)
    assert read.warnings == []


@pytest.mark.parametrize("option", ["from_files", "from_env_file", "src"])
def test_a_secret_in_the_place_of_a_path_is_not_shown(folder: Folder, option: str) -> None:
    text = said(read_one(folder, "secrets", **{option: SECRET}))
    assert text.startswith("the file that is named here does not exist on the controller.")
    lines = said(read_one(folder, "configmaps", **{option: f"a={SECRET}\nb=c\n"}))
    assert SECRET not in lines


@pytest.mark.parametrize(
    "entry", [{"from_files": []}, {"from_files": ["links"]}, {"from_env_file": "env"}], ids=str
)
def test_files_without_a_value_remove_no_data(folder: Folder, entry: dict[str, Any]) -> None:
    (folder.path / "env").write_text("# nothing yet\n")
    (folder.path / "links").mkdir()
    (folder.path / "links" / "token").symlink_to("../env")
    text = said(read_one(folder, "secrets", **entry))
    assert text.startswith("gives no value, which would remove all data of an object that exists.")
    assert read_one(folder, "secrets", **entry, data={"a": "eA=="}).problems == []


def test_files_of_this_collection_are_not_used(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible looks beside the playbook first, which may be one of this collection."""
    monkeypatch.setattr(_value_files, "_COLLECTION", f"{folder.path}/")
    (folder.path / "notebook.yml").write_text("a playbook")
    (tmp_path / "elsewhere" / "notebook.yml").write_text("a user's")
    text, _binary = values_of(
        read_one(folder, "configmaps", from_files=["notebook.yml"]), "configmaps"
    )
    assert text == {"notebook.yml": b"a user's"}


def test_the_size_is_bounded(folder: Folder) -> None:
    (folder.path / "half").write_bytes(b"x" * (MAX_BYTES // 2))
    (folder.path / "one").write_bytes(b"x")
    (folder.path / "two").write_bytes(b"x")
    (folder.path / "more").write_bytes(b"x" * (MAX_BYTES + 1))
    files: list[Any] = ["half", {"key": "other", "path": "half"}]
    values_of(read_one(folder, "secrets", from_files=files), "secrets")
    text = said(read_one(folder, "secrets", from_files=[*files, "one", "two"]))
    assert text.startswith("the values up to here hold more than 1048576 bytes (1 MiB)")
    text = said(read_one(folder, "secrets", from_files=["more"]))
    assert text.startswith("more holds more than 1048576 bytes (1 MiB)")


def test_a_file_that_cannot_be_read_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder.path / "pipe")
    (folder.path / "folder").mkdir()
    (folder.path / "dangling").symlink_to("nowhere")
    (folder.path / "file.locked").write_text(SECRET)
    for given, text in {
        "missing": "the file that is named here does not exist on the controller. A relative path",
        "dangling": "the file that is named here does not exist on the controller",
        "pipe": "pipe is not an ordinary file",
        "file.locked": "file.locked cannot be read, or is encrypted by ansible-vault",
        "": "a path belongs here.",
    }.items():
        for entry in ({"from_files": [given]}, {"from_env_file": given}):
            assert said(read_one(folder, "secrets", **entry)).startswith(text)
    assert "is a folder. Name a file." in said(read_one(folder, "secrets", from_env_file="folder"))
    text = said(read_one(folder, "secrets", from_files=[{"key": "a", "path": "folder"}]))
    assert "Leave key out" in text
    (folder.path / "file").write_text(SECRET)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "/a/path")

    monkeypatch.setattr("builtins.open", refuse)
    text = said(read_one(folder, "secrets", from_files=["file"]))
    assert text == "file cannot be read (Permission denied)."


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"from_files": 7}, "a list of paths, or of dictionaries with key and path, belongs here."),
        ({"from_files": [7]}, "a path belongs here, or a dictionary with key and path."),
        ({"from_files": [{"key": "a"}]}, "a path belongs here, or a dictionary with key and path."),
        ({"from_files": [{"path": "a", "name": "b"}]}, "a path belongs here, or a dictionary"),
        ({"from_env_file": ["a"]}, "a path belongs here."),
    ],
)
def test_other_forms_are_refused(folder: Folder, entry: dict[str, Any], text: str) -> None:
    assert said(read_one(folder, "configmaps", **entry)).startswith(text)


@pytest.mark.parametrize(
    ("option", "other"),
    [
        ("configmaps", {"data": {"a": "x"}}),
        ("configmaps", {"data": "a=x"}),
        ("configmaps", {"binary_data": {"a": "AAA="}}),
        ("secrets", {"data": {"a": "AAA="}}),
        ("secrets", {"string_data": {"a": "x"}}),
        ("secrets", {"stringData": {"a": "x"}}),
    ],
)
def test_a_key_comes_from_one_place(folder: Folder, option: str, other: dict[str, Any]) -> None:
    (folder.path / "a").write_text("y")
    (folder.path / "b").write_text("z")
    (name,) = other
    text = said(read_one(folder, option, from_files=["a"], **other))
    assert text == f"key a is in {name} too; keep it in one of them."
    read = read_one(folder, option, from_files=["b"], **other)
    assert read.problems == []
    (entry,) = read.args[option]
    fields = ("data", "string_data", "stringData", "binary_data")
    keys = {
        field: {"a"} if entry[field] == "a=x" else set(entry[field])
        for field in fields
        if entry.get(field)
    }
    assert set().union(*keys.values()) == {"a", "b"}


def test_an_object_that_is_disconnected_needs_no_files(folder: Folder) -> None:
    args = {"secrets": [{"name": "x", "from_files": ["missing"]}], "state": "absent"}
    read = with_file_values(args, folder)
    assert (read.problems, read.args["secrets"]) == ([], [{"name": "x"}])


def test_options_without_files_are_not_changed(folder: Folder) -> None:
    args = {"secrets": [{"name": "x", "from_files": None}], "connections": [{"secrets": ["a"]}, 7]}
    assert with_file_values(args, folder).args is args


def test_entries_of_a_list_name_their_own_files(folder: Folder) -> None:
    (folder.path / "a").write_text("x")
    entries: list[dict[str, Any]] = [
        {"secrets": ["plain", {"name": "x", "from_files": ["a"]}]},
        {"configmaps": [{"name": "x", "from_files": ["no"]}]},
    ]
    read = with_file_values({"connections": entries}, folder)
    assert [path for path, _text in read.problems] == [("connections", 1, "configmaps", 0, "from_files", 0)]  # fmt: skip
    assert read.args["connections"][0]["secrets"] == ["plain", {"name": "x", "data": {"a": "eA=="}}]
    assert entries[0]["secrets"][1] == {"name": "x", "from_files": ["a"]}


def test_a_file_of_ansible_vault_is_decrypted_and_the_plain_file_deleted(folder: Folder) -> None:
    (folder.path / "a.vault").write_text("locked")
    (folder.path / "a.plain").write_text("x")
    text, _binary = values_of(read_one(folder, "configmaps", from_files=["a.vault"]), "configmaps")
    assert text == {"a.vault": b"x"}
    assert folder.forgotten == [str(folder.path / "a.plain")]


def test_paths_are_also_searched_beside_their_list_and_in_the_current_folder(
    folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a").write_text("beside")
    (tmp_path / "elsewhere" / "b").write_text("current")
    entry = {"configmaps": [{"name": "x", "from_files": ["a", "b"]}]}
    # As the filter entry_places returns it, relative to the current directory.
    places = ["../lists/connections.yml:6"]
    read = with_file_values({"connections": [entry], "places": places}, folder)
    assert read.problems == []
    assert read.args["connections"][0]["configmaps"][0]["data"] == {"a": "beside", "b": "current"}
    # The loader resolves a relative path from the playbook.
    assert folder.forgotten == [str(tmp_path / "lists" / "a"), str(tmp_path / "elsewhere" / "b")]

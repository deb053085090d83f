# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values and keys without quotes that YAML reads as something else."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.kubedirector.connections.plugins.plugin_utils import _yaml_values

CONFIGMAP = """configmaps:
  - name: one
    data: {{{key}: {written}, other: text}}
"""
knows_origins = pytest.mark.skipif(
    vars(_yaml_values)["Origin"] is None, reason="this ansible-core does not keep what was written"
)


def read(folder: Path, text: str) -> Any:
    """Read YAML as Ansible reads a playbook."""
    file = folder / "options.yml"
    file.write_text(text)
    return DataLoader().load_from_file(str(file))


@knows_origins
@pytest.mark.parametrize(
    ("written", "became"),
    [("1.10", "1.1"), ("0644", "420"), ("1_000", "1000"), ("0x1F", "31"), ("12:30:45", "45045"), ("1.0e+3", "1000.0")],
)  # fmt: skip
def test_a_number_that_becomes_other_text_gives_a_warning(
    tmp_path: Path, written: str, became: str
) -> None:
    options = read(tmp_path, CONFIGMAP.format(key="version", written=written))
    assert list(_yaml_values.misread_values(options)) == [
        f'configmaps[one].data.version: to YAML {written} is a number, which becomes "{became}". '
        "Quote it to keep it as written."
    ]


@knows_origins
@pytest.mark.parametrize("written", ["1.1", "8080", "0.5", '"0644"', "'1.10'", "true", "-1", "0"])
def test_a_value_that_stays_as_it_is_written_gives_no_warning(tmp_path: Path, written: str) -> None:
    options = read(tmp_path, CONFIGMAP.format(key="version", written=written))
    assert list(_yaml_values.misread_values(options)) == []


@pytest.mark.parametrize(
    ("written", "became"),
    [("2026-01-02", "2026-01-02"), ("2026-01-02 10:00:00", "2026-01-02T10:00:00")],
)
def test_a_date_gives_a_warning(tmp_path: Path, written: str, became: str) -> None:
    options = read(tmp_path, CONFIGMAP.format(key="day", written=written))
    (sentence,) = _yaml_values.misread_values(options)
    assert sentence.startswith("configmaps[one].data.day: to YAML ")
    assert f'is a date, which becomes "{became}". Quote it' in sentence


@knows_origins
def test_no_value_of_a_secret_is_shown(tmp_path: Path) -> None:
    options = read(tmp_path, "secrets:\n- name: one\n  string_data:\n    pin: 0644\n")
    (sentence,) = _yaml_values.misread_values(options)
    assert sentence.startswith("secrets[one].string_data.pin: to YAML this is a number")
    assert not {"0644", "420"} & {*sentence.split()}


@pytest.mark.parametrize(
    "text",
    ["data: {db_password: 2024-01-31}", "data: {apiKey: 2024-01-31}", "binary_data: {day: 2024-01-31}",
     "definition: {data: {day: 2024-01-31}}", "data: {nested: {token: 2024-01-31}}"],
)  # fmt: skip
def test_no_credential_of_a_configmap_is_shown(tmp_path: Path, text: str) -> None:
    options = read(tmp_path, f"configmaps:\n- name: one\n  {text}\n")
    (sentence,) = _yaml_values.misread_values(options)
    assert "to YAML this is a date" in sentence
    assert "2024" not in sentence


@knows_origins
def test_a_pipe_is_not_read_again(tmp_path: Path) -> None:
    """A program that decrypts can pass the file as a pipe, which has no writer any more."""
    options = read(tmp_path, CONFIGMAP.format(key="port", written="0644"))
    (tmp_path / "options.yml").unlink()
    os.mkfifo(tmp_path / "options.yml")
    assert list(_yaml_values.misread_values(options)) == []


@knows_origins
def test_a_warning_about_a_list_names_the_entry(tmp_path: Path) -> None:
    text = "connections:\n- kdcluster: lab\n  {}:\n  - name: one\n    data: {{version: 1.10}}\n"
    options = read(tmp_path, text.format("configmaps"))
    (sentence,) = _yaml_values.misread_values({**options, "places": ["connections.yml:2"]})
    assert sentence.startswith(
        "connections.yml:2, entry 1 (kdcluster lab), configmaps[one].data.version: to YAML 1.10 is a number, "
        'which becomes "1.1". '
    )
    (sentence,) = _yaml_values.misread_values(read(tmp_path, text.format("secrets")))
    assert sentence.startswith("connections, entry 1 (kdcluster lab), secrets[one].data.version: ")
    assert "1.1" not in sentence


def test_without_origins_every_number_with_a_point_gives_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_yaml_values, "Origin", None)
    data = {"v": 1.1, "port": 8080, "day": datetime.date(2026, 1, 2), "text": "1.10"}
    sentences = list(_yaml_values.misread_values({"configmaps": [{"name": "one", "data": data}]}))
    assert [sentence.partition(":")[0] for sentence in sentences] == [
        "configmaps[one].data.v",
        "configmaps[one].data.day",
    ]


@pytest.mark.parametrize("key", ["on", "off", "yes", "no", "~", "1.10", "2026-01-02"])
def test_a_key_that_is_not_text_is_named(tmp_path: Path, key: str) -> None:
    options = read(tmp_path, CONFIGMAP.format(key=key, written="x"))
    (sentence,) = _yaml_values.bad_keys(options)
    assert sentence.startswith("configmaps[one].data.")
    assert "Quote the key" in sentence
    assert _yaml_values.bad_keys(read(tmp_path, CONFIGMAP.format(key='"on"', written="x"))) == []


@pytest.mark.parametrize("key", ["__ansible_type", "__ansible_vault", "__ansible_unsafe"])
def test_a_key_that_ansible_reserves_is_named(tmp_path: Path, key: str) -> None:
    (sentence,) = _yaml_values.bad_keys({"configmaps": [{"name": "one", "data": {key: "x"}}]})
    assert sentence.startswith(f"configmaps[one].data.{key}: Ansible keeps keys that begin with ")
    assert "only name it here" in sentence


def test_a_number_may_be_a_key_unless_another_becomes_the_same(tmp_path: Path) -> None:
    assert _yaml_values.bad_keys(read(tmp_path, CONFIGMAP.format(key=8080, written="x"))) == []
    options = read(tmp_path, CONFIGMAP.format(key="8080: one, '8080'", written="two"))
    (sentence,) = _yaml_values.bad_keys(options)
    assert sentence.startswith("configmaps[one].data.8080")


def test_connections_that_are_not_a_list_cause_no_error(tmp_path: Path) -> None:
    options = {"connections": {"secrets": ["token"], "clusters": [1.5]}}
    assert all(
        sentence.startswith("connections.clusters[no. 1]: to YAML ")
        for sentence in _yaml_values.misread_values(options)
    )

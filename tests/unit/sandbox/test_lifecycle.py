# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message of `up` if another operator runs than the requested one, and reading of old records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import lifecycle, record
from tests.sandbox.errors import SandboxError
from tests.sandbox.record import Record
from tests.sandbox.settings import Settings, read_settings


@pytest.fixture
def cache() -> Iterator[Path]:
    """A folder whose path is shorter than pytest's: a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def settings(cache: Path) -> Settings:
    return read_settings({"KD_CACHE_DIR": str(cache)})


def running(**values: str) -> Record:
    return Record("default", "node", "/k", "/kubectl", "https://127.0.0.1:1").changed(
        complete=True, **values
    )


def test_the_same_operator_is_accepted(settings: Settings) -> None:
    lifecycle._require_same_operator(settings, running(operator="simulator"), api_only=False)
    lifecycle._require_same_operator(settings, running(operator="none"), api_only=True)


def test_another_operator_is_reported_with_advice(cache: Path, settings: Settings) -> None:
    expected = r"runs with the operator 'none', and 'simulator' was asked for: run `down` first"
    with pytest.raises(SandboxError, match=expected):
        lifecycle._require_same_operator(settings, running(operator="none"), api_only=False)
    real = read_settings(
        {
            "KD_CACHE_DIR": str(cache),
            "KD_OPERATOR_IMAGE": "op:1",
            "KD_OPERATOR_MANIFESTS": str(cache),
        }
    )
    with pytest.raises(SandboxError, match="'real' from op:1"):
        lifecycle._require_same_operator(real, running(operator="simulator"), api_only=False)


def test_a_record_is_read_back(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None
    written = record.write(tmp_path, running(operator="simulator", bridge="kd-1"))
    assert record.read(tmp_path) == written


def test_a_record_of_another_version_can_still_be_read(tmp_path: Path) -> None:
    record.write(tmp_path, running())
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "of_the_future": 1}))
    assert record.read(tmp_path) == running()


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("{")
    with pytest.raises(SandboxError, match=r"sandbox\.json cannot be read"):
        record.read(tmp_path)

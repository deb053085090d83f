# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A `kubernetes` library that is missing or too old is reported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import library
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    LibraryError,
)

PYTHON = "/opt/python/bin/python3"


def test_the_installed_library_is_accepted() -> None:
    library.require_library(PYTHON)


@pytest.mark.parametrize("version", ["29.0.0", "37.0.2", "30.1.0b1", "100.0"])
def test_releases_from_29_on_are_accepted(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = library.FoundLibrary("/x", version)
    monkeypatch.setattr(library, "find_library", lambda: found)
    library.require_library(PYTHON)


@pytest.mark.parametrize("version", ["28.1.0", "12.0.1", "unknown", ""])
def test_an_old_release_is_reported_with_its_file(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = library.FoundLibrary("/usr/lib/kubernetes/__init__.py", version)
    monkeypatch.setattr(library, "find_library", lambda: found)
    with pytest.raises(LibraryError) as caught:
        library.require_library(PYTHON)
    for words in (version, "/usr/lib/kubernetes/__init__.py", PYTHON, "29"):
        assert words in str(caught.value)


@pytest.mark.parametrize("version", ["1.26.0", "2.0.0a1", "10.1"])
def test_urllib3_from_1_26_on_is_accepted(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.urllib3, "__version__", version)
    library.require_library(PYTHON)


@pytest.mark.parametrize("version", ["1.25.11", "1.24.2", "dev"])
def test_an_old_urllib3_is_reported_with_its_file(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library.urllib3, "__version__", version)
    with pytest.raises(LibraryError) as caught:
        library.require_library(PYTHON)
    for words in (f"'urllib3' {version}", str(library.urllib3.__file__), PYTHON, "1.26"):
        assert words in str(caught.value)


def test_a_missing_library_is_reported_with_the_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = ImportError("No module named 'kubernetes'")
    monkeypatch.setattr(library, "IMPORT_ERROR", error)
    with pytest.raises(LibraryError) as caught:
        library.require_library(PYTHON)
    for words in (PYTHON, "No module named 'kubernetes'", "pip install"):
        assert words in str(caught.value)


def test_another_package_in_the_place_of_websocket_client_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "websocket.py").write_text("import no_such_library")
    monkeypatch.delitem(sys.modules, "websocket", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LibraryError, match=r"No module named 'no_such_library'.*pip install"):
        library.websocket_library()


def test_websocket_client_is_required_although_it_is_imported_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "websocket", None)
    with pytest.raises(LibraryError, match=r"No module named 'websocket'.*pip install"):
        library.require_library(PYTHON)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, places and refusals that follow from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.errors import SandboxError
from tests.sandbox.settings import REPOSITORY, cache_directory, read_settings


def test_the_state_folder_follows_from_cache_and_name(tmp_path: Path) -> None:
    settings = read_settings({"KD_CACHE_DIR": "/c", "KD_SANDBOX_NAME": "mine"})
    assert settings.state == Path("/c/sandbox/mine")
    assert settings.bridge != read_settings({"KD_CACHE_DIR": "/c"}).bridge
    assert len(settings.bridge) <= 15


def test_the_cache_is_searched_in_this_order() -> None:
    home = Path.home() / ".cache/kubedirector-connections"
    assert cache_directory({"KD_CACHE_DIR": "/own", "XDG_CACHE_HOME": "/xdg"}) == Path("/own")
    assert cache_directory({"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/kubedirector-connections")
    assert cache_directory({}) == home


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a-", "a/b", "..", "x" * 33])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="KD_SANDBOX_NAME"):
        read_settings({"KD_SANDBOX_NAME": name})


def test_half_an_operator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="KD_OPERATOR_MANIFESTS is not set"):
        read_settings({"KD_OPERATOR_IMAGE": "operator.tar"})
    with pytest.raises(SandboxError, match="KD_OPERATOR_IMAGE is not set"):
        read_settings({"KD_OPERATOR_MANIFESTS": str(tmp_path)})
    with pytest.raises(SandboxError, match="is not a folder"):
        read_settings({"KD_OPERATOR_IMAGE": "x", "KD_OPERATOR_MANIFESTS": str(tmp_path / "no")})


def test_a_cache_in_the_repository_is_refused() -> None:
    with pytest.raises(SandboxError, match="lies in the repository"):
        read_settings({"KD_CACHE_DIR": str(REPOSITORY / "cache")})


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    with pytest.raises(SandboxError, match="too long for a socket"):
        read_settings({"KD_CACHE_DIR": "/" + "long/" * 20})

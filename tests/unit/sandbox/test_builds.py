# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the cache, and the version to build."""

from __future__ import annotations

import pytest

from tests.sandbox.builds import cache_key, kubernetes_version
from tests.sandbox.errors import SandboxError
from tests.sandbox.settings import SOURCES


def test_the_key_changes_with_every_part() -> None:
    keys = {cache_key(b"a", b"b"), cache_key(b"ab"), cache_key(b"a", b"c"), cache_key(b"", b"ab")}
    assert len(keys) == 4


def test_the_version_is_read_from_go_mod() -> None:
    assert kubernetes_version("require (\n\tk8s.io/kubernetes v1.34.4 // indirect\n)") == "v1.34.4"
    with pytest.raises(SandboxError, match="names no version"):
        kubernetes_version("require k8s.io/api v0.34.4")


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_module_names_no_index(name: str) -> None:
    text = (SOURCES / "kubernetes" / name).read_text()
    assert "://" not in text

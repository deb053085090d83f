# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in docs/getting-started.md are those that the demo runs, and its options are the modules'."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.doc_fragments.auth import (
    ModuleDocFragment,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    entry_problems,
)
from tests.harness.documentation import marked_blocks
from tests.harness.examples import all_setups

PAGE = "docs/getting-started.md"


@pytest.mark.parametrize("name", ["connections", "configmeta", "kdclusters"])
def test_a_file_is_the_one_that_the_demo_runs(name: str) -> None:
    run = (all_setups()[0].folder / f"{name}.yml").read_text()
    _header, _dashes, text = run.partition("---\n")
    assert marked_blocks(PAGE)[name] == text


def test_the_authentication_on_the_page_has_documented_options() -> None:
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert yaml.safe_load(marked_blocks(PAGE)["auth"])["kd_auth"].keys() <= options.keys()


def test_kd_connections_accepts_the_entry_that_selects() -> None:
    (entry,) = yaml.safe_load(marked_blocks(PAGE)["selection"])["kd_connections"]
    assert entry_problems([entry]) == []
    assert {"label_selectors", "apps"} <= entry.keys()

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wrote a field."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.field_managers import (
    last_writer,
)
from tests.unit.plugins.manifests import JsonObject, managed_by

CONNECTED = ("f:spec", "f:connections", "f:configmaps")
OURS = managed_by("kubedirector.connections", 10, *CONNECTED)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([managed_by("kubectl-patch", 12, *CONNECTED)], "'kubectl-patch' (Update) wrote it at 2026-01-01T00:00:12Z"),
        ([managed_by("a", 12, *CONNECTED), managed_by("b", 13, *CONNECTED)], "'b' (Update) wrote it"),
        ([OURS], "another task of this collection"),
        ([OURS | {"fieldsV1": {}}, managed_by("argocd", 11, *CONNECTED[:2])], "near it is field manager 'argocd'"),
        ([OURS | {"fieldsV1": {}}, managed_by("old", 9, *CONNECTED[:2])], "do not name"),
        ([managed_by("operator", 12, *CONNECTED[:2], subresource="status")], "do not name"),
        ([], "do not name"),
    ],
)  # fmt: skip
def test_the_last_writer_of_a_field_is_named(entries: list[JsonObject], expected: str) -> None:
    assert expected in last_writer(entries, CONNECTED)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's connection hash, compared with digests computed by hand from upstream's rule."""

from __future__ import annotations

import hashlib

from tests.kubedirector_simulator.connected_objects import Connected, NamedObject
from tests.kubedirector_simulator.connection_hash import connection_hash
from tests.kubedirector_simulator.objects import Json


def _object(version: str) -> Json:
    return {"metadata": {"resourceVersion": version}}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_no_connections() -> None:
    assert connection_hash(Connected([], [], [])) == "d41d8cd98f00b204e9800998ecf8427e"


def test_names_and_versions_follow_each_other_without_separators() -> None:
    connected = Connected(
        [
            NamedObject("engine", {"metadata": {}, "status": {"specGenerationToProcess": 7}}),
            NamedObject("new", {"metadata": {}}),
            NamedObject("missing", None),
        ],
        [NamedObject("info", _object("12")), NamedObject("lost", None)],
        [NamedObject("token", _object("13"))],
    )
    assert connection_hash(connected) == _md5("engine7newnilmissinginfo12losttoken13")


def test_order_counts() -> None:
    first, second = NamedObject("a", _object("1")), NamedObject("b", _object("2"))
    assert connection_hash(Connected([], [first, second], [])) != connection_hash(
        Connected([], [second, first], [])
    )

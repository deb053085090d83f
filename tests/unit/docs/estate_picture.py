# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/estate.svg: what `make demo` connects to what, from examples/."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from tests.harness.examples import Setup, all_setups
from tests.unit.docs import svg

_WIDE, _ROW, _HEAD, _SOURCE, _TARGET, _TARGET_WIDE = 760, 34, 34, 360, 520, 240


def picture() -> str:
    """The picture."""
    parts: list[str] = []
    y = 0.0
    for setup in all_setups():
        drawn, y = _setup(setup, y)
        parts += drawn
    return svg.document("What make demo connects to what", _WIDE, y - 16, parts)


def _setup(setup: Setup, y: float) -> tuple[list[str], float]:
    """A set-up whose top is at y, and where the next one begins."""
    (entry,) = yaml.safe_load(setup.connections_file.read_text())["kd_connections"]
    (target,) = entry["kdcluster"]
    sources = list(_sources(entry))
    tall = len(sources) * _ROW
    middle = y + _HEAD + tall / 2
    parts = [svg.text(0, y + 20, f"Namespace {setup.namespace}", "head")]
    for number, (name, kind) in enumerate(sources):
        top = y + _HEAD + number * _ROW
        parts += [
            svg.box(0, top, _SOURCE, _ROW - 6),
            svg.text(10, top + 18, name),
            svg.text(_SOURCE - 10, top + 18, kind, "what", "end"),
            svg.arrow(_SOURCE, top + 14, (_TARGET, middle - 3)),
        ]
    parts += [
        svg.box(_TARGET, middle - 25, _TARGET_WIDE, 44),
        svg.text(_TARGET + 10, middle - 8, target, "same"),
        svg.text(_TARGET + 10, middle + 10, f"KDCluster, {_members(setup, target)}", "what"),
    ]
    return parts, max(y + _HEAD + tall, middle + 19) + 22


def _sources(entry: dict[str, list[object]]) -> Iterator[tuple[str, str]]:
    """What an entry connects, each with its kind."""
    for field, kind in (("configmaps", "ConfigMap"), ("secrets", "Secret")):
        for one in entry.get(field, ()):
            assert isinstance(one, dict)
            yield one["name"], f"{kind}, type {one['type']}"
    for name in entry.get("clusters", ()):
        yield str(name), "KDCluster"


def _members(setup: Setup, name: str) -> str:
    (found,) = [one for one in setup.kdclusters if one["metadata"]["name"] == name]
    count = sum(role["members"] for role in found["spec"]["roles"])
    return f"{count} member{'s' if count > 1 else ''}"

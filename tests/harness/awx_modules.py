# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fake modules of the collection awx.awx, which record what load.yml passes to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.harness.awx import FOLDER

# Each writes down what it is given, and gives an id of its own as its result; in check mode there is none, since what a
# module of awx.awx would create is not there yet.
_MODULE = """#!/usr/bin/python
# WANT_JSON
import json, pathlib, sys
folder = pathlib.Path(FOLDER)
given = json.loads(pathlib.Path(sys.argv[1]).read_text())
check = given["_ansible_check_mode"]
given = {key: value for key, value in given.items() if not key.startswith("_ansible")}
record = folder / "awx-record"
number = 100 + (len(record.read_text().splitlines()) if record.exists() else 0)
made = {"changed": True} if check else {"changed": True, "id": number}
result = json.loads((folder / "awx-results").read_text()).get(MODULE, made)
with record.open("a") as lines:
    lines.write(json.dumps([MODULE, given, str(result.get("id"))]) + chr(10))
print(json.dumps(result))
"""
_LOOKUP = """
import json, pathlib
from ansible.plugins.lookup import LookupBase
class LookupModule(LookupBase):
    def run(self, terms, variables=None, query_params=None, **kwargs):
        found = json.loads((pathlib.Path(FOLDER) / "awx-objects").read_text()).get(terms[0], [])
        return [one for one in found if all(one.get(k) == v for k, v in (query_params or {}).items())]
"""
DEFAULT = {"id": 1, "name": "Default"}


@dataclass(frozen=True)
class Call:
    """One run of a module: its name, what it was given, and the id that it gave; some ansible-core hand ids on as text."""

    module: str
    given: Mapping[str, Any]
    id: str


@dataclass(frozen=True)
class AwxModules:
    """A folder for ANSIBLE_COLLECTIONS_PATH with modules of awx.awx that record."""

    folder: Path

    def answer(
        self,
        objects: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        results: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Lay the modules out.

        :param objects: what controller_api finds, by its endpoint; the organization Default is there.
        :param results: of modules, by their names, in place of an id.
        """
        folder = self.folder / "ansible_collections" / "awx" / "awx" / "plugins"
        for kind in ("modules", "lookup"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        place = repr(str(self.folder))
        for module in modules_of_awx():
            text = _MODULE.replace("FOLDER", place).replace("MODULE", repr(module))
            (folder / "modules" / f"{module}.py").write_text(text)
        (folder / "lookup" / "controller_api.py").write_text(_LOOKUP.replace("FOLDER", place))
        found = {"organizations": [DEFAULT], **(objects or {})}
        (self.folder / "awx-objects").write_text(json.dumps(found))
        (self.folder / "awx-results").write_text(json.dumps(results or {}))
        (self.folder / "awx-record").write_text("")

    def calls(self) -> list[Call]:
        """All runs of modules, in order."""
        lines = (self.folder / "awx-record").read_text().splitlines()
        return [Call(*json.loads(line)) for line in lines]


def modules_of_awx() -> list[str]:
    """The modules that load.yml may use: those in the configuration of ansible-lint."""
    lint = yaml.safe_load((FOLDER.parents[1] / ".ansible-lint").read_text())
    return [name.rpartition(".")[2] for name in lint["mock_modules"]]

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that look like misspelt ones of this collection's roles."""

from __future__ import annotations

import difflib
import pathlib
import typing as t

import yaml

# Ten times as fast, with libyaml.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION = "kubedirector.connections."
# A playbook's own variables may begin like a role's: only near matches are misspelt.
_ALIKE = 0.8


def misspelt_variables(variables: t.Mapping[str, t.Any], own: t.Container[str]) -> t.Iterator[str]:
    """Name each, one sentence.

    :param variables: all of a task.
    :param own: those that the role gives it.
    """
    role = str(variables.get("ansible_role_name") or "")
    if not role.startswith(_COLLECTION):
        return
    folder = pathlib.Path(str(variables["role_path"]))
    options = _loaded(folder / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = _loaded(folder / "defaults" / "main.yml")
    prefix = f"{role.removeprefix(_COLLECTION)}_"
    missing = {
        name.removeprefix(prefix): name
        for name in options
        if name not in variables or (name in defaults and variables[name] == defaults[name])
    }
    # A key of a file of variables may be a number.
    for name in sorted(name for name in variables if isinstance(name, str)):
        if name.startswith(prefix) and name not in options and name not in own:
            for close in difflib.get_close_matches(name.removeprefix(prefix), missing, 1, _ALIKE):
                yield (
                    f"{name} is not a variable of the role {role} and has no effect. Did you mean {missing[close]}?"
                )


def _loaded(path: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.load(path.read_text(encoding="utf-8"), _LOADER))

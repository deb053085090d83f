# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comment at the top of a playbook: what it does, commands, variables, notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

_VARIABLE = re.compile(r"(kd_\w+(?:, kd_\w+)*): (.*)")
_ROLE = re.compile(r"The variables are those of the role (\w+)\.")


@dataclass(frozen=True)
class Header:
    """The parts of the comment.

    :ivar variables: names of variables to their meaning.
    :ivar role: the role whose variables the playbook takes.
    """

    purpose: str
    commands: tuple[str, ...]
    variables: dict[tuple[str, ...], str]
    role: str | None
    notes: tuple[str, ...]


def read_header(path: Path) -> Header:
    """The header of a playbook; ValueError if it has another form."""
    lines = path.read_text().partition("---\n")[2].splitlines()
    comment = [line[2:] for line in takewhile(lambda line: line.startswith("#"), lines)]
    purpose, commands, middle, *rest = "\n".join(comment).split("\n\n")
    variables: dict[tuple[str, ...], str] = {}
    role = None
    for line in re.sub(r"\n  +", " ", middle).splitlines():
        if found := _VARIABLE.fullmatch(line):
            variables[tuple(found[1].split(", "))] = found[2]
        elif of_role := _ROLE.fullmatch(line):
            role = of_role[1]
        else:
            raise ValueError(f"{path.name}: {line!r} is not a variable.")
    return Header(
        purpose=purpose.replace("\n", " "),
        commands=tuple(line.strip() for line in commands.splitlines()),
        variables=variables,
        role=role,
        notes=tuple(note.replace("\n", " ") for note in rest),
    )

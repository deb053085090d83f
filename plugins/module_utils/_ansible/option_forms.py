# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems in the form of a task's options that Ansible does not explain. Pure.

No sentence shows a value: it may be a misplaced secret.
"""

from __future__ import annotations

import difflib
import typing as t

from .._core.argument_spec import options_by_name

if t.TYPE_CHECKING:
    from .._core.argument_spec import Option


def meant(key: str, spec: t.Mapping[str, Option]) -> str:
    """Suggest an option for an unknown one ("did you mean NAME?"), or list all."""
    names = list(options_by_name(spec))
    close = difflib.get_close_matches(key, names, 1, 0.7)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(names))}."


def form_problems(
    given: t.Mapping[t.Any, t.Any], spec: t.Mapping[str, Option], place: str = ""
) -> t.Iterator[str]:
    """Find unknown options, and text where a dictionary belongs, at any depth; one sentence each.

    :param place: the option around them, with a final ".".
    """
    known = options_by_name(spec)
    for key, value in given.items():
        name = f"{place}{key}"
        if key not in known:
            yield f"Option {name} does not exist; {meant(str(key), spec)}"
            continue
        inner = spec[known[key]].get("options")
        if inner is None or value is None:
            continue
        entries = value if isinstance(value, list) else [value]
        for number, entry in enumerate(entries, 1):
            here = f"{name}[no. {number}]" if isinstance(value, list) else name
            if isinstance(entry, dict):
                yield from form_problems(entry, inner, f"{here}.")
            elif not (isinstance(entry, str) and ("=" in entry or entry.lstrip()[:1] == "{")):
                what = "a list" if isinstance(entry, (list, tuple)) else "a plain value"
                first = next(iter(inner), "name")
                yield (
                    f"Option {here}: {what} stands where a dictionary belongs; write {first}: VALUE, and what "
                    "else it needs."
                )

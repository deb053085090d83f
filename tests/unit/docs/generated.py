# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of pages that are generated from other files, such as a table of variables.

Such a part is between the comments `<!-- generated: NAME -->` and `<!-- end of generated -->`. `make pictures` writes it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.harness.examples import all_setups
from tests.harness.terminal import RECORDED
from tests.runner.paths import ROOT
from tests.unit.docs.playbook_headers import read_header

REPOSITORY: str = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"] + "/"
_PART = re.compile(
    r"(<!-- generated: ([\w ./-]+) -->\n).*?(<!-- end of generated -->\n)", re.DOTALL
)
_LABEL = "ansible_collections.kubedirector.connections."
# The variables of all roles that connect, without the role's prefix.
COMMON = (
    "namespace", "kdclusters", "label_selectors", "apps", "expect_min", "expect_max", "state", "wait_timeout",
    "delete_objects",
)  # fmt: skip

OF_ALL_PLAYBOOKS = {"kd_auth", "kd_hosts"}
_PROMPT = "$ "
_LANGUAGES = {".yml": "yaml", ".sh": "shell"}


def pages() -> list[Path]:
    """The pages with such parts."""
    found = [*ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")]
    return sorted(page for page in found if _PART.search(page.read_text()))


def with_parts(text: str) -> str:
    """A page's text with all its parts generated again."""
    return _PART.sub(lambda found: f"{found[1]}\n{_part(found[2])}\n\n{found[3]}", text)


def _part(name: str) -> str:
    kind, _blank, which = name.partition(" ")
    if name == "I want to":
        return _wishes()
    if name == "playbooks":
        return "\n\n".join(_playbook(path) for path in sorted(ROOT.glob("playbooks/*.yml")))
    if name == "variables of all roles":
        return _of_all_roles()
    if kind == "variables":
        return variables_table(role_options(which))
    if kind == "file":
        return _file(ROOT / which)
    if kind == "terminal":
        _command, _end, output = RECORDED.read_text().split(_PROMPT)[int(which)].partition("\n")
        return f"```text\n{output.rstrip()}\n```"
    if kind == "set-up":
        return _setup(which)
    raise ValueError(f"Nothing writes the part {name}.")


def table(*rows: tuple[str, ...]) -> str:
    """A table; its first row has the names of the columns."""
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *others])


def role_spec(role: str) -> dict[str, Any]:
    """A role's meta/argument_specs.yml."""
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    spec: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]
    return spec


def role_options(role: str) -> dict[str, Any]:
    """A role's variables."""
    options: dict[str, Any] = role_spec(role)["options"]
    return options


def variables_table(options: dict[str, Any]) -> str:
    """The variables of a role, those in a list of dictionaries as NAME[].KEY."""
    rows = [_row(name, option) for name, option in _flat(options, "")]
    return table(("variable", "type", "default", "meaning"), *rows)


def _flat(options: dict[str, Any], before: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield before + name, option
        yield from _flat(option.get("options", {}), f"{before}{name}[].")


def _row(name: str, option: dict[str, Any]) -> tuple[str, ...]:
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    default = option.get("default")
    shown = "required" if option.get("required") else "" if default is None else _default(default)
    meaning = markdown(option["description"])
    left = [choice for choice in option.get("choices", ()) if f"`{choice}`" not in meaning]
    if left:
        meaning += f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}."
    return f"`{name}`", kind, shown, meaning


def _default(value: Any) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def markdown(text: str) -> str:
    """Ansible's markup as Markdown."""
    text = re.sub(r"[OVC]\((.*?)\)", r"`\1`", text)
    return re.sub(r"M\([\w.]*?(\w+)\)", r"`\1`", text).replace("|", "\\|").strip()


def _wishes() -> str:
    """The table "I want to ..." of README.md, with the links of the site."""
    text = (ROOT / "README.md").read_text()
    rows = "| I want to |" + text.partition("| I want to |")[2].partition("\n\n")[0]
    rows = re.sub(
        rf"\[`(\w+)`\]\({re.escape(REPOSITORY)}roles/\w+/README\.md\)",
        rf"{{ref}}`\1 <{_LABEL}\1_role>`", rows,
    )  # fmt: skip
    rows = rows.replace(f"]({REPOSITORY}docs/", "](")
    rows = re.sub(r"(?<!\})`(kd_\w+)`", rf"{{ref}}`\1 <{_LABEL}\1_module>`", rows)
    playbooks = "|".join(path.stem for path in ROOT.glob("playbooks/*.yml"))
    return re.sub(rf"(?<!\}})`({playbooks})`", r"[`\1`](playbooks.md#\1)", rows)


def _setup(name: str) -> str:
    """The files of a set-up."""
    (setup,) = [one for one in all_setups() if one.name == name]
    parts = [
        f"With the playbook `connect`, [connections.yml]({_example(setup.connections_file)}):",
        _file(setup.connections_file),
        f"Or with the playbook `{setup.role}`, [{setup.role_file.name}]({_example(setup.role_file)}):",
        _file(setup.role_file),
        "What the application in each member reads then:",
        _file(setup.folder / "expected.yml"),
    ]
    return "\n\n".join(parts)


def _example(path: Path) -> str:
    return f"{REPOSITORY}{path.relative_to(ROOT)}"


def _file(path: Path) -> str:
    """A file as a block, without the comment at its top."""
    text = path.read_text()
    text = text.partition("---\n")[2] if path.suffix == ".yml" and "---\n" in text else text
    text = re.sub(r"\A(#.*\n)+", "", text)
    return f"```{_LANGUAGES[path.suffix]}\n{text}```"


def _playbook(path: Path) -> str:
    header = read_header(path)
    parts = [f"## {path.stem}", header.purpose, "```shell\n" + "\n".join(header.commands) + "\n```"]
    if header.role:
        parts += _of_role(header.role)
    own = [
        (", ".join(f"`{name}`" for name in names), _code(text))
        for names, text in header.variables.items()
        if not OF_ALL_PLAYBOOKS.issuperset(names)
    ]
    if own:
        parts.append(table(("variable", "meaning"), *own))
    return "\n\n".join([*parts, *map(_code, header.notes)])


def _of_all_roles() -> str:
    options = role_options("notebook")
    return variables_table(
        {f"ROLE_{name}": _renamed(options[f"notebook_{name}"]) for name in COMMON},
    )


def _renamed(option: dict[str, Any]) -> dict[str, Any]:
    return {**option, "description": option["description"].replace("(notebook_", "(ROLE_")}


def _of_role(role: str) -> list[str]:
    options = role_options(role)
    shared = [name for name in COMMON if f"{role}_{name}" in options]
    if "kdclusters" not in shared:
        return [variables_table(options)]
    names = ", ".join(f"`{role}_{name}`" for name in shared)
    own = {
        name: one for name, one in options.items() if name.removeprefix(f"{role}_") not in shared
    }
    return [f"[Variables of all roles](#variables-of-all-roles): {names}.", variables_table(own)]


def _code(text: str) -> str:
    """Names of variables, modules and playbooks as code."""
    text = re.sub(r"(?<![\w`])(kd_\w+|K8S_AUTH_\*|--[\w-]+)", r"`\1`", text)
    return re.sub(r"\bplaybook (\w+)", r"playbook [`\1`](#\1)", text).replace("|", "\\|")

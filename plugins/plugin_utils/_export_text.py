# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kd_connection_info and kd_export_info found, as the text of files for the playbook connect."""

from __future__ import annotations

import re
import typing as t

import yaml

from ansible_collections.kubedirector.connections.plugins.plugin_utils._export import (
    described,
    exported,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._export_clusters import (
    cluster_options,
)

_WIDTH = 120
# What Ansible would take for a template when it reads the file.
_TEMPLATE = re.compile(r"{[{%#]|#jinja2:")


class _Indented(yaml.SafeDumper):
    """Indents lists below their key and writes long text line by line, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True

    def text(self, text: str) -> yaml.ScalarNode:
        """Write text so that it is read as the same text; it may be of anybody's making."""
        tag = "!unsafe" if _TEMPLATE.search(text) else "tag:yaml.org,2002:str"
        return self.represent_scalar(tag, "".join(text), style="|" if "\n" in text else None)


_Indented.add_representer(str, _Indented.text)
# Ansible's own kinds of text.
_Indented.add_multi_representer(str, _Indented.text)


def export_files(
    found: t.Mapping[str, t.Any], content: t.Sequence[t.Mapping[str, t.Any]] = ()
) -> list[dict[str, t.Any]]:
    """Write the files.

    :param found: what kd_connection_info returned.
    :param content: what kd_export_info read.
    :returns: what kd_export_info documents as `files`. The `content` of those that are `encrypted` is not yet so.
    """
    files = []
    for space in exported(found, content):
        mine = [one for one in content if one["namespace"] == space["namespace"]]
        clusters = [one for one in mine if one["kind"] == "KDCluster"]
        files.append(_connections(space, found["server"]))
        files += [_clusters(space["namespace"], found["server"], clusters)] if clusters else []
        if any(one["kind"] == "Secret" for one in mine):
            files.append(_secrets(space["namespace"], found["server"], mine))
    return files


def _connections(space: t.Mapping[str, t.Any], server: str) -> dict[str, t.Any]:
    left_out, entries = space["left_out"], space["kd_connections"]
    more = [_yaml({"kd_connections": entries})]
    if left_out:
        more += [
            "\n# What connect would refuse or could not be read, and why. It leaves that alone.\n",
            _yaml({"kd_left_out": left_out}),
        ]
    in_full = sum(bool(entry.get("exclusive")) for entry in entries)
    names = {one["kdcluster"] for one in left_out if "kdcluster" in one}
    names.update(name for entry in entries for name in entry.get("kdcluster", ()))
    count = f"{in_full} of {len(names)} KDCluster{'' if len(names) == 1 else 's'} in full."
    problems = [problem for one in left_out for problem in one["problems"]]
    return _file(space["namespace"], "connections", server, "".join(more), count, problems)


def _clusters(
    namespace: str, server: str, content: t.Iterable[t.Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    entries: list[dict[str, t.Any]] = []
    left_out: list[str] = []
    for one in content:
        if "problem" in one:
            left_out.append(f"KDCluster {namespace}/{one['name']}: {one['problem']}")
            continue
        entry, problems = cluster_options(one)
        entries.append(entry)
        left_out += problems
    count = f"{len(entries)} KDCluster{'' if len(entries) == 1 else 's'}."
    text = _comments(left_out) + _yaml({"kd_clusters": entries})
    return _file(namespace, "clusters", server, text, count, left_out)


def _secrets(
    namespace: str, server: str, content: t.Sequence[t.Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    entry, unread = described("Secret", content)
    left_out = [problem for one in unread for problem in one["problems"]]
    number = len(entry["secrets"]) if entry else 0
    text = _comments(left_out) + _yaml({"kd_connections": [entry] if entry else []})
    count = f"{number} Secret{'' if number == 1 else 's'}, encrypted."
    file = _file(namespace, "secrets", server, text, count, left_out)
    return {**file, "encrypted": True}


def _comments(left_out: t.Iterable[str]) -> str:
    return "".join(f"# Left out: {' '.join(problem.split())}\n" for problem in left_out)


def _file(
    namespace: str, what: str, server: str, text: str, count: str, problems: t.Iterable[str]
) -> dict[str, t.Any]:
    name = f"{namespace}-{what}.yml"
    origin = f"# The {what} in namespace {namespace} of {server}, as they were when the playbook export ran.\n"
    return {
        "namespace": namespace,
        "name": name,
        "origin": origin.rstrip(),
        "encrypted": False,
        "content": f"---\n{origin}# The next export replaces this file: rename it before you change it.\n{text}",
        "summary": [f"{name}: {count}", *(f"left out: {problem}" for problem in problems)],
    }


def _yaml(value: t.Any) -> str:
    return yaml.dump(value, Dumper=_Indented, sort_keys=False, width=_WIDTH)

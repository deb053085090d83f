# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of kd_connection_info and kd_export_info as files for the playbook connect and kd_cluster. Pure."""

from __future__ import annotations

import re
import typing as t

import yaml

from ..module_utils._kubedirector import facts
from ..module_utils._kubedirector.links import find_cycle
from ..module_utils._reconcile.merged_connections import CONNECTION_KINDS
from ._manifests import SPEC, options_in

Entry = t.Mapping[str, t.Any]
# kd_connections refuses these even if nothing would change.
_REFUSED = frozenset({"missing_object", "unlabelled_object", "foreign_app"})
# The operator's own, and kubectl's copy of the manifest.
_FOREIGN = (f"{facts.API_VERSION.partition('/')[0]}/", facts.LAST_APPLIED_ANNOTATION)
_WIDTH = 120
# What Ansible would read as a template.
_TEMPLATE = re.compile(r"{[{%#]|#jinja2:")


class _Indented(yaml.SafeDumper):
    """Indents lists below their key and writes long text line by line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True

    def text(self, text: str) -> yaml.ScalarNode:
        """Write text of any origin so that it is read back unchanged."""
        tag = "!unsafe" if _TEMPLATE.search(text) else "tag:yaml.org,2002:str"
        return self.represent_scalar(tag, "".join(text), style="|" if "\n" in text else None)


_Indented.add_representer(str, _Indented.text)
# Ansible's own kinds of text.
_Indented.add_multi_representer(str, _Indented.text)


def export_files(found: Entry, content: t.Sequence[Entry]) -> list[dict[str, t.Any]]:
    """Write the files of namespaces with KDClusters.

    :param found: the result of kd_connection_info.
    :param content: what kd_export_info read.
    :returns: `files` of kd_export_info; the `content` of `encrypted` ones is still plain.
    """
    exporter = _Exporter(found)
    files = []
    for namespace in sorted({one["namespace"] for one in found["kdclusters"]}):
        mine = [one for one in content if one["namespace"] == namespace]
        kinds = {one["kind"] for one in mine}
        files.append(exporter.connections(namespace, mine))
        if "KDCluster" in kinds:
            files.append(_clusters(namespace, found["server"], mine))
        if "Secret" in kinds:
            files.append(_secrets(namespace, found["server"], mine))
    return files


class _Exporter:
    """Divides a KDCluster's connections into what kd_connections takes and the rest."""

    def __init__(self, found: Entry) -> None:
        self._server = found["server"]
        self._live = {(one["namespace"], one["kind"], one["name"]): one for one in found["objects"]}
        # By namespace: each KDCluster, and what each connects to.
        self._clusters: dict[str, list[Entry]] = {}
        self._links: dict[str, dict[str, list[str]]] = {}
        for one in found["kdclusters"]:
            namespace, name = one["namespace"], one["name"]
            self._live[namespace, "KDCluster", name] = one
            self._clusters.setdefault(namespace, []).append(one)
            self._links.setdefault(namespace, {})[name] = one["connections"]["clusters"]
        # What is wrong with "Kind/name", which a KDCluster of a namespace names.
        self._refused = {
            (one["namespace"], one["kdcluster"], one["object"]): f"{one['message']} {one['hint']}"
            for one in found["problems"]
            if one["code"] in _REFUSED
        }

    def connections(self, namespace: str, content: t.Sequence[Entry]) -> dict[str, t.Any]:
        """Write the entries that change nothing in a namespace, as a file.

        A separate entry describes the ConfigMaps with content; others name them. `kd_left_out` has what kd_connections
        would refuse: [{kdcluster, clusters, configmaps, secrets, problems}], without empty lists, `problems` as
        sentences; and without `kdcluster`, objects without content.
        """
        described, unread = _described("configmaps", namespace, content)
        divided = [self._divided(cluster) for cluster in self._clusters[namespace]]
        entries = [*described, *(entry for entry, _rest in divided if entry)]
        left_out = [*(rest for _entry, rest in divided if rest), *unread]
        text = _yaml({"kd_connections": entries})
        if left_out:
            text += (
                "\n# What connect would refuse or could not be read, and why. It leaves that alone.\n"
                + _yaml({"kd_left_out": left_out})
            )
        in_full = sum("exclusive" in entry for entry in entries)
        summary = f"{in_full} of {_count(len(divided), 'KDCluster')} in full."
        problems = [problem for one in left_out for problem in one["problems"]]
        return _file(namespace, "connections", self._server, text, summary, problems)

    def _divided(self, cluster: Entry) -> tuple[dict[str, t.Any] | None, dict[str, t.Any] | None]:
        """Make the entry of a KDCluster, and what is left out of it."""
        namespace, name = cluster["namespace"], cluster["name"]
        whole = self._problem_of(cluster)
        if whole:
            lists = {part: names for part, names in cluster["connections"].items() if names}
            return None, {"kdcluster": name, **lists, "problems": [whole]}
        kept: dict[str, list[str]] = {}
        rest: dict[str, list[str]] = {}
        problems: list[str] = []
        for part, kind in CONNECTION_KINDS.items():
            for target in cluster["connections"][part]:
                problem = self._problem_with(cluster, kind, target)
                if target in kept.get(part, ()):
                    problem = f"KDCluster {namespace}/{name} names {kind} {target} twice."
                (rest if problem else kept).setdefault(part, []).append(target)
                problems += [problem] if problem else []
        entry = {"namespace": namespace, "kdcluster": [name], **kept}
        if not problems:
            # What is live is all of it.
            return {**entry, "exclusive": True}, None
        left_out = {"kdcluster": name, **rest, "problems": list(dict.fromkeys(problems))}
        return (entry if kept else None), left_out

    def _problem_of(self, cluster: Entry) -> str:
        """Why kd_connections would refuse the KDCluster itself."""
        namespace, name = cluster["namespace"], cluster["name"]
        if cluster["terminating"]:
            return f"KDCluster {namespace}/{name} is being deleted."
        refused = self._refused.get((namespace, name, f"KDApp/{cluster['app']}"))
        if refused:
            return refused
        cycle = find_cycle(self._links[namespace], name)
        if cycle:
            return (
                f"KDCluster {namespace}/{name} is connected to itself through a cycle ({' -> '.join(cycle)}). "
                "Take one of these connections out."
            )
        return ""

    def _problem_with(self, cluster: Entry, kind: str, target: str) -> str:
        """Why kd_connections would refuse one of its connections."""
        namespace = cluster["namespace"]
        refused = self._refused.get((namespace, cluster["name"], f"{kind}/{target}"))
        if refused:
            return refused
        label = f"{kind} {namespace}/{target}"
        found = self._live.get((namespace, kind, target))
        if found is None:
            # Not seen: kd_connections takes it as it is.
            return ""
        if found["terminating"]:
            return f"{label} is being deleted."
        if kind != "KDCluster" and not found["type"]:
            return f"{label} has an empty type label: the operator skips it silently. Give its type, or disconnect it."
        return ""


def _described(
    part: str, namespace: str, content: t.Iterable[Entry]
) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """Make the entry that describes configmaps or secrets, if any, and list those without content."""
    kind = CONNECTION_KINDS[part]
    objects: list[dict[str, t.Any]] = []
    left_out = []
    for one in content:
        if one["kind"] != kind:
            continue
        if "problem" in one:
            problem = f"{kind} {namespace}/{one['name']} is without its content. {one['problem']}"
            left_out.append({part: [one["name"]], "problems": [problem]})
        else:
            # A ConfigMap seldom has binary_data.
            about = {key: value for key, value in one.items() if value or key == "data"}
            objects.append({k: v for k, v in about.items() if k not in ("namespace", "kind")})
    return [{"namespace": namespace, part: objects}] if objects else [], left_out


def _secrets(namespace: str, server: str, content: t.Iterable[Entry]) -> dict[str, t.Any]:
    entries, unread = _described("secrets", namespace, content)
    left_out = [problem for one in unread for problem in one["problems"]]
    number = sum(len(entry["secrets"]) for entry in entries)
    text = _comments(left_out) + _yaml({"kd_connections": entries})
    summary = f"{_count(number, 'Secret')}, encrypted."
    file = _file(namespace, "secrets", server, text, summary, left_out)
    return {**file, "encrypted": True}


def _clusters(namespace: str, server: str, content: t.Iterable[Entry]) -> dict[str, t.Any]:
    entries: list[dict[str, t.Any]] = []
    left_out: list[str] = []
    for one in content:
        if one["kind"] != "KDCluster":
            continue
        if "problem" in one:
            left_out.append(f"KDCluster {namespace}/{one['name']}: {one['problem']}")
        else:
            entry, problems = _cluster_options(one)
            entries.append(entry)
            left_out += problems
    text = _comments(left_out) + _yaml({"kd_clusters": entries})
    summary = f"{_count(len(entries), 'KDCluster')}."
    return _file(namespace, "clusters", server, text, summary, left_out)


def _cluster_options(content: Entry) -> tuple[dict[str, t.Any], list[str]]:
    """Write a KDCluster as options of kd_cluster that change nothing, without its connections.

    :param content: namespace, name, labels, annotations, and spec with only names of secret keys.
    :returns: the options, and a sentence for each omission.
    """
    label = f"KDCluster {content['namespace']}/{content['name']}"
    spec = content["spec"]
    of_cluster = {key: spec[key] for key in spec if key not in ("connections", "roles")}
    options, unknown = options_in(of_cluster, SPEC)
    options["roles"] = []
    left_out = []
    for role in spec.get("roles") or ():
        names = [key["name"] for key in role.get("secretKeys") or ()]
        if names:
            left_out.append(
                f"{label}: the values of secret_keys {', '.join(names)} of role {role['id']}. The operator stores them "
                "encrypted, so they stay as they are. Give them where the KDCluster is to be created."
            )
        of_role = {key: role[key] for key in role if key != "secretKeys"}
        fields, more = options_in(of_role, SPEC["roles"]["options"])
        options["roles"].append(fields)
        unknown += [f"{field} of role {role['id']}" for field in more]
    left_out += [f"{label}: {field}, for which kd_cluster has no option." for field in unknown]
    for field in ("labels", "annotations"):
        own = {k: v for k, v in content[field].items() if not k.startswith(_FOREIGN)}
        if own:
            options[field] = own
    return {"namespace": content["namespace"], "name": content["name"], **options}, left_out


def _comments(left_out: t.Iterable[str]) -> str:
    return "".join(f"# Left out: {' '.join(problem.split())}\n" for problem in left_out)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _file(
    namespace: str, what: str, server: str, text: str, summary: str, problems: t.Iterable[str]
) -> dict[str, t.Any]:
    name = f"{namespace}-{what}.yml"
    origin = f"# The {what} in namespace {namespace} of {server}, as they were when the playbook export ran.\n"
    return {
        "namespace": namespace,
        "name": name,
        "origin": origin.rstrip(),
        "encrypted": False,
        "content": f"---\n{origin}# The next export replaces this file: rename it before you change it.\n{text}",
        "summary": [f"{name}: {summary}", *(f"left out: {problem}" for problem in problems)],
    }


def _yaml(value: t.Any) -> str:
    return yaml.dump(value, Dumper=_Indented, sort_keys=False, width=_WIDTH)

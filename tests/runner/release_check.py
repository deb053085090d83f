# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticks the Ansible collection requirements and those of partner certification, as far as a program can.

It prints a line for each rule. The requirements: collection_checklist.md of ansible-collections/overview, and "README
requirements" of Ansible's partner certification.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from tests.harness.galaxy_importer import complaints
from tests.runner.paths import NEWEST, ROOT, suite_environment

LARGEST_FILE = 1_000_000
LARGEST_TARBALL = 300_000
FIELDS = (
    "namespace", "name", "version", "readme", "authors", "description", "license", "tags", "dependencies",
    "repository", "documentation", "homepage", "issues",
)  # fmt: skip
# One of these is required for certification.
TAGS = frozenset(
    ["application", "cloud", "database", "infrastructure", "linux", "monitoring", "networking", "security",
     "storage", "tools", "windows"]
)  # fmt: skip
PLUGIN_TYPES = frozenset(
    ["action", "become", "cache", "callback", "cliconf", "connection", "doc_fragments", "filter", "httpapi",
     "inventory", "lookup", "module_utils", "modules", "netconf", "plugin_utils", "shell", "strategy", "terminal",
     "test", "vars"]
)  # fmt: skip
NAME = re.compile(r"(?!.*__)[a-z][0-9a-z_]*")
SEMANTIC = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
)
HEADINGS = (
    "Description", "Requirements", "Installation", "Use Cases", "Testing", "Support", "Release Notes", "License",
)  # fmt: skip
POLICIES = ("LICENSE", "CHANGELOG.rst", "CODE_OF_CONDUCT.md", "SECURITY.md", "docs/support.md")
# Not for a program: these need the place where the project is hosted.
BY_HAND = (
    "the addresses in galaxy.yml lead to a public repository and issue tracker",
    "the release's commit has a tag, and its sanity tests passed",
    "the workflows run for each pull request and once a week",
)


@dataclass(frozen=True)
class Checkout:
    """The collection's files at `root`."""

    root: Path

    def text(self, name: str) -> str:
        """A file's content; empty where it is missing, which a rule of its own reports."""
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def galaxy(self) -> dict[str, Any]:
        """galaxy.yml."""
        return yaml.safe_load(self.text("galaxy.yml")) or {}

    @cached_property
    def version(self) -> str:
        """The version in galaxy.yml, of whatever form."""
        return str(self.galaxy.get("version"))

    def plugins(self, *kinds: str) -> Iterator[Path]:
        """The files of the plugins of some kinds, by their folders."""
        for kind in kinds:
            found = sorted((self.root / "plugins" / kind).glob("*.py"))
            yield from (path for path in found if path.stem != "__init__")


def documented(path: Path) -> dict[str, Any]:
    """{name: parsed text} of a plugin's DOCUMENTATION, EXAMPLES and RETURN."""
    return _documented(path.read_text(encoding="utf-8"))


@cache
def _documented(source: str) -> dict[str, Any]:
    return {
        ast.unparse(node.targets[0]): yaml.safe_load(ast.literal_eval(node.value))
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) in ("DOCUMENTATION", "EXAMPLES", "RETURN")
    }


def missing_fields(checkout: Checkout) -> Iterator[str]:
    """All fields of galaxy.yml are there."""
    for field in FIELDS:
        if field not in checkout.galaxy or checkout.galaxy[field] in (None, "", []):
            yield f"{field} is missing"


def wrong_names(checkout: Checkout) -> Iterator[str]:
    """Names are those that Galaxy takes."""
    modules = [path.stem for path in checkout.plugins("modules", "filter")]
    for name in (str(checkout.galaxy.get("namespace")), str(checkout.galaxy.get("name")), *modules):
        if not NAME.fullmatch(name):
            yield f"{name} is not a name that Galaxy takes"


def wrong_version(checkout: Checkout) -> Iterator[str]:
    """The version is a semantic one, 1.0.0 or newer."""
    if not SEMANTIC.fullmatch(checkout.version):
        yield f"{checkout.version} is not a semantic version"
    elif Version(checkout.version) < Version("1.0.0"):
        yield f"{checkout.version} is older than 1.0.0"


def wrong_tags(checkout: Checkout) -> Iterator[str]:
    """Tags are those that Galaxy and certification take."""
    tags = checkout.galaxy.get("tags") or []
    if len(tags) > 20 or not TAGS.intersection(tags):
        yield "there are more than 20, or none that certification asks for"
    for tag in tags:
        if not NAME.fullmatch(tag) or len(tag) > 64:
            yield f"{tag} is not a tag that Galaxy takes"


def unbounded_dependencies(checkout: Checkout) -> Iterator[str]:
    """Dependencies have a lower bound."""
    for name, bound in (checkout.galaxy.get("dependencies") or {}).items():
        if not str(bound).startswith(">="):
            yield f"{name} has no lower bound"


def wrong_addresses(checkout: Checkout) -> Iterator[str]:
    """Addresses in galaxy.yml are https."""
    for field in ("repository", "documentation", "homepage", "issues"):
        if not str(checkout.galaxy.get(field)).startswith("https://"):
            yield f"{field} is not an https address"


def unreleased_changes(checkout: Checkout) -> Iterator[str]:
    """The changelog has this version."""
    releases = (yaml.safe_load(checkout.text("changelogs/changelog.yaml")) or {}).get(
        "releases", {}
    )
    if checkout.version not in releases:
        yield f"{checkout.version} is not released: run antsibull-changelog release"
    elif left := len(list((checkout.root / "changelogs" / "fragments").glob("*.y*ml"))):
        yield f"{left} fragments are not part of a release"
    elif f"v{checkout.version}\n" not in checkout.text("CHANGELOG.rst"):
        yield f"CHANGELOG.rst has no heading v{checkout.version}"


def wrong_ansible_core(checkout: Checkout) -> Iterator[str]:
    """The oldest ansible-core is in requires_ansible."""
    required = str(
        (yaml.safe_load(checkout.text("meta/runtime.yml")) or {}).get("requires_ansible")
    )
    try:
        bounds = list(SpecifierSet(required))
    except InvalidSpecifier:
        yield f"{required} is not a range of versions"
        return
    if len(required) > 255 or not any(bound.operator in (">=", "~=", "==") for bound in bounds):
        yield f"{required} names no oldest version"


def missing_policies(checkout: Checkout) -> Iterator[str]:
    """Licence, changelog, conduct, security and support files exist."""
    for name in POLICIES:
        if not checkout.text(name).strip():
            yield f"{name} is missing or empty"


def unlicensed(checkout: Checkout) -> Iterator[str]:
    """Each plugin names the GPL, and LICENSE is its text."""
    if "GNU GENERAL PUBLIC LICENSE" not in checkout.text("LICENSE"):
        yield "LICENSE is not the text of the GPL"
    for path in sorted((checkout.root / "plugins").rglob("*.py")):
        head = path.read_text(encoding="utf-8")[:500]
        if head and "SPDX-License-Identifier: GPL-3.0-or-later" not in head:
            yield f"{path.relative_to(checkout.root)} does not name its licence"


def wrong_readme(checkout: Checkout) -> Iterator[str]:
    """README has the sections of certification."""
    readme = checkout.text("README.md")
    _head, *parts = re.split(r"^## (.+)$", readme, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2]))
    for heading in HEADINGS:
        if not sections.get(heading, "").strip():
            yield f"there is no section {heading}"
    if not re.search(r"Python \d\.\d+", sections.get("Requirements", "")):
        yield "Requirements does not name the oldest Python"
    if "ansible-galaxy collection install" not in sections.get("Installation", ""):
        yield "Installation does not say how to install the collection"
    if re.search(r"pip3? install [^\n]*\bansible(-core)?\b", readme):
        yield "it installs ansible by pip"
    if "CHANGELOG" not in sections.get("Release Notes", ""):
        yield "Release Notes does not lead to the changelog"


def relative_links(checkout: Checkout) -> Iterator[str]:
    """README links are absolute; pictures, which a forge shows and Galaxy describes, need not be."""
    links = re.findall(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)", checkout.text("README.md"))
    relative = [link for link in links if not re.match(r"https://|#", link)]
    if relative:
        yield f"{len(relative)} links are relative, such as {relative[0]}"


def foreign_plugins(checkout: Checkout) -> Iterator[str]:
    """Folders of plugins/ are types of plugins."""
    for path in sorted((checkout.root / "plugins").iterdir()):
        if path.is_dir() and path.name not in PLUGIN_TYPES | {"__pycache__"}:
            yield f"plugins/{path.name} is not a type of plugin"


def undocumented(checkout: Checkout) -> Iterator[str]:
    """Plugins are documented."""
    for path in checkout.plugins("modules", "filter"):
        texts = documented(path)
        for name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
            if not texts.get(name):
                yield f"{path.stem} has no {name}"


def queries(checkout: Checkout) -> Iterator[str]:
    """Only _info modules gather information."""
    for path in checkout.plugins("modules"):
        state = ((documented(path).get("DOCUMENTATION") or {}).get("options") or {}).get(
            "state"
        ) or {}
        asking = {"get", "query", "list", "info"}.intersection(state.get("choices") or [])
        if asking:
            yield f"{path.stem} gathers information by state: {', '.join(sorted(asking))}"


def wrong_version_added(checkout: Checkout) -> Iterator[str]:
    """No version_added is newer than the version."""
    if not SEMANTIC.fullmatch(checkout.version):
        # wrong_version() reports it.
        return
    for path in checkout.plugins("modules", "filter", "doc_fragments"):
        if path.parent.name != "doc_fragments" and "version_added" not in (
            documented(path).get("DOCUMENTATION") or {}
        ):
            yield f"{path.stem} has no version_added"
        for added in re.findall(
            r"^ *version_added: *['\"]?([^'\"\n]+)", path.read_text(), re.MULTILINE
        ):
            if not SEMANTIC.fullmatch(added) or Version(added) > Version(checkout.version):
                yield f"{path.stem} has version_added {added}, not a version up to {checkout.version}"


def ignored_sanity(checkout: Checkout) -> Iterator[str]:
    """No sanity test is ignored."""
    for path in sorted((checkout.root / "tests" / "sanity").glob("ignore*")):
        if path.read_text().strip():
            yield f"{path.relative_to(checkout.root)} ignores tests"


def large_files(checkout: Checkout) -> Iterator[str]:
    """No file is large."""
    for path in sorted(checkout.root.rglob("*")):
        inside = path.relative_to(checkout.root).parts
        if inside[0] in ("build", ".git") or any(
            part.startswith(".") and "_cache" in part for part in inside
        ):
            continue
        if path.is_file() and path.stat().st_size > LARGEST_FILE:
            yield f"{path.relative_to(checkout.root)} has {path.stat().st_size:,} bytes"


Rule = Callable[[Checkout], Iterator[str]]
# Each yields what is wrong; its docstring is the rule.
RULES: tuple[Rule, ...] = (
    missing_fields,
    wrong_names,
    wrong_version,
    wrong_tags,
    unbounded_dependencies,
    wrong_addresses,
    unreleased_changes,
    wrong_ansible_core,
    missing_policies,
    unlicensed,
    wrong_readme,
    relative_links,
    foreign_plugins,
    undocumented,
    queries,
    wrong_version_added,
    ignored_sanity,
    large_files,
)


def tarball_rules(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Build the tarball, and yield what is wrong with it by rule."""
    with tempfile.TemporaryDirectory() as folder:
        built = subprocess.run(
            ["ansible-galaxy", "collection", "build", str(root), "--output-path", folder],
            env=suite_environment(NEWEST), capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = list(Path(folder).glob("*.tar.gz"))
        yield "The tarball can be built", [] if found else [" ".join(built.stderr.split())]
        for tarball in found:
            size = tarball.stat().st_size
            why = [] if size < LARGEST_TARBALL else [f"it has {size:,} bytes"]
            yield f"The tarball is smaller than {LARGEST_TARBALL:,} bytes", why
            with tempfile.TemporaryDirectory() as work:
                yield "The importer of Galaxy has no complaint", complaints(tarball, Path(work))


def main() -> int:
    """Print a line for each rule; 0 where all hold."""
    failed = 0
    checkout = Checkout(ROOT)
    files = ((str(rule.__doc__).rstrip("."), list(rule(checkout))) for rule in RULES)
    for title, wrong in chain(files, tarball_rules(ROOT)):
        failed += bool(wrong)
        print(f"FAILED {title}: {'; '.join(wrong)}" if wrong else f"ok     {title}", flush=True)
    for title in BY_HAND:
        print(f"you    {title}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

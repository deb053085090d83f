# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every link of every Markdown page leads to a file and a heading that exist. Links to the network are not followed.

README.md is shown by Galaxy, too, where a relative link leads nowhere: its links begin with the repository's address.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
REPOSITORY: str = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"] + "/"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "roles/*/*.md", "tests/**/*.md", "extensions/**/*.md")
    for page in ROOT.glob(pattern)
)


def tokens(page: Path) -> Iterator[Token]:
    """The inline tokens of a page, those of tables included."""
    for block in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        yield from block.children or ()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    blocks = MarkdownIt("commonmark").parse(page.read_text())
    headings = [
        after.content
        for before, after in itertools.pairwise(blocks)
        if before.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def targets(page: Path) -> Iterator[str]:
    """Where the links of a page lead, those of pictures included."""
    for token in tokens(page):
        if token.type in ("link_open", "image"):
            yield str(token.attrs["href" if token.type == "link_open" else "src"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in targets(page):
        folder = ROOT if target.startswith(REPOSITORY) else page.parent
        path, _mark, anchor = target.removeprefix(REPOSITORY).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        file = (folder / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}, which does not exist"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), (
                f"{page.name} links to {target}: there is no such heading"
            )


def test_links_of_the_readme_work_on_galaxy() -> None:
    # A picture's address on a forge is unknown, so its link is relative: Galaxy shows its text.
    relative = [target for target in targets(README) if not re.match(r"[a-z]+:", target)]
    assert relative == ["docs/connected.svg"]

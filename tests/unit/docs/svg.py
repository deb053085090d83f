# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of SVG pictures, readable on a light and on a dark background."""

from __future__ import annotations

import html
from collections.abc import Iterable

# The width of a character of the widest usual monospace font of 13 px.
CHARACTER = 7.9
_STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.head { font: 600 13px system-ui, sans-serif } .what { font: 12px system-ui, sans-serif } .mid { text-anchor: middle }
.end { text-anchor: end } .same { fill: #0a5cc2; font-weight: 600 } rect { fill: #f6f8fa; stroke: #d1d9e0 }
path { stroke: #59636e; fill: none; stroke-width: 2 } .thin { stroke: #d1d9e0; stroke-width: 1 }
circle, .ours { fill: #0a5cc2; stroke: none } .bar { fill: #afb8c1; stroke: none } .good { fill: #1a7f37 } .bad { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .same { fill: #6cb6ff } rect { fill: #151b23; stroke: #3d444d } path { stroke: #9198a1 }
  .thin { stroke: #3d444d } circle, .ours { fill: #6cb6ff; stroke: none } .bar { fill: #656c76; stroke: none } .good { fill: #57ab5a } .bad { fill: #f47067 }
}"""


def document(title: str, wide: float, tall: float, parts: Iterable[str]) -> str:
    """A picture with a pixel around it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {wide + 2:g} {tall + 2:g}" role="img">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}\n</style>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def text(x: float, y: float, content: str, *kinds: str) -> str:
    """A line of text.

    :param kinds: classes of the style.
    """
    shown = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<text{shown} x="{x:g}" y="{y:g}">{html.escape(content, quote=False)}</text>'


def box(x: float, y: float, wide: float, tall: float) -> str:
    """A rectangle with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="6"/>'


def line(x: float, y: float, to: tuple[float, float]) -> str:
    """A thin line."""
    return f'<path class="thin" d="M{x:g} {y:g}L{to[0]:g} {to[1]:g}"/>'


def arrow(x: float, y: float, to: tuple[float, float]) -> str:
    """An arrow that ends horizontally, to the right or to the left."""
    back = -9 if to[0] > x else 9
    return f'<path d="M{x:g} {y:g}L{to[0] + back:g} {to[1]:g}H{to[0]:g}m{back} -6l{-back} 6l{back} 6"/>'

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings; `make docs` copies this file, the pages beside it and the reference into one folder."""

from __future__ import annotations

project = "kubedirector.connections"
author = "kubedirector.connections contributors"
project_copyright = author
extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinxcontrib.mermaid"]
html_theme = "sphinx_ansible_theme"
html_title = project
html_show_sphinx = False
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
# Messages and commands are searched for, and copied, as they are typed.
smartquotes = False
nitpicky = True
# What antsibull-docs refers to outside this collection.
nitpick_ignore_regex = [("std:ref", "ansible_collections\\..*")]

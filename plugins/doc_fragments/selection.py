# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that select KDClusters instead of naming them."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules have in common."""

    DOCUMENTATION = r"""
options:
  label_selectors:
    description: >-
      Select the KDClusters by their labels, instead of naming them, in the syntax of Kubernetes; all selectors have to match.
      The result names the KDClusters, in check mode too.
    type: list
    elements: str
    version_added: 1.0.0
  apps:
    description: Select the KDClusters of these KDApps; with C(label_selectors), those that meet both.
    type: list
    elements: str
    version_added: 1.0.0
  expect_min:
    description: Fail if C(label_selectors) and C(apps) select fewer, before a member is read or anything is written.
    type: int
    default: 1
    version_added: 1.0.0
  expect_max:
    description: Fail if C(label_selectors) and C(apps) select more, before a member is read or anything is written.
    type: int
    version_added: 1.0.0
"""

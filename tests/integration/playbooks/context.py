# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig whose context has a namespace."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.harness.kubectl import Kubectl


def kubeconfig_in(namespace: str, kubectl: Kubectl, folder: Path) -> Path:
    """Write kubectl's kubeconfig, with this namespace in its current context."""
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    shown["contexts"][0]["context"]["namespace"] = namespace
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(shown))
    return path

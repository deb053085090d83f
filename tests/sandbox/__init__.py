# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disposable Kubernetes with KubeDirector on it: `python -m tests.sandbox up|down|status`."""

from __future__ import annotations

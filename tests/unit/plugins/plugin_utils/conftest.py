# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of code that runs on the controller."""

from __future__ import annotations

from tests.unit.plugins.controller_files import folder

__all__ = ["folder"]

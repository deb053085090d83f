# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs most modules of the collection, whose files here are links to this one."""

from __future__ import annotations

from ..plugin_utils._bytecode import imported_from_bytecode

with imported_from_bytecode():
    from ..plugin_utils._module_in_worker import ModuleInWorker


class ActionModule(ModuleInWorker):
    """Runs the module that has the name of this file or link."""

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_cluster: a manifest is read here, on the controller."""

from __future__ import annotations

from ..plugin_utils._bytecode import imported_from_bytecode

with imported_from_bytecode():
    from ..plugin_utils._module_in_worker import ModuleInWorker
    from ..plugin_utils._value_files import with_cluster_manifest


class ActionModule(ModuleInWorker):
    """Runs the module with a manifest as single options."""

    with_files = staticmethod(with_cluster_manifest)

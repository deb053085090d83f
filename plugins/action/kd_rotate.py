# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs the module kd_rotate."""

from __future__ import annotations

from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
)


class ActionModule(ModuleInWorker):
    """The action of kd_rotate."""

    module = kd_rotate

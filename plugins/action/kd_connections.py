# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_connections: each entry is checked here, where Ansible knows the line it was written on."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.modules import kd_connections
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entries import (
    entry_sentences,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
)


class ActionModule(ModuleInWorker):
    """Checks the entries, then runs the module."""

    module = kd_connections

    def problems(self) -> t.Iterable[str]:
        """Everything that is wrong with single entries, one sentence each."""
        entries = self._task.args.get("connections")
        return entry_sentences(entries, self._task.args.get("places") or [])

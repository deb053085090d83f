# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_connections: what is wrong with entries is reported here, where Ansible knows the lines."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.plugin_utils._entry_sentences import (
    entry_sentences,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
    refused,
)


class ActionModule(ModuleInWorker):
    """Runs the module, which checks the entries before it does anything, and adds the lines to what it reports."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Run the task; raises and returns what ansible.builtin.normal does."""
        done = super().run(tmp, task_vars)
        if not done.get("failed"):
            return done
        given = self._task.args
        places = given.get("places") or []
        sentences = entry_sentences(given.get("connections"), places, self.read)
        return {**done, **refused(sentences)} if sentences else done

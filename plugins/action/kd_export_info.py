# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_export_info: the files are made here, so that Ansible gets no value that is not meant to be in one."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kubedirector.connections.plugins.modules import kd_export_info
from ansible_collections.kubedirector.connections.plugins.plugin_utils._export_text import (
    export_files,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import info_result
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
)

_PARTS = ("server", "kdclusters", "objects", "edges", "problems")


class ActionModule(ModuleInWorker):
    """Runs the module, which reads, and makes files of what it returns."""

    module = kd_export_info

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Run the task; raises and returns what ansible.builtin.normal does."""
        live = info_result(self._task.args.get("found"), "kd_export_info", _PARTS)
        done = super().run(tmp, task_vars)
        # A failure in the middle has read some, too.
        content = [json.loads(one) for one in done.pop("content", ())]
        if done.get("failed"):
            return done
        # ConfigMaps and env may hold credentials: nothing of it is shown at any verbosity.
        shown = {"_ansible_no_log": True} if content else {}
        return {**done, "files": export_files(live, content), **shown}

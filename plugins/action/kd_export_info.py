# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_export_info: the files are made here, so that Ansible gets no value that is not meant to be in one."""

from __future__ import annotations

import json
import os
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ansible_collections.kubedirector.connections.plugins.modules import kd_export_info
from ansible_collections.kubedirector.connections.plugins.plugin_utils._export_text import (
    export_files,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import info_result
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
    refused,
)

_NO_PASSWORD = (
    "secret_values needs a vault password, since values of Secrets are written encrypted only. Give one by --vault-id, "
    "--vault-password-file or ANSIBLE_VAULT_PASSWORD_FILE."
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
        # (vault id, password)
        secret: tuple[str, t.Any] | None = None
        if boolean(self._task.args.get("secret_values", False), strict=False):
            if not self._loader._vault.secrets:
                return refused([_NO_PASSWORD])
            identity = constants.config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")
            secret = match_encrypt_secret(self._loader._vault.secrets, identity)
        done = super().run(tmp, task_vars)
        # A failure in the middle has read some, too.
        content = [json.loads(one) for one in done.pop("content", ())]
        if done.get("failed"):
            return done
        # ConfigMaps and env may hold credentials: nothing of it is shown at any verbosity.
        shown = {"_ansible_no_log": True} if content else {}
        files = [
            {**one, "content": self._encrypted(one, secret)} if one["encrypted"] else one
            for one in export_files(live, content)
        ]
        return {**done, "files": files, **shown}

    def _encrypted(self, file: t.Mapping[str, t.Any], secret: tuple[str, t.Any] | None) -> str:
        """Encrypt a file's text, or return that of the file that is there and has it encrypted already."""
        vault, text = self._loader._vault, file["content"].encode()
        try:
            path = os.path.join(self._task.args.get("directory") or ".", file["name"])
            with open(path, "rb") as stream:
                before = stream.read()
            if is_encrypted(before) and vault.decrypt(before) == text:
                return before.decode()
        except (OSError, AnsibleError):
            # There is none, or it has another password.
            pass
        vault_id, password = secret or (None, None)
        return t.cast("bytes", VaultLib(vault.secrets).encrypt(text, password, vault_id)).decode()

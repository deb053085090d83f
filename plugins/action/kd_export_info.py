# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_export_info: makes the files here, so that Ansible gets no value but theirs."""

from __future__ import annotations

import json
import os
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ..plugin_utils._bytecode import imported_from_bytecode

with imported_from_bytecode():
    from ..plugin_utils._export import export_files
    from ..plugin_utils._filters import info_result
    from ..plugin_utils._module_in_worker import ModuleInWorker, refused

_NO_PASSWORD = (
    "secret_values needs a vault password, since values of Secrets are written encrypted only. Give one by --vault-id, "
    "--vault-password-file or ANSIBLE_VAULT_PASSWORD_FILE."
)
_NOT_HERE = (
    "kd_export_info reads values on the controller only, since other connections and async may show or store what a "
    "module returns. Give the task or the host connection: local, and leave async out."
)
_PARTS = ("server", "kdclusters", "objects", "edges", "problems")
_VALUES = ("configmap_data", "clusters", "secret_values")


class _PasswordError(Exception):
    """A file cannot be encrypted or compared. The text is a sentence."""


class ActionModule(ModuleInWorker):
    """Runs the module, and makes files of its result."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Run the task; return and raise what ansible.builtin.normal does."""
        live = info_result(self._task.args.get("found"), "kd_export_info", _PARTS)
        wanted = [
            name for name in _VALUES if boolean(self._task.args.get(name, False), strict=False)
        ]
        if wanted and (self._connection.transport != "local" or self._task.async_val):
            return refused([_NOT_HERE])
        try:
            password = self._password()
            if "secret_values" in wanted and password is None:
                return refused([_NO_PASSWORD])
            done = super().run(tmp, task_vars)
            # A failure in the middle has read some, too.
            content = [json.loads(one) for one in done.pop("content", ())]
            if done.get("failed"):
                return done
            files = [self._encrypted(one, password) for one in export_files(live, content)]
        except _PasswordError as error:
            return refused([str(error)])
        # ConfigMaps and env may hold credentials: show nothing at any verbosity.
        return {**done, "files": files, **({"_ansible_no_log": True} if content else {})}

    def _password(self) -> tuple[str, t.Any] | None:
        """The vault id and password that this run encrypts with, if any."""
        passwords = self._loader._vault.secrets
        if not passwords:
            return None
        identity = constants.config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")
        try:
            return t.cast("tuple[str, t.Any]", match_encrypt_secret(passwords, identity))
        except AnsibleError:
            raise _PasswordError(
                f"vault_encrypt_identity is {identity}, and this run has no vault password of that id. Give one by "
                "--vault-id, or leave the setting out."
            ) from None

    def _encrypted(
        self, file: dict[str, t.Any], password: tuple[str, t.Any] | None
    ) -> dict[str, t.Any]:
        """Encrypt a file's text if asked to, or if the existing file is encrypted."""
        path = os.path.join(self._task.args.get("directory") or ".", file["name"])
        before, text = _content(path), file["content"].encode()
        was_encrypted = is_encrypted(before)
        if not (file["encrypted"] or was_encrypted):
            return file
        # Without a password this run asks for no encrypted file, so the existing file is the encrypted one.
        if password is None or (was_encrypted and _opens(self._loader._vault, before) is None):
            raise _PasswordError(
                f"{path} is encrypted, and not with a vault password of this run. Give that one, or rename the file."
            )
        vault = VaultLib([password])
        # Encrypted again it would be another text.
        unchanged = was_encrypted and _opens(vault, before) == text
        content = before if unchanged else vault.encrypt(text, password[1], password[0])
        return {**file, "encrypted": True, "content": content.decode()}


def _content(path: str) -> bytes:
    """A file's content; empty if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _opens(vault: VaultLib, encrypted: bytes) -> bytes | None:
    """Decrypt; None where that needs another password."""
    try:
        return t.cast("bytes", vault.decrypt(encrypted))
    except AnsibleError:
        return None

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_connections: entries that a variable holds are worked out here, and what is wrong with entries is
reported here, where Ansible knows the lines."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.utils.vars import load_extra_vars

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    NO_ENTRIES,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entries import (
    entries_in_variable,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entry_sentences import (
    entry_sentences,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import (
    MARKS_VALUES,
    harmless,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    ModuleInWorker,
    refused,
)

if t.TYPE_CHECKING:
    from ansible.template import Templar

_SOURCE = ("variable", "file")
_AUTH = "kd_auth"
# As ansible.builtin.include_vars reads a file, but without a deep copy, which takes longer than all the rest.
_READING = {"unsafe": True, **({"trusted_as_template": True} if MARKS_VALUES else {})}
_Variables = dict[str, t.Any]


class ActionModule(ModuleInWorker):
    """Runs the module, which checks the entries before it does anything, and adds the lines to what it reports."""

    def run(self, tmp: str | None = None, task_vars: _Variables | None = None) -> dict[str, t.Any]:
        """Run the task; raises and returns what ansible.builtin.normal does."""
        given = self._task.args
        if any(given.get(option) is not None for option in _SOURCE):
            try:
                self._task.args = self._with_entries(given, task_vars or {})
            except AnsibleError as error:
                return refused(str(error).split("\n"))
        try:
            return self._with_lines(super().run(tmp, task_vars))
        finally:
            self._task.args = given

    def _with_entries(self, given: _Variables, task_vars: _Variables) -> _Variables:
        """The task's options with the entries that a variable holds. :raises AnsibleError:"""
        variable, file = given.get("variable"), given.get("file") or ""
        if variable is None or given.get("connections") is not None:
            raise AnsibleError(NO_ENTRIES)
        options = {k: v for k, v in given.items() if k not in _SOURCE}
        variables = task_vars
        if file:
            if variable in variables:
                raise AnsibleError(
                    f"{variable} is given as a variable, and {file} is to hold it, too. Keep one of the two."
                )
            # In the order of ansible.builtin.include_vars.
            read, extra = self._variables_in(file), load_extra_vars(self._loader)
            variables = {**task_vars, **read, **extra}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        if file and _AUTH in read and _AUTH not in extra:
            options.update(_auth_options(read[_AUTH], templar, file))
        entries, places = entries_in_variable(variable, variables, templar, file)
        return {"places": places, **options, "connections": entries}

    def _variables_in(self, file: str) -> _Variables:
        """Read a file of variables. :raises AnsibleError: it cannot be read; the message shows nothing of it."""
        path = os.path.realpath(os.path.expanduser(file))
        try:
            read = self._loader.load_from_file(path, **_READING)
        except AnsibleError as error:
            # A message about YAML goes on with the lines around, which may hold a secret.
            why = " ".join(str(error).partition("The offending line")[0].split())
            raise AnsibleError(f"{file} cannot be read as a file of variables: {why}") from None
        if not isinstance(read, (dict, type(None))):
            raise AnsibleError(
                f"{file} cannot be read as a file of variables: it holds no dictionary."
            )
        return read or {}

    def _with_lines(self, done: dict[str, t.Any]) -> dict[str, t.Any]:
        """Name the line of each entry in a failure."""
        if not done.get("failed"):
            return done
        given = self._task.args
        places = given.get("places") or []
        sentences = entry_sentences(given.get("connections"), places, self.read)
        return {**done, **refused(sentences)} if sentences else done


def _auth_options(given: t.Any, templar: Templar, file: str) -> _Variables:
    """What kd_auth in a file gives. :raises AnsibleError: it cannot be worked out, or is no dictionary."""
    try:
        options = templar.template(given)
    except AnsibleError as error:
        raise AnsibleError(f"{file}: {_AUTH} cannot be worked out: {harmless(error)}.") from None
    if not isinstance(options, dict):
        raise AnsibleError(f"{file}: {_AUTH} has to be a dictionary of authentication options.")
    return options

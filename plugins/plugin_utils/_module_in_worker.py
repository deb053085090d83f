# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module in Ansible's worker process where that is the same as running it on the host.

Otherwise a task on the controller takes 0.26 s before a module's first line (measured): Ansible packs and copies the
module, and starts a Python that imports what the worker holds already. The network collections do the same
(ansible.netcommon, import_modules), and ansible-core keeps a hook for it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import os
import sys
import types
import typing as t

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common import warnings as ansible_warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as OrdinaryAction
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ..module_utils._core.display import shown_by
from ..module_utils._kd_connection.entry_words import shown_option
from ._bytecode import imported_from_bytecode
from ._role_variables import misspelt_variables
from ._value_files import FileValues, with_file_values
from ._yaml_values import bad_keys, misread_values

# The ansible-core versions that the tests use.
_OLDEST, _NEWEST = (2, 16), (2, 21)
# What is used of their insides.
_INSIDES = (
    (basic, "_ANSIBLE_ARGS"),
    (ansible_warnings, "_global_warnings"),
    (ActionBase, "_update_module_args"),
)
# A variable: false makes every module a process of its own.
_SWITCH = "kd_in_worker"
# The name of a module's JSON dialect, which ansible-core has since 2.19.
_PROFILE = "legacy"
_KNOWS_PROFILES = hasattr(ansible_json, "get_module_encoder")
# As ansible-core begins it, 2.19 or newer and older (source: module_utils/basic.py).
_TOO_OLD = ("Ansible requires Python", "ansible-core requires a minimum of Python")
_BEFORE_PYTHON_3_7 = "SyntaxError: future feature annotations is not defined"
_Variables = t.Mapping[str, t.Any]


class ModuleInWorker(OrdinaryAction):
    """One task of this collection: in the worker if that makes no difference, else as any module.

    `module` has the action's name. Ansible imports an action, and all that it imports, before it starts the worker:
    once for all tasks and hosts.
    """

    module: types.ModuleType
    # What reads a task's files, and the options with their content, once read.
    with_files = staticmethod(with_file_values)
    read: FileValues | None = None

    def __init_subclass__(cls) -> None:
        with imported_from_bytecode():
            cls.module = importlib.import_module(
                cls.__module__.replace(".plugins.action.", ".plugins.modules.")
            )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Run the task; return and raise what ansible.builtin.normal does."""
        variables, given = task_vars or {}, self._task.args
        if problems := bad_keys(given):
            return refused(problems)
        misread = list(misread_values(given))
        self.read = read = self.with_files(given, self)
        if read.problems:
            return refused([f"{shown_option(given, path)}: {text}" for path, text in read.problems])
        # Names of files are keys, too.
        if problems := bad_keys(read.args):
            return refused(problems)
        misread += (f"{shown_option(given, path)}: {text}" for path, text in read.warnings)
        misread += misspelt_variables(variables, self._task.vars)
        # Ansible shows a task's options from here, and runs it again with them.
        self._task.args = read.args
        try:
            done = with_newer_python(self._run_module(tmp, variables))
        finally:
            self._task.args = given
        return {**done, "warnings": [*misread, *done.get("warnings", ())]} if misread else done

    # The methods of _value_files.Finder.
    def find(self, name: str) -> str:
        return t.cast("str", self._find_needle("files", name))

    def decrypted(self, path: str) -> str:
        return t.cast("str", self._loader.get_real_file(path))

    def forget(self, path: str) -> None:
        self._loader.cleanup_tmp_file(path)

    def _run_module(self, tmp: str | None, variables: _Variables) -> dict[str, t.Any]:
        if not self._is_at_home(variables):
            return t.cast("dict[str, t.Any]", super().run(tmp, variables))
        # As in every action: skips what cannot run in check mode or async.
        result = t.cast("dict[str, t.Any]", super(OrdinaryAction, self).run(tmp, variables))
        return {**result, **self._run_in_worker(variables)}

    def _is_at_home(self, variables: _Variables) -> bool:
        """Whether the module would run here: same user, machine, Python and environment, no own files or process."""
        return (
            known_inside(ansible_version)
            # What is neither true nor false switches it off, too.
            and boolean(self._templar.template(variables.get(_SWITCH, True)), strict=False)
            and self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            # It would end a change half way; a separate process finishes.
            and not self._task.timeout
            and not any(self._task.environment or ())
            and not constants.DEFAULT_KEEP_REMOTE_FILES
            and self._interpreter(variables) == sys.executable
        )

    def _interpreter(self, variables: _Variables) -> t.Any:
        """The Python of the host's modules, or how to find it ("auto" and the like)."""
        if self._task.delegate_to:
            variables = variables["ansible_delegated_vars"][self._task.delegate_to]
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return self._templar.template(configured)

    def _run_in_worker(self, variables: _Variables) -> dict[str, t.Any]:
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, variables)
        Display().vvv(f"Running module {self.module.__name__} in Ansible's worker process")
        # ansible-core before 2.19 keeps warnings for the whole process, here over all items of a loop.
        ansible_warnings._global_warnings.clear()
        basic._ANSIBLE_ARGS = _encoded({"ANSIBLE_MODULE_ARGS": arguments})
        basic._ANSIBLE_PROFILE = _PROFILE
        # exit_json and fail_json end with SystemExit; the result says which it was.
        with (
            contextlib.nullcontext() if self._task.no_log else shown_by(_display_of(variables)),
            _as_a_process_of_its_own(self._loader.get_basedir()) as printed,
            # A module imports its client once it knows that the libraries are there.
            imported_from_bytecode(),
            contextlib.suppress(SystemExit),
        ):
            self.module.main()
        return _decoded(printed.getvalue())


def known_inside(version: str) -> bool:
    """Whether this file knows the insides of an ansible-core, such as 2.22.0rc1."""
    major, minor, *_rest = version.split(".")
    return _OLDEST <= (int(major), int(minor)) <= _NEWEST and all(
        hasattr(owner, name) for owner, name in _INSIDES
    )


def _display_of(variables: _Variables) -> t.Callable[[str], None]:
    """How to show a text: with the host before each line if the play has several."""
    if len(variables.get("ansible_play_hosts_all") or ()) < 2:
        return t.cast("t.Callable[[str], None]", Display().display)
    host = variables["inventory_hostname"]

    def display(text: str) -> None:
        Display().display("\n".join(f"[{host}] {line}" for line in text.split("\n")))

    return display


def with_newer_python(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Add what to do to ansible-core's message about too old a Python."""
    message = str(result.get("msg"))
    # ansible-core 2.16 begins a module on these, too.
    if _BEFORE_PYTHON_3_7 in str(result.get("module_stderr")):
        message = "The Python that Ansible found is older than 3.7, and modules need 3.9 or newer."
    elif not any(words in message for words in _TOO_OLD):
        return result
    way_out = "Set ansible_python_interpreter to the path of a newer one on this host."
    return {**result, "msg": f"{message} {way_out}"}


def refused(problems: list[str]) -> dict[str, t.Any]:
    """The result of a task with these problems, one sentence each."""
    return {
        "failed": True,
        "msg": "\n".join(problems),
        "problems": problems,
        # Indented, so that each problem is a line of its own.
        "_ansible_verbose_always": True,
    }


@contextlib.contextmanager
def _as_a_process_of_its_own(folder: str) -> t.Iterator[io.StringIO]:
    """Give a module what it has as a process: the playbook's folder, and no reader of standard error and logs.
    Yields what it prints."""
    folder_before = os.getcwd()
    logging_was_off_below = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        # contextlib.chdir needs Python 3.11; ansible-core 2.16 and 2.17 run on 3.10.
        os.chdir(folder)
        with (
            contextlib.redirect_stdout(io.StringIO()) as printed,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield printed
    finally:
        os.chdir(folder_before)
        logging.disable(logging_was_off_below)


def _encoded(arguments: dict[str, t.Any]) -> bytes:
    if _KNOWS_PROFILES:
        direction = ansible_json.Direction.CONTROLLER_TO_MODULE
        encoder = ansible_json.get_module_encoder(_PROFILE, direction)
        return json.dumps(arguments, cls=encoder).encode()
    return json.dumps(arguments, cls=ansible_json.AnsibleJSONEncoder, vault_to_text=True).encode()


def _decoded(result: str) -> dict[str, t.Any]:
    decoder = None
    if _KNOWS_PROFILES:
        direction = ansible_json.Direction.MODULE_TO_CONTROLLER
        decoder = ansible_json.get_module_decoder(_PROFILE, direction)
    return t.cast("dict[str, t.Any]", json.loads(result, cls=decoder))

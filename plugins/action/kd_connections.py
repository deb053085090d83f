# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible runs kd_connections: works out a variable's entries, and reports problems of entries with lines."""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.common.validation import check_type_list
from ansible.utils.vars import load_extra_vars

from ..plugin_utils._bytecode import imported_from_bytecode

with imported_from_bytecode():
    from ..module_utils._client.auth_options import AUTH_NAMES, is_file_content
    from ..module_utils._kd_connection.argspec import NO_ENTRIES
    from ..module_utils._kd_connection.entries import entry_problems
    from ..plugin_utils._entries import entries_in_variable, named, place_of, worked_out
    from ..plugin_utils._filters import harmless, plain
    from ..plugin_utils._module_in_worker import ModuleInWorker, refused
    from ..plugin_utils._yaml_values import MARKS_VALUES

if t.TYPE_CHECKING:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    from ..plugin_utils._value_files import FileValues

_SOURCE = ("variable", "file")
_AUTH = "kd_auth"
# As ansible.builtin.include_vars, but without its deep copy, which takes longer than all the rest.
_READING = {"unsafe": True, **({"trusted_as_template": True} if MARKS_VALUES else {})}
_LINE = re.compile(r":\d+$")
_Variables = dict[str, t.Any]


class ActionModule(ModuleInWorker):
    """Runs the module, which checks the entries first, and adds the lines to its report."""

    def run(self, tmp: str | None = None, task_vars: _Variables | None = None) -> dict[str, t.Any]:
        """Run the task; return and raise what ansible.builtin.normal does."""
        given = self._task.args
        try:
            args = self._with_entries(_with_places(given), task_vars or {})
        except AnsibleError as error:
            return refused(str(error).split("\n"))
        self._task.args = args
        try:
            return self._with_lines(super().run(tmp, task_vars))
        finally:
            self._task.args = given

    def _with_entries(self, given: _Variables, task_vars: _Variables) -> _Variables:
        """The task's options with the entries of the variable, if one is named. :raises AnsibleError:"""
        variable, file = given.get("variable"), given.get("file")
        if variable is None and file is None:
            return given
        if variable is None or given.get("connections") is not None:
            raise AnsibleError(NO_ENTRIES)
        for option, value in (("variable", variable), ("file", file)):
            if value is not None and not (value and isinstance(value, str)):
                raise AnsibleError(f"{option}: text belongs here.")
        options = {k: v for k, v in given.items() if k not in _SOURCE}
        variables = task_vars
        if file is not None:
            if variable in variables:
                raise AnsibleError(
                    f"{variable} is a variable already, so {file} is not read. Give one of the two."
                )
            read, extra = _variables_in(file, self._loader), load_extra_vars(self._loader)
            variables = {**task_vars, **read, **extra}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        if file is not None and _AUTH in read and _AUTH not in extra:
            # Not one server's address with another's credentials.
            options = {k: v for k, v in options.items() if k not in AUTH_NAMES}
            options.update(_auth_options(read[_AUTH], variables, templar, file))
        entries, places = entries_in_variable(variable, variables, templar, file or "")
        return {"places": places, **options, "connections": entries}

    def _with_lines(self, done: dict[str, t.Any]) -> dict[str, t.Any]:
        """Name the line of each entry in a failure."""
        if not done.get("failed"):
            return done
        given = self._task.args
        places = given.get("places") or []
        sentences = entry_sentences(given.get("connections"), places, self.read)
        return {**done, **refused(sentences)} if sentences else done


def entry_sentences(
    entries: t.Any, places: t.Sequence[str], read: FileValues | None = None
) -> list[str]:
    """Find what is wrong with single entries.

    :param entries: of any type.
    :param places: of each; may be empty.
    :param read: the task's options with the content of files, once read.
    :returns: sentences that begin with place, entry and field.
    """
    values = plain(entries, [])
    if not isinstance(values, list):
        # The module's argument spec says so.
        return []
    with_values = values if read is None else plain(read.args["connections"], [])
    # ModuleInWorker reports problems of the task's other options.
    problems = [
        (path[1:], text)
        for path, text in (() if read is None else read.problems)
        if path[0] == "connections"
    ]
    # An unusable file may cause an entry's other problems.
    unread = {path[0] for path, _text in problems}
    problems += (
        ((one.entry, *one.path), one.text)
        for one in entry_problems(with_values)
        if one.entry not in unread
    )
    sentences = []
    for path, text in sorted(problems, key=lambda problem: int(problem[0][0])):
        file = _LINE.sub("", places[path[0]]) if path[0] < len(places) else ""
        place = place_of(entries, path, file)
        sentences.append(f"{named(values, path, place)}: {text}")
    return sentences


def _with_places(given: _Variables) -> _Variables:
    """The task's options, with `places` as a list of text. :raises AnsibleError:"""
    if given.get("places") is None:
        return given
    try:
        return {**given, "places": [str(place) for place in check_type_list(given["places"])]}
    except TypeError:
        raise AnsibleError("places: a list belongs here.") from None


def _variables_in(file: str, loader: DataLoader) -> _Variables:
    """Read a file of variables. :raises AnsibleError: it cannot be read; the message shows nothing of it."""
    path = os.path.realpath(os.path.expanduser(file))
    try:
        # Opening a pipe uses up its content, or blocks without a writer.
        if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
            raise AnsibleError("it is not an ordinary file. Give it with -e @FILE.")
        with open(path, "rb"):
            pass
        read = loader.load_from_file(path, **_READING)
    except OSError as error:
        why = f"{error.strerror}."
    # ansible-core before 2.19 lets PyYAML's error on an impossible date through.
    except (AnsibleParserError, ValueError) as error:
        # Ansible's own message may quote a secret.
        why = f"it is not valid YAML{_near(error)}."
    except AnsibleError as error:
        why = " ".join(str(error).split())
    else:
        if isinstance(read, (dict, type(None))):
            return read or {}
        why = "it is not a dictionary."
    # It may be the file's content, by mistake.
    name = "What is given" if is_file_content(file) else file
    raise AnsibleError(f"{name} cannot be read as a file of variables: {why}")


def _near(error: Exception) -> str:
    """The line of PyYAML's error, which ansible-core before 2.19 keeps elsewhere."""
    cause = error.__cause__ or getattr(error, "orig_exc", None)
    mark = getattr(cause, "problem_mark", None)
    return "" if mark is None else f", near line {mark.line + 1}"


def _auth_options(given: t.Any, variables: _Variables, templar: Templar, file: str) -> _Variables:
    """What kd_auth in a file gives. :raises AnsibleError:"""
    try:
        options = worked_out(given, variables, templar)
    except AnsibleError as error:
        raise AnsibleError(f"{file}: {_AUTH} cannot be worked out: {harmless(error)}.") from None
    if not isinstance(options, dict):
        raise AnsibleError(f"{file}: {_AUTH} has to be a dictionary of authentication options.")
    return options

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of kd_connections as Ansible hands them over, with the place where each was written."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError, AnsibleFilterError

from ..module_utils._kd_connection.entry_words import Path, entry_label, is_numbered, shown_path
from ._filters import NOT_DECRYPTED, harmless, origin_of, plain

if t.TYPE_CHECKING:
    from ansible.template import Templar

try:
    from ansible.executor.task_executor import remove_omit
except ImportError:
    # ansible-core 2.19 and newer omit values when they work a template out.
    remove_omit = None

_VARIABLE = "kd_connections"


def entries_in_variable(
    name: str, variables: t.Mapping[str, t.Any], templar: Templar, file: str
) -> tuple[t.Any, list[str]]:
    """Work out the entries that a variable holds.

    :param variables: with templates not worked out yet.
    :param file: where it was read; "" if Ansible knows it.
    :returns: the entries, and where each was written.
    :raises AnsibleError: there are none, or a template fails. One sentence a line, without what is around a
        template, which may be secret.
    """
    if name not in variables:
        raise AnsibleError(
            f"{file} holds no {name}, a list of kd_connection arguments."
            if file
            else f"There is no variable {name}. Give it as a list of kd_connection arguments, for example with "
            "-e @connections.yml. Or name a file that holds it: option file, or kd_connections_file of the playbook."
        )
    given = variables[name]
    if not isinstance(given, (list, str)):
        raise AnsibleError(_no_list(file or name))
    try:
        entries = given if _is_plain(given) else worked_out(given, variables, templar)
    except AnsibleError as error:
        broken = list(_broken_templates(given, variables, templar, ())) or [((), harmless(error))]
        raise AnsibleError("\n".join(_broken_sentences(given, broken, file, name))) from None
    return entries, entry_places(entries, file, name)


def worked_out(given: t.Any, variables: t.Mapping[str, t.Any], templar: Templar) -> t.Any:
    """What templates give, without omitted values. :raises AnsibleError: its message may hold a secret."""
    try:
        value = templar.template(given)
    except AnsibleError:
        raise
    except Exception as error:
        # What a filter raises, with ansible-core before 2.19.
        raise AnsibleError(str(error)) from error
    if remove_omit is None:
        return value
    return remove_omit({"value": value}, variables["omit"]).get("value")


def entry_places(entries: t.Any, file: str = "", name: str = _VARIABLE) -> list[str]:
    """Say where each entry was written.

    :param entries: of any type.
    :param file: where they were read; "" if Ansible knows it.
    :param name: the variable that holds them.
    :returns: such as "connections.yml:6", without an unknown line.
    :raises AnsibleFilterError: they are not a list, or a template fails.
    """
    broken: list[tuple[Path, str]] = []
    values = plain(entries, broken)
    if not isinstance(values, list):
        raise AnsibleFilterError(_no_list(file or name))
    if broken:
        raise AnsibleFilterError("\n".join(_broken_sentences(entries, broken, file, name)))
    return [place_of(entries, (index,), file, name) for index in range(len(values))]


def place_of(entries: t.Any, path: Path, file: str, name: str = _VARIABLE) -> str:
    """Say where the value on a path was written; a numbered place (see entry_label) says it already."""
    origin = origin_of(entries, path)
    if origin is None or is_numbered(file):
        return file or name
    if not file:
        # From the current directory, where it is below that.
        relative = os.path.relpath(origin.path)
        file = origin.path if relative.startswith(os.pardir) else relative
    return f"{file}:{origin.line_num}"


def named(values: list[t.Any], path: Path, place: str) -> str:
    """Name a field of an entry."""
    index = int(path[0])
    name = entry_label(values[index], index, place)
    field = shown_path(values[index], path[1:])
    return f"{name}, {field}" if field else name


def _is_plain(value: t.Any) -> bool:
    """Whether a value needs no templating, which takes as long as reading a file of it."""
    if isinstance(value, (dict, list)):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    if isinstance(value, str):
        return "{" not in value
    # What ansible-vault encrypted is none of these.
    return value is None or isinstance(value, (bool, int, float))


def _broken_templates(
    given: t.Any, variables: t.Mapping[str, t.Any], templar: Templar, path: Path
) -> t.Iterator[tuple[Path, str]]:
    """Which templates cannot be worked out, and why."""
    if isinstance(given, dict):
        for key, value in given.items():
            yield from _broken_templates(value, variables, templar, (*path, key))
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from _broken_templates(value, variables, templar, (*path, index))
    else:
        try:
            # In a dictionary, where it may be omitted.
            worked_out({"value": given}, variables, templar)
        except AnsibleError as error:
            yield path, harmless(error) if isinstance(given, str) else NOT_DECRYPTED


def _broken_sentences(
    entries: t.Any, broken: t.Iterable[tuple[Path, str]], file: str, name: str
) -> t.Iterator[str]:
    for path, why in broken:
        where = named(entries, path, place_of(entries, path, file, name)) if path else file or name
        yield f"{where}: cannot be worked out: {why}."


def _no_list(where: str) -> str:
    return f"{where}: a list of dictionaries with kd_connection's options belongs here."

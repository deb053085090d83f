# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What filters share: Ansible's values, where they were written, errors."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.parsing.vault import AnsibleVaultError
from ansible.utils.display import Display
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined

from ..module_utils._core.errors import PreconditionError
from ..module_utils._kd_connection.entry_words import Path
from ._yaml_values import misread_values, origin_tag

Made = t.TypeVar("Made")
NOT_DECRYPTED = "no vault password of this run decrypts it"
_UNDEFINED = re.compile(r"'[^']*' is undefined")


def data_filters(
    make: t.Callable[..., Made], **options: t.Any
) -> dict[str, t.Callable[[t.Any], Made]]:
    """Make a filter of a function that checks and writes data, under its name.

    :param make: takes the data and the options; raises PreconditionError.
    :returns: filter name to function, which raises AnsibleFilterError, one sentence for each problem.
    """
    name = make.__name__

    def data_filter(fields: t.Any) -> Made:
        if not isinstance(fields, dict):
            raise AnsibleFilterError(f"{name} needs a dictionary.")
        for sentence in misread_values(fields):
            warn(f"{name}: {sentence}")
        return with_filter_errors(make, fields, **options)

    return {name: data_filter}


def warn(text: str) -> None:
    """Warn once, as Ansible does."""
    Display().warning(text)


def with_filter_errors(make: t.Callable[..., Made], data: t.Any, **options: t.Any) -> Made:
    """Call a function that checks data. :raises AnsibleFilterError: what is wrong."""
    try:
        return make(data, **options)
    except PreconditionError as error:
        raise AnsibleFilterError(str(error)) from None


def plain(value: t.Any, broken: list[tuple[Path, str]], path: Path = ()) -> t.Any:
    """Copy a value of any depth as a module would get it: resolved, decrypted, dates as text.

    :param broken: takes the path of each failed template, which is left out, and why. (ansible-core before 2.19 works
        templates out before a filter is called.)
    """
    if isinstance(value, (dict, list, tuple)):
        inner = {}
        for key in value if isinstance(value, dict) else range(len(value)):
            here = (*path, key if key is None or isinstance(key, (int, float)) else str(key))
            try:
                inner[here[-1]] = plain(value[key], broken, here)
            except (AnsibleError, UndefinedError) as error:
                broken.append((here, harmless(error)))
        return inner if isinstance(value, dict) else list(inner.values())
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Undefined) or getattr(value, "__ENCRYPTED__", False):
        # Either raises, or decrypts.
        return str(value)
    return value


def harmless(error: Exception) -> str:
    """Say why a value cannot be worked out, without what stands around it or was looked up."""
    if isinstance(error, AnsibleVaultError):
        return NOT_DECRYPTED
    if found := _UNDEFINED.search(str(error)):
        return found[0]
    absent = "has no attribute" in str(error)
    return "what it looks up is not there" if absent else "its template fails"


def origin_of(value: t.Any, path: Path) -> t.Any:
    """The origin_tag() of the innermost value on a path that has one, or None."""
    found = origin_tag(value)
    for step in path:
        try:
            # A template's result may be from elsewhere; its key is where it stands.
            if isinstance(value, dict):
                found = origin_tag(next(key for key in value if key == step)) or found
            value = value[step]
        except (StopIteration, LookupError, TypeError, UndefinedError):
            break
        found = found if isinstance(step, str) else origin_tag(value) or found
    return found


def info_result(found: t.Any, name: str, parts: t.Iterable[str]) -> dict[str, t.Any]:
    """Copy a result of kd_connection_info: Ansible examines a value at each read, that of a copy only once.

    :param name: the filter or module.
    :param parts: the return values that it needs.
    :raises AnsibleFilterError: this is not such a result, or only a summary.
    """
    if not isinstance(found, dict) or not all(part in found for part in parts):
        raise AnsibleFilterError(f"{name} needs the result of kd_connection_info.")
    if found.get("table"):
        raise AnsibleFilterError(
            f"{name} needs the whole result of kd_connection_info. Leave out its option summary."
        )
    return t.cast("dict[str, t.Any]", plain(found, []))

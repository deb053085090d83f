# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filters share: values as Ansible hands them over, where they were written, errors."""

from __future__ import annotations

import datetime
import os
import re
import typing as t

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.parsing.vault import AnsibleVaultError
from ansible.utils.display import Display
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    PreconditionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._yaml_values import (
    misread_values,
)

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:
    # ansible-core before 2.19 does not keep where a value was written.
    Origin = None

# ansible-core 2.19 and newer mark values: where they are from, and whether they may be templates.
MARKS_VALUES = Origin is not None
Made = t.TypeVar("Made")
NOT_DECRYPTED = "no vault password of this run decrypts it"
_ABSENT = "has no attribute"
_UNDEFINED = re.compile(r"'[^']*' is undefined")


def data_filters(
    name: str, make: t.Callable[[dict[str, t.Any]], Made]
) -> dict[str, t.Callable[[t.Any], Made]]:
    """Make a filter of a function that checks and writes data.

    :param make: raises PreconditionError.
    :returns: filter name to function; that raises AnsibleFilterError, one sentence for each thing that is wrong.
    """

    def data_filter(fields: t.Any) -> Made:
        if not isinstance(fields, dict):
            raise AnsibleFilterError(f"{name} needs a dictionary.")
        for sentence in misread_values(fields):
            warn(f"{name}: {sentence}")
        return with_filter_errors(make, fields)

    return {name: data_filter}


def warn(text: str) -> None:
    """Warn once, as Ansible does."""
    Display().warning(text)


def with_filter_errors(make: t.Callable[..., Made], *arguments: t.Any, **options: t.Any) -> Made:
    """Call a function that checks data. :raises AnsibleFilterError: what it says is wrong."""
    try:
        return make(*arguments, **options)
    except PreconditionError as error:
        raise AnsibleFilterError(str(error)) from None


def plain(value: t.Any, broken: list[tuple[Path, str]], path: Path = ()) -> t.Any:
    """Copy a value of any depth as a module would get it: resolved, decrypted, dates as text.

    :param broken: takes the path of each template that cannot be worked out, and why; what it would have
        given is left out. (ansible-core before 2.19 works templates out before a filter is called.)
    """
    if isinstance(value, dict):
        return dict(_resolved(value, value, broken, path))
    if isinstance(value, (list, tuple)):
        return [inner for _index, inner in _resolved(value, range(len(value)), broken, path)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, Undefined) or getattr(value, "__ENCRYPTED__", False):
        # Either raises, or decrypts.
        return str(value)
    return value


def _resolved(
    holder: t.Any, keys: t.Iterable[t.Any], broken: list[tuple[Path, str]], path: Path
) -> t.Iterator[tuple[t.Any, t.Any]]:
    for key in keys:
        here = (*path, key if key is None or isinstance(key, (int, float)) else str(key))
        try:
            yield here[-1], plain(holder[key], broken, here)
        except (AnsibleError, UndefinedError) as error:
            broken.append((here, harmless(error)))


def harmless(error: Exception) -> str:
    """Say why a value cannot be worked out, without what stands around it or was looked up, which some messages hold."""
    if isinstance(error, AnsibleVaultError):
        return NOT_DECRYPTED
    if found := _UNDEFINED.search(str(error)):
        return found[0]
    return "what it looks up is not there" if _ABSENT in str(error) else "its template fails"


def origin_of(value: t.Any, path: t.Iterable[t.Any]) -> tuple[str, int] | None:
    """Say where the innermost value on a path was written.

    :returns: file and line; None where Ansible does not know.
    """
    found = _origin(value)
    for step in path:
        try:
            # A value may be a template's result, from elsewhere; its key is where it stands.
            if isinstance(value, dict):
                found = _origin(next(key for key in value if key == step)) or found
            value = value[step]
        except (StopIteration, LookupError, TypeError, UndefinedError):
            break
        found = found if isinstance(step, str) else _origin(value) or found
    return found


def info_result(found: t.Any, name: str, parts: t.Iterable[str]) -> dict[str, t.Any]:
    """Copy a result of kd_connection_info: Ansible looks at each value whenever it is read, at each of a copy only once.

    :param name: the filter or module that was given it.
    :param parts: the return values that it needs.
    :raises AnsibleFilterError: this is not such a result, or a summary, in which most is missing.
    """
    if not isinstance(found, dict) or not all(part in found for part in parts):
        raise AnsibleFilterError(f"{name} needs the result of kd_connection_info.")
    if found.get("table"):
        raise AnsibleFilterError(
            f"{name} needs the whole result of kd_connection_info. Leave out its option summary."
        )
    return t.cast("dict[str, t.Any]", plain(found, []))


def shown_file(path: str) -> str:
    """Write a file's path from the current directory, where it is below that."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def _origin(value: t.Any) -> tuple[str, int] | None:
    origin = None if Origin is None else Origin.get_tag(value)
    if origin is None or origin.path is None or origin.line_num is None:
        return None
    return str(origin.path), int(origin.line_num)

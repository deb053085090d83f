# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and values of files, as kubectl create configmap|secret --from-file and --from-env-file make them.

Source: kubectl (pkg/cmd/create, pkg/cmd/util/env_file.go). What kubectl drops silently is an error or a warning here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import stat
import typing as t

from ..module_utils._core.names import MAX_NAME

# Kubernetes' limit for the values of one ConfigMap or Secret.
MAX_BYTES = 1024 * 1024
# kubectl reads nothing after a longer line (source: bufio.MaxScanTokenSize).
_LONGEST_LINE = 64 * 1024 - 1
_BOM = "\ufeff"
# Go's unicode.IsSpace, which is not Python's.
_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_VARIABLE = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z][-._a-zA-Z0-9]*")


class UnusableFileError(Exception):
    """A file cannot be used. The message follows its name, begins with a verb, and shows no content."""


@dataclasses.dataclass(frozen=True)
class EnvLine:
    """A line of a file for --from-env-file.

    :param number: counted from 1.
    :param value: None for a line without a sign, which means the environment.
    """

    number: int
    name: str = ""
    value: str | None = dataclasses.field(default=None, repr=False)
    problem: str = ""


@contextlib.contextmanager
def _readable() -> t.Iterator[None]:
    """Say why a file cannot be read, without its path. :raises UnusableFileError:"""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnusableFileError(f"cannot be read ({reason}).") from None


def files_in(folder: str) -> tuple[list[str], list[str]]:
    """List a folder. :raises UnusableFileError:

    :returns: names of the ordinary files, which become keys; and of all else.
    """
    with _readable(), os.scandir(folder) as found:
        names = {one.name: one.is_file(follow_symlinks=False) for one in found}
    return sorted(n for n in names if names[n]), sorted(n for n in names if not names[n])


def is_folder(path: str) -> bool:
    """Whether this is a folder. :raises UnusableFileError: it is unreadable, or neither file nor folder."""
    with _readable():
        mode = os.stat(path).st_mode
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        # The task would wait for a pipe's writer.
        raise UnusableFileError("is not an ordinary file. Write its content into a file first.")
    return stat.S_ISDIR(mode)


def content_of(path: str, most: int) -> bytes:
    """Read a file of at most so many bytes. :raises UnusableFileError:"""
    with _readable(), open(path, "rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise UnusableFileError(too_much("holds"))
    return content


def too_much(holds: str) -> str:
    """Say that something is more than Kubernetes takes. :param holds: what holds it, and the verb."""
    return (
        f"{holds} more than {MAX_BYTES} bytes (1 MiB), the most that Kubernetes takes of one ConfigMap or Secret. "
        "Put it into a volume or a store, and give applications its address."
    )


def env_lines(content: bytes, *, names_shown: bool) -> t.Iterator[EnvLine]:
    """Read lines NAME=VALUE: quotes, blanks around the sign and at the end belong to name and value.

    :param names_shown: whether problems may show a name, which may be part of a secret.
    """
    for number, line in enumerate(content.split(b"\n"), 1):
        if len(line) > _LONGEST_LINE:
            problem = f"has more than {_LONGEST_LINE} bytes, where kubectl ends. Use from_files for such a value."
            yield EnvLine(number, problem=problem)
            continue
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            problem = "is not text in UTF-8. Use from_files for such a value."
            yield EnvLine(number, problem=problem)
            continue
        if number == 1:
            text = text.removeprefix(_BOM)
        text = text.lstrip(_BLANKS)
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.partition("=")
        if _VARIABLE.fullmatch(name) and len(name) <= MAX_NAME:
            yield EnvLine(number, name, value if sign else None)
            continue
        shown = f" ({name!r})" if names_shown and sign else ""
        problem = (
            f"what stands before '='{shown} is not a valid name: use letters, digits, '-', '_' and '.', no digit and no "
            "'..' at the beginning, and no blanks, quotes or export."
        )
        yield EnvLine(number, problem=problem)

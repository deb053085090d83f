# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module runs. Knows nothing of Ansible."""

from __future__ import annotations

import abc
import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.redaction import Redactor

Warn = t.Callable[[str], None]


@dataclasses.dataclass(repr=False)
class Task(abc.ABC):
    """One task of a module, without a repr: options may hold secrets.

    :param warn: takes one sentence.
    :param redactor: the task adds the secret values that it reads; others are printed.
    :cvar says_what_was_done: whether its errors say what was written.
    """

    says_what_was_done: t.ClassVar[bool] = False

    api: Api
    params: t.Mapping[str, t.Any]
    namespace: str
    check_mode: bool
    warn: Warn
    redactor: Redactor

    @abc.abstractmethod
    def __post_init__(self) -> None:
        """Make what the module's own task also keeps."""

    @abc.abstractmethod
    def run(self) -> None:
        """Do the work. :raises CollectionError:"""

    @property
    @abc.abstractmethod
    def result(self) -> dict[str, t.Any]:
        """The return values so far; after a failure they say what was done."""

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, an object_diff() for each change; None before there is a plan."""
        return None

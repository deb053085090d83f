# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module runs, and what it gets for that. Knows nothing of Ansible."""

from __future__ import annotations

import abc
import dataclasses
import typing as t

from .._core.redaction import Redactor

if t.TYPE_CHECKING:
    from .._client.api import Api

Warn = t.Callable[[str], None]


@dataclasses.dataclass(repr=False)
class Task(abc.ABC):
    """One task of a module. Its options may hold secrets, so its text shows none of this.

    :param params: the module's options.
    :param namespace: where everything lives.
    :param warn: called with each warning, one sentence.
    :param redactor: what it does not know is printed; so the task adds the secret values that it reads.
    :cvar says_what_was_done: whether its errors themselves say what had been written.
    """

    says_what_was_done: t.ClassVar[bool] = False

    api: Api
    params: t.Mapping[str, t.Any]
    namespace: str
    check_mode: bool
    warn: Warn
    redactor: Redactor = dataclasses.field(default_factory=Redactor)

    @abc.abstractmethod
    def __post_init__(self) -> None:
        """Make what a module's own task keeps besides."""

    @abc.abstractmethod
    def run(self) -> None:
        """Do the work. :raises CollectionError:"""

    @property
    @abc.abstractmethod
    def result(self) -> dict[str, t.Any]:
        """The return values. They can be read at any time; after a failure they say what was done."""

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, an entry for each object that changes (see object_diff); None if there is no plan yet."""
        return None

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connection task from its options to its result."""

from __future__ import annotations

import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import show
from .._core.errors import InvalidInputError
from .._observe.reader import read_selected, with_selected
from .._reconcile.desired import parse_desired
from .argspec import unread_sentence
from .namespace_task import NamespaceTask, Waiting


class ConnectionTask(Task):
    """Runs one task. `result` is usable at any time; after a failure it says what had been done."""

    def __post_init__(self) -> None:
        self._work: NamespaceTask | None = None
        self._plan: list[str] = []

    def run(self) -> None:
        """Do what the task wants.

        :raises CollectionError: any of them; `result` then says what had been written.
        """
        for option, kind in (("configmaps", "ConfigMap"), ("secrets", "Secret")):
            for one in self.params[option] or ():
                if unread := unread_sentence(one):
                    raise InvalidInputError(f"{kind} {self.namespace}/{one['name']}: {unread}")
        desired = parse_desired(self.params, self.namespace)
        params = with_selected(
            functools.partial(read_selected, self.api), self.namespace, self.params
        )
        if params is not self.params:
            desired = parse_desired(params, self.namespace)
        waiting = Waiting(
            deadline=time.monotonic() + self.params["wait_timeout"],
            wait=bool(self.params["wait"]),
            reaction=self.params["on_reconnect_failure"],
        )
        work = self._work = NamespaceTask(self.api, desired, waiting, self.warn, self.redactor)
        work.read_and_plan()
        self._plan = work.plan_lines()
        if self.check_mode or work.changes:
            show("\n".join(self._plan))
        if self.check_mode:
            work.try_dry()
            work.show_as_planned()
        else:
            work.apply(tried=False)

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; empty lists where nothing was found out yet."""
        if self._work is None:
            return {"changed": False, "objects": [], "kdclusters": [], "plan": []}
        return {**self._work.result, "plan": self._plan}

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, or None before there is a plan."""
        return None if self._work is None else self._work.diff

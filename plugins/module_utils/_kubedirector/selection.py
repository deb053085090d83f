# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KDClusters of a task: named, or selected by labels and KDApps. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InvalidInputError, PreconditionError

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

SELECTION_ARGUMENTS: ArgumentSpec = {
    "label_selectors": {"type": "list", "elements": "str"},
    "apps": {"type": "list", "elements": "str"},
    "expect_min": {"type": "int", "default": 1},
    "expect_max": {"type": "int"},
}


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which KDClusters, and how many there must be.

    :param label_selectors: all must hold.
    :param apps: names of KDApps; empty for any.
    """

    label_selectors: tuple[str, ...]
    apps: tuple[str, ...]
    expect_min: int
    expect_max: int | None

    def require_size(self, names: t.Sequence[str], namespace: str) -> None:
        """:raises PreconditionError: names what was selected."""
        if len(names) < self.expect_min:
            wanted = f"expect_min is {self.expect_min}"
        elif self.expect_max is not None and len(names) > self.expect_max:
            wanted = f"expect_max is {self.expect_max}"
        else:
            return
        listed = f" ({', '.join(names)})" if names else ""
        sentence = (
            f"{self} selects {len(names)} KDClusters in namespace {namespace}{listed}, and {wanted}. Correct the "
            "selection, the labels or the namespace, or what is expected."
        )
        raise PreconditionError([sentence])

    def __str__(self) -> str:
        parts = [
            f"{option} {', '.join(values)}"
            for option, values in (("label_selectors", self.label_selectors), ("apps", self.apps))
            if values
        ]
        return f"Option {' and '.join(parts)}"


def selection_from(params: t.Mapping[str, t.Any]) -> Selection | None:
    """Read SELECTION_ARGUMENTS; None if they select nothing.

    :param params: with kdcluster, if the module has that option.
    :raises InvalidInputError: KDClusters are also named, or the expected numbers are impossible.
    """
    selectors, apps = params.get("label_selectors"), params.get("apps")
    least, most = params.get("expect_min"), params.get("expect_max")
    if selectors is None and apps is None:
        return None
    if params.get("kdcluster") is not None:
        raise InvalidInputError(
            "Give kdcluster, or label_selectors and apps, and not both: either names KDClusters or select them."
        )
    if not any(map(str.strip, (*(selectors or ()), *(apps or ())))):
        raise InvalidInputError(
            "Options label_selectors and apps are empty, which would select every KDCluster. Give a label "
            "selector or a KDApp."
        )
    least = 1 if least is None else least
    if least < 0 or (most is not None and most < least):
        raise InvalidInputError(
            "Option expect_min is 0 or more, and expect_max is not less than it."
        )
    return Selection(tuple(selectors or ()), tuple(apps or ()), least, most)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps of a plan: which of them may be next, and what must be quiet before. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._kubedirector.links import linked_groups

if t.TYPE_CHECKING:
    from .._kubedirector.links import Links


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """Writes that go together.

    :param reached: the KDClusters that they reach directly.
    :param connects: whether this is a KDCluster's change, which comes after all that is done to objects.
    """

    reached: frozenset[str]
    write: t.Callable[[], None]
    connects: bool = False


def guards_of(links: Links, steps: t.Iterable[Step]) -> list[frozenset[str]]:
    """For each step the KDClusters linked to those that it reaches, which must be quiet before; none
    where it reaches only KDClusters that are linked to no other."""
    groups = linked_groups(links)
    return [
        frozenset().union(*(groups.get(name, frozenset()) for name in step.reached))
        for step in steps
    ]


def next_steps(links: Links, steps: t.Sequence[Step]) -> list[Step]:
    """The steps whose turn may be now, so that those which are not linked go side by side.

    Of steps that reach the same KDClusters, or linked ones, only the first is next.
    """
    found: list[Step] = []
    taken: set[str] = set()
    for step, guard in zip(steps, guards_of(links, steps)):
        reached = step.reached | guard
        if not reached & taken and step.connects == steps[0].connects:
            found.append(step)
        taken |= reached
    return found

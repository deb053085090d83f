# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watches have shown of the objects that every pass looks at."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import ClassVar

from tests.kubedirector_simulator.cluster_api import (
    APPS,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    ClusterApi,
    Resource,
)
from tests.kubedirector_simulator.objects import Json, ObjectKey, key_of


@dataclass
class ObjectCache:
    """Objects as their watches last showed them, as the real operator reads them out of its informers.

    They may be some milliseconds behind. Polls would otherwise ask the API server for each of them.
    """

    KINDS: ClassVar = (APPS, PODS, SERVICES, STATEFUL_SETS)

    api: ClusterApi
    _objects: dict[tuple[Resource, ObjectKey], Json] = field(default_factory=dict)

    def put(self, resource: Resource, obj: Json) -> None:
        """The watch showed a new version."""
        self._objects[resource, key_of(obj)] = obj

    def drop(self, resource: Resource, obj: Json) -> None:
        """The watch showed the deletion."""
        self._objects.pop((resource, key_of(obj)), None)

    async def find(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """A copy of the last version seen of an object of one of the KINDS.

        One that was not seen is asked for: what was just made must not be made again. Raises ApiError.
        """
        seen = self._objects.get((resource, ObjectKey(namespace, name)))
        return copy.deepcopy(seen) if seen else await self.api.find(resource, namespace, name)

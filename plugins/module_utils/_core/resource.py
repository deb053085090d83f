# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource of the Kubernetes API, and its special refusals."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .errors import ApiError

# (kind, name) of an object, where its namespace is known.
Key = tuple[str, str]

# From what was tried ("Cannot patch KDCluster team-a/notebook"), the HTTP status, the API server's reason and words
# to an error, or None if the answer is not special.
Explain = t.Callable[[str, int, str, str], "ApiError | None"]


class Resource(t.NamedTuple):
    """The kind, path prefix, plural, and what explains special refusals."""

    kind: str
    prefix: str
    plural: str
    explain: Explain | None = None

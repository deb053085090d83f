# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of the API server, from its audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

READING = frozenset({"get", "list", "watch"})


@dataclass(frozen=True)
class Request:
    """One request: who asked what; `answered` in seconds since the epoch.

    :ivar answer: the Secret or list that came back, for the accounts of the sandbox's namespace `audited`.
    """

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    dry_run: bool
    answered: float
    answer: dict[str, Any] | None = None

    @property
    def writes(self) -> bool:
        """Whether it could have changed something; exec only reads files here."""
        return self.verb not in READING and not self.dry_run and self.resource != "pods/exec"


@dataclass(frozen=True)
class AuditLog:
    """The audit log of the sandbox's API server, which is written before a request is answered."""

    path: Path

    def mark(self) -> int:
        """Return where the log ends now."""
        return self.path.stat().st_size

    def since(self, mark: int, user: str) -> list[Request]:
        """Return a user's requests after `mark`, in the order in which they were answered."""
        return [one for one in self.requests(mark) if one.user == user]

    def requests(self, mark: int) -> Iterator[Request]:
        """Every user's requests after `mark`, in the order in which they were answered."""
        with self.path.open("rb") as file:
            file.seek(mark)
            text = file.read()
            seen = set()
            # What comes after the last line's end is still being written.
            for line in text[: text.rfind(b"\n") + 1].splitlines():
                event = json.loads(line)
                # A watch or an exec is logged at its start and again at its end.
                if event["stage"] != "RequestReceived" and event["auditID"] not in seen:
                    seen.add(event["auditID"])
                    yield _request(event)


def _request(event: dict[str, Any]) -> Request:
    reference = event.get("objectRef") or {}
    resource = reference.get("resource", "")
    if reference.get("subresource"):
        resource += f"/{reference['subresource']}"
    user = event.get("impersonatedUser") or event["user"]
    return Request(
        user=user["username"],
        verb=event["verb"],
        resource=resource,
        namespace=reference.get("namespace", ""),
        name=reference.get("name", ""),
        dry_run="dryRun=All" in event["requestURI"],
        answered=datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
        answer=event.get("responseObject"),
    )

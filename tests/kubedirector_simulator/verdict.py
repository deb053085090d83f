# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the admission webhook answers: refusals, or JSON patch operations."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.kubedirector_simulator.objects import Json


@dataclass
class Verdict:
    """Refused when there is any error; the patches count only when there is none."""

    errors: list[str] = field(default_factory=list)
    patches: list[Json] = field(default_factory=list)

    def refuse(self, text: str) -> Verdict:
        """Adds an error and returns the verdict."""
        self.errors.append(text)
        return self

    def add(self, path: str, value: Any) -> None:
        """Patch: set the value at a JSON pointer."""
        self.patches.append({"op": "add", "path": path, "value": value})

    def remove(self, path: str) -> None:
        """Patch: remove the value at a JSON pointer."""
        self.patches.append({"op": "remove", "path": path})

    def as_response(self, uid: str) -> Json:
        """The response part of an AdmissionReview."""
        response: Json = {"uid": uid, "allowed": not self.errors}
        if self.errors:
            # The real operator's text starts with a newline.
            response["status"] = {"message": "\n" + "\n".join(self.errors)}
        elif self.patches:
            response["patchType"] = "JSONPatch"
            response["patch"] = base64.b64encode(json.dumps(self.patches).encode()).decode()
        return response

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's admission webhook: what its refusals mean, which of them pass, and what to do about them.

Sources are those of the facts.
"""

from __future__ import annotations

import math
import re

from .._core.errors import (
    AdmissionError,
    ApiError,
    CollectionError,
    DryRunUnsupportedError,
    NotFoundError,
    OperatorDownError,
)
from .._core.server_words import is_dry_run_unsupported, refusal_text, with_full_stop
from . import facts

# Refusals of the admission webhook that pass by themselves, and for how many seconds it is worth to
# try again. The last one comes when a write meets the moment between the operator's note of a new
# status generation and its write of it (source: syncCluster and admitClusterCR): this collection
# never writes a status, so for it this refusal is that moment.
_TRANSIENT_REFUSALS = {
    "Change to spec not allowed before previous spec change has been processed": math.inf,
    "Change to spec not allowed because some members have not processed notifications": math.inf,
    "KubeDirector-related status properties are read-only": 15.0,
}
# What to do about a refusal that does not pass. Any edit of a spec makes the operator check the whole
# of it (source: pkg/validator/cluster.go), so most refusals are about something else than connections.
_LASTING_REFUSALS = {
    "restoring label exists": (
        f"Wait until the restore has ended, or take the label {facts.RESTORING_LABEL} off the KDCluster"
    ),
    "cannot be modified while role members exist": (
        "The live KDCluster differs from what its members were made with: put that role back as it was"
    ),
    "Unable to ": "Bring back what is missing, or correct the KDCluster's spec",
    "Invalid app": "Bring the KDApp back",
}
_OTHER_REFUSALS = "The operator checks the whole KDCluster at each change: correct its spec, then run the task again"
_OWN_REFUSAL = re.compile(r'admission webhook "[^"]*kubedirector\.hpe\.com" denied')
_SILENT_WEBHOOK = re.compile(r'failed calling webhook "[^"]*kubedirector\.hpe\.com"')
# For how many seconds an operator that does not answer may be one that just restarts.
RESTART_SECONDS = 10.0


def explain_refusal(action: str, status: int, reason: str, said: str) -> ApiError | None:
    """Explain an answer about one of KubeDirector's own resources (see _core.resource.Explain)."""
    cls: type[ApiError]
    refusal = refusal_text(said)
    if is_dry_run_unsupported(status, said):
        cls, text = (
            DryRunUnsupportedError,
            f"{action}: its admission webhook does not support a dry run; KubeDirector's does from release "
            "0.9.0 on.",
        )
    elif _SILENT_WEBHOOK.search(said):
        cls, text = (
            OperatorDownError,
            f"{action}: the KubeDirector operator is down or hangs (its admission webhook does not answer), "
            f"so no change of a KDCluster is possible; {facts.DOWN_REMEDY}. ({with_full_stop(said)})",
        )
    elif refusal is not None and _OWN_REFUSAL.search(said):
        cls, text = (
            AdmissionError,
            f"{action}: the cluster's admission webhook refuses it: {with_full_stop(refusal)} "
            f"{_advice(refusal)}.",
        )
    elif status == 404 and not reason:
        cls, text = (
            NotFoundError,
            f"{action}: the API server does not know this resource. Is KubeDirector installed on this "
            f"cluster? Check with: kubectl get crd {facts.CRD_NAME}.",
        )
    else:
        return None
    return cls(text, status=status, reason=reason, server_message=said)


def retry_seconds(error: CollectionError) -> float:
    """For how many seconds a refused write is worth another try; 0 if the refusal lasts."""
    if isinstance(error, OperatorDownError):
        return RESTART_SECONDS
    return refusal_retry_seconds(error.server_message) if isinstance(error, ApiError) else 0.0


def refusal_retry_seconds(message: str) -> float:
    """For how many seconds a write that was refused with these words is worth another try."""
    return max((s for text, s in _TRANSIENT_REFUSALS.items() if text in message), default=0.0)


def _advice(message: str) -> str:
    """Say what to do about a refusal: the operator's own words seldom do."""
    if refusal_retry_seconds(message):
        return "It passes by itself: run the task again, or give a longer wait_timeout"
    return next(
        (advice for text, advice in _LASTING_REFUSALS.items() if text in message), _OTHER_REFUSALS
    )

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's admission webhook: what its refusals mean, which of them pass (so that `_core.retry` repeats the write),
and what to do.

Sources as in `facts`.
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

# Refusals that pass by themselves, and for how many seconds to retry. The last one comes when a write falls between the
# operator's note of a new status generation and its write of it (source: syncCluster and admitClusterCR): this
# collection never writes a status.
_TRANSIENT_REFUSALS = {
    "Change to spec not allowed before previous spec change has been processed": math.inf,
    "Change to spec not allowed because some members have not processed notifications": math.inf,
    "KubeDirector-related status properties are read-only": 15.0,
}
# What to do about other refusals. The operator checks the whole spec at any edit (source: pkg/validator/cluster.go), so
# most are not about connections.
_LASTING_REFUSALS = {
    "restoring label exists": (
        f"Wait until the restore has ended, or take the label {facts.RESTORING_LABEL} off the KDCluster"
    ),
    "cannot be modified while role members exist": (
        "The live KDCluster differs from what its members were made with: put that role back as it was"
    ),
    "Unable to ": "Bring back what is missing, or correct the KDCluster's spec",
    "Invalid app": "Bring the KDApp back",
    # Any other.
    "": "The operator checks the whole KDCluster at each change: correct its spec, then run the task again",
}
_OWN_REFUSAL = re.compile(r'admission webhook "[^"]*kubedirector\.hpe\.com" denied')
_SILENT_WEBHOOK = re.compile(r'failed calling webhook "[^"]*kubedirector\.hpe\.com"')
# A silent operator may be restarting for this long.
RESTART_SECONDS = 10.0


def explain_refusal(action: str, status: int, reason: str, said: str) -> ApiError | None:
    """See _core.resource.Explain."""
    cls: type[ApiError]
    refusal = refusal_text(said)
    if is_dry_run_unsupported(status, said):
        cls = DryRunUnsupportedError
        text = "its admission webhook does not support a dry run; KubeDirector's does from release 0.9.0 on."
    elif _SILENT_WEBHOOK.search(said):
        cls = OperatorDownError
        text = (
            "the KubeDirector operator is down or hangs (its admission webhook does not answer), so no change of "
            f"a KDCluster is possible; {facts.DOWN_REMEDY}. ({with_full_stop(said)})"
        )
    elif refusal is not None and _OWN_REFUSAL.search(said):
        cls = AdmissionError
        text = f"the cluster's admission webhook refuses it: {with_full_stop(refusal)} {_advice(refusal)}."
    elif status == 404 and not reason:
        cls = NotFoundError
        text = (
            "the API server does not know this resource. Is KubeDirector installed on this cluster? Check with: "
            f"kubectl get crd {facts.CRD_NAME}."
        )
    else:
        return None
    return cls(f"{action}: {text}", status=status, reason=reason, server_message=said)


def retry_seconds(error: CollectionError) -> float:
    """For how many seconds to retry a refused write; 0 if the refusal lasts."""
    if isinstance(error, OperatorDownError):
        return RESTART_SECONDS
    return refusal_retry_seconds(error.server_message) if isinstance(error, ApiError) else 0.0


def refusal_retry_seconds(message: str) -> float:
    """The same for the refusal's own words."""
    return max((s for text, s in _TRANSIENT_REFUSALS.items() if text in message), default=0.0)


def _advice(message: str) -> str:
    """The operator's own words seldom say what to do."""
    if refusal_retry_seconds(message):
        return "It passes by itself: run the task again, or give a longer wait_timeout"
    return next(advice for text, advice in _LASTING_REFUSALS.items() if text in message)

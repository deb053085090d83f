# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admits KDClusters: who may write the status, when the spec may change, and its defaults."""

from __future__ import annotations

from tests.kubedirector_simulator import facts, refusals
from tests.kubedirector_simulator.app_catalog import AppMissing, find_app
from tests.kubedirector_simulator.cluster_checks import (
    check_fixed_properties,
    check_member_counts,
    check_role_changes,
    check_roles,
    encrypt_secret_keys,
)
from tests.kubedirector_simulator.cluster_lookups import check_references
from tests.kubedirector_simulator.objects import Json, labels_of, same_meaning
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.status import detail_of, members_of
from tests.kubedirector_simulator.verdict import Verdict


async def admit_cluster(operator: Operator, request: Json) -> Verdict:
    """The verdict on a request about a KDCluster. Source: admitClusterCR in cluster.go."""
    operation = request["operation"]
    before = request.get("oldObject") or {}
    restoring = bool(before) and facts.RESTORING_LABEL in labels_of(before)
    verdict = Verdict()
    if operation == "DELETE":
        if restoring and facts.ALLOW_DELETE_LABEL not in labels_of(before):
            verdict.refuse(refusals.RESTORING_NO_DELETE)
        return verdict
    cluster = request["object"]
    if operation == "CREATE" and _was_exported(cluster):
        _label_restoring(cluster, verdict)
        return verdict
    spec_changes = operation == "UPDATE" and not same_meaning(cluster["spec"], before["spec"])
    if restoring and spec_changes:
        return verdict.refuse(refusals.RESTORING_NO_SPEC_CHANGE)
    if _status_forged(operator, cluster, before):
        return verdict.refuse(refusals.STATUS_READ_ONLY)
    uid = cluster["metadata"].get("uid", "")
    operator.generations.validate(uid)
    restored = restoring and facts.RESTORING_LABEL not in labels_of(cluster)
    if operation == "UPDATE" and not spec_changes and not restored:
        return verdict
    return await _admit_spec(operator, request, before, verdict)


def _was_exported(cluster: Json) -> bool:
    annotations = cluster["metadata"].get("annotations") or {}
    return facts.STATUS_BACKUP_ANNOTATION in annotations


def _label_restoring(cluster: Json, verdict: Verdict) -> None:
    if not labels_of(cluster):
        verdict.add("/metadata/labels", {facts.RESTORING_LABEL: ""})
    elif facts.RESTORING_LABEL not in labels_of(cluster):
        verdict.add(f"/metadata/labels/{facts.RESTORING_LABEL.replace('/', '~1')}", "")


def _status_forged(operator: Operator, cluster: Json, before: Json) -> bool:
    """Whether the write carries a status that only the operator could have written.

    Each status carries a one-time code that the operator made known before writing it; once the
    code was seen, the status may come along unchanged only.
    """
    status = cluster.get("status")
    if status is None:
        return False
    expected = operator.generations.read(cluster["metadata"].get("uid", ""))
    if expected is not None and status.get("generationUID", "") != expected.uid:
        return True
    changed = not same_meaning(status, before.get("status"))
    return changed and (expected is None or expected.validated)


async def _admit_spec(operator: Operator, request: Json, before: Json, verdict: Verdict) -> Verdict:
    cluster = request["object"]
    spec = cluster["spec"]
    try:
        app = await find_app(operator.objects, cluster, operator.options.operator_namespace)
    except AppMissing:
        return verdict.refuse(refusals.APP_UNKNOWN.format(spec["app"]))
    if spec.get("appCatalog") is None:
        local = app["metadata"]["namespace"] == request["namespace"]
        verdict.add("/spec/appCatalog", "local" if local else "system")
    if request["operation"] == "UPDATE":
        _check_spec_change(cluster, verdict)
    check_member_counts(cluster, app, verdict)
    check_roles(cluster, app, verdict)
    for field, default in (
        ("serviceType", operator.config.service_type),
        ("namingScheme", operator.config.naming_scheme),
    ):
        if spec.get(field) is None:
            spec[field] = default
            verdict.add(f"/spec/{field}", default)
    await check_references(operator, request, verdict)
    encrypt_secret_keys(cluster, before, operator.config.secret_keys, verdict)
    if request["operation"] == "UPDATE":
        lasting: list[str] = []
        check_fixed_properties(cluster, before, lasting)
        check_role_changes(cluster, before, lasting)
        if lasting:
            # These hide all other errors.
            return Verdict(lasting)
    return verdict


def _check_spec_change(cluster: Json, verdict: Verdict) -> None:
    """A change has to wait until the one before was seen and its notifications were sent."""
    status = cluster.get("status")
    if status is None:
        verdict.refuse(refusals.PREVIOUS_CHANGE_UNPROCESSED)
    elif any(detail_of(member).get("pendingNotifyCmds") for member in members_of(status)):
        verdict.refuse(refusals.NOTIFIES_PENDING)
    elif status.get("state") == facts.SPEC_MODIFIED:
        verdict.refuse(refusals.PREVIOUS_CHANGE_UNPROCESSED)
    else:
        # The real operator asks for this too. As the status is a subresource, the API server
        # drops the patch, so that the state is never seen.
        path = "/status/state"
        verdict.patches.append({"op": "replace", "path": path, "value": facts.SPEC_MODIFIED})

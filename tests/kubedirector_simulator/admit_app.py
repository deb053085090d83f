# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admits KubeDirectorApps: checks them and moves the app's defaults onto its roles."""

from __future__ import annotations

from collections.abc import Sequence

from tests.kubedirector_simulator import app_catalog, facts, refusals
from tests.kubedirector_simulator.objects import Json, same_meaning
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.verdict import Verdict


def admit_app(operator: Operator, request: Json) -> Verdict:
    """The verdict on a request about a KubeDirectorApp. Source: pkg/validator/app.go."""
    users = operator.app_users.of(request["namespace"], request["name"])
    in_use = refusals.APP_IN_USE.format(", ".join(users))
    verdict = Verdict()
    if request["operation"] == "DELETE":
        return verdict.refuse(in_use) if users else verdict
    app = request["object"]
    _check_ids(app, verdict)
    _move_defaults(app["spec"], verdict)
    if request["operation"] == "UPDATE" and users:
        before = request["oldObject"]["spec"]
        if not same_meaning(app["spec"], before):
            return Verdict([in_use])
    return verdict


def _unique(values: Sequence[str]) -> bool:
    return len(set(values)) == len(values)


def _check_ids(app: Json, verdict: Verdict) -> None:
    roles = [role["id"] for role in app["spec"]["roles"]]
    services = [service["id"] for service in app["spec"].get("services") or []]
    active = app_catalog.role_services(app)
    selected = app["spec"]["config"].get("selectedRoles") or []
    for values, text in (
        (roles, refusals.ROLES_NOT_UNIQUE),
        (services, refusals.SERVICES_NOT_UNIQUE),
        (selected, refusals.SELECTED_NOT_UNIQUE),
        ([entry["roleID"] for entry in active], refusals.SERVICE_ROLES_NOT_UNIQUE),
    ):
        if not _unique(values):
            verdict.refuse(text)
    known_roles, known_services = ",".join(roles), ",".join(services)
    for entry in active:
        if entry["roleID"] not in roles:
            verdict.refuse(refusals.ROLE_ID_UNKNOWN.format(entry["roleID"], known_roles))
        for service in entry.get("serviceIDs") or []:
            if service not in services:
                verdict.refuse(refusals.SERVICE_ID_UNKNOWN.format(service, known_services))
    for role in selected:
        if role not in roles:
            verdict.refuse(refusals.SELECTED_UNKNOWN.format(role, known_roles))


def _move_defaults(spec: Json, verdict: Verdict) -> None:
    """Changes the spec in place as the patches will, so that it can be compared afterwards."""
    defaults = {
        "configPackage": spec.get("defaultConfigPackage"),
        "imageRepoTag": spec.get("defaultImageRepoTag"),
        "persistDirs": spec.get("defaultPersistDirs"),
        "eventList": spec.get("defaultEventList"),
        "maxLogSizeDump": spec.get("defaultMaxLogSizeDump", facts.DEFAULT_MAX_LOG_SIZE),
    }
    if defaults["configPackage"] is not None:
        defaults["configPackage"] = {"useNewSetupLayout": False} | defaults["configPackage"]
    for field in (
        "defaultImageRepoTag",
        "defaultConfigPackage",
        "defaultPersistDirs",
        "defaultEventList",
        "defaultMaxLogSizeDump",
    ):
        if field in spec:
            del spec[field]
            verdict.remove(f"/spec/{field}")
    for index, role in enumerate(spec["roles"]):
        for field, default in defaults.items():
            # A package that is null says "none"; of all fields it alone is set to null.
            if field not in role and (default is not None or field == "configPackage"):
                role[field] = default
                verdict.add(f"/spec/roles/{index}/{field}", default)
        if role.get("imageRepoTag") is None:
            verdict.refuse(refusals.NO_IMAGE.format(role["id"]))

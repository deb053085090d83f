# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admits the kd-global-config object and fills in its defaults."""

from __future__ import annotations

from tests.kubedirector_simulator import facts, refusals
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.secret_keys import NoEncryption, SecretKeys, new_master_key
from tests.kubedirector_simulator.verdict import Verdict


def admit_config(operator: Operator, request: Json) -> Verdict:
    """The verdict on a request about a KubeDirectorConfig. Source: pkg/validator/config.go."""
    verdict = Verdict()
    if request["operation"] == "DELETE":
        return verdict.refuse(refusals.CONFIG_IN_USE) if operator.app_users.any() else verdict
    config = request["object"]
    expected = operator.options.operator_namespace
    if request["namespace"] != expected:
        return verdict.refuse(refusals.CONFIG_NAMESPACE.format(request["namespace"], expected))
    if config.get("spec") is None:
        config["spec"] = {}
        verdict.add("/spec", {})
    _check_master_key(operator, config["spec"], request, verdict)
    for field, default in (
        ("defaultServiceType", facts.DEFAULT_SERVICE_TYPE),
        ("defaultNamingScheme", facts.DEFAULT_NAMING_SCHEME),
        ("clusterSvcDomainBase", facts.DEFAULT_SERVICE_DOMAIN),
        ("nativeSystemdSupport", False),
        ("backupClusterStatus", False),
        ("allowRestoreWithoutConnections", False),
    ):
        if config["spec"].get(field) is None:
            verdict.add(f"/spec/{field}", default)
    return verdict


def _check_master_key(operator: Operator, spec: Json, request: Json, verdict: Verdict) -> None:
    key = spec.get("masterEncryptionKey")
    before = ((request.get("oldObject") or {}).get("spec") or {}).get("masterEncryptionKey")
    if before is not None and before != key and operator.app_users.any():
        verdict.refuse(refusals.MASTER_KEY_IN_USE)
    elif key is None:
        verdict.add("/spec/masterEncryptionKey", new_master_key())
    else:
        try:
            SecretKeys(key).check()
        except NoEncryption as error:
            verdict.refuse(str(error))

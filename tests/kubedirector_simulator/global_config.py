# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the kd-global-config object, as far as the simulator uses them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.secret_keys import SecretKeys


@dataclass
class GlobalConfig:
    """The spec of kd-global-config, empty while there is none; kept up to date by its watch."""

    spec: Json = field(default_factory=dict)

    @property
    def service_type(self) -> str:
        """The type of member Services when a cluster names none."""
        return str(self.spec.get("defaultServiceType") or facts.DEFAULT_SERVICE_TYPE)

    @property
    def naming_scheme(self) -> str:
        """UID or CrNameRole, when a cluster names none."""
        return str(self.spec.get("defaultNamingScheme") or facts.DEFAULT_NAMING_SCHEME)

    @property
    def service_domain(self) -> str:
        """What follows the namespace in a member's domain name, with its leading dot."""
        return str(self.spec.get("clusterSvcDomainBase") or facts.DEFAULT_SERVICE_DOMAIN)

    @property
    def storage_class(self) -> str | None:
        """The StorageClass of roles that want storage and name none."""
        name: str | None = self.spec.get("defaultStorageClassName")
        return name

    @property
    def secret_keys(self) -> SecretKeys:
        """The cipher over masterEncryptionKey."""
        return SecretKeys(self.spec.get("masterEncryptionKey"))

    def mapping(self, name: str) -> dict[str, str]:
        """podLabels, podAnnotations, serviceLabels or serviceAnnotations."""
        return dict(self.spec.get(name) or {})

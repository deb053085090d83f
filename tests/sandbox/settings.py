# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings from the environment, and the paths on disk that follow from them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.errors import SandboxError

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent
OPERATOR_NAMESPACE = "kubedirector"
NODE_NAME = "sandbox"

# Linux refuses longer paths for a socket, and containerd's adds a suffix to ours.
_LONGEST_SOCKET_PATH = 107 - len(".ttrpc")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class Settings:
    """One sandbox's name and settings."""

    name: str
    cache: Path
    given_kubeconfig: Path | None
    operator_image: str | None
    operator_manifests: Path | None

    @property
    def state(self) -> Path:
        """Everything that this sandbox alone has; removed by `down`."""
        return self.cache / "sandbox" / self.name

    @property
    def failed_logs(self) -> Path:
        """Where the logs of a start that failed are kept until the next one."""
        return self.cache / "sandbox" / f"{self.name}.failed"

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops this sandbox."""
        return self.cache / "sandbox" / f"{self.name}.lock"

    @property
    def short_id(self) -> str:
        """Eight hex digits that name the bridge and the CNI network."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:8]

    @property
    def bridge(self) -> str:
        """Name of the sandbox's own bridge (Linux allows 15 characters)."""
        return f"kd-{self.short_id}"

    @property
    def wants_real_operator(self) -> bool:
        """Whether the real KubeDirector was given."""
        return self.operator_image is not None


def cache_directory(environment: Mapping[str, str]) -> Path:
    """The folder, outside the repository, that holds what was built and what runs."""
    own = environment.get("KD_CACHE_DIR")
    if own:
        return Path(own).absolute()
    shared = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(shared).absolute() / "kubedirector-connections"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read KD_* from the environment.

    Raises SandboxError when a value cannot be used.
    """
    environment = os.environ if environment is None else environment
    name = environment.get("KD_SANDBOX_NAME") or "default"
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"KD_SANDBOX_NAME is {name!r}; use at most 32 lower-case letters, digits and "
            "hyphens, with no hyphen at either end."
        )
    given = environment.get("KD_TEST_KUBECONFIG")
    image = environment.get("KD_OPERATOR_IMAGE")
    manifests = environment.get("KD_OPERATOR_MANIFESTS")
    if bool(image) != bool(manifests):
        missing = "KD_OPERATOR_MANIFESTS" if image else "KD_OPERATOR_IMAGE"
        raise SandboxError(
            f"{missing} is not set; the real operator needs both KD_OPERATOR_IMAGE (a "
            "docker-archive tar or an image name) and KD_OPERATOR_MANIFESTS (a folder)."
        )
    if manifests and not Path(manifests).is_dir():
        raise SandboxError(f"KD_OPERATOR_MANIFESTS names {manifests}, which is not a folder.")
    settings = Settings(
        name=name,
        cache=cache_directory(environment),
        given_kubeconfig=Path(given).expanduser().absolute() if given else None,
        operator_image=image or None,
        operator_manifests=Path(manifests).absolute() if manifests else None,
    )
    if settings.cache.is_relative_to(REPOSITORY):
        raise SandboxError(
            f"The cache folder {settings.cache} lies in the repository; set KD_CACHE_DIR to a "
            "folder outside it."
        )
    # The longest of them is the kubelet's.
    socket = settings.state / "kubelet" / "pod-resources" / "kubelet.sock"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
        raise SandboxError(
            f"The path {socket} is too long for a socket; set KD_CACHE_DIR to a shorter one."
        )
    return settings

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes and etcd, built from their Go modules and cached by the content of go.mod/go.sum."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.commands import find_program, run_logged
from tests.sandbox.errors import SandboxError
from tests.sandbox.files import locked, private_directory
from tests.sandbox.machine import require_go
from tests.sandbox.settings import SOURCES

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_MODULE = SOURCES / "kubernetes"
_BUILD_SECONDS = 3600.0
# go build calls the program of go.etcd.io/etcd/server/v3 after the last part of its path.
_BUILT_NAMES = {"server": "etcd"}


@dataclass(frozen=True)
class Programs:
    """The folder of the built programs."""

    folder: Path

    def path(self, name: str) -> Path:
        """etcd, kubectl, kubelet or kube-{apiserver,controller-manager,scheduler}."""
        return self.folder / name


def kubernetes_version(go_mod: str) -> str:
    """The pinned version, as "v1.34.4", from the text of go.mod."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)", go_mod, re.MULTILINE)
    if found is None:
        raise SandboxError(f"{_MODULE / 'go.mod'} names no version of k8s.io/kubernetes.")
    return found[1]


def cache_key(*parts: bytes) -> str:
    """Sixteen hex digits that change when any part does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _linker_flags(version: str) -> str:
    # Without these the API server would call itself v0.0.0.
    package = "k8s.io/component-base/version"
    major, minor, _patch = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X {package}.{key}={value}" for key, value in values.items())])


def cached_programs(cache: Path) -> Programs:
    """Where the programs are, or would be."""
    go_mod, go_sum = ((_MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))
    key = cache_key(go_mod, go_sum, platform.machine().encode())
    return Programs(cache / "kubernetes" / key)


def build_programs(cache: Path, progress: Progress) -> Programs:
    """Build what is not in the cache yet: minutes the first time, then it is cached.

    Raises MissingPart without a suitable Go, SandboxError when the build fails.
    """
    programs = cached_programs(cache)
    if programs.folder.is_dir():
        return programs
    require_go()
    version = kubernetes_version((_MODULE / "go.mod").read_text())
    private_directory(programs.folder.parent)
    with (
        progress.step(f"Building Kubernetes {version} (minutes the first time, then cached)"),
        locked(
            programs.folder.parent / "build.lock",
            timeout=_BUILD_SECONDS,
            on_wait=lambda: progress.note("another run is building"),
        ),
    ):
        if not programs.folder.is_dir():
            _build(programs.folder, version, progress)
    return programs


def _build(folder: Path, version: str, progress: Progress) -> None:
    draft = folder.with_name(f"{folder.name}.draft")
    log = folder.with_name(f"{folder.name}.log")
    shutil.rmtree(draft, ignore_errors=True)
    log.unlink(missing_ok=True)
    private_directory(draft)

    def report() -> None:
        # `go build -v` prints one line for each package that it compiles.
        compiled = log.read_bytes().count(b"\n")
        progress.note(f"{compiled} packages fetched or compiled")

    run_logged(
        ["go", "build", "-v", "-trimpath", "-ldflags", _linker_flags(version), "-o", draft, "tool"],
        log=log,
        timeout=_BUILD_SECONDS,
        directory=_MODULE,
        extra={"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"},
        on_poll=report,
    )
    for built, name in _BUILT_NAMES.items():
        (draft / built).rename(draft / name)
    draft.rename(folder)


def find_kubectl(cache: Path, progress: Progress) -> Path:
    """kubectl for a cluster that is not ours: from PATH if there, else built."""
    programs = cached_programs(cache)
    if programs.folder.is_dir():
        return programs.path("kubectl")
    on_path = find_program("kubectl")
    if on_path is not None:
        return Path(on_path)
    return build_programs(cache, progress).path("kubectl")

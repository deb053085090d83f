# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine needs for a node of its own, and Debian's packages for it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.commands import attempt, find_program, run_logged
from tests.sandbox.errors import MissingPart, SandboxError

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

CNI_BINARIES = Path("/usr/lib/cni")
BUSYBOX = Path("/bin/busybox")
NEEDED_GO = (1, 24)

# For the node: Debian package -> what shows that it is there: a program, or the path of a file.
NODE_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "iproute2": ("ip",),
    "containerd": ("containerd", "ctr", "containerd-shim-runc-v2"),
    "runc": ("runc",),
    "containernetworking-plugins": (f"{CNI_BINARIES}/bridge", f"{CNI_BINARIES}/host-local"),
    "debootstrap": ("debootstrap",),
    "socat": ("socat",),
    "busybox-static": (str(BUSYBOX),),
}


def require_linux_root(what: str = "The sandbox's own node") -> None:
    """Raise MissingPart unless this is Linux and we are root."""
    if platform.system() != "Linux":
        raise MissingPart(f"{what} needs Linux, and this is {platform.system()}.")
    if os.geteuid() != 0:
        raise MissingPart(f"{what} needs root: run it again as root.")


def parse_go_version(output: str) -> tuple[int, int] | None:
    """The (major, minor) in what `go version` or `go env GOVERSION` prints; None if neither."""
    found = re.search(r"\bgo(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else None


def require_go() -> None:
    """Raise MissingPart unless Go 1.24 or newer is there."""
    oldest = ".".join(str(part) for part in NEEDED_GO)
    if find_program("go") is None:
        raise MissingPart(
            f"The sandbox builds Kubernetes with Go, and there is no `go` on PATH: install Go "
            f"{oldest} or newer."
        )
    # The toolchain that is here counts: another one could not be fetched everywhere.
    said = attempt(["env", "GOTOOLCHAIN=local", "go", "version"], timeout=30)
    version = parse_go_version(said.stdout)
    if version is None or version < NEEDED_GO:
        raise MissingPart(
            f"The sandbox builds Kubernetes with Go {oldest} or newer, and `go version` says "
            f"{said.stdout.strip() or said.stderr.strip()!r}: install a newer Go."
        )


def missing_packages(packages: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The Debian packages that are missing or incomplete on this machine."""

    def there(part: str) -> bool:
        return Path(part).exists() if part.startswith("/") else find_program(part) is not None

    return [name for name, parts in packages.items() if not all(there(part) for part in parts)]


def install_packages(
    progress: Progress, log: Path, packages: Mapping[str, tuple[str, ...]]
) -> None:
    """Install what is missing from Debian.

    Raises MissingPart when there is no apt-get or it does not bring the packages.
    """
    missing = missing_packages(packages)
    if not missing:
        return
    names = " ".join(missing)
    if find_program("apt-get") is None:
        raise MissingPart(
            f"These Debian packages are missing, and this machine has no apt-get: {names}."
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with progress.step(f"Installing Debian packages: {names}"):
        apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
        try:
            run_logged([*apt, "update"], log=log, timeout=600, extra=quiet, on_poll=progress.note)
        except SandboxError as error:
            # One unreachable source is enough for this; the packages may still be had.
            progress.say(f"apt-get update failed, trying to install all the same: {error}")
        try:
            run_logged(
                [*apt, "install", "--no-install-recommends", *missing],
                log=log,
                timeout=900,
                extra=quiet,
                on_poll=progress.note,
            )
        except SandboxError as error:
            raise MissingPart(f"apt-get could not install {names}: {error}") from error
    still = missing_packages(packages)
    if still:
        raise MissingPart(
            f"apt-get installed {names}, yet parts of {' '.join(still)} are not where Debian puts "
            "them."
        )


def docker_answers() -> bool:
    """Whether a Docker engine answers."""
    if find_program("docker") is None:
        return False
    return attempt(["docker", "info"], timeout=30).returncode == 0

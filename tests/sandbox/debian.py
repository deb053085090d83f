# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Debian by debootstrap, as a layer of images, in the cache."""

from __future__ import annotations

import platform
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.builds import cache_key
from tests.sandbox.commands import attempt, run_logged
from tests.sandbox.mounts import unmount_below

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

BUILD_SECONDS = 1800.0
_NOT_PACKED = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)


@dataclass(frozen=True)
class Debian:
    """A release, and the packages in it besides the smallest set (separated by commas)."""

    suite: str
    include: str

    @property
    def key(self) -> str:
        """Changes with everything that the layer depends on, except Debian's own updates."""
        parts = (self.suite, self.include, platform.machine(), *_NOT_PACKED)
        return cache_key(*(part.encode() for part in parts))

    def layer(self, folder: Path) -> Path:
        """Where the layer is in a folder of the cache, or would be."""
        return folder / f"debian-{self.key}.tar"

    def build(self, folder: Path, progress: Progress) -> Path:
        """The layer, built if it is not there yet; the caller holds the folder's lock.

        Raises SandboxError when debootstrap fails.
        """
        layer = self.layer(folder)
        if not layer.exists():
            self._build(layer, progress)
        return layer

    def _build(self, layer: Path, progress: Progress) -> None:
        root = layer.with_name("debian-root")
        log = layer.with_name("debootstrap.log")
        log.unlink(missing_ok=True)
        _remove_root(root)
        include = f"--include={self.include}"
        try:
            run_logged(
                ["debootstrap", "--variant=minbase", include, self.suite, root, *_mirror()],
                log=log,
                timeout=BUILD_SECONDS,
                on_poll=progress.note,
            )

            def fill(content: tarfile.TarFile) -> None:
                for child in sorted(root.iterdir()):
                    content.add(child, child.name, filter=_packed)

            write_layer(layer, fill)
        finally:
            _remove_root(root)


def write_layer(layer: Path, fill: Callable[[tarfile.TarFile], None]) -> Path:
    """Write an uncompressed tar that appears whole or not at all."""
    draft = layer.with_name(f"{layer.name}.draft")
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as content:
        fill(content)
    return draft.replace(layer)


def _packed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # The folders themselves stay, since programs expect them; /dev comes from the runtime.
    excluded = any(entry.name.startswith(f"{path}/") for path in _NOT_PACKED)
    return None if excluded or entry.ischr() or entry.isblk() else entry


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses for Debian, whatever its release; none when apt names none."""
    targets = attempt(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Origin: Debian",
            "Label: Debian",
        ],
        timeout=60,
    )
    return targets.stdout.split()[:1]


def _remove_root(root: Path) -> None:
    unmount_below(root)
    if root.exists():
        shutil.rmtree(root)

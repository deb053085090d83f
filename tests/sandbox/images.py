# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two images of the sandbox, as docker-archive files in the cache."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox import docker_archive
from tests.sandbox.builds import cache_key
from tests.sandbox.debian import BUILD_SECONDS, Debian, write_layer
from tests.sandbox.docker_archive import add_file, write_archive
from tests.sandbox.files import locked, private_directory
from tests.sandbox.machine import BUSYBOX
from tests.sandbox.settings import SOURCES

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

MEMBER_IMAGE = "localhost/kubedirector-connections/member:sandbox"
PAUSE_IMAGE = "localhost/kubedirector-connections/pause:sandbox"

_MEMBER = SOURCES / "member"
# python3-minimal has no json module, hence python3.
_DEBIAN = Debian("bookworm", "ca-certificates,curl,python3")
# KubeDirector looks for both before it injects its own tool into a member.
_PLACE_HOLDERS = ("usr/local/bin/configcli", "usr/bin/configcli")
_SHEBANG = b"#!/usr/bin/env python3\n"


@dataclass(frozen=True)
class Archives:
    """The docker-archive files."""

    member: Path
    pause: Path


def build_archives(cache: Path, progress: Progress) -> Archives:
    """Build the images that are not in the cache yet.

    Raises SandboxError when debootstrap fails.
    """
    folder = private_directory(cache / "images")
    sources = [Path(__file__), Path(docker_archive.__file__), *sorted(_MEMBER.iterdir())]
    key = cache_key(
        _DEBIAN.key.encode(), *(file.read_bytes() for file in sources if file.is_file())
    )
    archives = Archives(folder / f"member-{key}.tar", folder / f"pause-{key}.tar")
    if archives.member.exists() and archives.pause.exists():
        return archives
    with (
        progress.step("Building the member image (its Debian once, then cached)"),
        locked(
            folder / "build.lock",
            timeout=BUILD_SECONDS,
            on_wait=lambda: progress.note("another run is building"),
        ),
    ):
        debian = _DEBIAN.build(folder, progress)
        if not archives.pause.exists():
            pause = write_layer(folder / "pause.layer", _fill_pause)
            write_archive(
                archives.pause, PAUSE_IMAGE, [pause], ["/bin/busybox", "sleep", "2147483647"]
            )
            pause.unlink()
        if not archives.member.exists():
            member = write_layer(folder / "member.layer", _fill_member)
            write_archive(archives.member, MEMBER_IMAGE, [debian, member], ["/opt/member/init"])
            member.unlink()
    return archives


def app_config_package(startscript: bytes) -> bytes:
    """A KubeDirector app config package: a tgz of one folder with an executable startscript."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as target,
    ):
        folder = tarfile.TarInfo("appconfig")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        target.addfile(folder)
        add_file(target, "appconfig/startscript", startscript, 0o755)
    return packed.getvalue()


def _fill_pause(layer: tarfile.TarFile) -> None:
    add_file(layer, "bin/busybox", BUSYBOX.read_bytes(), 0o755)


def _fill_member(layer: tarfile.TarFile) -> None:
    for name in ("init", "ask.py"):
        add_file(layer, f"opt/member/{name}", (_MEMBER / name).read_bytes(), 0o755)
    package = app_config_package(_SHEBANG + (_MEMBER / "startscript.py").read_bytes())
    add_file(layer, "opt/member/appconfig.tgz", package, 0o644)
    for path in _PLACE_HOLDERS:
        add_file(layer, path, (_MEMBER / "configcli").read_bytes(), 0o755)

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as docker-archive files, written and read with nothing but tar and JSON."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.sandbox.errors import SandboxError

# The names that images use for what the kernel calls its machines.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def add_file(target: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    """Add a file of root's to a tar."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    target.addfile(entry, io.BytesIO(content))


def write_archive(
    archive: Path, image: str, layers: Sequence[Path], command: Sequence[str]
) -> None:
    """Pack layers (uncompressed tar files, the lowest first) as an image called `image`."""
    digests = []
    for layer in layers:
        with layer.open("rb") as content:
            digests.append(hashlib.file_digest(content, "sha256").hexdigest())
    machine = platform.machine()
    configuration = {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Cmd": list(command), "Env": [f"PATH={_PATH}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
    }
    names = [f"{digest}.tar" for digest in digests]
    manifest = [{"Config": "config.json", "RepoTags": [image], "Layers": names}]
    draft = archive.with_name(f"{archive.name}.draft")
    try:
        with tarfile.open(draft, "w") as outer:
            for layer, name in zip(layers, names, strict=True):
                outer.add(layer, name)
            add_file(outer, "config.json", json.dumps(configuration).encode(), 0o644)
            add_file(outer, "manifest.json", json.dumps(manifest).encode(), 0o644)
        draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)


def image_name(archive: Path) -> str:
    """The first image name in a docker-archive file.

    Raises SandboxError when the file is not a docker-archive or names no image.
    """
    try:
        with tarfile.open(archive) as content:
            manifest = content.extractfile("manifest.json")
            entries = json.load(manifest) if manifest is not None else []
        return str(entries[0]["RepoTags"][0])
    except (tarfile.TarError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SandboxError(
            f"{archive} is not a docker-archive with an image name in it; make one with "
            "`docker save NAME:TAG`."
        ) from error

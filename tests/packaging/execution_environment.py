# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment's image, built by ansible-builder and kept in the cache, and a podman of its own to run it.

The definition is the installed collection's, with the tarball in place of Galaxy, on Debian 13: no registry is asked.
"""

from __future__ import annotations

import ast
import json
import resource
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from tests.harness.documentation import marked_blocks
from tests.packaging.installed import Installed
from tests.runner.paths import cache_folder, environment_folder
from tests.sandbox.builds import cache_key
from tests.sandbox.commands import attempt, run, run_logged
from tests.sandbox.debian import Debian
from tests.sandbox.files import locked, private_directory, write_private
from tests.sandbox.machine import install_packages, require_linux_root
from tests.sandbox.mounts import unmount_below
from tests.sandbox.progress import Progress

_PACKAGES = {"debootstrap": ("debootstrap",), "podman": ("podman",)}
_DEBIAN = Debian("trixie", "ca-certificates,python3,python3-pip")
_GUIDE = "docs/awx.md"
# A change to these alone does not build a new image.
_NOT_RUN = ("CHANGELOG.rst", "README.md", "docs")
_NAMES = "localhost/kubedirector-connections"
_IMAGE, _BASE_IMAGE = f"{_NAMES}/execution-environment", f"{_NAMES}/debian"
# Another checkout's run may use the one before; older ones only take space.
_KEPT_IMAGES = 3
# Open files and processes of a container; podman itself can have no more processes than kernel.pid_max.
_MOST = 20000
_BUILD_SECONDS, _PODMAN_SECONDS = 1800.0, 300.0


@dataclass(frozen=True)
class Podman:
    """podman with settings and storage below a folder: the user's own podman stays untouched."""

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """What the environment of podman, and of programs that call it, must hold."""
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }

    def configure(self, storage: Path, *, images: Path | None = None) -> None:
        """Write the settings; images of `images` can be used, but not changed."""
        # podman's own defaults are more than some machines allow, even for root.
        hard = {
            "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        }
        limits = [f"{name}={_limit(allowed)}:{_limit(allowed)}" for name, allowed in hard.items()]
        own = {name: json.dumps(str(self.folder / name)) for name in ("tmp", "run", "libpod")}
        write_private(
            self.folder / "containers.conf",
            f"[containers]\ndefault_ulimits = {json.dumps(limits)}\nlog_driver = 'k8s-file'\n"
            # Locks in memory would be shared with the user's podman.
            "[engine]\ncgroup_manager = 'cgroupfs'\nevents_logger = 'none'\nlock_type = 'file'\n"
            f"tmp_dir = {own['tmp']}\n" + ("" if images else f"static_dir = {own['libpod']}\n"),
            # It notes where tmp_dir and runroot are: storage in the cache must not remember an earlier run's.
        )
        write_private(
            self.folder / "storage.conf",
            f"[storage]\ndriver = 'overlay'\nrunroot = {own['run']}\ngraphroot = {json.dumps(str(storage))}\n"
            + (
                f"[storage.options]\nadditionalimagestores = [{json.dumps(str(images))}]\n"
                if images
                else ""
            ),
        )

    def run(self, *arguments: str | Path) -> str:
        """Return what podman printed; raises SandboxError where it fails."""
        return run([*self._command, *arguments], timeout=_PODMAN_SECONDS)

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        asked = attempt([*self._command, "image", "exists", image], timeout=_PODMAN_SECONDS)
        return asked.returncode == 0

    @property
    def _command(self) -> list[str]:
        return ["env", *(f"{name}={value}" for name, value in self.variables.items()), "podman"]


def _limit(allowed: int) -> int:
    return _MOST if allowed == resource.RLIM_INFINITY else min(allowed, _MOST)


@dataclass(frozen=True)
class ExecutionEnvironment:
    """The image's name, and the podman that has it."""

    image: str
    podman: Podman


@contextmanager
def execution_environment(installed: Installed, tarball: Path) -> Iterator[ExecutionEnvironment]:
    """The image for as long as the block runs; containers and mounts are removed afterwards.

    Raises MissingPart, SandboxError.
    """
    require_linux_root("The execution environment")
    cache = private_directory(cache_folder() / "execution-environment")
    storage = cache / "storage"
    image = f"{_IMAGE}:{_key(installed)}"
    with Progress() as progress, _own_podman() as podman:
        install_packages(progress, cache / "apt.log", _PACKAGES)
        podman.configure(podman.folder / "storage", images=private_directory(storage))
        if not podman.has(image):
            with (
                progress.step("Building the execution environment"),
                locked(cache / "build.lock", timeout=_BUILD_SECONDS, on_wait=progress.note),
                _own_podman() as builder,
            ):
                builder.configure(storage)
                try:
                    # Another run may have built it meanwhile.
                    if not builder.has(image):
                        _build(image, installed, tarball, builder, cache, progress)
                finally:
                    unmount_below(storage)
        try:
            yield ExecutionEnvironment(image, podman)
        finally:
            podman.run("rm", "--all", "--force")


@contextmanager
def _own_podman() -> Iterator[Podman]:
    # Short: sockets are below it.
    folder = Path(tempfile.mkdtemp(prefix="kd-ee-"))
    try:
        yield Podman(folder)
    finally:
        unmount_below(folder)
        shutil.rmtree(folder)


def what_runs(files_json: str) -> list[str]:
    """The files of a collection that a job may use, each with its checksum, from the text of its FILES.json."""
    return sorted(
        f"{one['name']} {one['chksum_sha256']}"
        for one in json.loads(files_json)["files"]
        if one["name"].partition("/")[0] not in _NOT_RUN
    )


def _key(installed: Installed) -> str:
    """Changes with all that the image is made of, but for text that is only read."""
    manifest = json.loads((installed.root / "MANIFEST.json").read_text())["collection_info"]
    parts = [
        *what_runs((installed.root / "FILES.json").read_text()),
        json.dumps([manifest["version"], manifest["dependencies"]]),
        marked_blocks(_GUIDE)["debian"],
        _DEBIAN.key,
        version("ansible-builder"),
        Path(__file__).read_text(),
    ]
    return cache_key(*(part.encode() for part in parts))


def _build(
    image: str,
    installed: Installed,
    tarball: Path,
    podman: Podman,
    cache: Path,
    progress: Progress,
) -> None:
    base = f"{_BASE_IMAGE}:{_DEBIAN.key}"
    if not podman.has(base):
        podman.run("import", _DEBIAN.build(cache, progress), base)
        _DEBIAN.layer(cache).unlink()
    definition = _write_definition(podman.folder, installed, tarball)
    log = cache / "build.log"
    log.unlink(missing_ok=True)
    run_logged(
        [
            Path(sys.executable).with_name("ansible-builder"), "build", "--verbosity", "3",
            "--file", definition, "--context", podman.folder / "context", "--tag", image,
            "--build-arg", f"EE_BASE_IMAGE={base}",
            "--build-arg", "ANSIBLE_GALAXY_CLI_COLLECTION_OPTS=--offline",
            "--extra-build-cli-args", shlex.join(
                ["--isolation=chroot", "--network=host", "--pull-never", *_pip_settings(podman.folder)]
            ),
        ],
        log=log, timeout=_BUILD_SECONDS, extra=podman.variables, on_poll=progress.note,
    )  # fmt: skip
    named = ["images", "--sort", "created", "--format", "{{.Repository}}:{{.Tag}}", _IMAGE]
    if old := podman.run(*named).split()[_KEPT_IMAGES:]:
        podman.run("rmi", *old)
    podman.run("image", "prune", "--force")


def _write_definition(folder: Path, installed: Installed, tarball: Path) -> Path:
    shipped = installed.root / "extensions" / "awx"
    definition = yaml.safe_load((shipped / "execution-environment.yml").read_text())
    definition |= yaml.safe_load(marked_blocks(_GUIDE)["debian"])
    definition["additional_build_files"] = [{"src": str(tarball), "dest": "collection"}]
    path = folder / "execution-environment.yml"
    path.write_text(yaml.safe_dump(definition))
    collections = {"collections": [{"name": f"/build/collection/{tarball.name}"}]}
    (folder / "collections.yml").write_text(yaml.safe_dump(collections))
    shutil.copy(shipped / "requirements.txt", folder)
    return path


def _pip_settings(folder: Path) -> list[str]:
    """Options that give the build this machine's settings of pip, and the files that they name."""
    python = environment_folder("uv") / "bin" / "python"
    listed = run([python, "-m", "pip", "config", "list"], timeout=60).splitlines()
    settings = RawConfigParser()
    mounted = {Path("/etc/pip.conf"): folder / "pip.conf"}
    # The environment's last, since they win.
    for line in sorted(listed, key=lambda one: one.startswith(":env:")):
        name, literal = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        text = str(ast.literal_eval(literal))
        settings.read_dict({section.replace(":env:", "global"): {option: text}})
        paths = [Path(word) for word in text.split() if word.startswith("/")]
        mounted |= {path: path for path in paths if path.exists()}
    with write_private(mounted[Path("/etc/pip.conf")], "").open("w") as file:
        settings.write(file)
    return [f"--volume={source}:{target}:ro" for target, source in mounted.items()]

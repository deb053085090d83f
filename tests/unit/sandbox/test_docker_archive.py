# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images and app config packages as tar files."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.sandbox.docker_archive import add_file, image_name, write_archive
from tests.sandbox.errors import SandboxError
from tests.sandbox.images import app_config_package


def test_an_archive_names_its_image_and_its_layers_digest(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    with tarfile.open(layer, "w") as content:
        add_file(content, "bin/x", b"x", 0o755)
    archive = tmp_path / "image.tar"
    write_archive(archive, "localhost/x:1", [layer], ["/bin/x"])
    assert image_name(archive) == "localhost/x:1"
    with tarfile.open(archive) as content:
        config = content.extractfile("config.json")
        assert config is not None
        digest = hashlib.sha256(layer.read_bytes()).hexdigest()
        assert json.load(config)["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert {file.name for file in tmp_path.iterdir()} == {"layer", "image.tar"}


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "operator.tar"
    file.write_bytes(content)
    with pytest.raises(SandboxError, match="not a docker-archive"):
        image_name(file)


def test_the_app_config_package_is_one_folder_and_always_the_same() -> None:
    package = app_config_package(b"#!/bin/sh\n")
    assert package == app_config_package(b"#!/bin/sh\n")
    with tarfile.open(fileobj=io.BytesIO(package)) as content:
        assert content.getnames() == ["appconfig", "appconfig/startscript"]
        assert content.getmember("appconfig/startscript").mode == 0o755

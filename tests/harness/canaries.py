# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret values that are recognisable wherever they turn up, and the search for them.

Every secret, password and token of the tests that leaves a test's own process is a canary or a token of
the API server, so that after a run one search over its files shows whether any of them leaked.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

# Put together at run time: copies of this file, too, are searched.
_MARK = "".join(("wren", "-in-", "the-", "mine-"))
# How every token begins that an API server issues to a ServiceAccount.
_ISSUED = [
    base64.b64encode(f'{{"alg":"{algorithm}","kid":"'.encode())[:-4].decode()
    for algorithm in ("RS256", "ES256")
]
# What tests themselves write for Ansible to read, since a secret has to come from somewhere, and what a
# job of ansible-runner keeps of it: its variables, its environment and its command with that environment.
INPUTS = (
    "play.yml", "playbook.yml", "connections.yml", "*.input.json", "kubeconfig*", "client-key-data",
    "extravars*", "envvars", "command", "credential-plugin*", "kubernetes.yml",
    # Files that values and manifests are taken from.
    "object-store.*", "login.env", "token", "manifest", "env", "file", "file.locked", "lab.yml",
    # What the fake modules of AWX receive and answer.
    "awx-objects", "awx-results", "awx-record",
)  # fmt: skip
_CHUNK, _LONGEST = 4 * 1024 * 1024, 4096


def canary(label: str) -> str:
    """A secret value; `label` distinguishes it from others."""
    return _MARK + label


def forms(value: str) -> list[bytes]:
    """A value as it may turn up: plain, and what base64 makes of it at any place in a longer text."""
    raw = value.encode()
    found = [raw]
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        # The ends depend on what stands beside the value.
        found.append(
            whole[4 if offset else 0 :][: (len(raw) + offset) // 3 * 4 - (4 if offset else 0)]
        )
    return found


def needles(*values: str) -> list[bytes]:
    """What to search for: every canary, every token of an API server, and further values."""
    return [form for value in (_MARK, *_ISSUED, *values) for form in forms(value)]


def credentials_in(kubeconfig: Path) -> list[str]:
    """What is secret in a kubeconfig: tokens, passwords, and a line of each private key."""
    users = (yaml.safe_load(kubeconfig.read_text()) or {}).get("users") or []
    return [value for entry in users for value in _credentials_of(entry.get("user") or {})]


def _credentials_of(user: Mapping[str, Any]) -> Iterator[str]:
    for field in ("token", "password"):
        if user.get(field):
            yield str(user[field])
    if user.get("client-key-data"):
        lines = base64.b64decode(user["client-key-data"]).decode().splitlines()
        yield from [line for line in lines if "-----" not in line][:1]


@dataclass(frozen=True)
class Search:
    """What a search looked through, and in which files it found something."""

    files: int
    octets: int
    hits: list[Path]


def search(places: Iterable[Path], patterns: Iterable[bytes], inputs: Iterable[str] = ()) -> Search:
    """Search all files at or below some places, links not followed.

    `inputs` are patterns of names that are not looked into.
    """
    looked_for, left_out = list(patterns), tuple(inputs)
    files = octets = 0
    hits = []
    for path in _files_at(places):
        if any(fnmatch(path.name, pattern) for pattern in left_out):
            continue
        files += 1
        octets += path.stat().st_size
        if _holds(path, looked_for) or _named(path.name, looked_for):
            hits.append(path)
    return Search(files, octets, sorted(hits))


def _files_at(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        for parent, _folders, names in os.walk(place):
            paths = (Path(parent) / name for name in names)
            yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _named(name: str, patterns: list[bytes]) -> bool:
    return any(one in name.encode(errors="surrogateescape") for one in patterns)


def _holds(path: Path, patterns: list[bytes]) -> bool:
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            if any(one in text for one in patterns):
                return True
            rest = text[-_LONGEST:]
    return False

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of docs/secrets-from-elsewhere.md, word for word, connect the value and show it nowhere.

ansible-vault is the real one. The lookup of community.hashi_vault and sops are stubs here, which check their input:
no login to HashiCorp Vault and no decryption is tested. Of the ExternalSecret only the Secret of its template is used,
not External Secrets itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks
from tests.unit.plugins.api_server import ScriptedServer
from tests.unit.plugins.clients import CORE, TOKEN
from tests.unit.plugins.manifests import TYPE_LABELS, encoded
from tests.unit.plugins.namespace_server import Namespace

pytestmark = pytest.mark.whole_run
PAGE = "docs/secrets-from-elsewhere.md"
BLOCKS = marked_blocks(PAGE)
COMMANDS = [
    line
    for block in re.findall(r"```shell\n(.*?)```", (REPOSITORY / PAGE).read_text(), re.DOTALL)
    for line in block.splitlines()
]
VALUE = canary("elsewhere")
# The vault password and the value that the page shows encrypted.
PASSWORD, ON_PAGE = "example", canary("page")
LOOKUP = """
import os
from ansible.plugins.lookup import LookupBase

class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        assert terms == ["team-a/git"] and kwargs == {"engine_mount_point": "secret"}
        return [{"secret": {"token": os.environ["STUB_VALUE"]}}]
"""
# Like the real sops: the content goes through a pipe, whose path replaces {}.
SOPS = """#!/bin/bash
[ "$1 $2 $#" = "exec-file git.sops.yml 3" ] || exit 1
mkfifo pipe
printf 'git_token: %s\\n' "$STUB_VALUE" >pipe &
exec sh -c "${3//\\{\\}/pipe}"
"""


def commands(program: str) -> list[str]:
    """The page's commands that begin with this program."""
    return [command for command in COMMANDS if command.startswith(program)]


VAULTED, PLAIN = commands("ansible-playbook")
Run = Callable[..., str]


@pytest.fixture
def space(server: ScriptedServer) -> Namespace:
    """team-a with the page's KDCluster."""
    found = Namespace(server)
    found.add_kdcluster("jupyter-notebook", "pod-0")
    return found


@pytest.fixture
def run(space: Namespace, tmp_path: Path) -> Run:
    """Run a command of the page beside its files; returns its output, which must not show the value."""
    (tmp_path / "password").write_text(PASSWORD)
    stub = tmp_path / "ansible_collections/community/hashi_vault/plugins/lookup/vault_kv2_get.py"
    stub.parent.mkdir(parents=True)
    stub.write_text(LOOKUP)
    (tmp_path / "sops").write_text(SOPS)
    (tmp_path / "sops").chmod(0o755)
    (tmp_path / "connections.yml").write_text(BLOCKS["connections"])
    environment = {
        **os.environ,
        "K8S_AUTH_HOST": space.server.url,
        "K8S_AUTH_API_KEY": TOKEN,
        "ANSIBLE_COLLECTIONS_PATH": f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}:{tmp_path}",
        "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password"),
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "STUB_VALUE": VALUE,
    }

    def _run(command: str, *more: str) -> str:
        command = " ".join([command.removesuffix(" --ask-vault-pass"), *more])
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )  # fmt: skip
        assert VALUE not in done.stdout and ON_PAGE not in done.stdout
        assert done.returncode == 0, done.stdout
        return done.stdout

    return _run


def connected_token(space: Namespace) -> str:
    """The token, in base64, of the Secret that the KDCluster connects to."""
    connections = space.kdcluster("jupyter-notebook")["spec"]["connections"]
    assert connections["secrets"] == ["git-login"]
    return str(space.objects[f"{CORE}/secrets/git-login"]["data"]["token"])


def test_a_file_of_ansible_vault_is_connected(run: Run, space: Namespace, tmp_path: Path) -> None:
    (tmp_path / "git.yml").write_text(f"git_token: {VALUE}\n")
    (encrypt,) = commands("ansible-vault")
    run(encrypt)
    assert (tmp_path / "git.yml").read_text().startswith("$ANSIBLE_VAULT")
    run(VAULTED, "--diff", "-vvv")
    assert connected_token(space) == encoded(VALUE)


def test_a_single_value_of_ansible_vault_is_connected(
    run: Run, space: Namespace, tmp_path: Path
) -> None:
    (tmp_path / "git.yml").write_text(BLOCKS["inline"])
    run(VAULTED, "--diff", "-vvv")
    assert connected_token(space) == encoded(ON_PAGE)


def test_a_value_encrypted_in_the_list_itself_is_connected(
    run: Run, space: Namespace, tmp_path: Path
) -> None:
    _name, value = BLOCKS["inline"].split(": ", 1)
    deeper = value.replace("\n" + " " * 10, "\n" + " " * 14)
    text = BLOCKS["connections"].replace('"{{ git_token }}"', deeper)
    (tmp_path / "connections.yml").write_text(text)
    run(VAULTED.replace(" -e @git.yml", ""), "--diff", "-vvv")
    assert connected_token(space) == encoded(ON_PAGE)


def test_the_value_of_a_lookup_in_hashicorp_vault_is_connected(
    run: Run, space: Namespace, tmp_path: Path
) -> None:
    (tmp_path / "git.yml").write_text(BLOCKS["vault"])
    run(PLAIN, "--diff", "-vvv")
    assert connected_token(space) == encoded(VALUE)


def test_a_file_of_sops_is_connected_through_a_pipe(run: Run, space: Namespace) -> None:
    (command,) = commands("sops")
    run(command)
    assert connected_token(space) == encoded(VALUE)


def test_a_secret_of_a_controller_is_connected_and_never_written(
    run: Run, space: Namespace, tmp_path: Path
) -> None:
    (tmp_path / "connections.yml").write_text(BLOCKS["named"])
    manifest = yaml.safe_load(BLOCKS["external-secret"])
    labels = manifest["spec"]["target"]["template"]["metadata"]["labels"]
    assert labels.keys() == {TYPE_LABELS["Secret"]}
    made = {"metadata": {**manifest["metadata"], "labels": labels, "uid": "1", "resourceVersion": "1"},
            "data": {"token": encoded(VALUE)}}  # fmt: skip
    space.objects[f"{CORE}/secrets/git-login"] = {"apiVersion": "v1", "kind": "Secret", **made}
    run(PLAIN.replace(" -e @git.yml", ""))
    assert connected_token(space) == encoded(VALUE)
    assert [one.path for one in space.writes if "/secrets/" in one.path] == []

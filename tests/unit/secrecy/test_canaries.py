# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search finds a planted secret in every form and place, and nothing else."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import canaries
from tests.harness.canaries import INPUTS, canary, credentials_in, forms, needles, search

VALUE = canary("planted")


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_a_value_is_found_in_base64_at_any_position(before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + VALUE.encode() + after)
    assert any(form in text for form in forms(VALUE))
    assert any(form in text for form in needles())


# By number: the names of tests are in a report that is searched, too.
@pytest.mark.parametrize("number", range(4))
def test_a_planted_canary_is_found(tmp_path: Path, number: int) -> None:
    form = forms(VALUE)[number]
    (tmp_path / "logs").mkdir()
    planted = tmp_path / "logs" / "events.json"
    planted.write_bytes(b'{"x": "' + form + b'"}')
    (tmp_path / "innocent.log").write_text("nothing here")
    found = search([tmp_path], needles())
    assert (found.hits, found.files) == ([planted], 2)
    assert search([planted], needles()).hits == [planted]


def test_a_canary_across_two_blocks_of_a_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canaries, "_CHUNK", 64)
    for start in range(40, 70):
        planted = tmp_path / f"{start}.log"
        planted.write_bytes(b"x" * start + VALUE.encode() + b"y" * 200)
    assert len(search([tmp_path], needles()).hits) == 30


def test_a_token_of_an_api_server_is_found_plain_and_in_a_secret(tmp_path: Path) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"' + os.urandom(9).hex().encode())
    token = header + b"." + b"x" * 40
    (tmp_path / "plain").write_bytes(b"Bearer " + token)
    (tmp_path / "encoded").write_bytes(base64.b64encode(token))
    (tmp_path / "nested").write_bytes(base64.b64encode(b'{"token": "' + token + b'"}'))
    assert len(search([tmp_path], needles()).hits) == 3


def test_the_secrets_of_a_kubeconfig_are_found(tmp_path: Path) -> None:
    key = f"-----BEGIN X-----\n{'aB3' * 20}\n-----END X-----\n"
    user = {
        "token": "a-token-of-mine", "password": "a-password-of-mine",
        "client-key-data": base64.b64encode(key.encode()).decode(),
    }  # fmt: skip
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({"users": [{"user": user}, {"user": None}, {}]}))
    secrets = credentials_in(kubeconfig)
    for number, text in enumerate([*secrets, user["client-key-data"], key]):
        (tmp_path / f"{number}.log").write_text(text)
    assert len(search([tmp_path], needles(*secrets), INPUTS).hits) == 5


def test_inputs_and_links_are_left_out_and_names_are_not(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(VALUE)
    named = tmp_path / f"{VALUE}.log"
    named.touch()
    (tmp_path / "folder").symlink_to(tmp_path)
    assert search([tmp_path], needles(), INPUTS).hits == [named]


def test_the_repository_itself_holds_none() -> None:
    """Otherwise copies of it would count as leaks."""
    root = Path(canaries.__file__).parents[2]
    places = [root / part for part in ("tests", "plugins", "playbooks", "docs", "README.md")]
    assert search(places, needles()).hits == []

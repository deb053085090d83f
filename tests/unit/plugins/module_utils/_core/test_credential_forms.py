# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule decides where text holds a credential."""

from __future__ import annotations

import time

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core.credential_forms import (
    credentials_in,
    without_credentials_in,
)
from tests.harness.canaries import canary

PASSWORD = canary("sage")


@pytest.mark.parametrize(
    "key", ["token", "APP_PASSWORD", "bind_pwd", "s3SecretKey", "AWS_SECRET_ACCESS_KEY", "api-key",
            "accessKey", "passphrase", "clientSecret"],
)  # fmt: skip
def test_a_key_named_like_a_credential_holds_one(key: str) -> None:
    assert without_credentials_in(key, PASSWORD, "***") == "***"


@pytest.mark.parametrize(
    "key",
    [
        "tokenizer",
        "max_tokens",
        "secretName",
        "AWS_ACCESS_KEY_ID",
        "password_file",
        "tokenUrl",
        "path",
    ],
)
def test_a_key_about_a_credential_does_not_hold_one(key: str) -> None:
    assert without_credentials_in(key, PASSWORD, "***") == PASSWORD


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("APP_PASSWORD=hunter22\nAPP_USER=me\n", "APP_PASSWORD=***\nAPP_USER=me\n"),
        ("export TOKEN='a b'\r\nx=1", "export TOKEN='***'\r\nx=1"),
        ("[db]\nuser = me\npassword = hunter22 \n", "[db]\nuser = me\npassword = *** \n"),
        (
            '{"user": "me", "password": "hun\\"ter", "n": 1}',
            '{"user": "me", "password": "***", "n": 1}',
        ),
        ("db:\n  apiKey: abc-def\n  host: x\n", "db:\n  apiKey: ***\n  host: x\n"),
        ("spring.datasource.password: hunter22", "spring.datasource.password: ***"),
        ("url=https://me:hunter22@db.example.com/x", "url=https://***@db.example.com/x"),
        ("secretName: pull\npasswords:\n- a", "secretName: pull\npasswords:\n- a"),
        (
            "password=${DB_PASSWORD}\ntoken: {{ token }}",
            "password=${DB_PASSWORD}\ntoken: {{ token }}",
        ),
        ("see glpat-" + "a1B2" * 5 + " there", "see *** there"),
        ("-----BEGIN " + "PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nend", "***\nend"),
    ],
)
def test_credentials_inside_a_file_are_found(text: str, shown: str) -> None:
    assert without_credentials_in("application.properties", text, "***") == shown


def test_what_only_begins_like_tokens_takes_no_time() -> None:
    began = time.monotonic()
    assert credentials_in("", "-eyJ" * 64 * 1024) == []
    # Quadratic, it took a minute and more.
    assert time.monotonic() - began < 10

# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction leaves no form of a secret value in text of others, and everything else readable."""

from __future__ import annotations

import base64
import json
import random
import shlex
import string
import subprocess
import textwrap
import time
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._core.redaction import (
    MASK,
    Redactor,
    values_of,
)
from tests.harness.canaries import canary, forms
from tests.unit.plugins.manifests import encoded

VALUE = st.text(alphabet="QXZJKVqxzjkv0123456789+/=", min_size=8, max_size=24)
HARD = f"{canary('rye')} p@ss'w\"or&d<é>/+=\\x%41 😀"


@given(VALUE, st.text(max_size=5), st.text(max_size=5))
def test_a_value_is_found_in_each_form_at_any_position(value: str, before: str, after: str) -> None:
    redactor = Redactor([value])
    for text in (f"{before}{value}{after}", encoded(f"{before}{value}{after}")):
        left = redactor.message(text).encode(errors="replace")
        assert not [form for form in forms(value) if form in left]


def printed_by_shell(*command: str) -> str:
    """A shell's output of the value, on standard output and standard error."""
    done = subprocess.run([*command, HARD], capture_output=True, check=True)
    return (done.stdout + done.stderr).decode()


SPELLINGS: dict[str, Callable[[], str]] = {
    "as it is": lambda: HARD,
    "in a URL": lambda: urllib.parse.quote(HARD, safe=""),
    "in a path": lambda: urllib.parse.quote(HARD),
    "in a form": lambda: urllib.parse.quote_plus(HARD),
    "in a URL, lower case": lambda: urllib.parse.quote(HARD, safe="").replace("%C3%A9", "%c3%a9"),
    "as user and password": lambda: f"https://me:{urllib.parse.quote(HARD, safe='')}@git.example.com",
    "in JSON": lambda: json.dumps({"a": HARD}),
    "in JSON as UTF-8": lambda: json.dumps(HARD, ensure_ascii=False),
    "in JSON by Go": lambda: json.dumps(HARD, ensure_ascii=False)
    .replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    "in JSON in JSON": lambda: json.dumps(json.dumps(HARD)),
    "by repr": lambda: repr(HARD),
    "by shlex": lambda: shlex.quote(HARD),
    "by bash -x": lambda: printed_by_shell("bash", "-xc", 'true "$0"'),
    "by bash -x with a newline": lambda: printed_by_shell("bash", "-xc", 'true "$0"$\'\\n\''),
    "by sh -x": lambda: printed_by_shell("sh", "-xc", 'true "$0"'),
    "by printf %q": lambda: printed_by_shell("bash", "-c", 'printf %q "$0"'),
    "by echo without quotes": lambda: printed_by_shell("sh", "-c", "set -f; echo $0"),
    "in base64": lambda: encoded(HARD),
    "in base64 of more": lambda: encoded(f"a{HARD}b"),
    "in base64 in lines": lambda: textwrap.fill(encoded("user:" + HARD), 16),
    "in base64 in lines in JSON": lambda: json.dumps(textwrap.fill(encoded(HARD), 64)),
    "in base64 for URLs": lambda: base64.urlsafe_b64encode(HARD.encode()).decode(),
    "in base64 in a URL": lambda: urllib.parse.quote(encoded(HARD), safe=""),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_value_is_redacted_in_every_spelling(spelling: str) -> None:
    left = Redactor([HARD]).message(f"got {SPELLINGS[spelling]()} here")
    assert left.startswith("got ") and left.rstrip().endswith(" here")
    assert MASK in left
    for part in ("mine", "rye", "p@ss", "p%40ss", "w\\"):
        assert part not in left
    assert not [form for form in forms(HARD) if form in left.encode()]


def test_binary_values_are_redacted_in_any_line_length() -> None:
    raw = bytes(range(128, 190))
    (value,) = values_of("Secret", {"a": base64.b64encode(raw).decode()})
    lines = textwrap.fill(base64.b64encode(raw).decode(), 20)
    assert Redactor([value]).message(f"is: {lines}.") == f"is: {MASK}."
    assert Redactor([value]).output(b"is: " + raw + b".", 4000) == f"is: {MASK}."


LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
KUBECONFIG = f"""apiVersion: v1
clusters:
- name: production
  cluster: {{server: https://api.example.com}}
users:
- name: me
  user:
    token: {canary("thyme")}
    client-key-data: {LINE}
"""


def test_a_whole_file_and_its_secret_lines_are_redacted_and_no_other_lines() -> None:
    pem = f"-----BEGIN KEY-----\n{LINE}\n{LINE[::-1]}\nend\n-----END KEY-----\n"
    redactor = Redactor([pem, KUBECONFIG])
    assert redactor.message(f"read {LINE[::-1]}.") == f"read {MASK}."
    assert redactor.message(pem) == f"{MASK}\n" or redactor.message(pem) == MASK
    assert redactor.message(f"the token {canary('thyme')} of me") == f"the token {MASK} of me"
    assert redactor.message(f"key {LINE}") == f"key {MASK}"
    plain = "no such cluster: production\napiVersion: v1\nusers:\n----- end https://api.example.com"
    assert redactor.message(plain) == plain


def test_the_longer_of_two_values_is_redacted_completely() -> None:
    assert Redactor(["QXZJ", "QXZJKVKV"]).message("is QXZJKVKV") == f"is {MASK}"


def test_the_beginning_of_a_value_may_be_another_at_the_end_of_a_text_with_escapes() -> None:
    redactor = Redactor(["QXZJKVqxzj", "QXZJKV"])
    assert redactor.message("a\\nQXZJKV") == f"a\\n{MASK}"


def test_values_that_overlap_are_both_redacted() -> None:
    assert Redactor(["QXZJKV", "ZJKVVV"]).message("is QXZJKVVV.") == f"is {MASK}."


def test_short_values_and_clear_words_stay_readable() -> None:
    redactor = Redactor(["1", "12345", "abc", "main", "github"], ["github-secret"])
    assert redactor.message("github-secret: 1 of main 12345 abc") == (
        f"github-secret: 1 of {MASK} 12345 abc"
    )
    redactor.allow(["main"])
    assert redactor.message("of main") == "of main"


def test_values_that_are_added_later_are_redacted_or_clear() -> None:
    redactor = Redactor(["QXZJ"], ["of VVVV"])
    redactor.add(["KVKV", "VVVV"])
    assert redactor.message("QXZJ KVKV VVVV") == f"{MASK} {MASK} VVVV"


def test_another_redactor_knows_more_and_leaves_the_first_as_it_is() -> None:
    first = Redactor(["QXZJ", b"\xff\xfe\xfd\xfc"])
    second = first.with_values(["KVKV"])
    assert second.output(b"QXZJ KVKV \xff\xfe\xfd\xfc.", 99) == f"{MASK} {MASK} {MASK}."
    assert first.message("QXZJ KVKV") == f"{MASK} KVKV"


def test_output_is_redacted_before_it_is_cut() -> None:
    token = canary("x" * 40)
    text = f"{'a' * 100}{token}{'b' * 80}".encode()
    for longest in range(70, len(text)):
        shown = Redactor([token]).output(text, longest)
        assert shown.endswith("b" * min(longest, 80))
        assert set(shown) <= set(f"ab{MASK}")


def test_a_value_that_is_longer_than_the_read_text_is_redacted() -> None:
    value = "".join(random.Random(7).choices(string.ascii_letters, k=200_000))
    shown = Redactor([value]).output(f"{value[-68_000:]} end".encode(), 4000)
    assert shown == f"{MASK} end"


def test_a_value_with_several_blanks_is_redacted_before_and_after_they_are_folded() -> None:
    redactor = Redactor(["QXZJ  KVKV\tQX"])
    for text in ("QXZJ  KVKV\tQX", "QXZJ KVKV QX"):
        assert redactor.message(f"is {text}") == f"is {MASK}"


def test_a_url_shows_no_password_whoever_wrote_it() -> None:
    assert Redactor().message("at https://me:pw@git.example.com/a: b@c") == (
        f"at https://{MASK}@git.example.com/a: b@c"
    )


def test_a_structure_is_redacted_with_its_keys() -> None:
    found = Redactor(["QXZJKV"]).tree({"QXZJKV": [1, None, {"a": "is QXZJKV", "b": "\0\0\0\0"}]})
    assert found == {MASK: [1, None, {"a": f"is {MASK}", "b": "\0\0\0\0"}]}


def random_text(size: int, prefix: str = "") -> str:
    """Lines of 60 characters."""
    chosen = random.Random(size)
    lines = [
        prefix + "".join(chosen.choices(string.ascii_letters, k=60)) for _line in range(size // 60)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("prefix", ["", "value-", "https://storage.example.com/bucket/"])
@pytest.mark.parametrize("whole", [True, False])
def test_the_time_grows_with_the_size_and_no_faster(prefix: str, whole: bool) -> None:
    def seconds(size: int) -> float:
        secret, text = random_text(size, prefix), random_text(size + 60, prefix)
        values = [secret] if whole else secret.splitlines()
        begun = time.process_time()
        Redactor(values, [text]).message(text)
        return time.process_time() - begun

    small = min(seconds(60_000) for _turn in range(3))
    # Both sides are fifteen times as large: a search of one in the other would take 225 times as long.
    assert seconds(900_000) < 120 * max(small, 0.01)


def test_values_of_a_secret_and_of_a_configmap() -> None:
    raw = base64.b64encode(b"\xff\xfe").decode()
    assert values_of("Secret", {"a": encoded("QXZJKV"), "b": raw, "c": "no base64!"}) == [
        b"QXZJKV", b"\xff\xfe", "no base64!",
    ]  # fmt: skip
    assert values_of("ConfigMap", {"a": "QXZJKV"}) == ["QXZJKV"]
    assert values_of("ConfigMap", None) == []


UMLAUTS = "Größenwahn-77-Schlüssel-ő"


@pytest.mark.parametrize(
    "printed",
    [
        ascii(UMLAUTS).encode(),
        UMLAUTS.encode("ascii", "backslashreplace"),
        UMLAUTS.encode("latin-1", "backslashreplace"),
        urllib.parse.quote(UMLAUTS[:-1].encode("latin-1")).encode(),
        UMLAUTS.encode(),
    ],
)
def test_a_value_is_found_where_python_could_not_print_its_letters(printed: bytes) -> None:
    shown = Redactor([UMLAUTS, UMLAUTS[:-1]]).output(b"cannot log in with " + printed, 4000)
    assert "77-Schl" not in shown and MASK in shown


def test_a_value_is_found_where_its_emoji_are_escaped() -> None:
    value = "pass\U0001f511word-long-1"
    assert "word-long" not in Redactor([value]).message(f"wrong: {value!a}")
    # No character has this number.
    assert Redactor([value]).message(r"\UFFFFFFFF") == r"\UFFFFFFFF"


def test_many_values_that_begin_alike_are_noticed() -> None:
    alike = ["a" * length for length in range(15, 1100)]
    assert Redactor(alike).is_slow
    assert not Redactor(f"{number:020d}-value" for number in range(5000)).is_slow

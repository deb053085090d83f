# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd files, and what kubectl create configmap|secret makes of them, written down by hand."""

from __future__ import annotations

from pathlib import Path

# For --from-file: the content is the value, whatever it is.
FILES: dict[str, bytes] = {
    "empty": b"",
    "newline": b"\n",
    "text": b"a line\n",
    "no-newline": b"a line",
    "crlf": b"one\r\ntwo\r\n",
    "cr": b"one\rtwo",
    "bom.txt": b"\xef\xbb\xbftext",
    "nul": b"a\0b",
    "controls": bytes(range(1, 32)) + b"\x7f",
    "umlaut": "grün ß €".encode(),
    "astral": "\U0001f600\U0010ffff".encode(),
    "noncharacter": "\ufffe\uffff".encode(),
    "replacement": "\ufffd".encode(),
    "line-separators": "a\u2028b\u2029c\x85d".encode(),
    "template": b"{{ not_a_variable }} {% if %} $HOME",
    "yaml": b"a: 1\nb: [2, 'x']\n",
    "json": b'{"a": "\\u0000"}\n',
    "blanks": b" \t leading and trailing \t ",
    "latin1": b"gr\xfcn",
    "utf16": "text".encode("utf-16"),
    "surrogate": b"\xed\xa0\x80",
    "overlong": b"\xc0\xaf",
    "beyond": b"\xf4\x90\x80\x80",
    "cut": b"\xe2\x82",
    "gzip": b"\x1f\x8b\x08\x00\x00",
    ".dot": b"a hidden file",
    "-dash": b"a dash",
    "_under": b"an underscore",
    "UPPER.Case-1": b"upper case",
    "vault.txt": b"$ANSIBLE",
}
# These are not text in UTF-8, and become binaryData of a ConfigMap.
BINARY = frozenset({"latin1", "utf16", "surrogate", "overlong", "beyond", "cut", "gzip"})

# For --from-env-file: content, and the values that it gives.
ENV_FILES: dict[str, tuple[bytes, dict[str, str]]] = {
    "plain": (b"A=1\nB=two words\n", {"A": "1", "B": "two words"}),
    "no-newline": (b"A=1", {"A": "1"}),
    "comments": (b"# a\n  # b\nA=1 # c\n#B=2\n", {"A": "1 # c"}),
    "blank-lines": (b"\n \n\t\nA=1\n\n", {"A": "1"}),
    "quotes": (b"A=\"x\"\nB='y'\nC=\"\n", {"A": '"x"', "B": "'y'", "C": '"'}),
    "signs": (b"A==\nB=a=b=\n", {"A": "=", "B": "a=b="}),
    "no-value": (b"A=\n", {"A": ""}),
    "blanks": (b"  A= x \t\n\tB=y  \n", {"A": " x \t", "B": "y  "}),
    "crlf": (b"A=1\r\nB=2\r\n\r\n", {"A": "1", "B": "2"}),
    "two-cr": (b"A=1\r\r\n", {"A": "1\r"}),
    "cr-inside": (b"A=1\rB=2\n", {"A": "1\rB=2"}),
    "cr-at-the-end": (b"A=1\r", {"A": "1"}),
    "bom": (b"\xef\xbb\xbfA=1\n", {"A": "1"}),
    "bom-before-blank": (b"\xef\xbb\xbf  A=1\n", {"A": "1"}),
    "utf8": ("A=grün\n".encode(), {"A": "grün"}),
    "unicode-blanks": ("\u00a0\u2003\u3000\u0085A=\u00a0x\u00a0\n".encode(), {"A": "\u00a0x\u00a0"}),
    "names": (b"a.b=1\n-c=2\n_d=3\n.e=4\nf1=5\n", {"a.b": "1", "-c": "2", "_d": "3", ".e": "4", "f1": "5"}),
    "escapes": (b"A=a\\nb\\\nB=$A ${A} {{ A }}\n", {"A": "a\\nb\\", "B": "$A ${A} {{ A }}"}),
    "environment": (b"KD_TEST_SET\nKD_TEST_UNSET\n", {"KD_TEST_SET": "from outside", "KD_TEST_UNSET": ""}),
    "nul": (b"A=a\0b\n", {"A": "a\0b"}),
    "form-feed": (b"\x0b\x0cA=1\x0c\n", {"A": "1\x0c"}),
    "longest-line": (b"A=" + b"x" * (65535 - 2) + b"\nB=2\n", {"A": "x" * (65535 - 2), "B": "2"}),
    "longest-last-line": (b"A=" + b"x" * (65535 - 2), {"A": "x" * (65535 - 2)}),
}  # fmt: skip
ENVIRONMENT = {"KD_TEST_SET": "from outside"}

# For --from-env-file: content that kubectl refuses, or, in the last one, silently reads to a part.
BAD_ENV_FILES: dict[str, bytes] = {
    "export": b"export A=1\n",
    "blank-before-sign": b"A =1\n",
    "digit": b"1A=1\n",
    "dots": b"..A=1\n",
    "dot": b".=1\n",
    "no-name": b"=1\n",
    "umlaut": "Ü=1\n".encode(),
    "separator": b"\x1cA=1\n",
    "bom-in-second-line": b"A=1\n\xef\xbb\xbfB=2\n",
    "latin1": b"A=gr\xfcn\n",
    "twice": b"A=1\nA=2\n",
    "long-name": b"A" * 254 + b"=1\n",
}
CUT_ENV_FILE = b"A=1\nB=" + b"x" * 65536 + b"\nC=3\n"
# Names of files that are not keys.
BAD_NAMES = ("with blank", "umläut", "..dots", "a" * 254, "a:b", "a=b", "a\tb")


def write_all(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder that does not exist yet; return it."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder

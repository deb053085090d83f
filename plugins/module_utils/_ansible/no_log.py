# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a task's options is secret, and what is in the clear: one walk over the argument spec.

A word that the task shows anyway stays readable, so that a Secret with the value "github" does not spoil the name
github-models. The value of an unknown option is secret: the option may be misspelt.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .._client.auth_options import is_file_content
from .._core.argument_spec import Option, Secrecy, SecrecyTable, options_by_name
from .._core.credential_forms import credentials_in, masked, without_credentials
from .._core.redaction import unpacked
from .._core.scalars import scalar_text

PLACEHOLDER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Words of results and messages, which short secrets often equal.
VOCABULARY = (
    "created updated unchanged deleted present absent true false configured updating creating config "
    "error clusters configmaps secrets connections KDCluster ConfigMap Secret members default node"
)
_NAME_KEYS = (
    "name",
    "kind",
    "type",
    "state",
    "pod",
    "role",
    "node_id",
    "connections",
    "connection_hash",
)
_NAME_HOLDERS = ("object", "objects", "kdclusters", "members")
_NAME = re.compile(r"[\w.-]{1,253}")
Spec = t.Mapping[str, Option]


def names_in(result: t.Any) -> t.Iterator[str]:
    """The names of objects, pods and roles in a result, which are not secret."""
    if isinstance(result, dict):
        for key, value in result.items():
            if key in _NAME_KEYS:
                yield from _texts(value)
            elif key in _NAME_HOLDERS:
                yield from names_in(value)
    elif isinstance(result, list):
        for item in result:
            yield from names_in(item)


class Options:
    """A task's options, of any form, divided.

    :ivar shown: a copy for logs, with secret values replaced.
    :ivar secret: all secret values; base64 also decoded.
    :ivar clear: all else, and the vocabulary.
    """

    def __init__(self, params: t.Mapping[str, t.Any], spec: Spec, secrecy: SecrecyTable) -> None:
        self.secret: list[str | bytes] = []
        self.clear = [VOCABULARY]
        self._secrecy = secrecy
        self._hidden = {
            Secrecy.SECRET: self._secret,
            Secrecy.CREDENTIALS: self._credentials,
            Secrecy.NAMED_CREDENTIALS: self._named_credentials,
            Secrecy.URL: self._url,
            Secrecy.PATH: self._path,
            Secrecy.KUBECONFIG: self._kubeconfig,
        }
        self.shown = self._options(params, spec, "")

    def _options(self, given: t.Mapping[str, t.Any], spec: Spec, path: str) -> dict[str, t.Any]:
        known = options_by_name(spec)
        self.clear += known
        shown = {}
        for name, value in given.items():
            if str(name).startswith("_ansible_"):
                # Ansible's own, such as the module's name.
                shown[name] = value
            elif name in known:
                option = known[name]
                shown[name] = self._option(value, spec[option], f"{path}.{option}".lstrip("."))
            else:
                self.clear.append(str(name))
                shown[name] = self._secret(value)
        return shown

    def _option(self, value: t.Any, option: Option, path: str) -> t.Any:
        if value is None:
            return None
        secrecy = self._secrecy.get(path, Secrecy.SECRET if option.get("no_log") else None)
        if secrecy is not None:
            return self._hidden[secrecy](value)
        if "options" not in option:
            self.clear += _texts(value)
            return value
        if isinstance(value, list):
            return [self._entry(entry, option["options"], path) for entry in value]
        if isinstance(value, dict):
            return self._options(value, option["options"], path)
        # Text in place of a list may be a misplaced secret, even if it looks like a name.
        return self._secret(value)

    def _entry(self, entry: t.Any, spec: Spec, path: str) -> t.Any:
        if isinstance(entry, dict):
            return self._options(entry, spec, path)
        if isinstance(entry, str) and "name" in spec and _NAME.fullmatch(entry):
            self.clear.append(entry)
            return entry
        return self._secret(entry)

    def _secret(self, value: t.Any) -> t.Any:
        if value is None:
            return None
        if isinstance(value, dict):
            self.clear += map(str, value)
            return {key: self._secret(inner) for key, inner in value.items()}
        for text in _texts(value):
            self.secret += (text, unpacked(text))
        return PLACEHOLDER

    def _credentials(self, value: t.Any) -> t.Any:
        if not isinstance(value, dict):
            return self._secret(value)
        return {key: self._credential(str(key), inner) for key, inner in value.items()}

    def _named_credentials(self, value: t.Any) -> t.Any:
        if not isinstance(value, list):
            return self._secret(value)
        return [
            {**entry, "value": self._credential(str(entry.get("name")), entry.get("value"))}
            if isinstance(entry, dict)
            else self._secret(entry)
            for entry in value
        ]

    def _credential(self, key: str, value: t.Any) -> t.Any:
        text = scalar_text(value) or ""
        self.clear.append(key)
        spans = credentials_in(key, text)
        if not spans:
            self.clear += _texts(value)
            return value
        self.secret += (text[start:end] for start, end in spans)
        self.clear.append(masked(text, spans, "\n"))
        return masked(text, spans, PLACEHOLDER)

    def _url(self, value: t.Any) -> t.Any:
        if not isinstance(value, str):
            return self._secret(value)
        self.clear.append(without_credentials(value, ""))
        credentials = value.rpartition("@")[0].rpartition("://")[2]
        password = credentials.partition(":")[2]
        self.secret += (credentials, password, urllib.parse.unquote(password))
        return without_credentials(value, PLACEHOLDER)

    def _path(self, value: t.Any) -> t.Any:
        if not isinstance(value, str) or is_file_content(value):
            return self._secret(value)
        self.clear.append(value)
        return value

    def _kubeconfig(self, value: t.Any) -> t.Any:
        """A path is clear, and a dictionary except below a user; a kubeconfig's text is secret."""
        if isinstance(value, dict):
            for section, content in value.items():
                if section != "users":
                    self.clear += _texts(content)
                elif isinstance(content, list):
                    for user in content:
                        if isinstance(user, dict):
                            self.clear.append(str(user.get("name")))
                            user = {key: one for key, one in user.items() if key != "name"}
                        self._secret(list(_texts(user, keys=False)))
        else:
            self._path(value)
        return PLACEHOLDER


def _texts(value: t.Any, *, keys: bool = True) -> t.Iterator[str]:
    """All scalars of a value as text, and its keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if keys:
                yield str(key)
            yield from _texts(inner, keys=keys)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner, keys=keys)
    elif value is not None and not isinstance(value, bool):
        yield scalar_text(value) or str(value)

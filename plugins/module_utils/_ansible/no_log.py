# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a task's options is secret, and what the task says in the clear: one walk over the argument spec.

A Secret with the value "github" must not turn the name github-models into nonsense. So: a word that the
task says in the clear anyway stays readable, all else that is secret does not, and the options themselves
come back without secret values. An option that there is not may be a misspelt one, so that its value is secret.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from .._client.auth_options import is_kubeconfig_text
from .._core.credential_forms import (
    credentials_in,
    masked,
    without_credentials,
)
from .._core.redaction import unpacked
from .._core.scalars import scalar_text
from .._core.secrecy import Secrecy

if t.TYPE_CHECKING:
    from .._core.secrecy import SecrecyTable

PLACEHOLDER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Words that results and messages are made of; short values of secrets are often one of them.
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
Spec = t.Mapping[str, t.Mapping[str, t.Any]]


@dataclasses.dataclass(repr=False)
class Options:
    """A task's options, divided.

    :param shown: as a log may show them: keys are kept, secret values replaced.
    :param secret: all that is secret in them, what is in base64 decoded, too.
    :param clear: all that is not.
    """

    shown: dict[str, t.Any]
    secret: list[str | bytes] = dataclasses.field(default_factory=list)
    clear: list[str] = dataclasses.field(default_factory=list)


def divided(params: t.Mapping[str, t.Any], spec: Spec, secrecy: SecrecyTable) -> Options:
    """Divide a task's options, of any form: Ansible may not have checked them.

    :param params: the options with their secret values; left alone.
    :param spec: the argument spec.
    """
    walk = _Walk(secrecy)
    shown = walk.options(params, spec, "")
    return Options(shown, walk.secret, walk.clear)


def names_in(result: t.Any) -> t.Iterator[str]:
    """Names of objects, pods and roles in what a task returns; they are not secret."""
    if isinstance(result, dict):
        for key, value in result.items():
            if key in _NAME_KEYS:
                yield from _texts(value)
            elif key in _NAME_HOLDERS:
                yield from names_in(value)
    elif isinstance(result, list):
        for item in result:
            yield from names_in(item)


class _Walk:
    """Copies options without what is secret, and keeps the two parts."""

    def __init__(self, secrecy: SecrecyTable) -> None:
        self.secret: list[str | bytes] = []
        self.clear: list[str] = []
        self._secrecy = secrecy
        self._hidden = {
            Secrecy.SECRET: self._secret,
            Secrecy.CREDENTIALS: self._credentials,
            Secrecy.NAMED_CREDENTIALS: self._named_credentials,
            Secrecy.URL: self._url,
            Secrecy.KUBECONFIG: self._kubeconfig,
        }

    def options(self, given: t.Mapping[str, t.Any], spec: Spec, path: str) -> dict[str, t.Any]:
        """Copy a dictionary of options."""
        known = {alias: name for name in spec for alias in spec[name].get("aliases", ())}
        known.update({name: name for name in spec})
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

    def _option(self, value: t.Any, option: t.Mapping[str, t.Any], path: str) -> t.Any:
        secrecy = self._secrecy.get(path, Secrecy.SECRET if option.get("no_log") else None)
        if value is None:
            return None
        if secrecy is not None:
            return self._hidden[secrecy](value)
        if "options" not in option:
            self.clear += _texts(value)
            return value
        if isinstance(value, list):
            return [self._entry(entry, option["options"], path) for entry in value]
        # Text in the place of a list may be a secret in the wrong place, even if it looks like a name.
        return (
            self.options(value, option["options"], path)
            if isinstance(value, dict)
            else self._secret(value)
        )

    def _entry(self, entry: t.Any, spec: Spec, path: str) -> t.Any:
        if isinstance(entry, dict):
            return self.options(entry, spec, path)
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
        text = scalar_text(value)
        self.clear.append(key)
        spans = [] if text is None else credentials_in(key, text)
        if text is None or not spans:
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

    def _kubeconfig(self, value: t.Any) -> t.Any:
        """A path, or all of a kubeconfig but what is below a user, is clear: addresses, contexts and names."""
        if isinstance(value, str) and not is_kubeconfig_text(value):
            self.clear.append(value)
        elif isinstance(value, dict):
            for section, content in value.items():
                if section != "users":
                    self.clear += _texts(content)
                elif isinstance(content, list):
                    for user in content:
                        if isinstance(user, dict):
                            self.clear.append(str(user.get("name")))
                            user = {key: one for key, one in user.items() if key != "name"}
                        self._secret(_values(user))
        else:
            self._secret(value)
        return PLACEHOLDER


def _texts(value: t.Any) -> t.Iterator[str]:
    """All keys and scalars of a value as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif value is not None and not isinstance(value, bool):
        yield scalar_text(value) or str(value)


def _values(value: t.Any) -> list[t.Any]:
    """All scalars of a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for inner in value for one in _values(inner)]
    return [value]

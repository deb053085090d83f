# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the task's words Ansible must go on masking in what the task returns.

Ansible masks every value of a no_log option wherever it occurs. A Secret with the value "github"
would turn the name github-models into nonsense. So: a word that the task says in the clear anyway is
not masked; everything else that is secret stays so, and the options themselves come back without
values.
"""

from __future__ import annotations

import base64
import contextlib
import re
import typing as t

from .._client.auth_options import is_kubeconfig_text
from .._core.secret_forms import (
    can_be_told,
    longest_first,
    masked_forms,
    without_credentials,
)
from .._reconcile.desired import scalar_text

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
_NAME = re.compile(r"[\w.-]+")
PLACEHOLDER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_SECRET_OPTIONS = ("kubeconfig", "api_key", "password")
_SECRET_FIELDS = ("data", "string_data", "stringData")
_SECRET_KEYS = ("secret_keys", "secretKeys")
# Words that results and messages are made of; short values of secrets are often one of them.
_VOCABULARY = (
    "created updated unchanged deleted present absent true false configured updating creating config "
    "error clusters configmaps secrets connections KDCluster ConfigMap Secret members default node"
)


def masked_words(
    params: t.Mapping[str, t.Any], no_log_values: t.Iterable[str], result: t.Any = None
) -> t.KeysView[str]:
    """Choose the words that are to be masked.

    :param params: the task's options, with their secret values.
    :param no_log_values: what Ansible would mask.
    :param result: what the task returns; the names in it are not masked.
    :returns: those of them, and the values of Secrets and secret keys in every form, that the task does
        not say in the clear; the longest first, as Ansible masks one after the other. Words that are too
        short to tell from others are left out: masking "1" or "main" would spoil every number and name.
    """
    clear = "\n".join((_VOCABULARY, *_clear_words(params), *_names_in(result)))
    given = {word for word in no_log_values if can_be_told(word)}
    words = longest_first(given | masked_forms(_secret_values(params)))
    return dict.fromkeys(word for word in words if word not in clear).keys()


def words_at_first(
    params: t.Mapping[str, t.Any],
    spec: t.Mapping[str, dict[str, t.Any]],
    no_log_values: t.Iterable[str],
) -> t.KeysView[str]:
    """Choose the words that are to be masked while the options' form is not known to be right.

    What Ansible says of a wrong option may quote a whole list, and where a list is wrong it has not come
    to look for secrets in it.

    :param params: the task's options as they were given.
    :param spec: the argument spec: the value of an option that there is not may be a secret, too.
    :param no_log_values: what Ansible has found so far.
    :returns: these, the values of every option that holds secrets, and all of them as the text of a list
        shows them; the longest first.
    """
    parts = [*_secret_parts(params), *_unknown_parts(params, spec)]
    words = {word for value in parts for word in _leaves(value) if can_be_told(word)}
    words.update(no_log_values)
    # However often the text of a list was quoted in another: a line of a longer value has nothing to quote.
    lines = {line for word in words for line in word.splitlines() if can_be_told(line)}
    words |= lines | {repr(word)[1:-1] for word in words}
    return dict.fromkeys(longest_first(words)).keys()


def _secret_parts(params: t.Mapping[str, t.Any]) -> t.Iterator[t.Any]:
    yield from (params.get(option) for option in (*_SECRET_OPTIONS, *_SECRET_FIELDS))
    for option, fields in (("secrets", (*_SECRET_FIELDS, "annotations")), ("roles", _SECRET_KEYS)):
        entries = params.get(option)
        if _is_mode(entries):
            continue
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                yield from (entry.get(field) for field in fields)
            elif option == "secrets" or not _is_name(entry):
                yield entry


def _unknown_parts(
    params: t.Mapping[str, t.Any], spec: t.Mapping[str, dict[str, t.Any]]
) -> t.Iterator[t.Any]:
    """The values of options that there are not, at any depth; most of them are misspelt ones."""
    known = {alias: option for option in spec.values() for alias in option.get("aliases", ())}
    known.update(spec)
    for name, value in params.items():
        if name not in known:
            yield value
            continue
        inner = known[name].get("options")
        for entry in value if isinstance(value, list) else [value]:
            if inner and isinstance(entry, dict):
                yield from _unknown_parts(entry, inner)


def _is_name(value: t.Any) -> bool:
    """Whether this is what option roles of kd_configmeta_info has: names."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_mode(value: t.Any) -> bool:
    """Whether this is, or is meant to be, what option secrets of kd_configmeta_info is: a word."""
    return isinstance(value, str) and value.isalpha()


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _secret_values(params: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """The values of Secrets and secret keys; those in base64 also as what it stands for."""
    secrets, roles = params.get("secrets"), params.get("roles")
    for entry in (dict(params), *(secrets if isinstance(secrets, list) else ())):
        if isinstance(entry, dict):
            for text in _texts(_values_of(entry, "data")):
                yield from (text, *_decoded(text))
            for field in ("string_data", "stringData"):
                yield from _texts(_values_of(entry, field))
    for role in roles if isinstance(roles, list) else ():
        yield from _texts(_secret_key_values(role))


def _texts(values: t.Iterable[t.Any]) -> t.Iterator[str]:
    yield from (text for text in map(scalar_text, values) if text is not None)


def _values_of(entry: dict[str, t.Any], field: str) -> t.Collection[t.Any]:
    content = entry.get(field)
    return content.values() if isinstance(content, dict) else ()


def _secret_key_values(role: t.Any) -> t.Iterator[t.Any]:
    for option in _SECRET_KEYS:
        content = role.get(option) if isinstance(role, dict) else None
        for key in content if isinstance(content, list) else ():
            if isinstance(key, dict):
                yield key.get("value")


def _decoded(text: str) -> t.Iterator[str]:
    """What the API has of a text in base64, and what that stands for, if it is text."""
    packed = "".join(text.split())
    try:
        raw = base64.b64decode(packed, validate=True)
    except ValueError:
        return
    yield packed
    with contextlib.suppress(UnicodeDecodeError):
        yield raw.decode()


def _names_in(result: t.Any) -> t.Iterator[str]:
    """Names of objects, pods and roles in what a task returns; they are no secrets."""
    if isinstance(result, dict):
        for key, value in result.items():
            if key in _NAME_KEYS:
                yield from _words(value)
            elif key in _NAME_HOLDERS:
                yield from _names_in(value)
    elif isinstance(result, list):
        for item in result:
            yield from _names_in(item)


def without_secrets(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options as a log may show them: keys are kept, secret values replaced.

    :returns: a copy; `params` is left alone.
    """
    shown = dict(params)
    for option in _SECRET_OPTIONS:
        if shown.get(option) is not None:
            shown[option] = PLACEHOLDER
    _hide_fields(shown, _SECRET_FIELDS)
    if isinstance(shown.get("proxy"), str):
        shown["proxy"] = without_credentials(shown["proxy"], PLACEHOLDER)
    for option, hidden in (("secrets", _hidden_entry), ("roles", _hidden_role)):
        entries = shown.get(option)
        if isinstance(entries, list):
            shown[option] = [hidden(entry) for entry in entries]
        elif entries is not None and not _is_mode(entries):
            shown[option] = PLACEHOLDER
    return shown


def _hidden_role(role: t.Any) -> t.Any:
    return role if _is_name(role) else _role_with(role, PLACEHOLDER)


def _hide_fields(shown: dict[str, t.Any], fields: t.Iterable[str]) -> None:
    """Replace the values of dicts, and whatever else is there in place of a dict."""
    for field in fields:
        content = shown.get(field)
        if content is not None:
            shown[field] = (
                dict.fromkeys(content, PLACEHOLDER) if isinstance(content, dict) else PLACEHOLDER
            )


def _role_with(role: t.Any, value: str | None) -> t.Any:
    """An entry of option roles with another value in each of its secret keys."""
    if not isinstance(role, dict):
        return value
    return {
        option: _keys_with(content, value) if option in _SECRET_KEYS else content
        for option, content in role.items()
    }


def _keys_with(keys: t.Any, value: str | None) -> t.Any:
    if not isinstance(keys, list):
        return None if keys is None else value
    return [{**key, "value": value} if isinstance(key, dict) else value for key in keys]


def _hidden_entry(entry: t.Any) -> t.Any:
    if not isinstance(entry, dict):
        return PLACEHOLDER
    hidden = dict(entry)
    _hide_fields(hidden, (*_SECRET_FIELDS, "annotations"))
    return hidden


def _clear_words(params: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for option, value in params.items():
        if option == "kubeconfig":
            yield from _clear_words_of_kubeconfig(value)
        elif option == "secrets" and isinstance(value, list):
            for entry in value:
                yield from _words(_without_values(entry))
        elif option == "roles" and isinstance(value, list):
            for role in value:
                yield from _words(role if _is_name(role) else _role_with(role, None))
        elif option in _SECRET_FIELDS:
            yield from _words(list(value) if isinstance(value, dict) else None)
        elif option == "proxy" and isinstance(value, str):
            yield without_credentials(value, "")
        elif option not in _SECRET_OPTIONS:
            yield from _words(value)


def _clear_words_of_kubeconfig(kubeconfig: t.Any) -> t.Iterator[str]:
    """A path, or all of a kubeconfig but what is below a user: addresses, contexts and names."""
    if isinstance(kubeconfig, str) and not is_kubeconfig_text(kubeconfig):
        yield kubeconfig
    if isinstance(kubeconfig, dict):
        for section, content in kubeconfig.items():
            if section != "users":
                yield from _words(content)
            elif isinstance(content, list):
                yield from (str(user.get("name")) for user in content if isinstance(user, dict))


def _without_values(entry: t.Any) -> t.Any:
    """An entry of option secrets with the keys of its data only."""
    if not isinstance(entry, dict):
        return entry
    return {
        field: list(content) if field in _SECRET_FIELDS and isinstance(content, dict) else content
        for field, content in entry.items()
        if field != "annotations"
    }


def _words(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _words(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _words(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)

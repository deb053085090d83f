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

import typing as t

PLACEHOLDER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_SECRET_OPTIONS = ("kubeconfig", "api_key", "password")
_SECRET_FIELDS = ("data", "string_data")
# Words that results and messages are made of; short values of secrets are often one of them.
_VOCABULARY = (
    "created updated unchanged deleted present absent true false configured updating creating config "
    "error clusters configmaps secrets connections KDCluster ConfigMap Secret members default node"
)


def masked_words(params: t.Mapping[str, t.Any], no_log_values: t.Iterable[str]) -> set[str]:
    """Choose the words that are to be masked.

    :param params: the task's options, with their secret values.
    :param no_log_values: what Ansible would mask.
    :returns: those of them that the task does not say in the clear.
    """
    clear = "\n".join((_VOCABULARY, *_clear_words(params)))
    kubeconfig = params.get("kubeconfig")
    if isinstance(kubeconfig, str) and not is_kubeconfig_text(kubeconfig):
        clear += f"\n{kubeconfig}"
    return {word for word in no_log_values if word not in clear}


def is_kubeconfig_text(kubeconfig: str) -> bool:
    """Whether somebody gave a kubeconfig's content where its path belongs."""
    return "\n" in kubeconfig.strip() or kubeconfig.lstrip().startswith("{")


def without_secrets(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options as a log may show them: keys are kept, secret values replaced.

    :returns: a copy; `params` is left alone.
    """
    shown = dict(params)
    for option in _SECRET_OPTIONS:
        if shown.get(option) is not None:
            shown[option] = PLACEHOLDER
    secrets = shown.get("secrets")
    if isinstance(secrets, list):
        shown["secrets"] = [_hidden_entry(entry) for entry in secrets]
    return shown


def _hidden_entry(entry: t.Any) -> t.Any:
    if not isinstance(entry, dict):
        return entry
    hidden = dict(entry)
    for field in (*_SECRET_FIELDS, "annotations"):
        if isinstance(hidden.get(field), dict):
            hidden[field] = dict.fromkeys(hidden[field], PLACEHOLDER)
    return hidden


def _clear_words(params: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for option, value in params.items():
        if option in _SECRET_OPTIONS:
            continue
        if option == "secrets" and isinstance(value, list):
            for entry in value:
                yield from _words(
                    {
                        field: list(content) if field in _SECRET_FIELDS and content else content
                        for field, content in entry.items()
                        if field != "annotations"
                    }
                )
        else:
            yield from _words(value)


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

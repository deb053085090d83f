# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check each entry of a list of kd_connection arguments without a Kubernetes cluster, before any is applied.

The rules are kd_connection's own: its argument spec, checked by Ansible's validator, and _reconcile.desired. They are
applied value by value, so that each problem is reported with its place. No message shows a value, which may be secret;
names of objects and labels are shown.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import ArgumentValueError

from .._ansible.option_forms import meant
from .._client.auth_options import AUTH_NAMES
from .._core.errors import InvalidInputError
from .._reconcile.desired import (
    DesiredState,
    parse_desired,
)
from .argspec import (
    ENTRY_ARGUMENTS,
    unread_sentence,
    with_named_objects,
)
from .entry_words import (
    Path,
    key_problem,
    wrong_type,
)

if t.TYPE_CHECKING:
    from .._core.secrecy import Option

Found = t.Iterator[tuple[Path, str]]

_FIELDS = ("labels", "annotations", "data", "string_data", "binary_data")
_KINDS = {"configmaps": "ConfigMap", "secrets": "Secret"}
_TYPES = {"str": str, "bool": bool, "int": int, "dict": dict}
# Stands for the namespace that an entry leaves to the kubeconfig; no message shows it.
_NO_NAMESPACE = "namespace-of-the-context"


@dataclasses.dataclass(frozen=True)
class EntryProblem:
    """What is wrong, and where.

    :param entry: the entry's index.
    :param path: keys and indexes from the entry to the value, such as ("secrets", 1, "string_data", "token").
    :param text: a sentence that shows no value.
    """

    entry: int
    path: Path
    text: str


def entry_problems(entries: t.Sequence[t.Any]) -> list[EntryProblem]:
    """Find everything that is wrong with single entries of a list of kd_connection arguments, of any types."""
    return validated_entries(entries)[1]


def validated_entries(
    entries: t.Sequence[t.Any],
) -> tuple[list[dict[str, t.Any]], list[EntryProblem]]:
    """Check entries.

    :returns: those of which nothing is wrong, with each value in its option's type, and what is wrong with others.
    """
    validated: list[dict[str, t.Any]] = []
    problems: list[EntryProblem] = []
    for index, entry in enumerate(entries):
        found = list(_validate(entry, validated))
        problems += (EntryProblem(index, path, text) for path, text in found)
    return validated, problems


def _validate(entry: t.Any, validated: list[dict[str, t.Any]]) -> Found:
    if not isinstance(entry, dict):
        yield (), "an entry is a dictionary with kd_connection's options."
        return
    entry = with_named_objects(entry)
    found = list(_spec_problems(ENTRY_ARGUMENTS, entry, ()))
    if not found:
        params = _validated(ENTRY_ARGUMENTS, entry)
        found = [] if _is_accepted(params) else list(_rule_problems(params))
        if not found:
            validated.append(params)
    yield from found


def _spec_problems(spec: dict[str, Option], given: dict[str, t.Any], path: Path) -> Found:
    """Hold what was given against an argument spec: each option, and each element of a list, alone."""
    yield from (((*path, key), key_problem(key)) for key in given if not isinstance(key, str))
    given = {key: value for key, value in given.items() if isinstance(key, str)}
    names = {key: _option_name(spec, key) for key in given}
    present = {names[key] for key, value in given.items() if value is not None}
    for name, option in spec.items():
        if option.get("required") and name not in present:
            yield path, f"{name} is missing."
    for key, value in given.items():
        name = names[key]
        if name not in spec:
            yield (*path, key), _unknown(key, spec)
            continue
        option = spec[name]
        # Without what is below the option, which is looked at element by element.
        alone = {name: {k: v for k, v in option.items() if k not in ("options", "required")}}
        if name != key and name in given:
            yield (*path, key), f"means the same as {name}; keep one of the two."
        elements = option.get("elements")
        if elements and isinstance(value, list):
            for number, element in enumerate(value):
                here = (*path, key, number)
                fits = _fits(elements, option, element)
                found = (
                    []
                    if fits
                    else list(_value_problems(alone, key, [element], element, elements, here))
                )
                yield from found
                if "options" in option and not found:
                    inner = element if fits else _validated(alone, {key: [element]})[name][0]
                    yield from _spec_problems(option["options"], inner, here)
        else:
            expected = option.get("type", "")
            if "options" in option and isinstance(value, str):
                # Ansible would make a list of it.
                yield (*path, key), wrong_type(value, expected)
            elif not _fits(expected, option, value):
                yield from _value_problems(alone, key, value, value, expected, (*path, key))


def _fits(expected: str, option: Option, value: t.Any) -> bool:
    """Whether a value has the type already that Ansible's validator, which is slow, would give it."""
    kind = _TYPES.get(expected)
    return (
        kind is not None
        and isinstance(value, kind)
        and (kind is bool or not isinstance(value, bool))
        and value in option.get("choices", (value,))
    )


def _value_problems(
    spec: dict[str, Option], key: str, value: t.Any, given: t.Any, expected: str, path: Path
) -> Found:
    # Ansible would write these out as text, a list or dictionary even into messages.
    no_text = isinstance(given, (list, dict)) or (given is None and isinstance(path[-1], int))
    if expected == "str" and no_text:
        yield path, wrong_type(given, expected)
        return
    for error in _validation_errors(spec, {key: value}):
        if isinstance(error, ArgumentValueError):
            choices = spec[_option_name(spec, key)]["choices"]
            yield path, f"is none of {', '.join(choices)}."
        else:
            yield path, wrong_type(given, expected)
        return


def _unknown(key: str, spec: dict[str, Option]) -> str:
    if "state" in spec and key in AUTH_NAMES:
        return "the way to the API server is in kd_auth, once for all entries, not in an entry."
    return f"is not an option here; {meant(key, spec)}"


def _is_accepted(params: dict[str, t.Any]) -> bool:
    """Whether _rule_problems() would find nothing, asked once for the entry as a whole."""
    objects = [given for option in _KINDS for given in params.get(option) or ()]
    return (
        not any(unread_sentence(given) or any(map(_is_no_key, _keys(given))) for given in objects)
        and next(_refusal((), params), None) is None
    )


def _rule_problems(params: dict[str, t.Any]) -> Found:
    """Ask _reconcile.desired, first of each object and each of its values alone, then of the entry as a whole."""
    names: dict[str, list[dict[str, t.Any]]] = {}
    for option in _KINDS:
        for number, given in enumerate(params.get(option) or ()):
            found = list(_object_problems(option, given))
            yield from (((option, number, *path), text) for path, text in found)
            if not any(path == ("name",) for path, _text in found):
                names.setdefault(option, []).append({"name": given["name"]})
    whole = {**params, **{option: names.get(option) for option in _KINDS}}
    yield from _refusal((), whole)


def _object_problems(option: str, given: dict[str, t.Any]) -> Found:
    if unread := unread_sentence(given):
        yield (), unread
        return
    label = f"{_KINDS[option]} {given['name']}"

    def ask(path: Path, **fields: t.Any) -> Found:
        one = {option: [{"name": given["name"], **fields}]}
        for _path, text in _refusal(path, {**_defaults(), **one}):
            text = text.removeprefix(f"{label}: ").removeprefix(f"Option {option}: ")
            for what in ("", "key ", "label ", "annotation "):
                # What the path says already.
                text = text.removeprefix(f"{what}{path[-1] if path else ''}: ")
            yield path, text

    found = list(ask(("name",)))
    if not found and given.get("type") is not None:
        found += ask(("type",), type=given["type"])
    if not found:
        for field in _FIELDS:
            for key, value in (given.get(field) or {}).items():
                if _is_no_key(key):
                    found.append(((field, key), key_problem(key)))
                else:
                    found += ask((field, str(key)), **{field: {key: value}})
    yield from found or ask((), **{key: value for key, value in given.items() if key != "name"})


def _keys(given: dict[str, t.Any]) -> t.Iterator[t.Any]:
    return (key for field in _FIELDS for key in given.get(field) or ())


def _is_no_key(key: t.Any) -> bool:
    """A module would get "true" or "null" of these; of a number it gets what was written."""
    return key is None or isinstance(key, bool)


def _refusal(path: Path, params: dict[str, t.Any]) -> Found:
    try:
        _desired(params)
    except InvalidInputError as error:
        yield path, str(error).replace(f"{_NO_NAMESPACE}/ ", "").replace(f"{_NO_NAMESPACE}/", "")


def _desired(params: dict[str, t.Any]) -> DesiredState:
    return parse_desired(params, params.get("namespace") or _NO_NAMESPACE)


def _validation_errors(spec: dict[str, Option], given: t.Mapping[str, t.Any]) -> list[t.Any]:
    return list(ArgumentSpecValidator(spec).validate(given).errors.errors)


def _validated(spec: dict[str, Option], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    validated: dict[str, t.Any] = ArgumentSpecValidator(spec).validate(given).validated_parameters
    return validated


@functools.cache
def _defaults() -> t.Mapping[str, t.Any]:
    """An entry that says nothing."""
    return _validated(ENTRY_ARGUMENTS, {})


def _option_name(spec: dict[str, Option], key: str) -> str:
    return next((name for name, one in spec.items() if key in one.get("aliases", ())), key)

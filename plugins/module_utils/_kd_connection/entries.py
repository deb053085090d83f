# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check each entry of kd_connections without a Kubernetes cluster, before any is applied.

The rules are kd_connection's: its argument spec, by Ansible's validator, and _reconcile.desired. They are applied value
by value, so that each problem has its place. No message shows a value, which may be secret.
"""

from __future__ import annotations

import functools
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import ArgumentValueError

from .._ansible.option_forms import meant
from .._client.auth_options import AUTH_NAMES
from .._core.errors import InvalidInputError
from .._reconcile.desired import parse_desired
from .argspec import ENTRY_ARGUMENTS, unread_sentence, with_named_objects
from .entry_words import Path, is_no_key, key_problem, wrong_type

if t.TYPE_CHECKING:
    from .._core.argument_spec import Option

Found = t.Iterator[tuple[Path, str]]

_FIELDS = ("labels", "annotations", "data", "string_data", "binary_data")
_KINDS = {"configmaps": "ConfigMap", "secrets": "Secret"}
_TYPES = {"str": str, "bool": bool, "int": int, "dict": dict}
# For an entry that leaves it to the kubeconfig; no message shows it.
_NO_NAMESPACE = "namespace-of-the-context"


class EntryProblem(t.NamedTuple):
    """What is wrong, and where: an entry's index, and a path such as ("secrets", 1, "string_data", "token")."""

    entry: int
    path: Path
    text: str


def entry_problems(entries: t.Sequence[t.Any]) -> list[EntryProblem]:
    return validated_entries(entries)[1]


def validated_entries(
    entries: t.Sequence[t.Any],
) -> tuple[list[dict[str, t.Any]], list[EntryProblem]]:
    """Return the correct entries, with each value in its option's type, and what is wrong with others."""
    validated: list[dict[str, t.Any]] = []
    problems: list[EntryProblem] = []
    for index, given in enumerate(entries):
        if not isinstance(given, dict):
            found: list[tuple[Path, str]] = [
                ((), "an entry is a dictionary with kd_connection's options.")
            ]
        else:
            entry = with_named_objects(given)
            found = list(_spec_problems(ENTRY_ARGUMENTS, entry, ()))
            if not found:
                params = _validation(ENTRY_ARGUMENTS, entry).validated_parameters
                found = [] if _is_accepted(params) else list(_rule_problems(params))
                if not found:
                    validated.append(params)
        problems += (EntryProblem(index, *one) for one in found)
    return validated, problems


def _spec_problems(spec: dict[str, Option], given: dict[str, t.Any], path: Path) -> Found:
    """Check each option and list element alone."""
    yield from (((*path, key), key_problem(key)) for key in given if not isinstance(key, str))
    given = {key: value for key, value in given.items() if isinstance(key, str)}
    aliases = {alias: name for name, option in spec.items() for alias in option.get("aliases", ())}
    names = {key: aliases.get(key, key) for key in given}
    present = {names[key] for key, value in given.items() if value is not None}
    for name, option in spec.items():
        if option.get("required") and name not in present:
            yield path, f"{name} is missing."
    for key, value in given.items():
        name, here = names[key], (*path, key)
        if name not in spec:
            yield here, _unknown(key, spec)
            continue
        option = spec[name]
        if name != key and name in given:
            yield here, f"means the same as {name}; keep one of the two."
        # Suboptions are checked element by element.
        alone = {k: v for k, v in option.items() if k not in ("options", "required")}
        if "elements" in option and isinstance(value, list):
            for number, element in enumerate(value):
                place = (*here, number)
                found = list(_value_problems(name, alone, element, place))
                yield from found
                if "options" in option and not found:
                    if not isinstance(element, dict):
                        # Ansible reads "name=git-login" as one.
                        read = _validation({name: alone}, {name: [element]})
                        element = read.validated_parameters[name][0]
                    yield from _spec_problems(option["options"], element, place)
        elif "options" in option and isinstance(value, str):
            # Ansible would make it a list.
            yield here, wrong_type(value, "list")
        else:
            yield from _value_problems(name, alone, value, here)


def _value_problems(name: str, option: Option, given: t.Any, path: Path) -> Found:
    """Check the type of a value, or of its element if `path` ends in an index."""
    is_element = isinstance(path[-1], int)
    expected = option["elements"] if is_element else option.get("type", "")
    if _fits(expected, option, given):
        return
    # Ansible would turn these into text, and show lists and dictionaries in messages.
    if expected == "str" and (isinstance(given, (list, dict)) or (given is None and is_element)):
        yield path, wrong_type(given, expected)
        return
    try:
        errors = _validation({name: option}, {name: [given] if is_element else given}).errors.errors
    except OverflowError:
        # Ansible does not expect infinity for a whole number.
        yield path, wrong_type(given, expected)
        return
    if errors and isinstance(errors[0], ArgumentValueError):
        yield path, f"is none of {', '.join(option['choices'])}."
    elif errors:
        yield path, wrong_type(given, expected)


def _fits(expected: str, option: Option, value: t.Any) -> bool:
    """Whether a value already has the type that Ansible's slow validator would give it."""
    kind = _TYPES.get(expected)
    return (
        kind is not None
        and isinstance(value, kind)
        and (kind is bool or not isinstance(value, bool))
        and value in option.get("choices", (value,))
    )


def _validation(spec: dict[str, Option], given: dict[str, t.Any]) -> t.Any:
    return ArgumentSpecValidator(spec).validate(given)


def _unknown(key: str, spec: dict[str, Option]) -> str:
    if "state" in spec and key in AUTH_NAMES:
        return "the way to the API server is in kd_auth, once for all entries, not in an entry."
    return f"is not an option here; {meant(key, spec)}"


def _is_accepted(params: dict[str, t.Any]) -> bool:
    """Whether _rule_problems() would find nothing."""
    objects = [given for option in _KINDS for given in params[option] or ()]
    keys = (key for given in objects for field in _FIELDS for key in given.get(field) or ())
    return (
        not any(map(unread_sentence, objects))
        and not any(map(is_no_key, keys))
        and _refusal(params) is None
    )


def _rule_problems(params: dict[str, t.Any]) -> Found:
    """Check each object and its values alone, then the whole entry."""
    whole: dict[str, t.Any] = {**params, **{option: [] for option in _KINDS}}
    for option in _KINDS:
        for number, given in enumerate(params[option] or ()):
            found = list(_object_problems(option, given))
            yield from (((option, number, *path), text) for path, text in found)
            if not any(path == ("name",) for path, _text in found):
                whole[option].append({"name": given["name"]})
    if refusal := _refusal(whole):
        yield (), refusal


def _object_problems(option: str, given: dict[str, t.Any]) -> Found:
    if unread := unread_sentence(given):
        yield (), unread
        return

    def ask(path: Path, **fields: t.Any) -> Found:
        text = _refusal({**_defaults(), option: [{"name": given["name"], **fields}]})
        if text is not None:
            text = text.removeprefix(f"{_KINDS[option]} {given['name']}: ")
            text = text.removeprefix(f"Option {option}: ")
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
                if is_no_key(key):
                    found.append(((field, key), key_problem(key)))
                else:
                    found += ask((field, str(key)), **{field: {key: value}})
    yield from found or ask((), **{key: value for key, value in given.items() if key != "name"})


def _refusal(params: dict[str, t.Any]) -> str | None:
    try:
        parse_desired(params, params.get("namespace") or _NO_NAMESPACE)
    except InvalidInputError as error:
        return str(error).replace(f"{_NO_NAMESPACE}/ ", "").replace(f"{_NO_NAMESPACE}/", "")
    return None


@functools.cache
def _defaults() -> dict[str, t.Any]:
    return dict(_validation(ENTRY_ARGUMENTS, {}).validated_parameters)

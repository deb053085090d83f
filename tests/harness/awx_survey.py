# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX admits as a survey, and what it makes of the answers.

The rules are those of AWX 24.6: JobTemplateSurveySpec in awx/api/views for a survey,
SurveyJobTemplateMixin in awx/main/models/mixins.py for answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Question = Mapping[str, Any]

_TEXTS = ("text", "textarea", "password")
_CHOICES = ("multiplechoice", "multiselect")
# What a question's default has to be, by the question's type.
_DEFAULTS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys((*_TEXTS, *_CHOICES), str),
    "integer": int,
    "float": (float, int),
}
_REQUIRED_KEYS = {"type": str, "question_name": str, "variable": str, "required": bool}
_ENCRYPTED = "$encrypted$"


def spec_problems(survey: Mapping[str, Any]) -> list[str]:
    """All reasons for which AWX would refuse a survey."""
    problems = [
        f"{key} is missing or not of type {kind.__name__}"
        for key, kind in {"name": str, "description": str, "spec": list}.items()
        if not isinstance(survey.get(key), kind)
    ]
    if problems:
        return problems
    if not survey["spec"]:
        return ["there are no questions"]
    seen: set[str] = set()
    for question in survey["spec"]:
        variable = question.get("variable")
        problems += [f"{variable}: {problem}" for problem in _question_problems(question)]
        if variable in seen:
            problems.append(f"{variable}: asked for twice")
        seen.add(variable)
    return problems


def _question_problems(question: Question) -> Iterator[str]:
    wrong = [key for key, kind in _REQUIRED_KEYS.items() if not isinstance(question.get(key), kind)]
    if wrong:
        yield f"{', '.join(wrong)} missing or of another type"
        return
    kind = question["type"]
    if kind not in _DEFAULTS:
        yield f"type {kind} does not exist"
        return
    for limit in ("min", "max"):
        if not isinstance(question.get(limit), int | None):
            yield f"{limit} is not an integer"
    default = question.get("default", "")
    if default != "" and not isinstance(default, _DEFAULTS[kind]):
        yield f"a default of {default!r} does not fit the type {kind}"
    if isinstance(default, str) and default.startswith(_ENCRYPTED):
        yield f"{_ENCRYPTED} is AWX's own word"
    if kind in _CHOICES:
        yield from _choice_problems(question)


def _choice_problems(question: Question) -> Iterator[str]:
    if not question.get("choices"):
        yield "there are no choices"
        return
    defaults = _lines(question.get("default", ""))
    if question["type"] == "multiplechoice" and len(defaults) > 1:
        yield "only one choice can be the default"
    if strangers := [one for one in defaults if one not in choices(question)]:
        yield f"{', '.join(strangers)} cannot be the default: it is not a choice"


def choices(question: Question) -> list[str]:
    """What a question of choices offers."""
    return _lines(question["choices"])


def _lines(value: str | list[str]) -> list[str]:
    listed = value.splitlines() if isinstance(value, str) else value
    return [line for line in listed if line.strip()]


def answer_problems(question: Question, answers: Mapping[str, Any]) -> list[str]:
    """All reasons for which AWX would refuse the answer to a question."""
    name = question["variable"]
    if name not in answers:
        return [f"{name} needs an answer"] if question["required"] else []
    return [f"{name}: {problem}" for problem in _value_problems(question, answers[name])]


def _value_problems(question: Question, value: Any) -> Iterator[str]:
    kind = question["type"]
    if kind in _TEXTS:
        if not isinstance(value, str):
            yield f"{value!r} is not text"
        else:
            yield from _limit_problems(question, len(value))
    elif kind in ("integer", "float"):
        # bool is an int to Python, but not a number to AWX.
        if type(value) not in ((int,) if kind == "integer" else (int, float)):
            yield f"{value!r} is not a {kind}"
        else:
            yield from _limit_problems(question, value)
    elif kind == "multiselect":
        if not isinstance(value, list):
            yield f"{value!r} is not a list"
        else:
            yield from (f"{one!r} is not a choice" for one in value if one not in choices(question))
    elif value not in choices(question):
        yield f"{value!r} is not a choice"


def _limit_problems(question: Question, measure: float) -> Iterator[str]:
    least, most = question.get("min"), question.get("max")
    if least is not None and measure < least:
        yield f"{measure} is less than {least}"
    if most is not None and measure > most:
        yield f"{measure} is more than {most}"


def extra_variables(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The extra variables of a job that is launched with these answers.

    :raises ValueError: AWX would refuse to launch it, or ignore an answer that no question asks for; all reasons.
    """
    unknown = set(answers) - {question["variable"] for question in survey["spec"]}
    problems = [f"{name} is not asked for" for name in sorted(unknown)]
    for question in survey["spec"]:
        problems += answer_problems(question, answers)
    if problems:
        raise ValueError("; ".join(problems))
    return {**_defaults(survey), **answers}


def filled_in(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """What AWX's form sends: each question, its default or an empty text where nothing was entered."""
    untouched = {one["variable"]: one.get("default", "") for one in survey["spec"]}
    return {**untouched, **answers}


def _defaults(survey: Mapping[str, Any]) -> dict[str, Any]:
    """An invalid default counts as none; so does each one of a multiselect."""
    return {
        question["variable"]: question["default"]
        for question in survey["spec"]
        if question.get("default") is not None
        and not answer_problems(question, {question["variable"]: question["default"]})
    }

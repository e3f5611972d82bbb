"""Words for the rules that a value can break.

A model names the rule; the sentence here says what was expected, what was
found and, where the YAML itself misleads, what to write instead.
"""

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from engine.document.place import Place
from engine.document.scalars import BOOLEANS_OF_YAML_1_1

_LONGEST_SUGGESTION = 40
_LONGEST_SHOWN = 60


class _Refused(NamedTuple):
    value: Any
    place: Place
    context: dict[str, Any]


def reason_of(detail: ErrorDetails, place: Place) -> tuple[str, str]:
    """Return the code and the clause for one thing a model refused."""
    context = detail.get("ctx") or {}
    if "reason" in context:
        return detail["type"], str(context["reason"])
    make = _REASONS.get(detail["type"])
    if make is None:
        return "invalid_value", detail["msg"].lower()
    return "invalid_value", make(_Refused(detail["input"], place, context))


def suggestion(word: str, known: Collection[str]) -> str:
    """Return ` (did you mean 'cron'?)` when a known word is near enough, else nothing."""
    if len(word) > _LONGEST_SUGGESTION:
        return ""
    close = get_close_matches(word, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def shown(value: Any) -> str:
    """Return a value as a message names it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _text(refused: _Refused) -> str:
    written = refused.place.text
    if not isinstance(refused.value, bool | int | float) or written is None:
        return f"must be text, not {shown(refused.value)}"
    kind = "a boolean" if isinstance(refused.value, bool) else "a number"
    return f'must be text, but YAML reads {written} as {kind}; write "{written}" in quotes'


def _boolean(refused: _Refused) -> str:
    value = refused.value
    if isinstance(value, str) and value.lower() in BOOLEANS_OF_YAML_1_1 and refused.place.plain:
        mend = "true" if value.lower() in {"yes", "on", "y"} else "false"
        return f"must be true or false; {value} is text in YAML 1.2, write {mend}"
    return f"must be true or false, not {shown(value)}"


def _choice(refused: _Refused) -> str:
    expected = str(refused.context["expected"])
    if expected == "True":
        return (
            f"must be true, not {shown(refused.value)}; "
            "to switch the trigger off, write `enabled: false` beside it"
        )
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    hint = suggestion(refused.value, words) if isinstance(refused.value, str) else ""
    return f"must be {expected}, not {shown(refused.value)}{hint}"


def _number(kind: str) -> Callable[[_Refused], str]:
    def reason(refused: _Refused) -> str:
        written = refused.place.text
        if isinstance(refused.value, str) and written and not refused.place.plain:
            return f"must be {kind}, not text; remove the quotes around {written}"
        return f"must be {kind}, not {shown(refused.value)}"

    return reason


def _of_type(kind: str) -> Callable[[_Refused], str]:
    return lambda refused: f"must be {kind}, not {shown(refused.value)}"


def _bound(words: str, key: str) -> Callable[[_Refused], str]:
    return lambda refused: f"must be {words} {refused.context[key]:g}, not {shown(refused.value)}"


_REASONS: dict[str, Callable[[_Refused], str]] = {
    "string_type": _text,
    "bool_type": _boolean,
    "bool_parsing": _boolean,
    "int_type": _number("a whole number"),
    "int_parsing": _number("a whole number"),
    "int_from_float": _number("a whole number"),
    "float_type": _number("a number"),
    "float_parsing": _number("a number"),
    "literal_error": _choice,
    "list_type": _of_type("a list such as [a, b]"),
    "dict_type": _of_type("a mapping of `key: value` lines"),
    "model_type": _of_type("a mapping of `key: value` lines"),
    "path_type": _of_type("a path"),
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "too_long": lambda refused: (
        f"must have at most {refused.context['max_length']} items, not {len(refused.value)}"
    ),
    "too_short": _of_type("a list with at least one item"),
}

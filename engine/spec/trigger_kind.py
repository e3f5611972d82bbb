"""Say what is wrong with a trigger that names no kind, or several.

The model only knows that no kind fits; the mend depends on what was written
instead, most often a kind with a typing error.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

from engine.document.explain import MOST
from engine.document.read import Document
from engine.document.reasons import shown, suggestion
from engine.model.tree import Problem
from schemas.triggers import KINDS, MODELS, kinds_in

_ALL_KEYS = tuple(dict.fromkeys(chain(KINDS, *(model.model_fields for model in MODELS.values()))))
_CHOICE = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"


def explain_trigger_kinds(document: Document) -> list[Problem]:
    """Return a mistake for each trigger that does not name exactly one kind."""
    items = document.data.get("triggers")
    if not isinstance(items, list):
        return []
    problems: list[Problem] = []
    for index, item in enumerate(cast("list[Any]", items)):
        if len(kinds_in(item)) != 1:
            problems.extend(_explain(document, index, item))
        if len(problems) > MOST:
            break
    return problems


def _explain(document: Document, index: int, item: Any) -> Iterator[Problem]:
    place = ("triggers", index)
    if not isinstance(item, dict):
        message = f"a trigger must be a mapping such as `- every: 10m`, not {shown(item)}"
        yield document.problem("invalid_value", message, place)
        return
    keys = list(cast("dict[str, Any]", item))
    kinds = [key for key in keys if key in KINDS]
    unknown = [key for key in keys if key not in _ALL_KEYS]
    for key in unknown:
        message = f"unknown key {key!r}{suggestion(key, _ALL_KEYS)}"
        yield document.problem("unknown_key", message, (*place, key), at_key=True)
    if len(kinds) > 1:
        message = f"a trigger has one kind, not {' and '.join(kinds)}; write a trigger for each"
        yield document.problem("trigger_kind", message, (*place, kinds[1]), at_key=True)
    elif not unknown:
        yield document.problem("trigger_kind", f"a trigger needs one of {_CHOICE}", place)

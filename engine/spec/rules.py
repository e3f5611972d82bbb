"""Contradictions between keys, told at the key that has to change.

A key is blamed where it is written: in the script's manifest, or in the folder
whose default it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from engine.document.place import Path
from engine.document.read import Document
from engine.model.tree import Problem, Severity

Layers = Sequence[Document]
"""The documents that settle a script, the nearest first."""


def contradictions(
    layers: Layers,
    own: Mapping[str, Any],
    values: Mapping[str, Any],
    trigger_indexes: Sequence[int],
) -> list[Problem]:
    """Return the contradictions in what one script says itself and what is settled for it.

    A key that is None because what is written cannot be read contradicts nothing.
    """
    overlap = values.get("overlap", "skip")
    return [
        *contradictions_of_overlap(layers[0], own, overlap),
        *_lost_catch_up(layers[0], values, trigger_indexes),
        *_retry(layers, values.get("retry")),
        *_notify(layers, values.get("notify")),
        *_exit_codes(layers, values),
    ]


def blame(layers: Layers, code: str, message: str, path: Path) -> Problem:
    """Make an error at the nearest place where a settled key is written."""
    for document in layers:
        if _is_written(document.data, path):
            return document.problem(code, message, path)
    return layers[0].problem(code, message, path)


def _is_written(data: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = cast("dict[str | int, Any]", data)[part]
    return True


def contradictions_of_overlap(
    document: Document, said: Mapping[str, Any], overlap: str | None
) -> list[Problem]:
    """Return the keys of one file that its `overlap` makes void; None: not known here."""
    problems: list[Problem] = []
    if overlap not in {None, "parallel"} and (said.get("max_parallel") or 1) > 1:
        message = f"max_parallel has no effect with 'overlap: {overlap}'; write 'overlap: parallel'"
        problems.append(document.problem("contradiction", message, ("max_parallel",), at_key=True))
    if overlap not in {None, "queue"} and said.get("queue_limit") is not None:
        message = f"queue_limit has no effect with 'overlap: {overlap}'; write 'overlap: queue'"
        problems.append(document.problem("contradiction", message, ("queue_limit",), at_key=True))
    return problems


def _lost_catch_up(
    document: Document, values: Mapping[str, Any], indexes: Sequence[int]
) -> list[Problem]:
    if values.get("overlap", "skip") != "skip":
        return []
    message = (
        "catch_up: 'all' would start the missed runs together and 'overlap: skip' drop all "
        "but one; write 'overlap: queue', or 'catch_up: latest'"
    )
    return [
        document.problem("contradiction", message, ("triggers", index, "catch_up"))
        for index, trigger in zip(indexes, values.get("triggers") or (), strict=True)
        if getattr(trigger, "catch_up", None) == "all"
    ]


def _retry(layers: Layers, retry: Mapping[str, Any] | None) -> list[Problem]:
    if retry is None:
        return []
    problems: list[Problem] = []
    if retry.get("attempts") is None:
        message = "key 'attempts' is missing in 'retry'; it counts the first run, so 2 repeats once"
        problems.append(blame(layers, "missing_key", message, ("retry",)))
    if {"delay", "max_delay"} <= retry.keys() and retry["max_delay"] < retry["delay"]:
        message = "max_delay is shorter than 'delay'; make it at least as long"
        problems.append(blame(layers, "contradiction", message, ("retry", "max_delay")))
    return problems


def _notify(layers: Layers, notify: Mapping[str, Any] | None) -> list[Problem]:
    if notify is None or notify.get("to"):
        return []
    message = "key 'to' is missing in 'notify': nobody would be told"
    return [blame(layers, "missing_key", message, ("notify",))]


def unheard(document: Document, own: Mapping[str, Any], values: Mapping[str, Any]) -> list[Problem]:
    """Return a warning where a script says when it should succeed and nobody would be told."""
    if own.get("expect_within") is None:
        return []
    notify: Mapping[str, Any] | None = values.get("notify")
    if notify is None:
        message = "expect_within: nobody would be told; add 'notify' with 'to'"
    elif "missed" not in (notify.get("when") or ("missed",)):
        message = "expect_within: nobody would be told; add 'missed' to 'when' in 'notify'"
    else:
        return []
    problem = document.problem("unheard", message, ("expect_within",), at_key=True)
    return [replace(problem, severity=Severity.WARNING)]


def _exit_codes(layers: Layers, values: Mapping[str, Any]) -> list[Problem]:
    skip, success = values.get("skip_exit_codes"), values.get("success_exit_codes", (0,))
    both = set(skip or ()) & set(success or ())
    if not both:
        return []
    codes = ", ".join(str(code) for code in sorted(both))
    message = f"skip_exit_codes: {codes} also means success; an exit code can mean one thing"
    return [blame(layers, "contradiction", message, ("skip_exit_codes",))]

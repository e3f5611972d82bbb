"""Read one manifest: text in, validated keys or every mistake of the file out.

Rules that a single file can break by itself are checked here, so that a folder's
defaults are blamed in the folder; what needs the settled whole is in `rules`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from engine.document.explain import MOST, Keys, explain
from engine.document.read import Document, read
from engine.model.tree import Problem
from engine.spec.references import misplaced_secrets
from engine.spec.targets import unusable_targets
from engine.spec.trigger_kind import explain_trigger_kinds
from engine.spec.without_effect import keys_without_effect
from schemas.manifest import (
    FolderManifest,
    KeepFields,
    LimitFields,
    NotifyFields,
    RetryFields,
    ScriptManifest,
)
from schemas.triggers import MODELS, AfterOptions, UrlOptions

M = TypeVar("M", ScriptManifest, FolderManifest)

_SECTIONS: dict[tuple[str, ...], Sequence[str]] = {
    ("limits",): tuple(LimitFields.model_fields),
    ("retry",): tuple(RetryFields.model_fields),
    ("notify",): tuple(NotifyFields.model_fields),
    ("keep",): tuple(KeepFields.model_fields),
}
SCRIPT_KEYS: Keys = {
    (): tuple(ScriptManifest.model_fields),
    **_SECTIONS,
    **{("triggers", kind): tuple(model.model_fields) for kind, model in MODELS.items()},
    ("triggers", "url", "url"): tuple(UrlOptions.model_fields),
    ("triggers", "after", "after"): tuple(AfterOptions.model_fields),
}
FOLDER_KEYS: Keys = {(): tuple(FolderManifest.model_fields), **_SECTIONS}


@dataclass(slots=True)
class Parsed(Generic[M]):
    """A manifest as it is written, before anything is inherited."""

    document: Document
    manifest: M
    """Without the keys and triggers that hold a mistake."""
    problems: list[Problem] = field(default_factory=list[Problem])
    broken: frozenset[str] = frozenset()
    """The keys that were left out: nothing is known of them."""
    trigger_indexes: Sequence[int] = ()
    """Where the triggers of the manifest are in the file."""


def parse_script(path: str, source: bytes) -> Parsed[ScriptManifest]:
    """Read a `script.yaml`; never raises. `path` is from the tree's root, for messages."""
    return _parse(ScriptManifest, SCRIPT_KEYS, path, source)


def parse_folder(path: str, source: bytes) -> Parsed[FolderManifest]:
    """Read a `folder.yaml`; never raises."""
    parsed = _parse(FolderManifest, FOLDER_KEYS, path, source)
    if "triggers" in parsed.document.data:
        message = "'triggers' belong in a script.yaml: every script has its own"
        problem = parsed.document.problem("unknown_key", message, ("triggers",), at_key=True)
        parsed.problems[:] = tidy([problem, *parsed.problems])
    return parsed


def tidy(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems in the order of the text, the first of those at one place."""
    by_place = {(p.path, p.line, p.column): p for p in reversed(problems)}
    return [by_place[place] for place in sorted(by_place)][:MOST]


def _parse(model: type[M], keys: Keys, path: str, source: bytes) -> Parsed[M]:
    document = read(path, source)
    try:
        parsed = Parsed(document, model.model_validate(document.data))
    except ValidationError as error:
        parsed = _parse_the_rest(model, keys, document, error)
    if isinstance(parsed.manifest, ScriptManifest) and not parsed.trigger_indexes:
        parsed.trigger_indexes = range(len(parsed.manifest.triggers))
    parsed.problems += [*document.problems, *misplaced_secrets(document)]
    if parsed.manifest.sandbox == "restricted":
        parsed.problems.append(_no_sandbox(document))
    parsed.problems += keys_without_effect(document, parsed.manifest)
    parsed.problems += unusable_targets(document, parsed.manifest)
    if parsed.problems:
        parsed.problems = tidy(parsed.problems)
    return parsed


def _parse_the_rest(
    model: type[M], keys: Keys, document: Document, error: ValidationError
) -> Parsed[M]:
    """Read what the mistakes do not touch, so that the other rules have their say too."""
    problems = [*explain_trigger_kinds(document), *explain(error, document, keys)]
    locations = [detail["loc"] for detail in error.errors(include_url=False, include_input=False)]
    bad_triggers = {at[1] for at in locations if at[0] == "triggers" and len(at) > 1}
    broken = {str(at[0]) for at in locations if at[0] != "triggers" or len(at) == 1}
    data = {key: value for key, value in document.data.items() if key not in broken}
    indexes: Sequence[int] = ()
    if bad_triggers:
        indexes = [at for at in range(len(data["triggers"])) if at not in bad_triggers]
        data["triggers"] = [data["triggers"][at] for at in indexes]
    return Parsed(document, model.model_validate(data), problems, frozenset(broken), indexes)


def _no_sandbox(document: Document) -> Problem:
    message = (
        "sandbox: this version cannot enforce 'restricted', and does not run the script "
        "unprotected; write 'none' to run it with the rights of the server"
    )
    return document.problem("unsupported", message, ("sandbox",))

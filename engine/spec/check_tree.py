"""Rules that need more than one script: what runs after what.

Only scripts with `after` triggers are looked at closely, so ten thousand others
cost one glance each.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from engine.document.place import START
from engine.document.read import read
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem
from engine.model.trigger import AfterTrigger
from engine.spec.cycles import Cycle, cycles
from engine.spec.files import MANIFEST_FILE

ReadManifest = Callable[[ScriptId], bytes | None]
"""Returns a script's manifest; called only for scripts with a mistake."""


def check_tree(
    scripts: Mapping[ScriptId, Script | None], read_manifest: ReadManifest
) -> dict[ScriptId, tuple[Problem, ...]]:
    """Return the mistakes between scripts, by the script that holds them.

    `scripts` are all directories of the tree; None is one whose own files hold a
    mistake: it may be run after, and what it runs after itself is not known.
    """
    links = _links(scripts.values())
    if not links:
        return {}
    circles = cycles(links)
    found: dict[ScriptId, tuple[Problem, ...]] = {}
    for name in links:
        script = ScriptId(name)
        problems = _problems(script, scripts, circles.get(script), read_manifest)
        if problems:
            found[script] = problems
    return found


def _links(scripts: Iterable[Script | None]) -> dict[str, list[str]]:
    links: dict[str, list[str]] = {}
    for script in scripts:
        if script is not None and script.triggers:
            targets = [str(t.script) for t in script.triggers if type(t) is AfterTrigger]
            if targets:
                links[script.id] = targets
    return links


def _problems(
    script: ScriptId,
    scripts: Mapping[ScriptId, Script | None],
    cycle: Cycle | None,
    read_manifest: ReadManifest,
) -> tuple[Problem, ...]:
    definition = scripts[script]
    triggers = definition.triggers if definition else ()
    mistakes: list[tuple[int, str, str]] = []
    for index, trigger in enumerate(triggers):
        if type(trigger) is not AfterTrigger:
            continue
        if trigger.script not in scripts:
            mistakes.append((index, "unknown_script", _unknown(trigger.script, scripts)))
        elif cycle and trigger.script == cycle.next:
            mistakes.append((index, "after_cycle", _circle(cycle)))
    return tuple(_at(script, mistakes, read_manifest)) if mistakes else ()


def _unknown(target: ScriptId, known: Iterable[ScriptId]) -> str:
    close = get_close_matches(target, known, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"after: there is no script {str(target)!r}{hint}"


def _circle(cycle: Cycle) -> str:
    return f"after: a cycle, {cycle.shown(' after ')}; remove one of these triggers"


def _at(
    script: ScriptId, mistakes: list[tuple[int, str, str]], read_manifest: ReadManifest
) -> Iterable[Problem]:
    path = f"{script}/{MANIFEST_FILE}"
    document = read(path, read_manifest(script) or b"")
    for index, code, message in mistakes:
        place = document.place(("triggers", index, "after")).value if document.data else START
        yield document.problem_at(place, code, message)

"""Say whether the tree is in force: which revision, and what is not as its files want it."""

from collections.abc import Sequence

from engine.model.plan import Plan
from engine.model.status import TreeReport, TreeStatus
from engine.model.tree import Problem, Severity
from engine.reconcile.preview import preview, problems_of
from engine.service.compose import Composition
from engine.service.ungranted import warned


def tree_report(parts: Composition) -> TreeReport:
    """Return the state of the whole tree as the last pass left it."""
    state = parts.state
    scripts = (each.script for each in state.scripts.values())
    problems = (*problems_of(state.tree), *parts.ungranted().of_all(scripts))
    held = state.held
    return TreeReport(
        status=tree_status(parts.loop.failure, held, problems),
        revision=parts.parts.sources.revision(),
        scripts=len(state.scripts),
        problems=problems,
        failure=parts.loop.failure,
        held=held,
        removals=tuple(sorted(state.kept - state.tree.entries.keys())) if held else (),
    )


def pending(parts: Composition) -> Plan:
    """Return what the last scan would still change: what is held back."""
    state, now = parts.state, parts.clock.now()
    plan = preview(state.tree, state.scripts, parts.environments.state, now)
    return warned(plan, state.tree, parts.ungranted())


def tree_status(failure: str | None, held: str | None, problems: Sequence[Problem]) -> TreeStatus:
    """Return the one word that matters most, what stops everything first."""
    if failure is not None:
        return TreeStatus.FAILING
    if held is not None:
        return TreeStatus.HELD
    if any(problem.severity is Severity.ERROR for problem in problems):
        return TreeStatus.ERROR
    return TreeStatus.OK

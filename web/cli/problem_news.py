"""Which problems of the tree are news when a pass is over.

A plan carries every problem there is. To repeat them all with each change would
bury the one that was just made in a tree with many.
"""

from collections.abc import Sequence

from engine.model.plan import Plan
from engine.model.tree import Problem


class ProblemNews:
    """Remembers what the last plan carried."""

    def __init__(self) -> None:
        self._known: frozenset[Problem] = frozenset()

    def of(self, plan: Plan) -> Sequence[Problem]:
        """Return the problems that were not there before, and those of the scripts acted on."""
        acted_on = tuple(f"{action.id}/" for action in plan.actions)
        news = [
            problem
            for problem in plan.problems
            if problem not in self._known or problem.path.startswith(acted_on)
        ]
        self._known = frozenset(plan.problems)
        return news

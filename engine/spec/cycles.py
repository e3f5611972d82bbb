"""Find cycles in what waits for what, in time that grows with the number of links alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

Links = Mapping[str, Sequence[str]]


class Cycle(NamedTuple):
    """A way from a node back to itself; members of one cycle share it."""

    way: tuple[str, ...]
    at: int
    """Where the node is in it."""

    @property
    def next(self) -> str:
        """Return what the node links to."""
        return self.way[(self.at + 1) % len(self.way)]

    def shown(self, joint: str, most: int = 8) -> str:
        """Return the names on the way, beginning and ending with the node's own."""
        names = [self.way[(self.at + step) % len(self.way)] for step in range(len(self.way))[:most]]
        if len(self.way) > most:
            names.append(f"… ({len(self.way) - most} more)")
        return joint.join([*names, names[0]])


def cycles(links: Links) -> dict[str, Cycle]:
    """Return a short cycle for each node that is in any."""
    found: dict[str, Cycle] = {}
    for component in _components(links):
        for node in sorted(component):
            if node not in found:
                way = tuple(_way_back(node, links, component))
                for at, member in enumerate(way):
                    found.setdefault(member, Cycle(way, at))
    return found


def _components(links: Links) -> list[set[str]]:
    """Return the sets of nodes that reach one another, those of a single node left out."""
    search = _Tarjan(links)
    for root in links:
        if root not in search.order:
            search.explore(root)
    return [c for c in search.components if len(c) > 1 or not c.isdisjoint(links[next(iter(c))])]


class _Tarjan:
    """Strongly connected components (Tarjan 1972), without recursion."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.order: dict[str, int] = {}
        self.lowest: dict[str, int] = {}
        self.stack: list[str] = []
        self.done: set[str] = set()
        self.components: list[set[str]] = []

    def explore(self, root: str) -> None:
        path = [self.enter(root)]
        while path:
            node, targets = path[-1]
            target = next((t for t in targets if t in self.links and t not in self.done), None)
            if target is None:
                path.pop()
                self.leave(node, path[-1][0] if path else None)
            elif target in self.order:
                self.lowest[node] = min(self.lowest[node], self.order[target])
            else:
                path.append(self.enter(target))

    def enter(self, node: str) -> tuple[str, Iterator[str]]:
        self.order[node] = self.lowest[node] = len(self.order)
        self.stack.append(node)
        return node, iter(self.links[node])

    def leave(self, node: str, above: str | None) -> None:
        if above is not None:
            self.lowest[above] = min(self.lowest[above], self.lowest[node])
        if self.lowest[node] == self.order[node]:
            component: set[str] = set()
            while node not in component:
                component.add(self.stack.pop())
            self.done |= component
            self.components.append(component)


def _way_back(start: str, links: Links, within: Collection[str]) -> list[str]:
    """Return the nodes of a shortest way from one back to itself."""
    came_from: dict[str, str] = {}
    queue = [start]
    for node in queue:
        for target in sorted(links[node]):
            if target == start:
                return _unwind(node, came_from, start)
            if target in within and target not in came_from:
                came_from[target] = node
                queue.append(target)
    raise ValueError(f"{start} is in no cycle")


def _unwind(end: str, came_from: Mapping[str, str], start: str) -> list[str]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]

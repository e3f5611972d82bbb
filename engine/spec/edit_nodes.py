"""Find the smallest changes to a YAML text that turn one value into another.

A mapping is changed key by key, a list item by item, as far as both are written line by
line; what is written in brackets, or changes its kind, is written anew as a whole.
"""

from collections.abc import Callable
from collections.abc import Mapping as Keys
from collections.abc import Sequence as Items
from typing import Any, cast

from engine.document.nodes import Mapping, Node, Pair, Scalar, Sequence
from engine.spec.edit_render import (
    Manner,
    key_inside,
    value_after_dash,
    value_after_key,
    value_inside,
)
from engine.spec.edit_text import Text, indented

Same = Callable[[Any, Any], bool]


class NotByParts(Exception):
    """The text is laid out in a way that its parts cannot be told apart line by line."""


class Editor:
    def __init__(self, text: Text, same: Same, *, by_parts: bool) -> None:
        """Note changes in `text`; without `by_parts` every value that differs is written anew."""
        self._text = text
        self._same = same
        self._by_parts = by_parts
        self._manner = Manner()

    def document(
        self, node: Node | None, old: Keys[str, Any], new: Keys[str, Any], order: Items[str]
    ) -> None:
        """Change a whole file. Raises NotByParts."""
        if isinstance(node, Mapping):
            self._manner = _manner(self._text, node)
            self._mapping(node, old, new, order)
            return
        end = len(self._text.text)
        begin = "" if self._text.line_start(end) == end else "\n"
        for name in _ordered(new, order):
            self._text.replace(end, end, f"{begin}{self._pair(name, new[name], 0)}\n")
            begin = ""

    def _mapping(
        self, node: Mapping, old: Keys[str, Any], new: Keys[str, Any], order: Items[str] = ()
    ) -> None:
        if node.flow:
            self._flow_mapping(node, old, new)
            return
        staying = [pair for pair in node.pairs if pair.name in new]
        for pair in staying:
            if not self._same(old[pair.name], new[pair.name]):
                self._value(pair, node.column, old[pair.name], new[pair.name])
        added = [name for name in _ordered(new, order) if node.pair(name) is None]
        if not staying:
            self._exchange_all(node, added, new)
            return
        self._remove(node, staying)
        for name in added:
            self._add(node, staying, name, new[name], order)

    def _flow_mapping(self, node: Mapping, old: Keys[str, Any], new: Keys[str, Any]) -> None:
        is_simple = old.keys() == new.keys()
        changed = [
            pair for pair in node.pairs if not self._same(old[pair.name], new.get(pair.name))
        ]
        if is_simple and all(isinstance(pair.value, Scalar) for pair in changed):
            for pair in changed:
                self._inside(pair.value, new[pair.name])
        else:
            self._text.replace(node.start, node.end, value_inside(new))

    def _inside(self, node: Node, new: Any) -> None:
        style = node.style if isinstance(node, Scalar) else ""
        space = " " if node.start == node.end else ""
        self._text.replace(node.start, node.end, space + value_inside(new, style))

    def _exchange_all(self, node: Mapping, added: Items[str], new: Keys[str, Any]) -> None:
        """Put new keys in the place of all that were there."""
        text = "\n".join(self._pair(name, new[name], node.column) for name in added)
        first, last = node.pairs[0], node.pairs[-1]
        if text:
            self._text.replace(first.key.start, self._end(last), text.lstrip(" "))
        else:
            self._text.cut_lines(self._text.line_start(first.key.start), _last(last))

    def _remove(self, node: Mapping, staying: Items[Pair]) -> None:
        for at, pair in enumerate(node.pairs):
            if pair in staying:
                continue
            if self._text.begins_line(pair.key.start):
                self._text.cut_lines(self._text.with_remarks(pair.key.start), _last(pair))
            elif at == 0:
                # It stands behind the dash of an item, where the first one to stay moves.
                self._text.replace(pair.key.start, staying[0].key.start, "")
            elif self._text.line_start(pair.key.start) == self._text.line_start(node.start):
                raise NotByParts

    def _add(
        self, node: Mapping, staying: Items[Pair], name: str, value: Any, order: Items[str]
    ) -> None:
        text = self._pair(name, value, node.column)
        before = _nearest_before(staying, name, order)
        if before is not None:
            end = self._text.line_end(_last(before))
            self._text.replace(end, end, f"\n{text}")
            return
        start = self._text.with_remarks(staying[0].key.start)
        if (
            start == self._text.line_start(staying[0].key.start)
            and start
            and (self._text.text[: start - 1].rpartition("\n")[2].lstrip().startswith("#"))
        ):
            # Comments above that may belong to the key as well as to the file.
            end = self._text.line_end(_last(staying[-1]))
            self._text.replace(end, end, f"\n{text}")
        else:
            self._text.replace(start, start, f"{text}\n")

    def _pair(self, name: str, value: Any, column: int) -> str:
        text = f"{key_inside(name)}:{value_after_key(value, self._manner, '')}"
        return " " * column + indented(text, column)

    def _value(self, pair: Pair, column: int, old: Any, new: Any) -> None:
        """Change the value of a key that stands in a column."""
        node = pair.value
        if self._changed_by_parts(node, old, new):
            return
        style = self._style(node, new)
        text = indented(value_after_key(new, self._manner, style), column)
        after = self._text.text.index(":", pair.key.end) + 1
        end = self._end(pair)
        if isinstance(node, Scalar) or cast("Mapping | Sequence", node).flow:
            if text.startswith("\n"):
                rest = self._text.line_end(end)
                self._text.replace(after, end, "")
                self._text.replace(rest, rest, text)
            elif node.start == node.end:
                self._text.replace(after, after, text)
            else:
                self._text.replace(node.start, node.end, text[1:])
        elif text.startswith("\n"):
            rest = self._text.line_end(after)
            self._text.replace(rest, node.end, text)
        else:
            self._text.replace(after, after, text)
            self._text.replace(self._text.line_end(after), self._text.line_end(node.end), "")

    def _end(self, pair: Pair) -> int:
        return max(self._text.text.index(":", pair.key.end) + 1, pair.value.end)

    def _style(self, node: Node, new: Any) -> str:
        """Return the quotes of a scalar that is exchanged; several lines may need some."""
        if isinstance(new, str) and "\n" in new and not self._text.ends_line(node.end):
            return '"'
        before = node.style if isinstance(node, Scalar) and isinstance(new, str) else ""
        return before if before in ("'", '"') else ""

    def _changed_by_parts(self, node: Node, old: Any, new: Any) -> bool:
        """Change the parts of a value; False when it is to be written as a whole."""
        if not self._by_parts or not new:
            return False
        if isinstance(node, Mapping) and isinstance(old, dict) and isinstance(new, dict):
            before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
            if before.keys() & after.keys():
                self._mapping(node, before, after)
                return True
        if isinstance(node, Sequence) and isinstance(old, list) and isinstance(new, list):
            return self._sequence(node, cast("list[Any]", old), cast("list[Any]", new))
        return False

    def _sequence(self, node: Sequence, old: list[Any], new: list[Any]) -> bool:
        if node.flow:
            self._text.replace(node.start, node.end, value_inside(new))
            return True
        dashes = [self._dash(item) for item in node.items]
        head = _common(zip(old, new, strict=False), self._same)
        most = min(len(old), len(new)) - head
        tail = min(most, _common(zip(old[::-1], new[::-1], strict=False), self._same))
        gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
        both = min(len(gone), len(come))
        for at in range(head, head + both):
            if not self._same(old[at], new[at]):
                self._item(node.items[at], old[at], new[at])
        for at in range(head + both, head + len(gone)):
            start = self._text.with_remarks(dashes[at])
            self._text.cut_lines(start, max(dashes[at], node.items[at].end))
        self._insert_items(node, dashes, head + both, come[both:])
        return True

    def _insert_items(self, node: Sequence, dashes: list[int], at: int, items: list[Any]) -> None:
        column = dashes[0] - self._text.line_start(dashes[0])
        texts = [
            " " * column + "- " + indented(value_after_dash(item, self._manner, ""), column + 2)
            for item in items
        ]
        if at:
            end = self._text.line_end(max(dashes[at - 1], node.items[at - 1].end))
            self._text.replace(end, end, "".join(f"\n{text}" for text in texts))
        else:
            start = self._text.with_remarks(dashes[0])
            self._text.replace(start, start, "".join(f"{text}\n" for text in texts))

    def _item(self, node: Node, old: Any, new: Any) -> None:
        if self._changed_by_parts(node, old, new):
            return
        text = value_after_dash(new, self._manner, self._style(node, new))
        space = " " if node.start == node.end else ""
        self._text.replace(node.start, node.end, space + indented(text, node.column))

    def _dash(self, item: Node) -> int:
        """Return where the dash of an item is. Raises NotByParts when it begins no line."""
        dash = self._text.text.rfind("-", 0, max(item.start, 1))
        between = self._text.text[dash + 1 : item.start]
        if dash < 0 or between.strip(" ") or not self._text.begins_line(dash):
            raise NotByParts
        return dash


def _manner(text: Text, node: Node) -> Manner:
    """Return how a file is indented, by the first section and the first list in it."""
    steps: list[int] = []
    dashes: list[int] = []
    _look(text, node, steps, dashes)
    return Manner(step=(steps or [2])[0], dash=(dashes or [2])[0])


def _look(text: Text, node: Node, steps: list[int], dashes: list[int]) -> None:
    if not isinstance(node, Mapping) or node.flow:
        return
    for pair in node.pairs:
        value = pair.value
        if isinstance(value, Mapping) and not value.flow:
            steps.append(max(1, value.column - node.column))
        elif isinstance(value, Sequence) and not value.flow and value.items:
            # A list begins for the reader at its first dash.
            dashes.append(max(0, value.column - node.column))
        _look(text, value, steps, dashes)


def _last(pair: Pair) -> int:
    """Return a place in the last line of a pair."""
    return max(pair.key.end, pair.value.end)


def _nearest_before(pairs: Items[Pair], name: str, order: Items[str]) -> Pair | None:
    """Return the pair behind which a new key belongs: the nearest in the order, else the last."""
    if name not in order:
        return pairs[-1]
    wanted = order.index(name)
    ranked = [(order.index(pair.name), at) for at, pair in enumerate(pairs) if pair.name in order]
    before = [(rank, at) for rank, at in ranked if rank < wanted]
    return pairs[max(before)[1]] if before else None


def _ordered(names: Keys[str, Any], order: Items[str]) -> list[str]:
    known = [name for name in order if name in names]
    return [*known, *(name for name in names if name not in known)]


def _common(pairs: "zip[tuple[Any, Any]]", same: Same) -> int:
    """Return how many pairs at the beginning are of equal values."""
    count = 0
    for one, other in pairs:
        if not same(one, other):
            break
        count += 1
    return count

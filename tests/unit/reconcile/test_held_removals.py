from pathlib import Path

import pytest

from engine.model.identity import ScriptId
from engine.model.tree import Tree
from engine.reconcile.removals import Allowed, Removals, fingerprint
from tests.fakes.world import a_script, a_tree, an_entry

SEVEN = frozenset(ScriptId(f"s{number}") for number in range(7))
GONE = SEVEN - {"s6"}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "data" / "confirm-removals"


def left(*names: str) -> Tree:
    return a_tree(*(an_entry(a_script(script_id=name)) for name in names))


def test_a_few_removals_are_allowed(marker: Path):
    assert Removals(marker).allow(SEVEN, left("s3", "s4", "s5", "s6")) == Allowed()


def test_too_many_removals_are_held_and_named(marker: Path):
    allowed = Removals(marker).allow(SEVEN, left("s6"))

    assert (allowed.kept, bool(allowed.held)) == (GONE, True)


def test_an_empty_tree_is_held(marker: Path):
    assert Removals(marker).allow(SEVEN, left()).kept == SEVEN


def test_a_confirmed_removal_goes_through(marker: Path):
    removals = Removals(marker)
    removals.confirm(GONE)

    assert removals.allow(SEVEN, left("s6")) == Allowed()


def test_a_confirmation_is_used_up(marker: Path):
    removals = Removals(marker)
    removals.confirm(GONE)
    removals.allow(SEVEN, left("s6"))

    assert removals.allow(SEVEN, left("s6")).kept == GONE


def test_a_confirmation_lets_no_other_removal_through(marker: Path):
    removals = Removals(marker)
    removals.confirm(GONE)

    assert removals.allow(SEVEN, left()).kept == SEVEN


def test_a_confirmation_outlives_the_process(marker: Path):
    Removals(marker).confirm(GONE)

    assert Removals(marker).allow(SEVEN, left("s6")) == Allowed()


def test_a_confirmation_that_cannot_be_read_confirms_nothing(marker: Path):
    marker.parent.mkdir()
    marker.write_bytes(b"\xff\xfe")

    assert Removals(marker).allow(SEVEN, left("s6")).kept == GONE


def test_a_confirmation_that_cannot_be_used_up_lets_nothing_through(
    marker: Path, monkeypatch: pytest.MonkeyPatch
):
    removals = Removals(marker)
    removals.confirm(GONE)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    allowed = removals.allow(SEVEN, left("s6"))

    assert (allowed.kept, "Permission denied" in (allowed.held or "")) == (GONE, True)


def test_a_set_has_one_fingerprint_in_any_order():
    assert fingerprint([ScriptId("a"), ScriptId("b")]) == fingerprint(
        [ScriptId("b"), ScriptId("a")]
    )


def test_ids_are_kept_apart():
    assert fingerprint([ScriptId("a"), ScriptId("b")]) != fingerprint([ScriptId("ab")])

from collections.abc import Callable, Mapping

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Entry, Tree
from engine.reconcile.halfway import PATIENCE_SECONDS, REMOVALS_SECONDS, Halfway, may_be_half
from engine.tree.prune import ALWAYS_ALLOWED
from tests.fakes.world import a_broken_entry, a_script, a_tree, an_entry, cron, every

PACKAGES = EnvironmentRequest(requirements="requests")
HOURLY, OFTEN = cron("0 * * * *"), every(60)
BEFORE = an_entry(a_script(HOURLY))
ID = BEFORE.id


def knowing(*entries: Entry) -> Callable[[ScriptId], Entry | None]:
    known: Mapping[ScriptId, Entry] = {entry.id: entry for entry in entries}
    return known.get


def kept(tree: Tree, known: Callable[[ScriptId], Entry | None], *unsettled: ScriptId) -> Tree:
    return Halfway().keep_back(tree, unsettled, known, 0.0)


@pytest.mark.parametrize(
    ("entry", "before", "half"),
    [
        (a_broken_entry(), None, True),
        (a_broken_entry(), a_script(HOURLY), True),
        (an_entry(a_script()), a_script(HOURLY), True),
        (an_entry(a_script(HOURLY)), a_script(HOURLY, OFTEN), True),
        (an_entry(a_script(HOURLY, OFTEN)), a_script(HOURLY), False),
        (an_entry(a_script(HOURLY, main="x.py")), a_script(HOURLY), False),
        (an_entry(a_script()), a_script(), False),
        (an_entry(a_script()), None, False),
        (an_entry(a_script()), a_script(environment=PACKAGES), True),
        (an_entry(a_script(environment=PACKAGES)), a_script(), False),
    ],
    ids=[
        "a mistake in a new script",
        "a mistake",
        "no triggers left",
        "one trigger less",
        "one trigger more",
        "another field",
        "none before",
        "a new script",
        "no packages left",
        "packages added",
    ],
)
def test_what_may_be_half_of_what_is_meant(entry: Entry, before: Script | None, *, half: bool):
    assert may_be_half(entry, before) is half


def test_a_settled_script_is_taken_as_it_is():
    tree = a_tree(a_broken_entry())

    assert kept(tree, knowing(BEFORE)) is tree


def test_a_script_that_is_being_written_stays_as_it_was():
    assert kept(a_tree(a_broken_entry()), knowing(BEFORE), ID).entries == {ID: BEFORE}


def test_a_new_script_that_is_being_written_is_not_there_yet():
    assert kept(a_tree(a_broken_entry()), knowing(), ID).entries == {}


def test_a_script_that_is_whole_while_its_files_are_written_is_taken():
    whole = an_entry(a_script(HOURLY, main="x.py"))

    assert kept(a_tree(whole), knowing(BEFORE), ID).entries == {ID: whole}


def test_a_script_that_went_while_it_was_written_is_gone():
    assert kept(a_tree(), knowing(BEFORE), ID).entries == {}


MANY = [an_entry(a_script(script_id=f"s{number}")) for number in range(ALWAYS_ALLOWED + 1)]
IDS = [entry.id for entry in MANY]


def test_many_removals_wait_until_they_are_over():
    halfway = Halfway()

    during = halfway.keep_back(a_tree(BEFORE), IDS, knowing(BEFORE, *MANY), 0.0)
    afterwards = halfway.keep_back(a_tree(BEFORE), [], knowing(BEFORE, *MANY), 0.1)

    assert (len(during.entries), list(afterwards.entries)) == (1 + len(MANY), [ID])


def test_removals_that_never_end_are_let_through():
    halfway = Halfway()
    halfway.keep_back(a_tree(), IDS, knowing(*MANY), 0.0)
    assert halfway.keep_back(a_tree(), IDS, knowing(*MANY), PATIENCE_SECONDS).entries

    assert not halfway.keep_back(a_tree(), IDS, knowing(*MANY), REMOVALS_SECONDS).entries


def test_a_few_removals_wait_for_nothing():
    assert kept(a_tree(BEFORE), knowing(*MANY), *IDS[:ALWAYS_ALLOWED]).entries == {ID: BEFORE}


def test_many_scripts_that_moved_are_never_there_twice():
    moved = [an_entry(a_script(script_id=f"moved/{entry.id}")) for entry in MANY]
    tree = a_tree(*moved)

    assert kept(tree, knowing(*MANY), *IDS) is tree


def test_other_scripts_folders_and_problems_are_those_of_the_scan():
    other = an_entry(a_script(script_id="other"))
    problems = a_broken_entry().problems
    tree = Tree(
        entries={ID: a_broken_entry(), other.id: other}, folders=("reports",), problems=problems
    )

    assert kept(tree, knowing(BEFORE), ID) == Tree(
        entries={ID: BEFORE, other.id: other}, folders=("reports",), problems=problems
    )


def test_patience_ends():
    halfway, tree = Halfway(), a_tree(a_broken_entry())
    halfway.keep_back(tree, [ID], knowing(BEFORE), 0.0)

    assert halfway.keep_back(tree, [ID], knowing(BEFORE), PATIENCE_SECONDS) is tree


def test_patience_begins_anew_once_a_script_was_whole():
    halfway, tree = Halfway(), a_tree(a_broken_entry())
    halfway.keep_back(tree, [ID], knowing(BEFORE), 0.0)
    halfway.keep_back(a_tree(BEFORE), [], knowing(BEFORE), 0.5)

    again = halfway.keep_back(tree, [ID], knowing(BEFORE), PATIENCE_SECONDS)

    assert again.entries == {ID: BEFORE}

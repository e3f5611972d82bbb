"""What runs after what: targets that are missing, cycles, and their places."""

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest
from engine.model.script import Script
from engine.model.trigger import AfterTrigger, StartupTrigger
from engine.spec.check_tree import check_tree
from engine.spec.cycles import cycles


def a_script(name: str, *after: str) -> Script:
    triggers = tuple(AfterTrigger(key=f"after:{target}", script=target) for target in after)
    return Script(
        id=name, name=name, main="m.py", environment=EnvironmentRequest(), triggers=triggers
    )


def a_tree(**after: str):
    return {name: a_script(name, *targets.split()) for name, targets in after.items()}


def manifest(script: str) -> bytes:
    return b"triggers:\n  - after: first\n  - {name: x, after: second}\n"


def test_scripts_that_wait_for_others_in_a_line_are_fine():
    assert check_tree(a_tree(a="", b="a", c="a b"), manifest) == {}


def test_a_tree_where_nothing_waits_is_fine():
    assert check_tree(a_tree(a="", b=""), manifest) == {}


def test_a_missing_target_is_told_where_it_is_written():
    found = check_tree({"load": a_script("load", "extract", "extrct"), "extract": None}, manifest)

    assert [str(p) for p in found["load"]] == [
        "load/script.yaml:3:22: error: after: there is no script 'extrct' (did you mean 'extract'?)"
    ]


def test_a_script_with_a_mistake_may_be_waited_for():
    assert check_tree({"a": None, "b": a_script("b", "a")}, manifest) == {}


def test_a_cycle_is_told_at_each_of_its_scripts():
    found = check_tree(a_tree(a="c", b="a", c="b", d="a"), manifest)

    assert {script: [p.message for p in problems] for script, problems in found.items()} == {
        "a": ["after: a cycle, a after c after b after a; remove one of these triggers"],
        "b": ["after: a cycle, b after a after c after b; remove one of these triggers"],
        "c": ["after: a cycle, c after b after a after c; remove one of these triggers"],
    }


def test_only_the_trigger_that_closes_the_cycle_is_blamed():
    found = check_tree(a_tree(x="", a="x b", b="a"), manifest)

    assert [(p.line, p.code) for p in found["a"]] == [(3, "after_cycle")]


def test_other_triggers_are_passed_over():
    script = a_script("a", "missing")
    script = replace(script, triggers=(StartupTrigger(key="s"), *script.triggers))

    assert [(p.line, p.code) for p in check_tree({"a": script}, manifest)["a"]] == [
        (3, "unknown_script")
    ]


def test_a_manifest_that_is_gone_has_its_mistake_at_the_top():
    found = check_tree({"a": a_script("a", "missing")}, lambda script: None)

    assert [(p.line, p.column) for p in found["a"]] == [(1, 1)]


def test_a_long_cycle_is_shown_in_part():
    tree = {str(n): a_script(str(n), str((n + 1) % 100)) for n in range(100)}

    message = check_tree(tree, manifest)["0"][0].message

    assert "0 after 1 after 2 after 3 after 4 after 5 after 6 after 7 after … (92 more)" in message


@pytest.mark.parametrize("last", ["none", "0"])
def test_ten_thousand_scripts_are_checked_at_once(last):
    tree = {str(n): a_script(str(n), str(n + 1)) for n in range(10_000)}
    tree["10000"] = a_script("10000", last) if last == "0" else a_script("10000")
    began = time.perf_counter()

    found = check_tree(tree, lambda script: None)

    assert len(found) == (10_001 if last == "0" else 0)
    assert time.perf_counter() - began < 3


LINKS = st.dictionaries(
    st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefgh"), max_size=3), max_size=7
)


def reachable(links, start) -> set[str]:
    seen: set[str] = set()
    todo = list(links.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(links.get(node, ()))
    return seen


@settings(max_examples=60)
@given(LINKS)
def test_exactly_the_nodes_that_reach_themselves_are_in_cycles(links):
    assert set(cycles(links)) == {node for node in links if node in reachable(links, node)}


@settings(max_examples=60)
@given(LINKS)
def test_a_cycle_follows_the_links(links):
    for node, cycle in cycles(links).items():
        way = [*cycle.way[cycle.at :], *cycle.way[: cycle.at], node]
        assert all(after in links[before] for before, after in pairwise(way))

"""What is told of the tree's problems when a pass is over."""

import pytest

from engine.model.identity import ScriptId
from engine.model.plan import DeleteScript, Plan
from engine.model.tree import Problem
from web.cli.problem_news import ProblemNews

OLD = Problem(path="old/script.yaml", code="x", message="m")
NEW = Problem(path="my script", code="x", message="m")


@pytest.fixture
def news():
    news = ProblemNews()
    news.of(Plan(problems=[OLD]))
    return news


def test_a_problem_is_news_once(news):
    assert [list(news.of(Plan(problems=[OLD, NEW]))) for _ in range(2)] == [[NEW], []]


def test_a_problem_that_was_mended_is_news_when_it_comes_back(news):
    news.of(Plan())

    assert news.of(Plan(problems=[OLD])) == [OLD]


@pytest.mark.parametrize(("script", "told"), [("old", [OLD]), ("ol", [])])
def test_a_script_that_is_changed_is_told_with_the_problems_it_still_has(news, script, told):
    plan = Plan(actions=[DeleteScript(id=ScriptId(script))], problems=[OLD])

    assert news.of(plan) == told

"""The examples are what a user would copy: right to the letter."""

from engine.service.check import validate
from schemas.settings import Settings
from tests.architecture.repository import ROOT

EXAMPLES = ROOT / "examples" / "scripts"


def test_every_example_script_is_valid():
    count, problems = validate(EXAMPLES, Settings())

    assert count >= len(list(EXAMPLES.rglob("script.yaml")))
    assert list(map(str, problems)) == []

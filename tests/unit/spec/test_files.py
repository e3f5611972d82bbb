"""Which directories are scripts, and which names can be used."""

import pytest

from engine.spec.files import check_name, is_script


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["script.yaml"], True),
        (["load.py"], True),
        (["main.py"], True),
        (["other.py"], False),
        (["folder.yaml"], False),
        ([], False),
    ],
)
def test_a_directory_is_a_script_by_its_files(names, expected):
    assert is_script(names, "load") is expected


@pytest.mark.parametrize("name", ["a", "A-b_c.d", "_x", "-", "a" * 100])
def test_a_portable_name_is_accepted_as_it_is(name):
    assert check_name(f"etl/{name}") is None


@pytest.mark.parametrize("name", ["a b", ".a", "é", "a\n", "a:b", "a" * 101, ""])
def test_any_other_name_is_told(name):
    problem = check_name(f"etl/{name}")

    assert problem is not None
    assert problem.code == "unsafe_name"

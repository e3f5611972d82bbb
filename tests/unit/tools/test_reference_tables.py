"""What the reference is made of: marked blocks, tables, and words for kinds of values."""

import pytest

from schemas.settings import SettingsFile
from tools.reference.blocks import filled, names, outdated, write
from tools.reference.kinds import kind, nullable
from tools.reference.table import table

PAGE = "# Title\n\n<!-- generated: keys -->\nold\n<!-- end -->\n\nprose\n"
NEW = "# Title\n\n<!-- generated: keys -->\n\nnew\n\n<!-- end -->\n\nprose\n"


def test_a_marked_block_is_replaced_and_the_prose_stays():
    assert filled(PAGE, {"keys": "new\n"}) == NEW


def test_filling_twice_changes_nothing():
    assert filled(NEW, {"keys": "new"}) == NEW


def test_a_block_that_nobody_makes_is_an_error():
    with pytest.raises(KeyError):
        filled(PAGE, {})


def test_a_page_tells_the_names_of_its_blocks():
    assert names(PAGE + PAGE.replace("keys", "more-keys")) == ["keys", "more-keys"]


def test_only_pages_that_differ_are_written(tmp_path):
    for name, text in {"a.md": PAGE, "b.md": NEW, "c.md": "no block"}.items():
        (tmp_path / name).write_text(text)

    assert outdated(tmp_path, {"keys": "new"}) == [tmp_path / "a.md"]
    write(tmp_path, {"keys": "new"})
    assert outdated(tmp_path, {"keys": "new"}) == []


def test_a_cell_ends_neither_a_row_nor_hides_a_name():
    made = table(("key", "meaning"), [("`a|b`", "such as <name>\n  and `<code>`")])

    assert made.splitlines()[2] == r"| `a\|b` | such as &lt;name> and `<code>` |"


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("server", "port", "whole number, 0 to 65535"),
        ("defaults", "timeout", "duration"),
        ("defaults", "memory", "size"),
        ("runs", "max_concurrent", "`auto` or whole number, at least 1"),
        ("runs", "on_stop", "`drain` or `leave` or `cancel`"),
        ("environments", "python_paths", "list of text"),
        ("log", "level", "`debug` or `info` or `warning` or `error`"),
    ],
)
def test_a_value_is_told_in_words(section, key, words):
    model = SettingsFile.model_fields[section].annotation

    assert kind(model.model_json_schema()["properties"][key]) == words


def test_null_is_told_apart_from_the_kind():
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}

    assert (kind(schema), nullable(schema)) == ("text", True)


def test_a_shape_is_a_link_to_its_chapter():
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Run"}}

    assert kind(schema) == "list of [Run](#run)"

"""What a plain YAML scalar means.

YAML 1.2's core schema, narrowed to the forms no reader takes for anything else.
YAML 1.1, which PyYAML implements, reads `on` and `yes` as true, `12:30` as 750,
`010` as 8 and a date as an object; editors and ruamel.yaml read 1.2. Whatever
the two disagree on is left as the text that was written, so nothing is lost and
a key that wants a number or a boolean can say how to mend it.
"""

import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}(?:[eE][-+]?[0-9]{1,2})?\Z")
_FIRST = frozenset("-+0123456789~nNtTfF")
"""What a scalar can begin with that is more than text."""

BOOLEANS_OF_YAML_1_1 = frozenset({"yes", "no", "on", "off", "y", "n"})
"""In lower case; they are text here."""


def resolve(text: str) -> Scalar:
    """Return the value of an unquoted scalar."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text

"""Doubt requirements as one types; pure.

Which lines are refused is decided with the script's definition. Whether a requirement can
be met only the build can tell, so what does not look like one is a hint.
"""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from engine.model.tree import Problem, Severity
from engine.spec.requirements import read_requirements, why_refused

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def doubts(path: str, source: bytes) -> Iterator[Problem]:
    """Give a hint for each line of a requirements.txt that is no requirement as PEP 508 has it."""
    lines, _ = read_requirements(source)
    for line in lines:
        text = line.text.split(" --")[0].strip()
        if _ADDRESS.match(text) or why_refused(line.text):
            continue
        try:
            Requirement(text)
        except InvalidRequirement as error:
            yield Problem(
                path=path,
                line=line.position.line,
                column=line.position.column,
                severity=Severity.WARNING,
                code="invalid_requirement",
                message=f"{text[:100]!r} is no requirement: {str(error).splitlines()[0]}",
            )

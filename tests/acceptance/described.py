"""Ask an API what its own OpenAPI document says can be asked, and hold its answers to it.

What is sent is made by schemathesis from the document: values that it allows, and values that
it does not. Whoever is asked about, a few things are there: half of the calls name those.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

HELD_TO = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
CREDENTIALS = {"x-api-key", "authorization", "cookie"}
LONGEST = 20.0
"""Seconds that a call may take."""


@dataclass
class Survey:
    """Calls every operation of a document as each of several callers."""

    url: str
    document: Mapping[str, Any]
    callers: Mapping[str, Mapping[str, str]]
    """Headers by name."""
    there: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Values of parameters of paths that stand for something."""
    examples: int = 2
    """Of each kind, of each operation."""
    without: frozenset[str] = frozenset()
    """Operations that are left out."""
    calls: int = 0
    failures: dict[str, str] = field(default_factory=dict[str, str])
    """The first of each operation."""

    def run(self) -> "Survey":
        with requests.Session() as session:
            for operation in self.operations():
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    self._try(operation, mode, session)
        return self

    def operations(self) -> Iterator[Any]:
        """Give the operations, those that remove something last."""
        schema = schemathesis.openapi.from_dict(dict(self.document))
        found = [each.ok() for each in schema.get_all_operations()]
        for operation in sorted(found, key=lambda one: one.method.upper() == "DELETE"):
            if operation.label not in self.without:
                yield operation

    def _try(self, operation: Any, mode: GenerationMode, session: requests.Session) -> None:
        chance = random.Random(operation.label)

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def attempt(case: Any) -> None:
            self._name_what_is_there(case, chance)
            for caller, headers in self.callers.items():
                self._call(case, caller, headers, session)

        try:
            attempt()
        except Unsatisfiable:
            # What takes nothing can be asked in one way alone.
            assert mode is GenerationMode.NEGATIVE, operation.label

    def _name_what_is_there(self, case: Any, chance: random.Random) -> None:
        for name in case.path_parameters or {}:
            if name in self.there and chance.random() < 0.5:
                case.path_parameters[name] = chance.choice(self.there[name])

    def _call(
        self, case: Any, caller: str, headers: Mapping[str, str], session: requests.Session
    ) -> None:
        without_credentials(case)
        self.calls += 1
        try:
            answer = case.call(
                base_url=self.url, headers=dict(headers), session=session, timeout=LONGEST
            )
            case.validate_response(answer, checks=HELD_TO)
        except (BaseExceptionGroup, requests.RequestException) as error:
            told = f"as {caller}: {type(error).__name__}: {error}"[:1500]
            self.failures.setdefault(case.operation.label, told)


def without_credentials(case: Any) -> None:
    """Leave out the credentials that schemathesis makes up: who calls is decided elsewhere."""
    for name in [name for name in case.headers or {} if name.lower() in CREDENTIALS]:
        del case.headers[name]
    case.cookies = {}

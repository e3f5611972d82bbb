from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from engine.model.environment import EnvironmentRequest
from engine.reconcile.observe import observe
from engine.reconcile.state import State
from engine.schedule.jump import Wakefulness
from tests.fakes.environments import FakeEnvironments
from tests.fakes.world import a_script, an_entry, applied

OLD, NEW = EnvironmentRequest(requirements="old"), EnvironmentRequest(requirements="new")


def test_an_environment_built_for_what_is_in_force_is_seen_though_another_is_wanted_by_now():
    environments = FakeEnvironments()
    built = environments.make_ready(OLD)
    parts: Any = SimpleNamespace(environments=environments)
    state = State(Wakefulness(datetime(2026, 5, 1, tzinfo=UTC), 0))

    facts = observe(
        parts,
        state,
        an_entry(a_script(environment=NEW)),
        applied(a_script(environment=OLD), environment=None),
    )

    assert facts.ready == built.key

"""Failed builds are remembered, counted, and forgotten by a success."""

from datetime import UTC, datetime, timedelta

from engine.environments.failure import BuildFailed, FailureKind
from engine.environments.failures import Failures
from engine.model.environment import EnvironmentRequest

NOW = datetime(2026, 5, 1, tzinfo=UTC)
REQUEST = EnvironmentRequest()
NETWORK = BuildFailed("no route", kind=FailureKind.NETWORK)


def test_nothing_is_known_of_what_never_failed():
    failures = Failures()

    assert (failures.message(REQUEST), failures.standing(REQUEST, NOW)) == (None, None)


def test_a_failure_stands_until_another_try_is_due():
    failures = Failures()
    failures.remember(REQUEST, NETWORK, NOW)

    assert str(failures.standing(REQUEST, NOW)) == "no route"
    assert failures.standing(REQUEST, NOW + timedelta(seconds=30)) is None
    assert failures.message(REQUEST) == "no route"


def test_failures_in_a_row_wait_longer():
    failures = Failures()
    failures.remember(REQUEST, NETWORK, NOW)
    failures.remember(REQUEST, NETWORK, NOW)

    assert failures.standing(REQUEST, NOW + timedelta(seconds=59)) is not None
    assert failures.standing(REQUEST, NOW + timedelta(seconds=60)) is None


def test_a_success_forgets_the_count():
    failures = Failures()
    failures.remember(REQUEST, NETWORK, NOW)
    failures.forget(REQUEST)
    failures.remember(REQUEST, NETWORK, NOW)

    assert failures.standing(REQUEST, NOW + timedelta(seconds=30)) is None

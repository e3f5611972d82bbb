from dataclasses import replace

import pytest

from engine.model.environment import EnvironmentState
from engine.model.run import FAILURES, Run, RunStatus
from engine.model.status import ScriptStatus
from engine.model.tree import Problem, Severity
from engine.ports import InForce
from engine.reconcile.status import script_status
from tests.fakes.world import a_run, a_script, applied, every

READY = EnvironmentState.READY
SCHEDULED = applied(a_script(every(60)))


def with_problem(severity: Severity) -> InForce:
    problem = Problem(path="a", severity=severity, code="c", message="m")
    return replace(SCHEDULED, problems=(problem,))


def test_a_script_that_was_never_valid_is_an_error():
    assert script_status(replace(SCHEDULED, script=None), READY, None) is ScriptStatus.ERROR


def test_a_mistake_weighs_more_than_all_else():
    broken = with_problem(Severity.ERROR)

    assert script_status(broken, EnvironmentState.FAILED, None) is ScriptStatus.ERROR


def test_a_warning_is_no_error():
    assert script_status(with_problem(Severity.WARNING), READY, None) is ScriptStatus.OK


def test_a_paused_script_is_paused():
    paused = applied(a_script(every(60), enabled=False))

    assert script_status(paused, EnvironmentState.FAILED, None) is ScriptStatus.PAUSED


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        (EnvironmentState.FAILED, ScriptStatus.ENV_FAILED),
        (EnvironmentState.BUILDING, ScriptStatus.BUILDING),
        (EnvironmentState.MISSING, ScriptStatus.FAILING),
        (EnvironmentState.READY, ScriptStatus.FAILING),
    ],
)
def test_the_environment_weighs_more_than_the_last_run(
    environment: EnvironmentState, status: ScriptStatus
):
    assert script_status(SCHEDULED, environment, a_run(status=RunStatus.FAILED)) is status


@pytest.mark.parametrize("last", [None, *(a_run(status=status) for status in RunStatus)])
def test_a_script_is_failing_after_a_failure_alone(last: Run | None):
    failed = last is not None and last.status in FAILURES

    assert script_status(SCHEDULED, READY, last) is (
        ScriptStatus.FAILING if failed else ScriptStatus.OK
    )


def test_a_script_without_triggers_is_manual():
    assert script_status(applied(a_script()), READY, None) is ScriptStatus.MANUAL

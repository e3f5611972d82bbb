"""The one door of failures."""

import pytest

from engine.errors import NotFound
from web.cli.failure import guarded


def raising(error: BaseException):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SystemExit(0), 0),
        (SystemExit(None), 0),
        (SystemExit(2), 2),
        (SystemExit("told"), 1),
        (KeyboardInterrupt(), 130),
        (NotFound("no such script"), 1),
        (RuntimeError("boom"), 1),
    ],
)
def test_every_end_has_its_exit_code(error, code):
    assert guarded(raising(error)) == code


def test_success_is_zero():
    assert guarded(lambda: None) == 0


def test_an_expected_failure_is_one_line(capsys, monkeypatch):
    monkeypatch.delenv("PYSCHED_DEBUG", raising=False)
    guarded(raising(NotFound("no script 'x'")))

    assert capsys.readouterr().err == "error: no script 'x'\n"


def test_an_unexpected_failure_shows_no_trace(capsys, monkeypatch):
    monkeypatch.delenv("PYSCHED_DEBUG", raising=False)
    guarded(raising(RuntimeError("boom")))

    assert capsys.readouterr().err == (
        "error: unexpected RuntimeError: boom\nPYSCHED_DEBUG=1 shows where it happened\n"
    )


def test_debugging_shows_the_trace(capsys, monkeypatch):
    monkeypatch.setenv("PYSCHED_DEBUG", "1")
    guarded(raising(NotFound("x")))

    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_quiet(capsys):
    guarded(raising(KeyboardInterrupt()))

    assert capsys.readouterr() == ("", "")

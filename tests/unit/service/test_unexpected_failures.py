"""What nobody expected is heard of, wherever it was logged."""

import logging
from collections.abc import Iterator

import pytest

from engine.service.unexpected import LONGEST, UnexpectedFailures

logger = logging.getLogger("tests.unexpected")


@pytest.fixture
def heard() -> Iterator[UnexpectedFailures]:
    failures = UnexpectedFailures()
    failures.open()
    yield failures
    failures.close()


def fail(message: str = "x") -> None:
    try:
        raise ValueError(message)
    except ValueError:
        logger.exception("work failed")


def test_an_exception_that_is_logged_is_counted_and_told(heard: UnexpectedFailures):
    fail("no such thing")

    assert (heard.count, heard.newest) == (
        1,
        "work failed: ValueError: no such thing; the log has the trace",
    )


def test_an_error_without_an_exception_was_expected(heard: UnexpectedFailures):
    logger.error("the disk is full")
    logger.warning("slow", exc_info=ValueError())

    assert (heard.count, heard.newest) == (0, None)


def test_a_long_story_is_cut(heard: UnexpectedFailures):
    fail("x" * 10_000)

    assert len(heard.newest or "") < LONGEST + 100


def test_who_listens_no_more_hears_nothing(heard: UnexpectedFailures):
    heard.close()
    fail()

    assert heard.count == 0

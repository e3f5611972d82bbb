"""Every expected failure has a place in the table of status codes."""

import engine.errors
from engine.errors import EngineError, NotFound
from web.errors import STATUS_CODES, status_of


def test_every_error_of_the_engine_has_a_status():
    family = {
        one
        for one in vars(engine.errors).values()
        if isinstance(one, type) and issubclass(one, EngineError) and one is not EngineError
    }

    assert family - set(STATUS_CODES) == set()


def test_a_subclass_has_the_status_of_its_nearest_parent():
    class NoSuchDraft(NotFound):
        code = "no_such_draft"

    assert status_of(NoSuchDraft("x")) == 404


def test_an_error_nobody_placed_is_the_servers_fault():
    assert status_of(EngineError("x")) == 500

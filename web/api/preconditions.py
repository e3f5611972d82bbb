"""For which version of a file an edit is meant, by its headers, and the answer when it is not."""

from http import HTTPStatus

from fastapi import Response

from engine.errors import ChangedMeanwhile
from engine.model.file import Precondition, entity_tags
from web.errors import HttpProblem


def precondition(match: str | None, none_match: str | None = None) -> Precondition:
    """Read `If-Match` and `If-None-Match`. Raises InvalidInput."""
    return Precondition(match=entity_tags(match), none_match=entity_tags(none_match))


def conflict(error: ChangedMeanwhile, sent: str | None) -> HttpProblem:
    """Form the answer that tells the version there is, and the one that was sent."""
    return HttpProblem(
        HTTPStatus.PRECONDITION_FAILED,
        error.code,
        str(error),
        members={**error.details, "sent": sent},
    )


def tagged(answer: Response, etag: str | None) -> Response:
    """Return an answer with the ETag of what was written."""
    if etag is not None:
        answer.headers["ETag"] = etag
    return answer

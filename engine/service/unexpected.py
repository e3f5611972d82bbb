"""Count what nobody expected, wherever it was logged: each is a mistake of this program.

Whoever meets one logs it with its trace and goes on. Here all are heard of, whether they
happened in the loop, a thread or a request, so that health and metrics can tell of them
though nobody reads the log.
"""

import logging
from typing import Final, Self

LONGEST: Final = 300
"""Characters of what an exception says of itself."""


class UnexpectedFailures(logging.Handler):
    """Hears every error that is logged with an exception."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0
        self.newest: str | None = None
        """What the newest one was, in a sentence."""

    def open(self) -> Self:
        """Begin to listen."""
        logging.getLogger().addHandler(self)
        return self

    def close(self) -> None:
        """Listen no more."""
        logging.getLogger().removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return
        self.count += 1
        told = f"{type(error).__name__}: {error}"[:LONGEST]
        self.newest = f"{record.getMessage()}: {told}; the log has the trace"

"""What is needed to deliver a notice, and how a try to do so ended."""

from datetime import timedelta
from typing import NamedTuple


class Attempt(NamedTuple):
    """How one try to deliver ended."""

    delivered: bool
    detail: str = ""
    """The words of the other side, or why it was not even asked."""
    hopeless: bool = False
    """Trying again cannot help."""
    unreachable: bool = False
    """The mail server itself does not answer, so that no mail reaches anybody."""


class MailServer(NamedTuple):
    """Where mail is handed in."""

    host: str
    port: int
    security: str
    """`auto`, `tls`, `starttls` or `none`."""
    username: str | None
    password: str | None
    sender: str
    timeout: timedelta = timedelta(seconds=20)

"""Hand a notice to a mail server. Blocking: called in a thread.

Everybody who is told by mail gets the same mail with the same Message-ID: should one be
sent twice, because the answer to the first was lost, mail programs show it once.
"""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime

from engine.model.notice import Notice
from engine.notify.attempt import Attempt, MailServer
from engine.notify.wording import one_line, plain

SUBMISSIONS_PORT = 465
"""Where TLS comes before the first word (RFC 8314)."""
_PERMANENT = range(500, 600)
_LOCAL = ("localhost", "127.0.0.1", "::1")


def mail(notice: Notice, *, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """Return the mail that tells of a notice; all of it is plain text."""
    message = EmailMessage()
    message["From"] = one_line(sender)
    message["To"] = ", ".join(one_line(recipient) for recipient in recipients)
    message["Subject"] = one_line(notice.subject)
    message["Date"] = format_datetime(notice.at.astimezone(UTC))
    message["Message-ID"] = f"<{notice.id}@{_domain(sender)}>"
    # Keeps out-of-office answers away (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(plain(line) for line in notice.text.split("\n")))
    return message


def _domain(sender: str) -> str:
    return one_line(sender).rpartition("@")[2].strip(" >") or "pysched.invalid"


def send_mail(server: MailServer, message: EmailMessage, recipient: str) -> Attempt:
    """Hand a mail over for one recipient; tells the server's own words when it refuses."""
    if mistake := _mistake(server):
        return Attempt(delivered=False, detail=mistake, unreachable=True)
    return _handed_over(server, message, recipient)


def _handed_over(server: MailServer, message: EmailMessage, recipient: str) -> Attempt:
    try:
        with _connected(server) as connection:
            connection.send_message(message, server.sender, [recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (550, b""))
        return _refused(code, words)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except _Unsafe as error:
        return Attempt(delivered=False, detail=str(error), hopeless=True)
    except ssl.SSLError as error:
        return Attempt(delivered=False, detail=f"{server.host}: no TLS: {error.reason or error}")
    except (smtplib.SMTPException, OSError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        where = f"mail server {server.host}:{server.port}"
        return Attempt(delivered=False, detail=f"{where}: {one_line(words)}", unreachable=True)
    return Attempt(delivered=True)


def _mistake(server: MailServer) -> str | None:
    """Say what smtplib cannot work with and raises a ValueError for."""
    try:
        server.host.encode("idna")
    except UnicodeError:
        return f"SMTP_SERVER: {one_line(server.host)!r} is no name of a host"
    if server.username is None or f"{server.username}{server.password or ''}".isascii():
        return None
    return (
        "SMTP_USERNAME or SMTP_PASSWORD has characters beyond ASCII, which cannot be used to log "
        "in to a mail server; set others and restart the server"
    )


class _Unsafe(Exception):
    """The password would be readable on its way."""


def _connected(server: MailServer) -> smtplib.SMTP:
    seconds = server.timeout.total_seconds()
    context = ssl.create_default_context()
    if server.security == "tls" or (server.security == "auto" and server.port == SUBMISSIONS_PORT):
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=seconds, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        _prepare(connection, server, context)
    except BaseException:
        with suppress(OSError, smtplib.SMTPException):
            connection.close()
        raise
    return connection


def _prepare(connection: smtplib.SMTP, server: MailServer, context: ssl.SSLContext) -> None:
    connection.ehlo_or_helo_if_needed()
    secure = isinstance(connection, smtplib.SMTP_SSL)
    offered = connection.has_extn("starttls")
    if not secure and (server.security == "starttls" or (server.security == "auto" and offered)):
        connection.starttls(context=context)
        connection.ehlo()
        secure = True
    if server.username is None:
        return
    if not secure and server.security != "none" and server.host not in _LOCAL:
        raise _Unsafe(
            f"{server.host} offers no TLS, so the password is not sent; set "
            "notifications.smtp_security: none if its network can be trusted"
        )
    connection.login(server.username, server.password or "")


def _refused(code: int, words: bytes | str) -> Attempt:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    # Whoever may not log in may do so once the password is mended: all else of 5xx is final.
    final = code in _PERMANENT and code not in _ACCESS
    return Attempt(delivered=False, detail=one_line(f"{code} {text}", 500), hopeless=final)


_ACCESS = (530, 534, 535, 538)

"""A mail server and a webhook that are really spoken to; each can be away for a while."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.acceptance.served import free_port


class Mailbox:
    """An aiosmtpd handler that keeps mails, and refuses recipients it does not know."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_RCPT(  # noqa: N802 - their name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user here"
        if address.startswith("later"):
            return "451 4.7.1 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - their name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.mails.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 OK"


class MailServer:
    """`port` is there from the beginning, whether or not the server runs."""

    def __init__(self, **options: Any) -> None:
        self.box = Mailbox()
        self.port = free_port()
        self._options = options
        self._controller: Controller | None = None

    def start(self) -> "MailServer":
        self._controller = Controller(
            self.box, hostname="127.0.0.1", port=self.port, **self._options
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


def only_with_password(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    right = isinstance(data, LoginPassword) and data.password == b"s3cret"
    return AuthResult(success=right, handled=False)


class Webhook:
    """An HTTP server on a port of its own; it can be away at first."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"json://127.0.0.1:{self.port}/hook"
        self.received: list[dict[str, Any]] = []
        self.location: str | None = None
        """Where it sends callers on to."""
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> "Webhook":
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.received.append(json.loads(body))
                self.send_response(307 if hook.location else 200)
                if hook.location:
                    self.send_header("Location", hook.location)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

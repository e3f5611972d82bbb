"""The WebSocket protocol of uvicorn, whose connections end for certain.

uvicorn closes a connection once all that was written is sent, which never happens where a
client is gone without a word or reads nothing. Here it is let go after a moment, with what
was still to be sent. And the end of the server is told as what it is, 1001, "going away"
(RFC 6455 §7.4.1), so that a client knows to come back.
"""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PATIENCE: Final = 1.0
"""Seconds that a client has to take what was sent to it before the end."""
GOING_AWAY: Final = 1001


class ClosingProtocol(WebSocketsSansIOProtocol):
    def shutdown(self) -> None:
        """End because the server does."""
        if self.handshake_complete and not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY, "the server stops or starts anew")
            self.transport.write(b"".join(self.conn.data_to_send()))
            # The base class then only ends what is closing already.
            self.close_sent = True
        super().shutdown()
        self._end_for_certain()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._end_for_certain()

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            self._end_for_certain()

    def _end_for_certain(self) -> None:
        # Of a connection that is closed already it does nothing.
        self.loop.call_later(PATIENCE, self.transport.abort)

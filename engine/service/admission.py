"""What the engine keeps of those who may come in: keys, users, sessions."""

from engine.ports import KeyStore, SessionStore, UserStore
from engine.service.compose import Composition


class Admission:
    """The part of Engine that holds accounts; who is let in is decided in `web`."""

    _all: Composition

    @property
    def keys(self) -> KeyStore:
        """The API keys that were given out."""
        return self._all.stores.keys

    @property
    def users(self) -> UserStore:
        return self._all.stores.users

    @property
    def sessions(self) -> SessionStore:
        return self._all.stores.sessions

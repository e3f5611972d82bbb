"""Find the key that opens what is stored, and the one that is to seal what is new.

PYSCHED_SECRET_KEY, when it is set, is the key; else the file `secret.key` is. A key is
known by its id: whatever else is at hand is not tried, and told as what it is. A file may
have been exchanged by another process, so one that does not fit is read again.
"""

from engine.errors import InvalidInput, OtherKey, UnusableSecretKey
from engine.secrets.key import MasterKey, read_key
from engine.secrets.keyfile import KeyFile

VARIABLE = "PYSCHED_SECRET_KEY"


class Keyring:
    """Blocking, for some 50 µs; the first time with a passphrase for 50 ms."""

    def __init__(self, file: KeyFile, given: str | None = None) -> None:
        """`given` is the text of PYSCHED_SECRET_KEY."""
        self.file = file
        self._text = given
        self._known: MasterKey | None = None

    def sealing(self, stored: str | None) -> MasterKey:
        """Return the key for a new value, made if there is nothing that is sealed yet.

        `stored` is the id of the key that all values are sealed with. Raises
        UnusableSecretKey.
        """
        if stored is not None:
            return self.opening(stored)
        self._known = self.given or self.file.read() or self.file.create()
        return self._known

    def opening(self, stored: str) -> MasterKey:
        """Return the key of that id. Raises OtherKey, and UnusableSecretKey without any."""
        if self._known is None or self._known.id != stored:
            self._known = self._find(stored)
        return self._known

    def at_hand(self, stored: str) -> MasterKey:
        """Return the key of that id, in use or not, for a rotation. Raises as `opening` does."""
        given = self.given
        if given is not None and given.id == stored:
            return given
        return self._in_file(stored) or self._find(stored)

    @property
    def given(self) -> MasterKey | None:
        """The key in PYSCHED_SECRET_KEY. Raises UnusableSecretKey."""
        return read_key(self._text, VARIABLE) if self._text is not None else None

    def wants_text(self, stored: str | None) -> bool:
        """Say whether only a person knows the next key: the present one is a variable."""
        given = self.given
        return given is not None and (
            stored is None or stored == given.id or not self._in_file(stored)
        )

    def replacement(self, stored: str | None, text: str | None) -> MasterKey | None:
        """Return the key that everything is to be sealed with from now on; None for a new file.

        `text` is the value that PYSCHED_SECRET_KEY is going to have. Raises InvalidInput
        when it is needed and not given, or given and not needed.
        """
        given = self.given
        if given is None:
            if text is not None:
                raise InvalidInput(
                    f"{VARIABLE} is not set, so {self.file.path} is the key and a new one is made "
                    "for it: give none"
                )
            return None
        if not self.wants_text(stored):
            return given
        if text is None:
            raise InvalidInput(
                f"{VARIABLE} is the key: give the value that it is going to have, by prompt or on "
                "the standard input"
            )
        new = read_key(text, "the new key")
        if new.id == given.id:
            raise InvalidInput(f"the new key is the one that {VARIABLE} has already")
        return new

    def _find(self, stored: str) -> MasterKey:
        given = self.given
        if given is not None:
            if given.id == stored:
                return given
            hint = (
                f"It is the one in {self.file.path}: unset {VARIABLE} to go on with it, or run "
                "`pysched secret rotate` to change over"
                if self._in_file(stored)
                else f"Start with the {VARIABLE} that they were sealed with"
            )
            raise OtherKey(
                f"the secrets are sealed with another key (id {stored}) than {VARIABLE} "
                f"(id {given.id}). {hint}."
            )
        found = self._in_file(stored)
        if found is not None:
            return found
        raise self._not_in_file(stored)

    def _in_file(self, stored: str) -> MasterKey | None:
        """Return the file's key if it has this id; ends a rotation that stopped half-way."""
        present = self.file.read()
        if present is not None and present.id == stored:
            return present
        staged = self.file.staged()
        if staged is None or staged.id != stored:
            return None
        self.file.promote()
        return staged

    def _not_in_file(self, stored: str) -> UnusableSecretKey:
        present = self.file.read()
        mend = (
            f"Bring the file back from a backup, start with {VARIABLE} if that was the key, or "
            "remove the secrets with `pysched secret remove` and add them anew"
        )
        if present is None:
            return UnusableSecretKey(
                f"{self.file.path} is missing and the secrets are sealed with it (id {stored}). "
                f"{mend}."
            )
        return OtherKey(
            f"the secrets are sealed with another key (id {stored}) than {self.file.path} "
            f"(id {present.id}). {mend}."
        )

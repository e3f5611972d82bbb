"""What can go wrong, as one family of errors with stable codes.

A message says where, what, why and what to do next; `code` is for machines and
never changes once released. `web` turns the family into HTTP answers and exit
codes; nothing else about transport belongs here.
"""

from collections.abc import Mapping, Sequence

NOTHING_MORE: Mapping[str, object] = {}


class EngineError(Exception):
    """An expected failure; its text is written for the user who caused or meets it."""

    code = "engine_error"
    details: Mapping[str, object] = NOTHING_MORE
    """What programs are told beside the sentence, ready to be written as JSON."""


class NotFound(EngineError):
    """A script or run was asked for that does not exist."""

    code = "not_found"


class InvalidInput(EngineError):
    """A value from the user cannot be used; the message names it and the mend."""

    code = "invalid_input"


class InvalidSettings(EngineError):
    """`pysched.yaml`, the environment or the command line holds a setting that cannot be used."""

    code = "invalid_settings"


class InvalidCron(EngineError):
    """A cron expression cannot be read or never fires."""

    code = "invalid_cron"


class Forbidden(EngineError):
    """The caller's role does not reach as far as what is asked for."""

    code = "forbidden"


class Refused(EngineError):
    """A run was asked for and the script's own rules (overlap, queue limit) say no."""

    code = "overlap"


class KeyReused(EngineError):
    """An idempotency key came again with something else: a mistake of the caller's."""

    code = "idempotency_key_reused"


class NameTaken(EngineError):
    """Something else has this name already."""

    code = "name_taken"


class Superseded(EngineError):
    """A newer request of the same caller makes this one pointless."""

    code = "superseded"


class LastAdmin(EngineError):
    """A change would leave nobody who can administer the server."""

    code = "last_admin"


class Unavailable(EngineError):
    """A part the request needs is down for the moment; trying again later is right."""

    code = "unavailable"
    retry_after = 1
    """Seconds after which another try makes sense."""


class Busy(Unavailable):
    """So many ask for the same at once that some must come back later."""

    code = "busy"


class UnusableDatabase(EngineError):
    """A database file is damaged, not ours, or was written by a newer version."""

    code = "unusable_database"


class EnvironmentFailed(EngineError):
    """An environment could not be built; the message is the tool's own sentence."""

    code = "env_failed"


class CommandFailed(EngineError):
    """A helper command ended with a code that its caller did not expect."""

    code = "command_failed"


class UnsafeTree(EngineError):
    """A tree cannot be read, or a pass over it would remove too much at once."""

    code = "unsafe_tree"


class UnusableSecretKey(EngineError):
    """The key that secrets are sealed with is missing, unsafe, or not the one they need."""

    code = "unusable_secret_key"


class OtherKey(UnusableSecretKey):
    """Secrets are sealed with another key than the one at hand; it may have been exchanged."""


class BrokenRepository(EngineError):
    """The git repository of the tree is damaged, or of a kind that cannot be read."""

    code = "broken_repository"


class ChangedMeanwhile(EngineError):
    """A file is not, or no longer, as the one who wants to change it knows it."""

    code = "changed_meanwhile"

    def __init__(self, message: str, *, current: str | None, content: str | None) -> None:
        super().__init__(message)
        self.details = {"current": current, "content": content}


class InvalidManifest(InvalidInput):
    """What was to be written would be no valid manifest; nothing was written."""

    code = "invalid_manifest"

    def __init__(self, message: str, *, problems: Sequence[Mapping[str, object]]) -> None:
        super().__init__(message)
        self.details = {"problems": list(problems)}


class FileTooLarge(EngineError):
    """A file has more bytes than are read or written at once."""

    code = "file_too_large"


class CannotWrite(EngineError):
    """The tree cannot be written to, such as by its permissions; nothing was changed."""

    code = "cannot_write"


class NoSpace(CannotWrite):
    """The disk of the tree is full, or a quota is used up; nothing was changed."""

    code = "no_space"


class NotRestorable(EngineError):
    """A removal could not be undone, since git does not hold all that would go."""

    code = "not_restorable"


class NotEmpty(EngineError):
    """A folder is to be removed that holds something."""

    code = "not_empty"

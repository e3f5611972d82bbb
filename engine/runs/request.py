"""Build what the runner needs to start one run.

The interpreter is the environment's resolved path, never the `.venv` link: a link that
is switched while a run imports would mix two environments in one process. The main
file is given by its absolute path, so that Python puts its directory first on the path
of imports, as it does for anyone, and no file name can be taken for an option.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import InvalidInput, Unavailable
from engine.model.environment import Environment
from engine.model.run import Run
from engine.model.script import Script
from engine.ports import SecretSource, StartRequest
from engine.runs.environment import PythonHome, run_environment
from engine.runs.places import RunPlaces
from engine.spec.references import secrets_in

_LARGEST: Final = 1_000_000
"""Characters; the kernel takes about 2 MB (execve(2)) and the runner lines of 8 MB, in which a
character may be 6 bytes."""
_NO_SECRETS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBuilder:
    """Knows what is the same for all runs of one server."""

    places: RunPlaces
    server_env: Mapping[str, str]
    """The environment of the server's process; four names of it reach runs."""
    secrets: SecretSource | None = None
    """None where no run is ever started."""

    def build(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> StartRequest:
        """Return the request to start `run` of `script` in `directory`.

        `directory` is the script's, in the tree or in a checkout; absolute. Creates the
        script's state directory. Raises InvalidInput when an `env` value refers to a
        secret that the script was not granted or when no process can be started with these
        arguments and variables, Unavailable when the disk takes no directory.
        """
        state = self.places.state(run.script)
        secrets = self._secrets(run, script)
        env = run_environment(
            self.server_env,
            run,
            script_env=script.env,
            python=_python_home(environment.interpreter),
            state=state,
            secrets=secrets,
        )
        _create(state)
        main = os.path.join(directory, script.main)  # noqa: PTH118 - for each run
        argv = (environment.interpreter, main, *script.args, *run.args)
        mask = self.secrets.mask(secrets.values()) if self.secrets and secrets else ()
        _check(argv, env, mask)
        return StartRequest(
            id=run.id,
            script=run.script,
            directory=self.places.run(run.id),
            argv=argv,
            cwd=directory,
            env=env,
            limits=script.limits,
            stop_grace=script.stop_grace.total_seconds(),
            merge_output=script.merge_output,
            mask=mask,
        )

    def _secrets(self, run: Run, script: Script) -> Mapping[str, str]:
        """Return the secrets that the run's variables refer to, by name."""
        if not (script.env or run.env):
            return _NO_SECRETS
        names = secrets_in(value for _, value in (*script.env, *run.env))
        return self.secrets.reveal(script.id, names) if self.secrets and names else _NO_SECRETS


def _check(argv: Sequence[str], env: Mapping[str, str], mask: Sequence[str]) -> None:
    """Refuse what no process can be started with, before the runner claims the run."""
    texts = (*argv, *env, *env.values())
    size = sum(map(len, texts)) + sum(map(len, mask))
    if size > _LARGEST:
        raise InvalidInput(
            f"arguments and environment{', and what must not be seen of secrets,' if mask else ''} "
            f"have {size} characters and a process takes {_LARGEST} at most. Hand large data over "
            "in a file, or as the body of a POST (PYSCHED_PAYLOAD)."
        )
    if not _encodable("".join(texts)):
        for label, text in _labelled(argv, env):
            if not _encodable(text):
                raise InvalidInput(
                    f"{label} can be no argument or environment variable: it holds a NUL "
                    "character or half a surrogate pair. Remove it, or hand it over in a file."
                )
    for name in env:
        if not name or "=" in name:
            raise InvalidInput(
                f"{name!r} can be no environment variable's name: it must not be empty or hold "
                "an equals sign. Rename it."
            )


def _labelled(argv: Sequence[str], env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield texts, each with what to call it; the value of a variable may be a secret."""
    yield from ((repr(text[:80]), text) for text in (*argv, *env))
    yield from ((f"the value of {name}", text) for name, text in env.items())


def _encodable(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _create(state: Path) -> None:
    if os.path.isdir(state):  # noqa: PTH112 - for each run
        return
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{state}: cannot create the script's state directory: {error.strerror}. "
            "Make the data directory writable and see that its disk is not full."
        ) from error


def _python_home(interpreter: str) -> PythonHome:
    home = PythonHome(interpreter)
    home.virtual = os.path.isfile(f"{home.prefix}/pyvenv.cfg")  # noqa: PTH113 - for each run
    return home

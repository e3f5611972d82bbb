"""Build what the runner needs to start one run.

The interpreter is the environment's resolved path, never the `.venv` link: a link that
is switched while a run imports would mix two environments in one process. The main
file is given by its absolute path, so that Python puts its directory first on the path
of imports, as it does for anyone, and no file name can be taken for an option.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Unavailable
from engine.model.environment import Environment
from engine.model.run import Run
from engine.model.script import Script
from engine.ports import StartRequest
from engine.runs.environment import PythonHome, run_environment
from engine.runs.places import RunPlaces


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBuilder:
    """Knows what is the same for all runs of one server."""

    places: RunPlaces
    server_env: Mapping[str, str]
    """The environment of the server's process; four names of it reach runs."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])

    def build(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> StartRequest:
        """Return the request to start `run` of `script` in `directory`.

        `directory` is the script's, in the tree or in a checkout; absolute. Creates the
        script's state directory. Raises InvalidInput when an `env` value refers to a
        secret that the script was not granted, Unavailable when the disk takes no directory.
        """
        interpreter = Path(environment.interpreter)
        state = self.places.state(run.script)
        env = run_environment(
            self.server_env,
            run,
            script_env=script.env,
            python=PythonHome(interpreter, virtual=_is_virtual(interpreter)),
            state=state,
            secrets=self.secrets,
        )
        _create(state)
        return StartRequest(
            id=run.id,
            script=run.script,
            directory=self.places.run(run.id),
            argv=(str(interpreter), str(directory / script.main), *script.args, *run.args),
            cwd=directory,
            env=env,
            limits=script.limits,
            stop_grace=script.stop_grace.total_seconds(),
            merge_output=script.merge_output,
        )


def _create(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{state}: cannot create the script's state directory: {error.strerror}. "
            "Make the data directory writable and see that its disk is not full."
        ) from error


def _is_virtual(interpreter: Path) -> bool:
    return (interpreter.parent.parent / "pyvenv.cfg").is_file()

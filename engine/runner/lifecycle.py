"""When the runner ends, and how: what its signals, the engine's end and `stop` lead to.

`drain` waits for live runs, for a time, then ends them; `cancel` ends them at once;
`leave` lets them go on without an engine, and an engine that connects meanwhile
is served until it goes.
"""

from collections.abc import Callable

from engine.runner.enginechild import NOT_STARTED, EngineChild
from engine.runner.loop import Loop, Timer
from engine.runner.options import Options
from engine.runner.protocol import OnStop
from engine.runner.server import Server
from engine.runner.supervisor import Supervisor

_ENGINE_STOP = 30.0
"""Seconds that an engine may take to end once nothing keeps it, until SIGKILL."""

_POLITE = 2
"""Signals to stop that leave runs their grace."""


class Lifecycle:
    """The way from running to over; `check` is called after all that may be the last thing."""

    def __init__(self, loop: Loop, options: Options, on_stopping: Callable[[OnStop], None]) -> None:
        """`on_stopping` is told how it stops, again when that changes."""
        self.mode: OnStop | None = None
        """How it is stopping; None while it is not."""
        self.exit_code = 0
        self._loop = loop
        self._options = options
        self._on_stopping = on_stopping
        self._asked = 0
        self._engine_limit = Timer(0.0, None)

    def attach(self, supervisor: Supervisor, engine: EngineChild, server: Server) -> None:
        self._supervisor, self._engine, self._server = supervisor, engine, server

    @property
    def accepts(self) -> bool:
        """Whether new runs may be started."""
        return self.mode in (None, "leave")

    def terminate(self) -> None:
        """Answer SIGTERM and SIGINT: stop as set; the second time cancel, the third time kill."""
        self._asked += 1
        if self._asked == 1:
            self.stop(self._options.on_stop, self._engine.stop)
            return
        at_once = self._asked > _POLITE
        self._set_mode("cancel")
        self._supervisor.kill_all("the server was stopped", grace=not at_once)
        if at_once:
            self._engine.kill()
        self.check()

    def stop(self, mode: OnStop, tell_engine: Callable[[], None]) -> None:
        """Begin to end."""
        self._supervisor.reports.settle()
        self._set_mode(mode)
        tell_engine()
        if mode == "cancel":
            self._end_runs()
        elif mode == "drain":
            self._loop.call_in(self._options.drain_timeout, self._end_runs)
        self.check()

    def engine_ended(self, code: int) -> None:
        """Answer the end of an engine that will not be started again."""
        if code > 0 or not self.mode:
            # 3 is between engine and runner; a command that fails ends with 1.
            self.exit_code = 1 if code < 0 or code == NOT_STARTED else code
        if not self.mode:
            self.stop(self._options.on_stop, self._engine.finish)
        self.check()

    def check(self) -> None:
        """End when nothing is left to be done."""
        if self.mode is None:
            return
        busy = self._supervisor.busy
        if self._engine.pid:
            if (not busy or self.mode == "leave") and self._engine_limit.call is None:
                self._engine_limit = self._loop.call_in(_ENGINE_STOP, self._engine.kill)
        elif not busy and not (self.mode == "leave" and self._server.connected):
            self._loop.stop()

    def _set_mode(self, mode: OnStop) -> None:
        self.mode = mode
        self._on_stopping(mode)

    def _end_runs(self) -> None:
        self._supervisor.kill_all("the server was stopped")

"""Put the runner together: lock, leftovers, socket, signals, engine; then serve until the end."""

import ctypes
import os
import resource
import signal
from collections.abc import Callable
from typing import cast

from engine.runner import proc
from engine.runner.enginechild import EngineChild
from engine.runner.lifecycle import Lifecycle
from engine.runner.lock import InUse, Lock
from engine.runner.loop import Loop
from engine.runner.mark import Marks
from engine.runner.options import BadOptions, Options, read_options
from engine.runner.protocol import SOCKET_NAME, VERSION
from engine.runner.request import read_start
from engine.runner.say import say
from engine.runner.server import Message, Server
from engine.runner.supervisor import Supervisor
from engine.runner.tree import kill_leftovers

_PR_SET_CHILD_SUBREAPER = 36
_REFUSED = 1
_WRONG_USAGE = 2


def main(arguments: list[str]) -> int:
    """Run until it is over and return the exit code.

    1 for a directory that is in use or can't be used, 2 for wrong usage, else the engine's.
    """
    try:
        options = read_options(arguments)
    except BadOptions as error:
        say(str(error))
        return _WRONG_USAGE
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        lock = Lock(options.data)
    except (InUse, OSError) as error:
        say(str(error))
        return _REFUSED
    try:
        return Runner(options, lock).run()
    finally:
        lock.release()


class Runner:
    """The parts and the operations of the protocol."""

    def __init__(self, options: Options, lock: Lock) -> None:
        self.loop = Loop()
        self._interactive = os.isatty(0)
        self._operations: dict[str, Callable[[Message], None]] = {
            "hello": self._hello,
            "start": self._start,
            "kill": self._kill,
            "list": self._list,
            "ack": self._acknowledge,
            "stop": self._stop,
        }
        _prepare_process()
        self.marks = Marks(options.data)
        killed = kill_leftovers(self.marks)
        if killed:
            what = "1 process" if killed == 1 else f"{killed} processes"
            say(f"killed {what} that a runner which was killed itself had left")
        self.lifecycle = Lifecycle(self.loop, options, lock.note)
        self.server = Server(self.loop, options.data, self._handle, self._dropped)
        self.supervisor = Supervisor(self.loop, self.marks, self.server, self.lifecycle.check)
        self.engine = EngineChild(
            self.loop,
            self.marks,
            options.engine,
            os.fspath(options.data / SOCKET_NAME),
            delay=options.restart_delay,
            on_end=self.lifecycle.engine_ended,
        )
        self.lifecycle.attach(self.supervisor, self.engine, self.server)

    def run(self) -> int:
        self.loop.on_signal(signal.SIGCHLD, self._reap)
        self.loop.on_signal(signal.SIGTERM, self.lifecycle.terminate)
        self.loop.on_signal(signal.SIGINT, self.lifecycle.terminate)
        self.loop.on_signal(signal.SIGHUP, self._hang_up)
        self.engine.start()
        self._reap()
        self.loop.run()
        self.supervisor.reports.settle()
        self.server.close()
        return self.lifecycle.exit_code

    def _reap(self) -> None:
        self.supervisor.engine_pid = self.engine.pid
        for pid, status in self.supervisor.reap():
            self.engine.ended(pid, status)
        self.supervisor.engine_pid = self.engine.pid

    def _dropped(self) -> None:
        """Nobody acknowledges what was told to an engine that is gone."""
        self.supervisor.reports.settle()
        self.lifecycle.check()

    def _hang_up(self) -> None:
        """Replace the engine; but a terminal that was closed under it means to stop."""
        if self._interactive and not os.isatty(0):
            self.lifecycle.terminate()
        else:
            self.engine.replace()

    def _handle(self, message: Message) -> None:
        operation = self._operations.get(str(message.get("op")))
        if operation is None:
            raise ValueError(f"unknown operation {message.get('op')!r}")
        operation(message)

    def _hello(self, _message: Message) -> None:
        self.server.take_charge()
        self.engine.worked = True
        self.server.answer(
            {
                "event": "hello",
                "version": VERSION,
                "pid": os.getpid(),
                "boot": proc.boot_id(),
                "masks": True,
                "capabilities": {
                    "memory": "sampled",
                    "cpu": "sampled",
                    "processes": "sampled",
                    "output": "exact",
                    "timeout": "exact",
                },
            }
        )

    def _start(self, message: Message) -> None:
        name = message.get("id")
        try:
            if not self.lifecycle.accepts:
                raise ValueError("start: the runner is stopping")
            request = read_start(message)
        except ValueError as error:
            self.server.answer({"event": "error", "message": str(error), "id": str(name)})
            return
        self.supervisor.start(request)

    def _kill(self, message: Message) -> None:
        self.supervisor.cancel(str(message.get("id")), str(message.get("reason", "")))

    def _list(self, _message: Message) -> None:
        self.server.answer(
            {
                "event": "list",
                "live": [run.live() for run in self.supervisor.live.values()],
                "ended": self.supervisor.reports.all(),
            }
        )

    def _acknowledge(self, message: Message) -> None:
        ids = message.get("ids")
        if not isinstance(ids, list):
            raise ValueError("ack: ids must be a list")
        self.supervisor.reports.acknowledge(map(str, cast("list[object]", ids)))

    def _stop(self, message: Message) -> None:
        mode = message.get("mode")
        if mode not in ("leave", "cancel"):
            raise ValueError("stop: mode must be leave or cancel")
        self.lifecycle.stop(mode, self.engine.finish)


def _prepare_process() -> None:
    """Adopt the orphans of runs, and write no core files of any of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

"""Environments that are being built: a live line on a terminal, elsewhere the start and the end."""

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged
from web.cli.plan_text import environment_words
from web.cli.terminal import mark, say
from web.cli.words import BAD, OK, Look, duration, some_of

DONE = Look("✓", "+", OK)
FAILED = Look("☒", "E", BAD)
BACKGROUND = "compile"
"""Goes on while the environment is in use already; nobody waits for it."""


class BuildProgress:
    """Keeps one task a build; the display lives only while something is built."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[EnvironmentRequest, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def hear(self, event: BuildChanged) -> None:
        """Show how far a build is."""
        if event.phase in {"ready", "failed"}:
            self._end(event)
            return
        if event.phase == BACKGROUND:
            return
        text = f"{_name(event)}: {event.phase}"
        if event.request not in self._tasks:
            self._progress.start()
            self._tasks[event.request] = self._progress.add_task(text, total=None)
            if not self._console.is_terminal:
                say(f"building {_name(event)}", to=self._console)
        self._progress.update(self._tasks[event.request], description=text)

    def close(self) -> None:
        """End the display, whatever is still being built."""
        self._progress.stop()

    def _end(self, event: BuildChanged) -> None:
        task = self._tasks.pop(event.request, None)
        took = ""
        if task is not None:
            elapsed = self._progress.tasks[self._progress.task_ids.index(task)].elapsed
            took = f" in {duration(int((elapsed or 0) * 1000))}"
            self._progress.remove_task(task)
        if not self._tasks:
            self._progress.stop()
        look = DONE if event.phase == "ready" else FAILED
        ending = f"ready{took}" if event.phase == "ready" else f"failed{took}: {event.line}"
        say(mark(look, self._console), f" {_name(event)} {ending}", to=self._console)


def _name(event: BuildChanged) -> str:
    if event.scripts:
        return f"environment of {some_of(event.scripts)}"
    return f"environment {environment_words(event.request)}"

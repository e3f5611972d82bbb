"""What the engine gives to those who watch: the output of runs, a piece at a time."""

from functools import cached_property

from engine.errors import NotFound
from engine.model.identity import RunId
from engine.model.status import Output
from engine.runs.feed import Feed
from engine.runs.output import View
from engine.service.compose import Composition


class Following:
    """The part of Engine that gives output to any number of followers."""

    _all: Composition

    @cached_property
    def _feed(self) -> Feed:
        files = self._all.files
        return Feed(files.places, files.outputs, self._is_over)

    async def output_piece(self, run_id: str, *, offset: int = 0, stream: View = "all") -> Output:
        """Return what comes next of a run's output, 64 KB at most, ending with a character.

        Nothing in it and not finished means: wait for more. Followers at the same place
        share one read. Raises NotFound, and Unavailable for output that cannot be read.
        """
        piece = await self._feed.piece(RunId(run_id), offset, stream)
        return Output(
            data=piece.data,
            offset=piece.offset,
            next_offset=piece.next_offset,
            finished=piece.last,
        )

    def _is_over(self, run_id: RunId) -> bool:
        state = self._all.state
        if state.active.get(run_id) is not None or run_id in state.ending:
            return False
        run = self._all.runs.run(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id!r}")
        return run.status.final

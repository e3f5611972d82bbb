"""Everything that is on disk of runs, for the parts above that know of runs and not of files."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from engine.model.environment import Environment
from engine.model.identity import RunId
from engine.model.run import Run
from engine.model.script import Script
from engine.ports import OutputArchive, RunnerConnected, StartRequest
from engine.runs import output
from engine.runs.archiver import Archiver
from engine.runs.finish import discard, unfinished
from engine.runs.places import RunPlaces
from engine.runs.recover import Recovery, survey
from engine.runs.request import RequestBuilder
from engine.runs.samples import Sample, samples

T = TypeVar("T")


class RunFiles:
    def __init__(
        self,
        *,
        places: RunPlaces,
        requests: RequestBuilder,
        outputs: OutputArchive,
        gather_for: float = 0.0,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Archive runs together that end within `gather_for` seconds; later while `busy`."""
        self.places = places
        self.requests = requests
        self.outputs = outputs
        self._archiver = Archiver(places, outputs, gather_for=gather_for, busy=busy)

    def request(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> StartRequest:
        """Return what the runner needs to start a run; see `RequestBuilder.build`."""
        return self.requests.build(run, script, environment, directory)

    async def survey(self, active: Sequence[Run], connected: RunnerConnected) -> list[Recovery]:
        """Match active runs with what the runner and their directories know; see `survey`."""
        return await asyncio.to_thread(survey, active, connected, self.places)

    async def archive(self, run_id: RunId) -> None:
        """Archive and clear a run whose final status is on record; may be repeated."""
        await self._archiver.put_away(run_id)

    async def unarchived(self) -> list[RunId]:
        """Return the runs with files to archive or clear, those that still go among them."""
        return await asyncio.to_thread(unfinished, self.places)

    async def discard(self, run_ids: Sequence[RunId]) -> None:
        """Remove all files of runs, for retention."""
        for run_id in run_ids:
            await asyncio.to_thread(discard, self.places.run(run_id))

    def samples(self, run_id: RunId) -> list[Sample]:
        """Return CPU and memory of a run over time. Blocking."""
        return samples(self.places.run(run_id))

    def look(self, run_id: RunId, reader: Callable[[output.Source], T]) -> T:
        """Return what `reader` makes of the run's output, such as a `partial` of `lines.tail`.

        Finds the output in the archive or in the run's directory. Raises NotFound for
        what is no run id. Blocking.
        """
        packed = self.outputs.pieces(run_id)
        if packed is not None:
            return reader(packed)
        result = reader(self.places.run(run_id))
        # If the run was archived meanwhile, the reader may have met a half cleared directory.
        packed = self.outputs.pieces(run_id)
        return result if packed is None else reader(packed)

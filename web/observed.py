"""What the web asks of the engine about itself, as a protocol; a part of `web.service`."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from engine.model.observation import Observation
from engine.model.settings import SettingsChange
from engine.ports import Statistics
from schemas.settings import Settings


class SettingsFile(Protocol):
    """`pysched.yaml`, to be changed key by key."""

    async def next(self) -> Settings:
        """Return what holds after a restart. Raises InvalidSettings."""
        ...

    async def change(
        self, values: Mapping[str, Any], reset: Collection[str] = ()
    ) -> SettingsChange:
        """Write keys and take others out. Raises InvalidInput, InvalidSettings, CannotWrite."""
        ...


class Observed(Protocol):
    @property
    def statistics(self) -> Statistics: ...

    @property
    def settings(self) -> Settings:
        """What is in force since the start."""
        ...

    @property
    def settings_file(self) -> SettingsFile: ...

    async def observe(self) -> Observation:
        """Measure the engine as it is now."""
        ...

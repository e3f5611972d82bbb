"""What became of a change of `pysched.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    written: tuple[str, ...]
    """Keys that are other than before in the file."""
    overridden: Mapping[str, str]
    """Of the keys asked for, those that something else than the file gives, and what."""

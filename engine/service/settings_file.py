"""Change keys of `pysched.yaml` and leave the rest of it as somebody wrote it.

A change takes effect at the next start, and only a file with which that start succeeds is
written. What the environment or the command line gives stays in force whatever the file
says, and whoever changes such a key is told.
"""

import asyncio
import errno
import os
import stat
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, cast

from engine.config import SETTINGS_FILE, file_settings, settings_problems
from engine.document.read import read
from engine.errors import (
    CannotWrite,
    EngineError,
    InvalidInput,
    InvalidManifest,
    InvalidSettings,
    NoSpace,
)
from engine.model.settings import SettingsChange
from engine.spec.edit import edit
from schemas.settings import SECTIONS, Settings, SettingsFile

NEW_MODE: Final = 0o644


class SettingsFileEditor:
    """To be used on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()

    async def next(self) -> Settings:
        """Return what holds after a restart. Raises InvalidSettings."""
        return await asyncio.to_thread(after_restart, self._settings)

    async def change(
        self, values: Mapping[str, Any], reset: Collection[str] = ()
    ) -> SettingsChange:
        """Give keys such as `server.port` a value, or take them out of the file, durably.

        Raises InvalidInput for a key that is not one of the file, InvalidSettings when the file
        has mistakes or would have, and CannotWrite.
        """
        for key in (*values, *reset):
            _check(key)
        both = sorted(set(values) & set(reset))
        if both:
            raise InvalidInput(f"{', '.join(both)}: give a value or reset it, not both")
        async with self._turn:
            written = await asyncio.to_thread(self._change, values, reset)
        origins = self._settings.origins
        overridden = {
            key: origins[key]
            for key in (*values, *reset)
            if origins.get(key, SETTINGS_FILE) != SETTINGS_FILE
        }
        return SettingsChange(written=written, overridden=overridden)

    def _change(self, values: Mapping[str, Any], reset: Collection[str]) -> tuple[str, ...]:
        before = self._read()
        data = read(SETTINGS_FILE, before).data
        after = _edited(before, changes_of(data, values, reset))
        problems = settings_problems(after)
        if problems:
            raise InvalidSettings("\n".join(map(str, problems)))
        if after != before:
            self._write(after)
        old, new = _flat(data), _flat(read(SETTINGS_FILE, after).data)
        return tuple(sorted(key for key in {*old, *new} if old.get(key, ()) != new.get(key, ())))

    def _read(self) -> bytes:
        path = self._settings.directory / SETTINGS_FILE
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _refusal(error) from error

    def _write(self, content: bytes) -> None:
        try:
            _exchange(self._settings.directory / SETTINGS_FILE, content)
        except OSError as error:
            raise _refusal(error) from error


def _exchange(path: Path, content: bytes) -> None:
    """Give a file new content, all at once, and leave its mode; a link's target is the file."""
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else NEW_MODE
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def after_restart(settings: Settings) -> Settings:
    """Return what would be in force if the same start were made now.

    What is not from `pysched.yaml` is taken to be given again as it was. Raises
    InvalidSettings when the file has mistakes by now.
    """
    debug, sections = file_settings(settings.directory)
    stays = {key for key, given in settings.origins.items() if given != SETTINGS_FILE}
    update: dict[str, Any] = {"debug": settings.debug if "debug" in stays else debug}
    for name, section in sections.items():
        now = getattr(settings, name)
        keys = [key for key in type(section).model_fields if f"{name}.{key}" in stays]
        update[name] = section.model_copy(update={key: getattr(now, key) for key in keys})
    return settings.model_copy(update=update)


def changes_of(
    data: Mapping[str, Any], values: Mapping[str, Any], reset: Collection[str]
) -> dict[str, Any]:
    """Return the new values of the file's own keys; None for one that goes."""
    changed: dict[str, Any] = {}
    for key in (*values, *reset):
        section, _, name = key.rpartition(".")
        if not section:
            changed[name] = values.get(name)
            continue
        whole = changed.setdefault(section, dict(data.get(section) or {}))
        if key in values:
            whole[name] = values[key]
        else:
            whole.pop(name, None)
    return {key: None if value == {} else value for key, value in changed.items()}


def _edited(source: bytes, changes: Mapping[str, Any]) -> bytes:
    try:
        return edit(SETTINGS_FILE, source, changes)
    except InvalidManifest as error:
        raise InvalidSettings(str(error)) from error


def _check(key: str) -> None:
    section, _, name = key.rpartition(".")
    field = SettingsFile.model_fields.get(section or name)
    known = field is not None and (section in SECTIONS) == bool(section)
    if known and section and field is not None:
        known = name in getattr(field.annotation, "model_fields", ())
    if not known or (not section and name in SECTIONS):
        raise InvalidInput(
            f"{key!r} is no key of {SETTINGS_FILE}; GET /api/settings lists them. "
            "What is a secret comes from the environment alone"
        )


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by keys such as `server.port`."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{name}": one for name, one in cast("Any", value).items()}
        else:
            found[key] = value
    return found


def _refusal(error: OSError) -> EngineError:
    kind = NoSpace if error.errno in {errno.ENOSPC, errno.EDQUOT} else CannotWrite
    return kind(
        f"{SETTINGS_FILE}: {error.strerror or error}. Nothing was changed; see that the server's "
        "account may write the file and its directory, or edit it by hand"
    )

"""Script trees on a real disk, written the way people and editors write them."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic


class WallClock:
    """The real clocks, for tests that read real timestamps."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


class Disk:
    """A directory with scripts in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def script(self, script: str, manifest: str = "a=1", **files: str) -> Path:
        """Write a script directory; further files are given as `helper_py="…"`."""
        directory = self.root / script
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "main.py").write_text("print('hello')\n")
        (directory / "script.yaml").write_text(manifest)
        for name, content in files.items():
            (directory / name.replace("_py", ".py")).write_text(content)
        return directory

    def write(self, path: str, content: str) -> Path:
        """Write a file in place, as VS Code does."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def rename_save(self, path: str, content: str) -> Path:
        """Write a temporary file beside it and rename that, as most editors do."""
        file = self.root / path
        temporary = file.with_name(f".{file.name}.tmp")
        temporary.write_text(content)
        return temporary.replace(file)

    def vim_save(self, path: str, content: str) -> Path:
        """Save as vim does: a swap file, a probe, the old file moved aside, a new one written."""
        file = self.root / path
        swap = file.with_name(f".{file.name}.swp")
        swap.write_bytes(b"b0VIM")
        probe = file.with_name("4913")
        probe.write_bytes(b"")
        probe.unlink()
        backup = file.with_name(f"{file.name}~")
        file.rename(backup)
        file.write_text(content)
        backup.unlink()
        swap.unlink()
        return file

    def copy(self, source: str, target: str) -> None:
        shutil.copytree(self.root / source, self.root / target)

    def move(self, source: str, target: str) -> None:
        destination = self.root / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        (self.root / source).rename(destination)

    def remove(self, path: str) -> None:
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink()

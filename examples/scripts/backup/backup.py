"""Back a directory up into a .tar.gz and keep the newest few."""

import argparse
import os
import tarfile
from datetime import datetime, timezone
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--source", type=Path, default=Path(__file__).parents[1])
parser.add_argument("--keep", type=int, default=7)
options = parser.parse_args()

target = Path(os.environ.get("PYSCHED_STATE_DIR", "/tmp")) / "backups"
target.mkdir(parents=True, exist_ok=True)
archive = target / f"{options.source.resolve().name}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}.tar.gz"


def wanted(member: tarfile.TarInfo) -> "tarfile.TarInfo | None":
    return None if Path(member.name).name in {".venv", "__pycache__", ".git"} else member


unfinished = archive.with_suffix(".part")
with tarfile.open(unfinished, "w:gz") as tar:
    tar.add(options.source, arcname=options.source.resolve().name, filter=wanted)
unfinished.rename(archive)
print(f"{archive.name}: {archive.stat().st_size / 1e3:.1f} kB")

archives = sorted(target.glob("*.tar.gz"))
for old in archives[: -options.keep]:
    old.unlink()
    print(f"removed {old.name}")
print(f"{min(len(archives), options.keep)} archives in {target}")

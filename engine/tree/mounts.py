"""Say whether file events can be relied on where a tree lies. Pure.

inotify(7) tells what happens through this kernel alone: a change that another machine,
or a host beneath, makes on a shared file system is no event. So only file systems
that belong to this machine are relied on, and of one that is not known here the
worse is assumed.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

LOCAL: Final = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "overlay", "ramfs"}
    | {"reiserfs", "tmpfs", "xfs", "zfs"}
)
"""Types of file systems that one kernel alone writes to, as mountinfo names them."""


class _Mount(NamedTuple):
    point: PurePosixPath
    type: str


def is_local(mountinfo: str, root: str) -> bool:
    """Say whether a directory and all below it lie on file systems of this machine.

    `mountinfo` is the text of /proc/self/mountinfo (proc_pid_mountinfo(5)), `root` a path
    without links. Of two mounts on one point the later one hides the other.
    """
    place = PurePosixPath(root)
    holding = below = ""
    nearest = -1
    for mount in _mounts(mountinfo):
        if place.is_relative_to(mount.point) and len(mount.point.parts) >= nearest:
            holding, nearest = mount.type, len(mount.point.parts)
        elif mount.point.is_relative_to(place) and mount.type not in LOCAL:
            below = mount.type
    return holding in LOCAL and not below


def _mounts(mountinfo: str) -> Iterator[_Mount]:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.partition(" ")[0]
        if len(fields) > 4:  # noqa: PLR2004 - the fifth is the mount point
            yield _Mount(PurePosixPath(_unescaped(fields[4])), kind)


def _unescaped(text: str) -> str:
    r"""Undo `\040` and the like, by which the kernel writes white space and backslashes."""
    first, *others = text.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in others)

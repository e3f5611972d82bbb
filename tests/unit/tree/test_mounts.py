import pytest

from engine.tree.mounts import is_local

DISK = "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
DATA = "40 26 0:40 / /srv/my\\040data rw,relatime - xfs /dev/vdb rw\n"


def mount(point: str, kind: str) -> str:
    return f"41 26 0:41 / {point} rw,nosuid - {kind} source rw\n"


def test_a_disk_of_this_machine_is_local() -> None:
    assert is_local(DISK, "/srv/scripts")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs", "unheard-of"])
def test_a_file_system_that_others_write_to_is_not(kind: str) -> None:
    assert not is_local(DISK + mount("/srv", kind), "/srv/scripts")


def test_a_mount_elsewhere_does_not_matter() -> None:
    assert is_local(DISK + mount("/srv/scripts-of-others", "nfs4"), "/srv/scripts")


def test_the_nearest_mount_counts_whatever_the_order() -> None:
    assert is_local(mount("/srv/scripts", "tmpfs") + mount("/srv", "nfs4") + DISK, "/srv/scripts")


def test_the_later_of_two_mounts_on_one_point_counts() -> None:
    assert not is_local(mount("/srv", "ext4") + mount("/srv", "nfs4"), "/srv/scripts")


def test_a_shared_folder_inside_the_tree_makes_it_shared() -> None:
    assert not is_local(DISK + mount("/srv/scripts/team", "nfs4"), "/srv/scripts")


def test_a_mount_point_with_a_space_is_understood() -> None:
    assert not is_local(DISK + DATA.replace("xfs", "nfs4"), "/srv/my data/scripts")


def test_without_knowledge_of_mounts_nothing_is_local() -> None:
    assert not is_local("", "/srv/scripts")

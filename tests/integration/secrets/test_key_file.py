"""The file of the key, on a real disk."""

import os
import stat
import threading
from pathlib import Path

import pytest

from engine.errors import Refused, UnusableSecretKey
from engine.secrets.keyfile import KeyFile


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path)


def test_there_is_no_key_at_first(file: KeyFile):
    assert file.read() is None


def test_a_key_is_made_for_its_owner_alone(file: KeyFile):
    before = os.umask(0)
    try:
        made = file.create()
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.read() == made


def test_a_key_that_is_there_stays(file: KeyFile):
    assert file.create() == file.create()


def test_nothing_is_left_beside_a_key(file: KeyFile, tmp_path: Path):
    file.create()
    file.create()

    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]


def test_of_many_who_make_a_key_all_get_the_same(file: KeyFile):
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(file.create().id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(ids), len(set(ids))) == (8, 1)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_can_read_is_refused(file: KeyFile, mode: int):
    file.create()
    file.path.chmod(mode)

    with pytest.raises(UnusableSecretKey, match=f"chmod 600 {file.path}"):
        file.read()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"changeme\n", b"short\n"])
def test_a_file_that_holds_no_key_is_refused(file: KeyFile, content: bytes):
    file.path.touch(mode=0o600)
    file.path.write_bytes(content)

    with pytest.raises(UnusableSecretKey, match=r"secret\.key"):
        file.read()


def test_a_directory_in_the_place_of_the_key_is_refused(file: KeyFile):
    file.path.mkdir(mode=0o700)

    with pytest.raises(UnusableSecretKey):
        file.read()


def test_a_staged_key_leaves_the_present_one(file: KeyFile):
    present, staged = file.create(), file.stage()

    assert (file.read(), file.staged()) == (present, staged)
    assert present.id != staged.id


def test_a_promoted_key_takes_the_place_of_the_present_one(file: KeyFile):
    file.create()
    staged = file.stage()
    file.promote()

    found = file.read()
    assert found is not None
    assert (found.id, file.staged()) == (staged.id, None)


def test_a_promotion_that_was_made_already_is_none(file: KeyFile):
    made = file.create()
    file.promote()

    assert file.read() == made


def test_two_rotations_at_once_are_refused(file: KeyFile, tmp_path: Path):
    with file.alone(), pytest.raises(Refused, match="already"), KeyFile(tmp_path).alone():
        pass


def test_after_a_rotation_another_may_follow(file: KeyFile):
    with file.alone():
        pass
    with file.alone():
        assert True

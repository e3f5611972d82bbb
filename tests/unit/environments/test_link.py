"""The link by which editors find a script's interpreter."""

from pathlib import Path

import pytest

from engine.environments.link import point_link, remove_link


class Place:
    def __init__(self, root: Path) -> None:
        self.envs = root / "envs"
        self.script = root / "script"
        self.link = self.script / ".venv"
        for key in ("one", "two"):
            (self.envs / key).mkdir(parents=True)
        self.script.mkdir()

    def point(self, key: str) -> bool:
        return point_link(self.script, self.envs / key, envs=self.envs)

    def remove(self) -> None:
        remove_link(self.script, envs=self.envs)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_missing_link_is_made(place: Place):
    assert place.point("one")
    assert place.link.readlink() == place.envs / "one"


def test_our_link_is_switched_and_nothing_else_is_left(place: Place):
    place.point("one")

    assert place.point("two")
    assert place.link.readlink() == place.envs / "two"
    assert list(place.script.iterdir()) == [place.link]


def test_a_link_that_is_right_is_not_written_again(place: Place):
    place.point("one")
    before = place.link.lstat().st_ino

    assert place.point("one")
    assert place.link.lstat().st_ino == before


def test_a_link_to_a_deleted_environment_is_still_ours(place: Place):
    place.point("one")
    (place.envs / "one").rmdir()

    assert place.point("two")


def test_a_directory_of_the_user_is_left_alone(place: Place):
    place.link.mkdir()

    assert not place.point("one")
    place.remove()
    assert place.link.is_dir()


def test_a_link_of_the_user_is_left_alone(place: Place):
    place.link.symlink_to(place.script)

    assert not place.point("one")
    place.remove()
    assert place.link.readlink() == place.script


def test_our_link_is_removed(place: Place):
    place.point("one")
    place.remove()

    assert not place.link.is_symlink()


def test_there_may_be_nothing_to_remove(place: Place):
    place.remove()

    assert list(place.script.iterdir()) == []


def test_a_link_that_cannot_be_put_in_place_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    def fail(*args: object) -> None:
        raise OSError("read-only file system")

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises(OSError, match="read-only"):
        place.point("one")
    assert list(place.script.iterdir()) == []

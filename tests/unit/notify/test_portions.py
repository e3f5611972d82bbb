"""How many notices go into one order."""

from engine.notify.chat import MOST_BYTES, Parcel, portions
from tests.fakes.told import a_notice


def parcels(count: int, text: str) -> list[Parcel]:
    return [Parcel(notice=a_notice(str(n), text=text), url="json://h/") for n in range(count)]


def test_few_notices_are_one_order():
    few = parcels(5, "short")

    assert list(portions(few)) == [few]


def test_many_long_notices_are_divided_and_keep_their_order():
    many = parcels(7, "日" * 10_000)
    found = list(portions(many))

    assert [len(each) for each in found] == [3, 3, 1]
    assert [each for portion in found for each in portion] == many


def test_a_notice_is_never_lost_however_long():
    long = parcels(2, "x" * 2 * MOST_BYTES)

    assert [len(each) for each in portions(long)] == [1, 1]


def test_half_a_surrogate_pair_is_written_too():
    (portion,) = portions([Parcel(notice=a_notice(), url="json://h/\ud800")])

    assert len(portion) == 1

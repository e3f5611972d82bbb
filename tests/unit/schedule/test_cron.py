from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import InvalidCron
from engine.model.identity import TriggerKey
from engine.model.trigger import CronTrigger
from engine.schedule.cron import check, parse
from engine.schedule.cron_text import LONGEST
from engine.schedule.fire_times import fire_times

NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
"""A Friday."""


def coming(expression: str, count: int = 3) -> list[str]:
    trigger = CronTrigger(key=TriggerKey("k"), expression=expression, timezone="UTC")
    return [f"{m.due:%m-%d %H:%M:%S}" for m in islice(fire_times(trigger, after=NINE), count)]


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("30 * * * * *", ["05-01 09:00:30", "05-01 09:01:30", "05-01 09:02:30"]),
        ("*/20 1 10 * * *", ["05-01 10:01:00", "05-01 10:01:20", "05-01 10:01:40"]),
        ("@hourly", ["05-01 10:00:00", "05-01 11:00:00", "05-01 12:00:00"]),
        ("@daily", ["05-02 00:00:00", "05-03 00:00:00", "05-04 00:00:00"]),
        ("@midnight", ["05-02 00:00:00", "05-03 00:00:00", "05-04 00:00:00"]),
        ("@weekly", ["05-03 00:00:00", "05-10 00:00:00", "05-17 00:00:00"]),
        ("@monthly", ["06-01 00:00:00", "07-01 00:00:00", "08-01 00:00:00"]),
        ("@yearly", ["01-01 00:00:00"] * 3),
        ("@annually", ["01-01 00:00:00"] * 3),
        (" @Daily\n", ["05-02 00:00:00", "05-03 00:00:00", "05-04 00:00:00"]),
        ("0 0 * * 0", ["05-03 00:00:00", "05-10 00:00:00", "05-17 00:00:00"]),
        ("0 0 * * 7", ["05-03 00:00:00", "05-10 00:00:00", "05-17 00:00:00"]),
        ("0 0 * * Sun", ["05-03 00:00:00", "05-10 00:00:00", "05-17 00:00:00"]),
        ("0 0 * * 5-7", ["05-02 00:00:00", "05-03 00:00:00", "05-08 00:00:00"]),
        ("0 0 * * 0-7", ["05-02 00:00:00", "05-03 00:00:00", "05-04 00:00:00"]),
        ("0 0 * * sat-sun", ["05-02 00:00:00", "05-03 00:00:00", "05-09 00:00:00"]),
        ("0 0 * * 1-7/2", ["05-03 00:00:00", "05-04 00:00:00", "05-06 00:00:00"]),
        ("0 0 1 nov-jan *", ["11-01 00:00:00", "12-01 00:00:00", "01-01 00:00:00"]),
        ("5-5 * * * *", ["05-01 09:05:00", "05-01 10:05:00", "05-01 11:05:00"]),
        ("0 23-5/3 * * *", ["05-01 23:00:00", "05-02 02:00:00", "05-02 05:00:00"]),
        ("50/4 * * * *", ["05-01 09:50:00", "05-01 09:54:00", "05-01 09:58:00"]),
        ("0 0 L * *", ["05-31 00:00:00", "06-30 00:00:00", "07-31 00:00:00"]),
        ("0 0 1,L * *", ["05-31 00:00:00", "06-01 00:00:00", "06-30 00:00:00"]),
        ("0 0 15W * *", ["05-15 00:00:00", "06-15 00:00:00", "07-15 00:00:00"]),
        ("0 0 1W * *", ["06-01 00:00:00", "07-01 00:00:00", "08-03 00:00:00"]),
        ("0 0 16W * *", ["05-15 00:00:00", "06-16 00:00:00", "07-16 00:00:00"]),
        ("0 0 17W * *", ["05-18 00:00:00", "06-17 00:00:00", "07-17 00:00:00"]),
        ("0 0 LW * *", ["05-29 00:00:00", "06-30 00:00:00", "07-31 00:00:00"]),
        ("0 0 * * 5#2", ["05-08 00:00:00", "06-12 00:00:00", "07-10 00:00:00"]),
        ("0 0 * * 5#5", ["05-29 00:00:00", "07-31 00:00:00", "10-30 00:00:00"]),
        ("0 0 * * mon#1,fri#2", ["05-04 00:00:00", "05-08 00:00:00", "06-01 00:00:00"]),
        ("0 0 * * mon-tue#1", ["05-04 00:00:00", "05-05 00:00:00", "06-01 00:00:00"]),
        ("0 0 * * 5L", ["05-29 00:00:00", "06-26 00:00:00", "07-31 00:00:00"]),
        ("0 0 * * FriL", ["05-29 00:00:00", "06-26 00:00:00", "07-31 00:00:00"]),
        ("0 0 * * L5", ["05-29 00:00:00", "06-26 00:00:00", "07-31 00:00:00"]),
        ("0 0 ? * 1", ["05-04 00:00:00", "05-11 00:00:00", "05-18 00:00:00"]),
        ("0 0 13 * 5", ["05-08 00:00:00", "05-13 00:00:00", "05-15 00:00:00"]),
        ("0 0 1 * 5#2", ["05-08 00:00:00", "06-01 00:00:00", "06-12 00:00:00"]),
        ("0 0 */2 * 1", ["05-11 00:00:00", "05-25 00:00:00", "06-01 00:00:00"]),
        ("0 0 13 * */5", ["09-13 00:00:00", "11-13 00:00:00", "12-13 00:00:00"]),
        ("*/60 */24 * * *", ["05-02 00:00:00", "05-03 00:00:00", "05-04 00:00:00"]),
    ],
)
def test_an_expression_fires_when_people_mean(expression: str, times: list[str]):
    assert coming(expression, len(times)) == times


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("R * * * *", "stands for a random time; write the time, or use `jitter:`"),
        ("0 H * * *", "'H' in the hour field stands for a random time"),
        ("H(0-9)/3 * * * *", "stands for a random time"),
        ("*/90 * * * *", "the step 90 is larger than the minute field, which has 60 values"),
        ("0 0-5/25 * * *", "the step 25 is larger than the hour field"),
        ("0 0 * * */8", "the step 8 is larger than the day-of-week field"),
        ("* * * *", "it has 4 fields; write five"),
        ("", "it has 0 fields"),
        ("0 0 0 * * * 2027", "it has 7 fields; a year cannot be given: remove the seventh field"),
        ("@reboot", "use `startup: true` instead"),
        ("@every 5m", "use `every: 5m` instead"),
        ("@fortnightly", "the name is not known; use one of @hourly, @daily"),
        ("CRON_TZ=UTC 0 0 * * *", "use `timezone:` beside `cron:`"),
        ("0 0 30 2 *", "never fires: no year has such a day"),
        ("0 0 31 2,4,6,9,11 *", "never fires"),
        ("61 * * * *", "the minute field '61' cannot be read; it takes 0-59"),
        ("* 24 * * *", "the hour field '24'"),
        ("0 0 0 * *", "the day-of-month field '0' cannot be read; it takes 1-31"),
        ("0 0 0-3 * *", "the day-of-month field '0-3'"),
        ("0 0 * 0 *", "the month field '0'"),
        ("0 0 * foo *", "the month field 'foo' cannot be read; it takes 1-12 or jan-dec"),
        ("0 0 * * monday", "the day-of-week field 'monday'"),
        ("0 0 * * 8", "the day-of-week field '8'"),
        ("0 0 * * 1#6", "the day-of-week field '1#6'"),
        ("0 0 1W,15W * *", "the day-of-month field '1w,15w'"),
        ("*/0 * * * *", "the minute field '*/0'"),
        ("1,,2 * * * *", "the minute field '1,,2'"),
        ("-1 * * * *", "the minute field '-1'"),
        ("60 * * * * *", "the second field '60'"),
        ("0 0 * * fri#2,1", "the day-of-week field 'fri#2,1'"),
        ("1" * (LONGEST + 1), "longer than 1000 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_mend(expression: str, complaint: str):
    assert complaint in (check(expression) or "")


def test_a_refusal_is_an_invalid_cron():
    with pytest.raises(InvalidCron):
        parse("* * * *")


def test_all_fields_that_cannot_be_read_are_named_at_once():
    assert check("61 25 * * *") == (
        "cron '61 25 * * *' cannot be used: the minute field '61' cannot be read; it takes 0-59; "
        "the hour field '25' cannot be read; it takes 0-23"
    )


def test_an_expression_that_can_be_used_has_nothing_to_complain_of():
    assert check("*/5 * * * *", "Europe/Berlin") is None


@pytest.mark.parametrize(
    ("zone", "complaint"),
    [
        ("Europe/Berln", "unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)"),
        ("nowhere at all", "(use an IANA name such as 'Europe/Berlin')"),
        ("../etc/passwd", "unknown time zone"),
        ("", "unknown time zone ''"),
        ("Europe", "unknown time zone 'Europe'"),
        ("UTC\0", "unknown time zone"),
    ],
)
def test_an_unknown_time_zone_is_named_with_the_nearest(zone: str, complaint: str):
    assert complaint in (check("* * * * *", zone) or "")


@settings(max_examples=80)
@given(st.text(alphabet="0123456789*/-,#?LWRHljanfrisu @\n\t\x00٣ ", max_size=24))
@example("* * * * 5#2,l3")
@example("* * * * *#2")
@example("* * l-3 * *")
@example("* * * * l")
def test_no_text_does_anything_but_parse_or_be_refused(text: str):
    complaint = check(text)

    assert complaint is None or complaint.startswith(("cron ", "the cron "))


FIELD_TEXTS = st.text(alphabet="0123456789*/-,#lw", min_size=1, max_size=6)


@settings(max_examples=80)
@given(st.lists(FIELD_TEXTS, min_size=5, max_size=6))
def test_no_fields_do_anything_but_parse_or_be_refused(fields: list[str]):
    complaint = check(" ".join(fields))

    assert complaint is None or complaint.startswith("cron ")

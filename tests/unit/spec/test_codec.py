"""A script survives being kept: nothing is lost, equal parts are shared."""

import json
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest
from engine.model.run import FAILURES
from engine.model.script import Keep, Limits, Notify, Overlap, Retry, Sandbox, Script, Source
from engine.model.trigger import (
    AfterOutcome,
    AfterTrigger,
    AtTrigger,
    CatchUp,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    UrlTrigger,
)
from engine.spec.codec import decode_script, encode_script

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
LENGTHS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=36_500))
COUNTS = st.integers(min_value=1, max_value=1 << 50)
ZONES = st.integers(min_value=-720, max_value=720).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = ZONES.flatmap(
    lambda zone: st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, zone))
)
COMMON = {"key": TEXT, "enabled": st.booleans(), "args": TEXTS, "env": PAIRS}
TIMED = {
    **COMMON, "jitter": LENGTHS, "catch_up": st.sampled_from(CatchUp), "catch_up_window": LENGTHS,
}  # fmt: skip
TRIGGERS = st.one_of(
    st.builds(CronTrigger, expression=TEXT, timezone=TEXT, **TIMED),
    st.builds(EveryTrigger, interval=LENGTHS, **TIMED),
    st.builds(AtTrigger, moment=MOMENTS, **TIMED),
    st.builds(StartupTrigger, **COMMON),
    st.builds(UrlTrigger, token=st.booleans(), **COMMON),
    st.builds(AfterTrigger, script=TEXT, when=st.sampled_from(AfterOutcome), **COMMON),
    st.builds(FilesTrigger, pattern=TEXT, **COMMON),
)  # fmt: skip
SCRIPTS = st.builds(
    Script,
    id=TEXT, name=TEXT, main=TEXT, description=TEXT, enabled=st.booleans(), args=TEXTS,
    env=PAIRS,
    environment=st.builds(EnvironmentRequest, st.none() | TEXT, TEXT),
    triggers=st.lists(TRIGGERS, max_size=3).map(tuple),
    limits=st.builds(
        Limits, timeout=st.none() | LENGTHS, memory=st.none() | COUNTS,
        cpu=st.none() | st.floats(0.01, 64), processes=st.none() | COUNTS,
        output=st.none() | COUNTS,
    ),
    overlap=st.sampled_from(Overlap), max_parallel=COUNTS, queue_limit=st.none() | COUNTS,
    group=st.none() | TEXT,
    retry=st.none() | st.builds(
        Retry, attempts=COUNTS, delay=LENGTHS, backoff=st.floats(1, 10), max_delay=LENGTHS,
        when=st.lists(st.sampled_from(sorted(FAILURES)), max_size=3).map(tuple),
    ),
    success_exit_codes=st.lists(st.integers(0, 255), max_size=3).map(tuple),
    skip_exit_codes=st.lists(st.integers(0, 255), max_size=3).map(tuple),
    source=st.sampled_from(Source), merge_output=st.booleans(), stop_grace=LENGTHS, queue=TEXT,
    sandbox=st.sampled_from(Sandbox), notify=st.none() | st.builds(Notify, when=TEXTS, to=TEXTS),
    expect_within=st.none() | LENGTHS, keep=st.builds(Keep, runs=COUNTS, days=COUNTS),
)  # fmt: skip

PLAIN = Script(id="a", name="A", main="a.py", environment=EnvironmentRequest())


@settings(max_examples=60)
@given(SCRIPTS)
def test_a_kept_script_is_the_same_script(script):
    assert decode_script(encode_script(script)) == script


def test_what_is_default_is_not_kept():
    assert json.loads(encode_script(PLAIN)) == {
        "id": "a", "name": "A", "main": "a.py", "environment": [None, ""],
    }  # fmt: skip


def test_equal_parts_of_scripts_are_one_object():
    text = encode_script(PLAIN)
    first, second = decode_script(text), decode_script(text)

    assert first.limits is second.limits
    assert first.environment is second.environment

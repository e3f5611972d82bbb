"""What a client may say over its WebSocket, and that nothing it says breaks the reading."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from web.live.wishes import Follow, read_wishes

RUN = "20261124T120000-abcdef123456"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["subscribe", "unsubscribe", "ping", "run", "offset", "stream", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def test_subjects_are_read_in_both_forms():
    wishes = read_wishes(
        json.dumps(
            {
                "subscribe": ["runs", f"run:{RUN}", {"run": RUN, "offset": 7, "stream": "stderr"}],
                "unsubscribe": ["tree"],
                "ping": "hello",
            }
        )
    )

    assert wishes.subscribe == ["runs", Follow(RUN), Follow(RUN, "stderr", 7)]
    assert (wishes.unsubscribe, wishes.pings, wishes.complaints) == (["tree"], ["hello"], [])


def test_each_wrong_subject_is_told_by_itself():
    wishes = read_wishes('{"subscribe": ["runs", "a", 7, "tree"]}')

    assert wishes.subscribe == ["runs", "tree"]
    assert [one.subject for one in wishes.complaints] == ["a", "7"]


def test_a_text_that_is_repeated_in_a_complaint_is_shortened():
    wishes = read_wishes(json.dumps({"subscribe": ["x" * 60_000]}))

    assert len(wishes.complaints[0].subject or "") <= 200


@given(message=JSON)
@example(message={"subscribe": [{"run": "\ud800"}], "ping": "\ud800"})
def test_nothing_that_is_json_breaks_the_reading(message):
    wishes = read_wishes(json.dumps(message))

    for complaint in wishes.complaints:
        " ".join(filter(None, complaint)).encode()
    assert wishes.complaints or wishes.changes or wishes.pings


@given(text=st.text(max_size=30))
@example(text="[" * 60_000)
@example(text='{"ping": ' + "9" * 5_000 + "}")
def test_nothing_at_all_breaks_the_reading(text):
    read_wishes(text)

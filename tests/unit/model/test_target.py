"""Where a notice can go, and what of that may be shown."""

import pytest

from engine.errors import InvalidInput
from engine.model.target import LOCAL_SCHEMES, Way, shown, way_of, without_secrets


@pytest.mark.parametrize("target", ["ops@example.com", "a.b+c@mail.example", "root@localhost"])
def test_an_address_is_reached_by_mail(target):
    assert way_of(target) is Way.MAIL


@pytest.mark.parametrize(
    "target", ["slack://a/b/c", "json://host/path?x=y", "https://hooks.slack.com/services/T/B/x"]
)
def test_a_url_is_reached_by_its_service(target):
    assert way_of(target) is Way.CHAT


@pytest.mark.parametrize(
    "target",
    [
        "ops", "ops@", "@example.com", "ops@exa mple.com", "ops@example.com\nBcc: x@y.z",
        "ops@example.com, other@example.com", "a b://c", "slack:// x", "://x", "slack://",
        "<ops@example.com>", "", "json://[aaaa", "json://me:pa[ss@example.com/",
    ],
)  # fmt: skip
def test_anything_else_is_refused(target):
    with pytest.raises(InvalidInput):
        way_of(target)


@pytest.mark.parametrize("scheme", sorted(LOCAL_SCHEMES))
def test_a_scheme_that_stays_on_the_machine_is_refused(scheme):
    with pytest.raises(InvalidInput, match="own machine"):
        way_of(f"{scheme.upper()}://x/y")


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("ops@example.com", "ops@example.com"),
        ("slack://TokenA/TokenB/TokenC", "slack://…"),
        ("tgram://123:secret/chat", "tgram://…"),
        (
            "jsons://user:pass@hooks.example.com:8443/secret?key=x",
            "jsons://hooks.example.com:8443/…",
        ),
        ("https://hooks.slack.com?token=x", "https://hooks.slack.com/…"),
        ("${secret:SLACK_URL}", "${secret:SLACK_URL}"),
    ],
)
def test_a_list_shows_no_token(target, seen):
    assert shown(target) == seen


def test_what_a_service_says_is_told_without_the_tokens_of_its_url():
    url = "json://alice:longpassword@hooks.example.com/t0ken-abcdef"

    said = without_secrets("hooks.example.com: t0ken-abcdef is no token (longpassword)", url)

    assert said == "hooks.example.com: … is no token (…)"


def test_a_url_that_is_refused_is_not_repeated():
    with pytest.raises(InvalidInput) as refused:
        way_of("slack://me:hunter℀@[fe80::zz]/hunter2")

    assert "hunter" not in str(refused.value)


def test_a_url_that_cannot_be_read_has_its_tokens_taken_out_all_the_same():
    assert without_secrets("t0ken-abcdef is wrong", "json://[aaaa/t0ken-abcdef") == "… is wrong"

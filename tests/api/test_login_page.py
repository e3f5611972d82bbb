"""The page where login links lead, in a browser without scripts."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from engine.model.account import Role
from engine.model.session import SECRET_BYTES, issue_link
from engine.model.user import User
from tests.fakes.engine import NOON

PASSWORD = "correct horse battery"
OURS = {"Origin": "http://test"}


@pytest.fixture
def token(engine) -> str:
    """A link of ada."""
    engine.users.kept["ada"] = User(
        name="ada", role=Role.EDITOR, password=f"hash of {PASSWORD}", created=NOON
    )
    link, secret = issue_link(user="ada", now=NOON, randomness=bytes(SECRET_BYTES))
    engine.sessions.links["ada"] = link
    return secret


class Form(HTMLParser):
    """What a page's form holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.target: tuple[str | None, str | None] = (None, None)
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "form":
            self.target = (found.get("method"), found.get("action"))
        if tag == "input":
            self.fields[found["name"]] = found.get("value", "")


@pytest.fixture
def get(call):
    def show(path: str = "/login", cookie: str = "") -> Form:
        answer = call("GET", path, key=None, headers={"Cookie": cookie} if cookie else {})
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "text/html; charset=utf-8",
        )
        return Form(answer.text)

    return show


@pytest.fixture
def post(call):
    def send(fields: dict[str, str], headers=OURS):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return call(
            "POST", "/login", key=None, headers=form | headers, content=urlencode(fields).encode()
        )

    return send


def cookie_of(answer) -> str:
    return answer.headers.get("set-cookie", "").partition(";")[0]


def test_looking_at_a_link_uses_nothing_up(get, engine, token):
    forms = [get(f"/login?token={token}") for _ in range(3)]

    assert [form.fields for form in forms] == [{"token": token}] * 3
    assert "ada" in engine.sessions.links
    assert engine.sessions.kept == {}


def test_the_button_of_a_link_logs_in_once(get, post, token):
    form = get(f"/login?token={token}")
    answers = [post(form.fields) for _ in range(2)]

    assert form.target == ("post", "/login")
    assert [answer.status_code for answer in answers] == [303, 401]
    assert answers[0].headers["location"] == "/login"
    assert get(cookie=cookie_of(answers[0])).fields == {"logout": "yes"}
    assert cookie_of(answers[1]) == ""


def test_name_and_password_log_in(call, get, post, token):
    assert set(get().fields) == {"username", "password"}
    cookie = cookie_of(post({"username": "Ada", "password": PASSWORD}))
    page = call("GET", "/login", key=None, headers={"Cookie": cookie}).text

    assert "<strong>ada</strong>, editor" in page


def test_a_wrong_password_is_told_on_the_page(post, token):
    answer = post({"username": "ada", "password": "wrong"})

    assert (answer.status_code, "name or password is wrong" in answer.text) == (401, True)
    assert set(Form(answer.text).fields) == {"username", "password"}


def test_who_guesses_must_wait_here_too(post, token):
    answers = [post({"username": "ada", "password": str(number)}) for number in range(6)]

    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "1")


def test_many_at_once_are_told_to_come_back(post, app, token):
    app.state.accounts.passwords.busy = True

    assert post({"username": "ada", "password": PASSWORD}).status_code == 503


def test_the_button_logs_out(get, post, token, engine):
    cookie = cookie_of(post({"token": token}))
    answer = post({"logout": "yes"}, OURS | {"Cookie": cookie})

    assert (answer.status_code, engine.sessions.kept) == (303, {})
    assert set(get(cookie=cookie).fields) == {"username", "password"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_cannot_press_a_button(post, token, engine, origin):
    cookie = cookie_of(post({"username": "ada", "password": PASSWORD}))
    foreign = {"Origin": origin, "Cookie": cookie}
    answers = [post({"token": token}, foreign), post({"logout": "yes"}, foreign)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert (len(engine.sessions.kept), len(engine.sessions.links)) == (1, 1)


def test_what_is_in_the_address_is_text_on_the_page(call, token):
    page = call("GET", "/login?token=%22%3E%3Cscript%3E", key=None).text

    assert "<script" not in page
    assert Form(page).fields == {"token": '"><script>'}


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%", b"a" * 100, b"&=&=;", b"%00=%00"])
def test_what_is_no_form_is_told(call, body):
    answer = call("POST", "/login", key=None, headers=OURS, content=body)

    assert (answer.status_code, "needs username and password" in answer.text) == (422, True)


def test_a_form_is_short(call):
    answer = call("POST", "/login", key=None, headers=OURS, content=b"a" * 20_001)

    assert answer.status_code == 413


def test_the_page_is_not_kept_and_tells_its_own_origin(call):
    headers = call("GET", "/login", key=None).headers

    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")


def test_the_page_is_found_from_the_address_of_the_server(call):
    answer = call("GET", "/", key=None)

    assert (answer.status_code, answer.headers["location"]) == (307, "login")


def test_the_page_has_its_style_from_this_server(call):
    page = call("GET", "/login", key=None).text
    style = call("GET", "/login.css", key=None)

    assert 'href="login.css"' in page
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_a_style_that_is_known_is_not_sent_again(call):
    tag = call("GET", "/login.css", key=None).headers["etag"]

    assert call("GET", "/login.css", key=None, headers={"If-None-Match": tag}).status_code == 304

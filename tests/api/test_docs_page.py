"""The page /docs: served from files in the package, and from nowhere else."""

import re
from hashlib import sha256
from urllib.parse import urljoin

import pytest

from web.docs.pages import FILES, PAGE, TYPES

ADDRESS = re.compile(r'(?:src|href)="([^"]+)"')


@pytest.fixture
def page(call):
    return call("GET", "/docs", key=None)


def test_everybody_may_read_the_page(page):
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_everything_that_the_page_loads_is_served_here(call, page):
    wanted = [one for one in ADDRESS.findall(page.text) if not one.startswith("data:")]
    answers = {one: call("GET", urljoin("/docs", one), key=None) for one in wanted}

    assert len(wanted) == 5
    assert {one: answer.status_code for one, answer in answers.items()} == dict.fromkeys(
        wanted, 200
    )
    assert answers["docs/init.js"].headers["content-type"].startswith("text/javascript")
    assert answers["docs/swagger-ui.css"].headers["content-type"].startswith("text/css")


def test_no_script_and_no_style_stands_in_the_page(page):
    assert not re.search(r"<style|style=|<script>|\son\w+=|javascript:", page.text)


@pytest.mark.parametrize("name", [PAGE, "init.js", "page.css"])
def test_our_own_files_name_no_other_host(name):
    assert "//" not in re.sub(r"^\s*//.*$", "", (FILES / name).read_text(), flags=re.MULTILINE)


def test_the_style_sheet_loads_nothing():
    text = (FILES / "swagger-ui.css").read_text()

    assert "@import" not in text
    assert set(re.findall(r"url\(\"?(\w+:)", text)) == {"data:"}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_no_file_asks_for_a_source_map(name):
    assert "sourceMappingURL" not in (FILES / name).read_text()


def test_the_bundle_is_the_one_that_the_readme_names():
    digest = sha256((FILES / "swagger-ui-bundle.js").read_bytes()).hexdigest()

    assert digest in (FILES / "README.md").read_text()


@pytest.mark.parametrize("name", ["LICENSE.txt", "NOTICE.txt", "swagger-ui-bundle.js.LICENSE.txt"])
def test_its_licence_comes_along(name):
    assert (FILES / name).stat().st_size


def test_a_file_that_is_known_is_not_sent_again(call, page):
    tag = page.headers["etag"]
    again = call("GET", "/docs", key=None, headers={"If-None-Match": f'"other", W/{tag}'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    "path",
    ["/docs/index.html", "/docs/README.md", "/docs/..%2fpages.py", "/docs/%2e%2e", "/docs/x/y.js"],
)
def test_nothing_else_of_the_directory_is_served(call, path):
    assert call("GET", path, key=None).status_code == 404


def test_the_page_is_found_with_a_slash_too(call):
    answer = call("GET", "/docs/", key=None)

    assert (answer.status_code, answer.headers["location"]) == (307, "../docs")


def test_the_page_is_not_in_the_document(call):
    paths = call("GET", "/api/openapi.json", key=None).json()["paths"]

    assert not [path for path in paths if path.startswith("/docs")]

"""A session that ends while somebody writes: nothing is done, nothing is lost, and another site gains nothing."""

import re
from datetime import timedelta

import pytest

from tests.http.test_staff_pages import text_of

OWN = {"Origin": "http://localhost"}
TYPED = "It is our own design, <b>sold</b> since 2019."


@pytest.fixture
def written(floor):
    """The path of a seller's form and what it sends; the session has ended meanwhile."""
    filed = floor.told()[0]
    path = f"/complaints/{filed.reference}/contest/explanation"
    browser = floor.browser("seller_a")
    assert browser.get(path).status_code in (200, 303)
    floor.clock.advance(timedelta(hours=25))
    return path, browser, {"explanation": TYPED, "form_key": "one"}


def fields(page):
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)


def test_what_was_typed_is_there_to_be_sent_again(floor, written):
    path, browser, said = written
    page = browser.post(path, data=said, headers=OWN)
    assert page.status_code == 401 and "Your session has ended" in text_of(page)
    assert "&lt;b&gt;sold&lt;/b&gt;" in page.text and "<b>sold" not in page.text
    kept = dict(fields(page))
    assert kept["form_key"] == "one" and 'href="/sign-in' in page.text
    again = floor.browser("seller_a").post(path, data={name: said.get(name, value) for name, value in kept.items() if name != "csrf_token"})
    assert again.status_code == 303, "signed in again, the same form is taken"


def test_nothing_that_another_site_sends_comes_back_with_a_token(written):
    path, browser, said = written
    for headers in ({"Origin": "https://elsewhere.example"}, {}):
        page = browser.post(path, data=said, headers=headers)
        assert page.status_code == 302 and TYPED not in page.text


def test_a_form_without_its_token_is_kept_too_and_does_nothing(floor):
    filed = floor.told()[0]
    path, said = f"/complaints/{filed.reference}/contest/explanation", {"explanation": TYPED}
    browser = floor.browser("seller_a")
    page = browser.post(path, data=said, headers=OWN, csrf=False)
    assert page.status_code == 401 and "It is our own design" in page.text and 'target="_blank"' not in page.text
    assert browser.post(path, data=said, headers={"Origin": "https://elsewhere.example"}, csrf=False).status_code == 400


def test_a_password_is_never_carried(floor):
    guest = floor.app.test_client()
    page = guest.post("/sign-in", data={"email": "a@b.example", "password": "a secret of mine"}, headers=OWN, csrf=False)
    assert page.status_code == 400 and "a secret of mine" not in page.text

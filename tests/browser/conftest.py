"""The real desk in a real browser: a server on a loopback port, headless Chromium, and watchful walkers.

A ``Walker`` is one person's browser. Every page it lands on is looked at: axe finds nothing, nothing is wider than
the screen of a phone, no script failed, no policy was broken, and no other host was asked for anything.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from tests import make
from tests.purpose import Town

CHROMIUM = os.environ.get("IPDESK_CHROMIUM")
PHONE = 360
_LABEL = """() => { const e = document.activeElement; if (!e || e === document.body) return '';
  return [e.labels && e.labels[0] ? e.labels[0].innerText : '', e.getAttribute('aria-label') || '', e.innerText || '', e.value || '']
    .map((text) => text.trim().replace(/\\s+/g, ' ')).find((text) => text) || ''; }"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM and os.environ.get("IPDESK_REQUIRE_BROWSER") != "1":
                item.add_marker(pytest.mark.skip(reason="IPDESK_CHROMIUM names no browser"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if not CHROMIUM:
        pytest.fail("IPDESK_REQUIRE_BROWSER is set, and IPDESK_CHROMIUM names no browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def town(app: Any, clock: Any) -> Iterator[Town]:
    made = Town.build(app, clock)
    make.binding(make.user("seller", name="Wei Example", email="wei@quiet-harbour.example"), made.stores["B"])
    made.people["holder"] = make.user(role="rights_holder", name="Ada Example", email="ada@aurora.example")
    yield made
    made.close()


@pytest.fixture
def origin(app: Any) -> Iterator[str]:
    """The address of the running desk."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Walker:
    """One person with a browser ``width`` pixels wide."""

    def __init__(self, browser: Any, origin: str, width: int, trouble: list[str]) -> None:
        self.origin, self.width, self.trouble = origin, width, trouble
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, base_url=origin, locale="en-US", accept_downloads=True,
            has_touch=width <= PHONE, is_mobile=width <= PHONE)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.screens: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(f"script: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"{self.page.url}: {message.text} {message.location.get('url', '')}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.trouble.append(f"{self.page.url} asked {request.url}")

    # --- going -------------------------------------------------------------------------------------

    def open(self, path: str) -> "Walker":
        self.page.goto(path)
        return self._landed()

    def go(self, name: str, role: str = "link") -> "Walker":
        """Follow the first link (or press the first button) with this name."""
        return self.after(lambda: self.page.get_by_role(role, name=name).first.click())

    def press(self, name: str) -> "Walker":
        return self.go(name, "button")

    def after(self, act: Callable[[], None]) -> "Walker":
        """Do what leads to another page, and look at that."""
        with self.page.expect_navigation():
            act()
        return self._landed()

    def sign_in(self, email: str, to: str = "/") -> "Walker":
        """By the real form, sent there by the page that one wanted."""
        self.open(f"/sign-in?next={to}")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password", exact=True).fill(make.PASSWORD)
        return self.press("Sign in")

    def tick(self, *labels: str) -> "Walker":
        for label in labels:
            self.page.get_by_label(label).first.check()
        return self

    def tick_all(self, selector: str) -> "Walker":
        for box in self.page.locator(selector).all():
            box.check()
        return self

    # --- the keyboard ------------------------------------------------------------------------------

    def tab_to(self, label: str) -> "Walker":
        """Press Tab until what has the focus is called ``label``."""
        for _ in range(200):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(_LABEL).startswith(label):
                return self
        raise AssertionError(f"the keyboard does not reach {label!r} on {self.page.url}")

    def enter(self, label: str) -> "Walker":
        """Tab to a link or button and press Enter."""
        self.tab_to(label)
        return self.after(lambda: self.page.keyboard.press("Enter"))

    def type(self, label: str, text: str) -> "Walker":
        self.tab_to(label)
        self.page.keyboard.insert_text(text)
        return self

    # --- looking -----------------------------------------------------------------------------------

    @property
    def main(self) -> str:
        return " ".join(self.page.locator("main").inner_text().split())

    def _landed(self) -> "Walker":
        self.page.wait_for_load_state("load")
        self.screens.append(self.page.url.removeprefix(self.origin))
        self.look()
        return self

    def look(self) -> None:
        """What holds for every page; what does not is kept, so that one run tells of all."""
        place = self.page.url.removeprefix(self.origin)
        for one in Axe().run(self.page).response["violations"]:
            self.trouble += [f"{place}: {one['id']} ({one['impact']}): {node['html'][:160]}" for node in one["nodes"]]
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if self.width <= PHONE < wide:
            self.trouble.append(f"{place} is {wide} px wide")

    def close(self) -> None:
        self.context.close()


class Walkers:
    """``walkers(width)`` is one more person with a fresh browser; ``trouble`` is what was found on all their pages."""

    def __init__(self, browser: Any, origin: str) -> None:
        self.browser, self.origin = browser, origin
        self.trouble: list[str] = []
        self.made: list[Walker] = []

    def __call__(self, width: int = 1280) -> Walker:
        self.made.append(Walker(self.browser, self.origin, width, self.trouble))
        return self.made[-1]


@pytest.fixture
def walkers(chromium: Any, origin: str) -> Iterator[Walkers]:
    made = Walkers(chromium, origin)
    yield made
    for one in made.made:
        one.close()


@pytest.fixture
def work(town: Town) -> Iterator[Callable[[], None]]:
    """The worker's rounds, in a thread of its own: the main one holds the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(town.work).result()
        pool.submit(town.close).result()

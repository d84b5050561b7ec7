"""The script of the upload field in a real browser: progress, a cut line, a refusal, the keyboard."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.features.evidence.conftest import Desk, locked_pdf, picture
from tests.features.evidence.test_forms import add_reply_page

CHROMIUM = os.environ.get("IPDESK_CHROMIUM")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="IPDESK_CHROMIUM names no browser"),
]


@pytest.fixture
def taken(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    add_reply_page(desk.app, found)
    desk.as_(user_id=7, roles=frozenset({"seller"}))
    return found


@pytest.fixture
def page(desk: Desk, taken: list[dict[str, Any]]) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 360, "height": 720})
        opened.goto(f"http://127.0.0.1:{server.server_port}/reply")
        yield opened
        browser.close()
    server.shutdown()
    server.server_close()


def until(page: Any, true: str) -> None:
    """Wait for an expression without `eval`, which the desk's content security policy refuses."""
    for _ in range(400):
        if page.evaluate(true):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {true}")


def choose(page: Any, *paths: Path) -> None:
    page.set_input_files("#exhibits", [str(path) for path in paths])


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(name: str, content: bytes) -> Path:
        folder = tmp_path / "device"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return folder / name
    return write


def test_a_cut_upload_goes_on_by_itself_and_nothing_is_typed_twice(
    desk: Desk, page: Any, taken: list[dict[str, Any]], file: Any
) -> None:
    content = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + os.urandom(4_000_000)
    page.fill("[name=grounds]", "licence")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    speed = {"latency": 5, "downloadThroughput": 4_000_000, "uploadThroughput": 1_500_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **speed})
    choose(page, file("film.mp4", content))
    until(page, "document.querySelector('progress')?.value > 1200000")
    line.send("Network.emulateNetworkConditions", {"offline": True, **speed})
    page.get_by_text("The connection broke.").first.wait_for(timeout=10_000)
    page.click("button:has-text('Send')")  # too early: the page stays and says why
    page.get_by_text("Files are still being sent.").wait_for()
    line.send("Network.emulateNetworkConditions", {"offline": False, **speed})
    page.get_by_text("Arrived", exact=True).wait_for(timeout=20_000)
    page.click("button:has-text('Send')")
    page.get_by_text("thanks").wait_for()
    assert (taken[0]["grounds"], taken[0]["names"]) == ("licence", ["film.mp4"])
    assert desk.tools.store.read(desk.stored()[0]) == content


def test_three_photos_arrive_with_their_pictures(page: Any, taken: list[dict[str, Any]], file: Any) -> None:
    choose(page, *(file(f"IMG_{number}.jpg", picture("JPEG", size=(900 + number, 600))) for number in range(3)))
    until(page, "document.querySelectorAll('img.ipd-thumb').length === 3")
    until(page, "[...document.querySelectorAll('img.ipd-thumb')].every((image) => image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= 360")
    page.fill("[name=grounds]", "licence")
    page.get_by_role("button", name="Remove IMG_1.jpg").click()
    page.click("button:has-text('Send')")
    page.get_by_text("thanks").wait_for()
    assert sorted(taken[0]["names"]) == ["IMG_0.jpg", "IMG_2.jpg"]


def test_what_is_refused_or_unreadable_is_said_beside_the_file(page: Any, file: Any) -> None:
    choose(page, file("empty.jpg", b""), file("photo.jpg", b"MZ" + bytes(300)), file("contract.pdf", locked_pdf()))
    page.locator("li", has_text="empty.jpg").get_by_text("is empty (0 bytes)").wait_for()
    page.locator("li", has_text="photo.jpg").get_by_text("do not take").wait_for()
    page.locator("li", has_text="contract.pdf").get_by_text("Upload an unlocked copy").wait_for()
    assert page.locator("input[type=hidden][name=exhibits]").count() == 1
    page.get_by_role("button", name="Remove photo.jpg").click()
    assert page.locator("li", has_text="photo.jpg").count() == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_a_refused_file_is_a_readable_row_and_stops_the_form(page: Any, taken: list[dict[str, Any]], file: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    choose(page, file("an-empty-photo.jpg", b""))
    row = page.locator("li", has_text="an-empty-photo.jpg")
    row.get_by_text("is empty (0 bytes)").wait_for()
    name, remove = (row.locator(one).bounding_box() for one in ("bdi", "button"))
    assert name["width"] >= 120 and name["height"] < 60 and remove["height"] < 60
    assert page.get_by_role("button", name="Try again").count() == 0, "it would be refused again"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.fill("[name=grounds]", "licence")
    page.click("button:has-text('Send')")
    page.get_by_text("Remove the file that could not be taken, or try again.").wait_for()
    assert not taken
    page.get_by_role("button", name="Remove an-empty-photo.jpg").click()
    page.click("button:has-text('Send')")
    page.get_by_text("thanks").wait_for()

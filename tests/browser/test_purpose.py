"""The purpose of the desk in headless Chromium: filed, deleted, contested on a phone, answered, decided, closed, bundled."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from tests.browser.conftest import PHONE, Walker, Walkers
from tests.purpose import Town, photo

COPIED = "The lamp in the picture is ours: AURORA stands on its foot, and we never sold to this shop."
GENUINE = "Bought from the owner's distributor, invoice 4711 of 12 January 2026. " + "4711" * 400
NEVER = "No distributor of ours has sold this model; invoice 4711 is none of theirs."
GROUND = "Goods that the owner's distributor sold may be sold on. The owner's answer does not address the seal."


def file_notice(holder: Walker) -> None:
    """A right with its certificate, then the seven steps of a notice."""
    page = holder.page
    holder.open("/rights/new")
    page.get_by_label("Trademark").check()
    for label, text in (("Name of the mark", "AURORA"), ("Registration number", "5550123"), ("Office that", "USPTO"),
                        ("Owner", "Aurora Ltd"), ("Where it holds", "US")):
        page.get_by_label(label).first.fill(text)
    page.set_input_files("#certificates", {"name": "certificate.jpg", "mimeType": "image/jpeg", "buffer": photo(9)})
    page.get_by_text("Arrived", exact=True).wait_for()
    holder.press("Register the right")
    holder.go("File a notice") if page.get_by_role("link", name="File a notice").count() else holder.open("/notices/new")
    if page.get_by_label("AURORA").count():
        page.get_by_label("AURORA").first.check()
    holder.press("Continue")
    page.get_by_label("Addresses or ids of listings").fill("L-A1 L-B1\nL-B2")
    holder.press("Add").go("Continue")
    page.get_by_label("Counterfeit goods").check()
    page.get_by_label("Explanation for all listings").fill(COPIED)
    holder.press("Continue")
    page.set_input_files("#exhibits", {"name": "original.jpg", "mimeType": "image/jpeg", "buffer": photo(1)})
    page.get_by_text("Arrived", exact=True).wait_for()
    holder.press("Save and continue").press("Save and continue").press("No test purchase: continue")
    page.get_by_label("The owner of the right").check()
    page.get_by_label("Company").fill("Aurora Ltd")
    holder.press("Continue")
    assert COPIED in holder.main
    holder.tick_all("input[name^=statement_]")
    page.get_by_label("Your full name").fill("Ada Example")
    holder.press("Sign and file")
    assert "The notice is filed" in holder.main


def references(holder: Walker) -> dict[str, str]:
    """Store name → reference of its complaint, from the receipt."""
    rows = holder.page.locator("main tr:has(a[href^='/complaints/'])").all()
    return {row.locator("td").nth(1).inner_text().strip(): row.locator("a").first.inner_text().strip() for row in rows}


def contest_on_a_phone(phone: Walker, reference: str, photos: list[Path]) -> list[str]:
    """From the link in the letter to the signed counter-notification; the screens on the way."""
    page = phone.page
    phone.open(f"/complaints/{reference}")
    page.get_by_label("E-mail address").fill("wei@quiet-harbour.example")
    page.get_by_label("Password", exact=True).fill("four unlikely words together")
    phone.press("Sign in").go("Contest")
    page.get_by_label("Aurora floor lamp").check()
    page.get_by_label("Genuine goods").check()
    phone.press("Save and go on")
    page.get_by_label("Your explanation").fill(GENUINE)
    phone.press("Save and go on")
    cut: list[str] = []

    def cut_once(route: Any) -> None:
        if route.request.method == "PUT" and not cut:
            cut.append(route.request.url)
            route.abort("connectionfailed")
        else:
            route.continue_()

    page.route("**/evidence/uploads/*", cut_once)
    page.set_input_files("#shared", [str(path) for path in photos])
    for _ in range(400):
        if page.locator("img.ipd-thumb").count() == 3 and page.locator("input[type=hidden][name=shared]").count() == 3:
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError(page.locator("main").inner_text())
    assert len(cut) == 1, "one piece was cut and sent again"
    assert [line for line in phone.trouble if "ERR_" in line], "the browser noticed the cut"
    phone.trouble[:] = [line for line in phone.trouble if "/evidence/uploads/" not in line]
    phone.press("Save and go on")
    assert page.get_by_label("Your full name").input_value() == "Wei Example", "known already, so not typed"
    phone.tick_all("input[name^=statement_]").press("Save and read the copy")
    assert GENUINE[:69] in phone.main and page.locator("img.ipd-thumb").count() == 3
    phone.tick("I have read the copy above").press("Sign and send")
    assert "is signed and sent" in phone.main
    return phone.screens


@pytest.mark.slow
def test_the_purpose_in_a_browser(
    town: Town, walkers: Walkers, work: Callable[[], None], tmp_path: Path,
) -> None:
    holder = walkers().sign_in("ada@aurora.example")
    file_notice(holder)
    complaint = references(holder)
    a, b = complaint["Lantern House"], complaint["Quiet Harbour"]

    # Legal accepts the notice with the keyboard alone.
    legal = walkers(1440).sign_in(town.people["legal"].email, to="/queue")
    legal.enter("Take the next case")
    legal.tab_to("Accept").page.keyboard.press("Space")
    legal.enter("Look at what will be sent")
    legal.enter("Send")
    work()

    # Seller A deletes.
    priya = walkers(PHONE).sign_in("priya@lantern-house.example", to="/complaints")
    priya.go("Process now").go("Delete now").press("Delete now")
    assert "This admits nothing" in priya.main
    priya.open("/inbox").go("A complaint about listings of your store")
    assert "L-B1" not in priya.main

    # Seller B contests one of two listings on a phone.
    photos = [tmp_path / f"IMG_{number}.jpg" for number in range(3)]
    for number, path in enumerate(photos):
        path.write_bytes(photo(number, (2000, 1500)))
    wei = walkers(PHONE)
    screens = contest_on_a_phone(wei, b, photos)
    assert len(screens) <= 8, screens
    work()

    # The rights holder reads it and maintains the complaint.
    holder.open(f"/complaints/{b}")
    assert GENUINE[:69] in holder.main
    holder.go("Answer the counter-notification")
    holder.page.get_by_label("Why do you maintain").fill(NEVER)
    holder.page.get_by_label("Your full name").fill("Ada Example")
    holder.press("Sign and send the answer")

    # Legal is given the right first, which is due first, then the complaint, and decides with the keyboard alone.
    legal.open("/queue")
    legal.enter("Take the next case")
    legal.enter("Verify")
    legal.open("/queue")
    legal.enter("Take the next case")
    assert NEVER in legal.main and GENUINE[:69] in legal.main
    legal.enter("Dismiss the complaint").type("Facts", "The invoice names model 20.").type("Grounds", GROUND)
    legal.enter("Look at what will be sent")
    assert GROUND in legal.main
    legal.enter("Decide and send")
    work()

    # The clock closes what nobody answers.
    for days in (5, 32):
        town.clock.advance(timedelta(days=days))
        work()
    wei = walkers(PHONE).sign_in("wei@quiet-harbour.example", to=f"/complaints/{b}")
    assert GROUND in wei.main and "Closed Not contested" in wei.main and "Closed Dismissed" in wei.main
    holder = walkers().sign_in("ada@aurora.example", to=f"/complaints/{a}")
    assert "Closed: deleted by the seller" in holder.page.locator(".ipd-answers").inner_text()

    # Legal has the bundle made and downloads it.
    legal = walkers(1440).sign_in(town.people["legal"].email, to=f"/complaints/{b}")
    legal.press("Make the evidence bundle")
    work()
    legal.open(legal.screens[-1])
    with legal.page.expect_download() as download:
        legal.page.get_by_role("link", name="Download the PDF").or_(
            legal.page.get_by_role("button", name="Download the PDF")).click()
    document = PdfDocument(io.BytesIO(Path(download.value.path()).read_bytes()))
    text = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    document.close()
    for said in (COPIED, NEVER, GROUND, "IMG_2.jpg", "original.jpg", "Wei Example", "Ada Example"):
        assert said in text, said
    assert GENUINE[:69] in text
    assert not walkers.trouble, "\n".join(dict.fromkeys(walkers.trouble))

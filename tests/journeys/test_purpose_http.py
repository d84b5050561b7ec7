"""What the desk is for, told once over plain HTTP: no operation is called, every word goes through a page.

A rights holder registers, enters its right and complains about listings of three stores; one seller
deletes, one contests one of two listings and leaves the other, one says nothing at all; the rights
holder answers, legal staff decide, the clock closes the rest, and the bundle is downloaded.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from tests import make
from tests.purpose import Town, photo
from tests.reader import Reader, words

HOLDER, SELLER_B = "ada@aurora.example", "shop@quiet-harbour.example"
COPIED = "The lamp in the picture is ours: AURORA stands on its foot, and we never sold to this shop."
GENUINE = "Bought from the owner's distributor, invoice 4711 of 12 January 2026."
NEVER = "No distributor of ours has sold this model; invoice 4711 is none of theirs."
FACTS = "The invoice names model 20; the listing shows model 20 with the owner's seal."
GROUND = "Goods that the owner's distributor sold may be sold on. The owner's answer does not address the seal."


@pytest.fixture
def town(app: Any, clock: Any) -> Iterator[Town]:
    made = Town.build(app, clock)
    yield made
    made.close()


def sign_in(town: Town, email: str, *, go: str = "/") -> Reader:
    """A fresh browser in which this person has signed in by the form, sent there by ``go``."""
    reader = Reader(town.app.test_client())
    reader.open(f"/sign-in?next={go}").send("Sign in", email=email, password=make.PASSWORD)
    assert "Sign out" in reader.text, reader.main
    return reader


def pdf_text(content: bytes) -> str:
    document = PdfDocument(io.BytesIO(content))
    try:
        return " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    finally:
        document.close()


# --- the steps of the story --------------------------------------------------------------------------


def register(town: Town) -> Reader:
    """The rights holder makes its account and confirms its address by the letter."""
    reader = Reader(town.app.test_client())
    reader.open("/").click("Sign in").click("register")
    reader.send("Register", kind="rights_holder", organisation_name="Aurora Ltd", name="Ada Example",
                email=HOLDER, password=make.PASSWORD)
    reader.open(town.link_to(HOLDER, "account_confirm"))
    reader.send("Confirm")
    return sign_in(town, HOLDER)


def register_right(reader: Reader, **given: Any) -> None:
    reader.click("My rights").click("Register a right")
    reader.send("Register the right", **{
        "kind": "trademark", "title": "AURORA", "number": "5550123", "office": "USPTO",
        "owner": "Aurora Ltd", "territory": "US", "contact_email": "public@aurora.example",
        "certificates_files": (photo(9), "certificate.jpg")} | given)
    assert "The right is registered" in reader.main


def file_notice(reader: Reader, *, kind: str, right: str, listings: str) -> str:
    """From the home page to the receipt; the reference of the notice."""
    reader.open("/notices/new")
    chosen = next(box["value"] for box in reader.page.select("input[name=right]")
                  if right in reader.page.select_one(f"label[for='{box['id']}']").get_text())
    reader.send("Continue", right=chosen)
    reader.send("Add", pasted=listings)
    reader.click("Continue", within="main")
    reader.send("Continue", reason_code="counterfeit" if kind == "trademark" else "copied_picture",
                explanation=COPIED)
    reader.send("Save and continue", exhibits_files=(photo(1), "original.jpg"))
    assert "original.jpg" in reader.main
    reader.send("Save and continue")
    reader.send("No test purchase: continue")
    reader.send("Continue", acting_as="owner", company="Aurora Ltd", address="1 Example Street, Springfield",
                phone="+1 555 0100")
    assert COPIED in reader.main, "the preview shows what each store will read"
    statements = [name for name in reader.form_of("Sign and file") | {
        box["name"]: "" for box in reader.page.select("input[name^=statement_]")}
        if name.startswith("statement_")]
    reader.send("Sign and file", signed_name="Ada Example", **dict.fromkeys(statements, "true"))
    assert "The notice is filed" in reader.main
    return re.search(r"N-[0-9A-Z]{4}-[0-9A-Z]{4}", reader.main)[0]


def complaints_by_store(reader: Reader, notice: str) -> dict[str, str]:
    """Store name → reference of its complaint, from the receipt."""
    reader.open(f"/notices/{notice}/filed")
    rows = [row for row in reader.page.select("main tr") if row.select_one("a[href^='/complaints/']")]
    return {row.select("td")[1].get_text(strip=True): row.select_one("a").get_text(strip=True) for row in rows}


def screen(town: Town) -> None:
    """Legal takes the next case from the queue and accepts the notice."""
    legal = sign_in(town, town.people["legal"].email, go="/queue")
    legal.send("Take the next case")
    assert "/screen" in legal.path and COPIED in legal.main
    legal.send("Look at what will be sent", trigger="accept").send("Send")
    assert "Accepted" in legal.main


def contest(reader: Reader, complaint: str, *listings: str, **given: Any) -> None:
    """A seller's way from the complaint to the signature."""
    reader.open(f"/complaints/{complaint}").click("Contest")
    boxes = {label.get_text(strip=True): reader.page.select_one(f"#{label['for']}")["value"]
             for label in reader.page.select("main label") if label.get_text(strip=True).startswith("Aurora")}
    reader.send("Save and go on", claim_ids=[boxes[title] for title in listings], grounds=["genuine_goods"])
    reader.send("Save and go on", explanation=GENUINE)
    reader.send("Save and go on", **{
        given.pop("field", "shared_files"): [(photo(2), "invoice.jpg"), (photo(3), "seal.jpg")]})
    boxes = {box["name"]: "true" for box in reader.page.select("input[name^=statement_]")}
    reader.send("Save and read the copy", **boxes, **given)
    reader.send("Sign and send", read="true")
    assert "is signed and sent" in reader.main


def decide(town: Town, complaint: str, step: str) -> None:
    """Legal reads both sides, writes reasons, reads the letters and sends them."""
    legal = sign_in(town, town.people["legal"].email, go=f"/complaints/{complaint}")
    for said in (COPIED, GENUINE, NEVER):
        assert said in legal.main, "both sides stand beside each other"
    assert legal.dead_ends() == []
    legal.send("Take it")
    legal.click(step).send("Look at what will be sent", facts=FACTS, ground=GROUND)
    assert GROUND in legal.main and "This is what will be sent" in legal.main
    legal.send("Decide and send")


def bundle_text(town: Town, complaint: str) -> str:
    """Legal has the bundle made and downloads it."""
    legal = sign_in(town, town.people["legal"].email, go=f"/complaints/{complaint}")
    legal.send("Make the evidence bundle")
    town.work()
    legal.open(legal.path).click("Download the PDF")
    assert legal.answer.mimetype == "application/pdf"
    assert "attachment" in legal.answer.headers["Content-Disposition"]
    return pdf_text(legal.answer.data)


def state_on(reader: Reader, complaint: str) -> str:
    """What the page answers to “where is it?”."""
    return words(reader.open(f"/complaints/{complaint}").page.select_one("main .ipd-answers dd"))


# --- the stories -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_purpose_from_the_notice_to_the_bundle(town: Town) -> None:
    holder = register(town)
    register_right(holder)
    notice = file_notice(holder, kind="trademark", right="AURORA", listings="L-A1 L-B1, L-B2\nL-C1")
    complaint = complaints_by_store(holder, notice)
    a, b, c = (complaint[name] for name in ("Lantern House", "Quiet Harbour", "Northern Light"))

    # Before anybody looked at it the sellers know nothing.
    priya = sign_in(town, "priya@lantern-house.example", go="/complaints")
    assert a not in priya.main
    priya.open(f"/complaints/{a}", expect=404)
    screen(town)
    town.work()
    assert town.letters(HOLDER, "notice_receipt") and town.letters(HOLDER, "notice_accepted")

    # Seller A reads its letter, signs in and deletes.
    [letter] = town.letters("priya@lantern-house.example", "complaint_opened")
    assert "Thu 5 Mar 2026, 23:59 New York time (in 3 working days)" in letter, "the time to answer, not to deliver"
    assert "If you do not answer in time, your listing is taken down" in letter
    assert "L-A1" in letter and not re.search("L-B|L-C|Quiet Harbour|Northern Light", letter)
    priya.open("/inbox").click("A complaint about listings of your store")
    assert COPIED in priya.main
    priya.open("/complaints").click("Process now")
    assert priya.path == f"/complaints/{a}"
    assert "Thu 5 Mar 2026, 23:59" in priya.main and "in 3 working days" in priya.main
    priya.click("Delete now").send("Delete now")
    assert "This admits nothing" in priya.main
    town.work()
    assert any("deleted" in text for text in town.letters(HOLDER, "listings_deleted"))

    # Store B has no account yet: staff invite its contact, who answers for one of two listings.
    [letter] = town.letters(SELLER_B, "complaint_opened")
    guest = Reader(town.app.test_client()).open(town.link_to(SELLER_B, "complaint_opened"))
    guest.send("Open the case")
    assert COPIED in guest.main and "create the account of this store" in guest.main
    assert "original.jpg" in guest.main and guest.dead_ends() == []
    guest.open(f"/complaints/{a}", expect=404)
    legal = sign_in(town, town.people["legal"].email, go="/staff/stores")
    legal.send("Find", store="S-B").send("Invite the contact")
    wei = Reader(town.app.test_client()).open(town.link_to(SELLER_B, "store_invitation"))
    wei.send("Make the account and connect the store", name="Wei Example", password=make.PASSWORD)
    contest(wei, b, "Aurora floor lamp")
    town.work()
    assert GENUINE in town.letters(HOLDER, "counter_notice_copy")[-1]
    assert len(town.letters(SELLER_B, "counter_notice_received")) == 1

    # The rights holder reads it in its inbox and maintains the complaint.
    holder.open("/inbox")
    assert [line for line in holder.links() if "counter-notification" in line.lower()]
    holder = sign_in(town, HOLDER, go=f"/complaints/{b}")
    assert GENUINE in holder.main and "invoice.jpg" in holder.main and SELLER_B not in holder.main
    assert holder.dead_ends() == []
    holder.click("Answer the counter-notification")
    holder.send("Sign and send the answer", text=NEVER, signed_name="Ada Example")
    assert "Your answer is sent" in holder.main
    town.work()
    assert NEVER in wei.open(f"/complaints/{b}").main
    decide(town, b, "Dismiss the complaint")
    town.work()

    # The clock: B's second listing and C say nothing.
    town.clock.advance(timedelta(days=5))
    town.work()
    assert town.letters(SELLER_B, "listing_delisted")
    town.clock.advance(timedelta(days=32))
    town.work()

    # What each of them reads in the end.
    holder, wei = sign_in(town, HOLDER), sign_in(town, SELLER_B)
    priya, silent = sign_in(town, "priya@lantern-house.example"), sign_in(town, "silent@northern-light.example")
    for reader, reference, word in (
        (holder, a, "Closed: deleted by the seller"), (priya, a, "Closed: deleted by the seller"),
        (holder, c, "Closed: not contested"), (silent, c, "Closed: not contested"),
    ):
        assert word in state_on(reader, reference), reference
    for reader in (holder, wei):
        assert "Closed" in state_on(reader, b)
        assert GROUND in reader.main and reader.dead_ends() == []
        outcomes = [words(one) for one in reader.page.select("main .ipd-substate")]
        assert {"Dismissed", "Not contested"} <= set(outcomes)
    for reader, reference in ((priya, b), (wei, a), (silent, a), (silent, b), (wei, c)):
        reader.open(f"/complaints/{reference}", expect=404)
    for stranger in ("L-A1", "L-C1", "Lantern House", "Northern Light"):
        assert not any(stranger in letter for letter in town.letters(SELLER_B)), stranger
    waiting, over = wei.open("/complaints").page.select("main section")
    assert b not in words(waiting) and b in words(over), "what has ended stands in the historical records"

    # The bundle holds both sides' words, the decision and the exhibits.
    text = bundle_text(town, b)
    for said in (COPIED, GENUINE, NEVER, GROUND, "Ada Example", "Wei Example", "AURORA", "5550123",
                 "invoice.jpg", "original.jpg", b):
        assert said in text, said
    outbox = sign_in(town, town.people["legal"].email, go=f"/outbox?case={b}").main
    assert SELLER_B in outbox and HOLDER in outbox


@pytest.mark.slow
def test_the_purpose_under_the_statute_ends_with_the_put_back(town: Town) -> None:
    holder = register(town)
    register_right(holder, kind="copyright", title="Aurora catalogue photographs", number="", office="")
    notice = file_notice(holder, kind="copyright", right="Aurora catalogue photographs", listings="L-A1 L-C1")
    complaint = complaints_by_store(holder, notice)
    a, c = complaint["Lantern House"], complaint["Northern Light"]
    screen(town)
    town.work()
    assert town.letters("priya@lantern-house.example", "listing_delisted"), "taken down first, heard afterwards"

    priya = sign_in(town, "priya@lantern-house.example", go=f"/complaints/{a}")
    contest(priya, a, "Aurora desk lamp", field="exhibits_files", address="9 Canal Row, Eastport", phone="+1 555 0190")
    town.work()
    copy = town.letters(HOLDER, "counter_notice_copy")[-1]
    assert "9 Canal Row, Eastport" in copy and "under penalty of perjury" in copy and GENUINE not in copy
    holder = sign_in(town, HOLDER, go=f"/complaints/{a}")
    assert "9 Canal Row" in holder.main and "invoice.jpg" not in holder.main
    assert "Tue 17 Mar 2026" in holder.main, "the 11th business day after Monday 2 March"

    town.clock.set(datetime(2026, 3, 17, 3, 59, tzinfo=UTC))  # the last minute of 16 March in New York
    town.work()
    assert not town.letters(HOLDER, "listings_restored")
    town.clock.set(datetime(2026, 3, 17, 22, tzinfo=UTC))
    town.work()
    for who in (HOLDER, "priya@lantern-house.example"):
        assert town.letters(who, "listings_restored"), who
        assert "Closed: put back" in state_on(sign_in(town, who), a), who
    town.clock.set(datetime(2026, 4, 20, 15, tzinfo=UTC))
    town.work()
    assert "not contested" in state_on(sign_in(town, "silent@northern-light.example"), c)
    text = bundle_text(town, a)
    for said in (COPIED, "9 Canal Row, Eastport", "Priya Sandell", "invoice.jpg", "512"):
        assert said in text, said

"""What people get who enter something wrong: a sentence beside the field, all they typed, and nothing half-saved.

Each line of ``TYPED`` and ``FILES`` is a page, what is entered, and what the page must say where. The same four things
hold for every line: the status, the sentence, everything else that was typed, and the number of rows in every table.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from ipdesk.core.http.fields import Line, Prose
from tests import make
from tests.features.evidence.conftest import locked_pdf, pdf, picture
from tests.purpose import Town, photo, row_counts
from tests.reader import Reader, words
from tests.visitors import sign_in

ROOT = Path(__file__).parents[2]
UNBROKEN = "x" * 20_000
CONTACT = {"company": "Aurora Ltd", "address": "1 Example Street", "phone": "+1 555 0100"}


class Place(Town):
    """The town with a rights holder, and the ways to the pages where people type."""

    def reader(self, who: str) -> Reader:
        return Reader(sign_in(self.app.test_client(), self.people[who]))

    def right(self, holder: Reader, **given: Any) -> str:
        """A registered right; its reference."""
        self.right_form(holder).send("Register the right", **{**_right(), **given})
        return holder.path.rsplit("/", 1)[1]

    def right_form(self, holder: Reader) -> Reader:
        return holder.open("/rights/new")

    def draft(self, holder: Reader, *steps: str, listings: str = "L-A1 L-B1", **right: Any) -> Reader:
        """A new notice, gone through as far as the page behind the named steps."""
        holder.open(f"/notices/new?right={self.right(holder, **right)}").send("Continue")
        if "listings" in steps:
            holder.send("Add", pasted=listings).click("Continue", within="main")
        if "reasons" in steps:
            holder.send("Continue", reason_code="counterfeit", explanation="They bear our mark.")
        if "exhibits" in steps:
            holder.send("Save and continue").send("No test purchase: continue")
        if "contact" in steps:
            holder.send("Continue", **CONTACT)
        return holder

    def sign(self, holder: Reader, *, expect: int = 200) -> Reader:
        boxes = {box["name"]: "true" for box in holder.page.select("input[name^=statement_]")}
        return holder.send("Sign and file", expect=expect, signed_name="Ada Example", **boxes)

    def complaint(self, holder: Reader, listings: str = "L-A1") -> str:
        """A complaint against store A whose seller has been told."""
        self.sign(self.draft(holder, "listings", "reasons", "exhibits", "contact", listings=listings))
        notice = re.search("N-[0-9A-Z]{4}-[0-9A-Z]{4}", holder.main)[0]
        found = re.search("C-[0-9A-Z]{4}-[0-9A-Z]{4}", holder.main)[0]
        self.reader("legal").open(f"/notices/{notice}/screen").send("Look at what will be sent", trigger="accept").send("Send")
        self.work()
        return found

    def contest(self, reference: str, *, until: str = "", **sharing: Any) -> Reader:
        """Seller A on the screen ``until`` (explanation, exhibits, contact, sign), or signed."""
        seller = self.reader("seller A").open(f"/complaints/{reference}/contest")
        every = [box["value"] for box in seller.page.select("input[name=claim_ids]")]
        for name, button, given in (
            ("explanation", "Save and go on", {"claim_ids": every, "grounds": ["genuine_goods"]}),
            ("exhibits", "Save and go on", {"explanation": "Bought from the owner."}),
            ("contact", "Save and go on", sharing),
            ("sign", "Save and read the copy", None), ("", "Sign and send", {"read": "true"}),
        ):
            boxes = {box["name"]: "true" for box in seller.page.select("input[name^=statement_]")}
            seller.send(button, **(boxes if given is None else given))
            if name == until:
                return seller
        return seller


def _right() -> dict[str, str]:
    return {"kind": "trademark", "title": "AURORA", "number": "5550123", "office": "USPTO", "owner": "Aurora Ltd",
            "territory": "US", "contact_name": "Ada Example", "contact_email": "public@aurora.example"}


@pytest.fixture
def town(app: Any, clock: Any) -> Iterator[Place]:
    made = Place.build(app, clock)
    made.people["holder"] = make.user(role="rights_holder", name="Ada Example", email="ada@aurora.example")
    made.people["rival"] = make.user(role="rights_holder")
    yield made
    made.close()


def nothing_more(before: dict[str, int], app: Any, *besides: str) -> None:
    """No table has another number of rows than ``before``, ``besides`` apart."""
    after = row_counts(app)
    assert {name: (before[name], n) for name, n in after.items() if n != before[name] and name not in besides} == {}


def refused(reader: Reader, button: str, given: dict[str, Any], field: str, says: str, app: Any, *besides: str,
            status: int = 422) -> None:
    """Send, and check the four things that hold for every bad input."""
    kept = {**{name: value for name, value in reader.form_of(button).items()
               if name not in ("csrf_token", "form_key", "seen", "copy", "shown")},
            **{name: value for name, value in given.items() if not isinstance(value, tuple | list) or name == "claim_ids"}}
    before = row_counts(app)
    reader.send(button, expect=status, **given)
    if field:
        assert says in reader.error_of(field), (reader.error_of(field), reader.errors())
        assert reader.page.select_one(f".govuk-error-summary a[href='#{field}']"), "the summary leads to the field"
        assert reader.page.select_one(f"#{field}"), "and the field is there"
    assert any(says in line for line in reader.errors()) or says in reader.main, reader.main[:600]
    assert "Traceback" not in reader.text and "marshmallow" not in reader.text
    for name, typed in kept.items():
        if reader.page.select(f"main [name='{name}']"):
            shown = reader.value_of(name)
            assert shown == typed or shown == [typed] or (isinstance(shown, list) and shown == typed), (name, shown, typed)
        else:
            raise AssertionError(f"{name} is gone from the page")
    nothing_more(before, app, *besides)


# --- what was typed ------------------------------------------------------------------------------------

# id: who stands where, the button, what is entered, the field and what is said beside it
TYPED: dict[str, tuple[Callable[[Place], Reader], str, dict[str, Any], str, str]] = {
    "a name of 20,000 characters": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"title": UNBROKEN},
        "title", "Shorten this to 300 characters. It has 20000."),
    "a description of 20,000 characters": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"description": UNBROKEN},
        "description", "Shorten this to 5000 characters. It has 20000."),
    "an owner of zero-width characters only": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"owner": "\u200b\u2060\ufeff"},
        "owner", "Fill this in."),
    "an address of mail that is none": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"contact_email": "ada at home"},
        "contact_email", "Enter an e-mail address, like name@company.example."),
    "a day that does not exist": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"valid_until": "2026-02-30"},
        "valid_until", "Enter a date, like 2026-11-22."),
    "a country that does not exist": (
        lambda p: p.right_form(p.reader("holder")), "Register the right", _right() | {"territory": "US, Narnia"},
        "territory", "“NARNIA” is no country code."),
    "an explanation of 20,000 characters": (
        lambda p: p.draft(p.reader("holder"), "listings"), "Continue",
        {"reason_code": "counterfeit", "explanation": UNBROKEN}, "explanation", "Shorten this to 10000 characters."),
    "20,000 characters as a listing": (
        lambda p: p.draft(p.reader("holder")), "Add", {"pasted": UNBROKEN}, "pasted", ""),
    "a contact without name": (
        lambda p: p.draft(p.reader("holder"), "listings", "reasons", "exhibits"), "Continue",
        {**CONTACT, "name": " \u200b "}, "name", "Fill this in."),
    "a seller's explanation of 20,000 characters": (
        lambda p: p.contest(p.complaint(p.reader("holder")), until="explanation"), "Save and go on",
        {"explanation": UNBROKEN}, "explanation", "Shorten this to 10000 characters. It has 20000."),
    "an answer of 20,000 characters": (
        lambda p: _at_answer(p), "Sign and send the answer",
        {"text": UNBROKEN, "signed_name": "Ada Example"}, "text", "Shorten this to 10000 characters. It has 20000."),
    "grounds of 20,000 characters": (
        lambda p: _at_decision(p), "Look at what will be sent", {"facts": "Seen.", "ground": UNBROKEN},
        "ground", "Shorten this to 10000 characters. It has 20000."),
    "a decision without facts": (
        lambda p: _at_decision(p), "Look at what will be sent", {"facts": "", "ground": "As above."},
        "facts", "Fill this in."),
}


def _at_answer(place: Place) -> Reader:
    holder = place.reader("holder")
    reference = place.complaint(holder)
    place.contest(reference)
    return holder.open(f"/complaints/{reference}/answer")


def _at_decision(place: Place) -> Reader:
    holder = _at_answer(place)
    holder.send("Sign and send the answer", text="Never ours.", signed_name="Ada Example")
    return place.reader("legal").open(holder.path).click("Uphold the complaint")


@pytest.mark.parametrize("case", TYPED)
def test_typed(town: Place, case: str) -> None:
    where, button, given, field, says = TYPED[case]
    refused(where(town), button, given, field, says, town.app)


def test_invisible_and_reordering_characters_are_taken_out_and_scripts_stay(town: Place) -> None:
    holder = town.right_form(town.reader("holder"))
    holder.send("Register the right", **_right() | {
        "title": "AU\u200bRO\u202eRA\u2066", "owner": "شركة النور", "description": "极光\ufeff灯具 👩‍🔧"})
    assert holder.status == 200 and "AURORA" in holder.main
    assert "شركة النور" in holder.main and "极光灯具" in holder.main
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\ufeff]", holder.page.get_text())
    arabic = holder.page.find(string=re.compile("النور")).find_parents(lambda tag: tag.has_attr("dir") or tag.name == "bdi")
    assert [tag for tag in arabic if tag.name != "html"], "its direction does not turn the words around it"


@pytest.mark.parametrize("typed", [
    "\u3164", "\u2800", "\u115f", "\u034f", "\u200d", "\ufe0f", "\U000e0041\U000e0044\U000e0041", "\u00a0\u3000", "\u0301"])
def test_a_signature_that_nobody_can_see_is_none(typed: str) -> None:
    with pytest.raises(ValidationError, match="Fill this in"):
        Line(required=True).deserialize(typed)


@pytest.mark.parametrize("name", ["王芳", "Ada O’Neill-Müller", "می\u200cخواهم", "3M", "👩\u200d🔧", "पं\u200dडित"])
def test_names_of_all_scripts_are_names(name: str) -> None:
    assert Line(required=True).deserialize(name) == name


def test_words_in_characters_that_only_a_program_reads_are_taken_out() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "the seller is right")
    assert Prose().deserialize(f"It is a copy.{hidden}") == "It is a copy."


def test_listings_with_invisible_characters_are_found(town: Place) -> None:
    holder = town.draft(town.reader("holder"))
    holder.send("Add", pasted="\u200bL-A1\u200b, \u202dL-B1")
    assert "2 listings accepted" in holder.main


# --- files ---------------------------------------------------------------------------------------------

FILES = {
    "empty": ((b"", "empty.jpg"), "“empty.jpg” is empty (0 bytes)"),
    "a program named photo": ((b"MZ" + bytes(400), "photo.jpg"), "is a kind of file that we do not take"),
    "a picture named PDF": ((picture("PNG", size=(64, 48)), "contract.pdf"), "its content is PNG"),
}
PAGES = {
    "a right": (lambda p: p.right_form(p.reader("holder")), "Register the right", _right(), "certificates"),
    "a notice": (lambda p: p.draft(p.reader("holder"), "listings", "reasons"), "Save and continue", {}, "exhibits"),
    "a counter-notification": (
        lambda p: p.contest(p.complaint(p.reader("holder")), until="exhibits"), "Save and go on", {}, "shared"),
    "an answer": (lambda p: _at_answer(p), "Sign and send the answer",
                  {"text": "Never ours.", "signed_name": "Ada Example"}, "exhibits"),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_is_not_taken(town: Place, page: str, file: str) -> None:
    where, button, typed, field = PAGES[page]
    content, says = FILES[file]
    refused(where(town), button, typed | {f"{field}_files": content}, field, says, town.app)


@pytest.mark.parametrize("page", PAGES)
def test_a_good_file_beside_a_bad_one_need_not_be_chosen_again(town: Place, page: str) -> None:
    where, button, typed, field = PAGES[page]
    reader = where(town)
    reader.send(button, expect=422, **typed, **{f"{field}_files": [(photo(1), "good.jpg"), (b"", "empty.jpg")]})
    assert "empty.jpg" in reader.error_of(field)
    [reference] = reader.value_of(field)
    assert "good.jpg" in words(reader.page.select_one(f"input[value='{reference}']").find_parent("li"))


CUT = pdf(pages=4)
UNREADABLE = {
    "locked": (locked_pdf(), "Upload an unlocked copy"),
    "truncated": (CUT[:len(CUT) // 2], "cut off"),
}


@pytest.mark.parametrize("file", UNREADABLE)
@pytest.mark.parametrize("page", ["a notice", "a counter-notification"])
def test_a_file_that_nobody_can_read_is_kept_and_its_sender_told_before_it_signs(
    town: Place, page: str, file: str,
) -> None:
    where, button, typed, field = PAGES[page]
    content, says = UNREADABLE[file]
    reader = where(town)
    reader.send(button, **typed, **{f"{field}_files": (content, "paper.pdf")})
    if page == "a counter-notification":
        boxes = {box["name"]: "true" for box in reader.page.select("input[name^=statement_]")}
        reader.send("Save and read the copy", **boxes)
    assert "paper.pdf" in reader.main and says in reader.main, reader.main


def test_five_gigabytes_are_refused_before_a_byte_is_sent(town: Place) -> None:
    holder = town.right_form(town.reader("holder"))
    before = row_counts(town.app)
    token = holder.page.select_one("[data-ipd-exhibits]")["data-token"]
    answer = holder.client.post("/evidence/uploads", json={"name": "film.mp4", "size": 5_000_000_000},
                                headers={"X-CSRFToken": token}, csrf=False)
    assert answer.status_code == 413
    assert answer.json["error"].startswith("“film.mp4” is larger than ")
    whole = holder.client.post("/rights/new", data=b"", content_type="multipart/form-data; boundary=x",
                               headers={"X-CSRFToken": token}, csrf=False,
                               environ_overrides={"CONTENT_LENGTH": "5000000000"})
    assert whole.status_code == 413 and "That is too large" in whole.text and "Send smaller files" in whole.text
    nothing_more(before, town.app)


# --- rights and listings ---------------------------------------------------------------------------------


def test_an_expired_right_carries_no_notice(town: Place) -> None:
    holder = town.reader("holder")
    refused(town.right_form(holder), "Register the right", _right() | {"valid_until": "2026-03-01"}, "valid_until",
            "This right has ended. Renew it first, or enter the new end date.", town.app)
    ended = town.right(holder, title="OLD MARK", valid_until="2026-03-02")
    town.clock.advance(timedelta(days=1))
    holder = Reader(sign_in(holder.client, town.people["holder"]))
    town.right(holder)
    holder.open("/notices/new")
    assert ended not in [box["value"] for box in holder.page.select("input[name=right]")]
    assert "OLD MARK" in holder.main and "valid until" in holder.main, "the page says why it is not offered"
    before = row_counts(town.app)
    sent = holder.form_of("Continue") | {"right": ended, "work_owner": "Aurora Ltd"}
    holder.post("/notices/new", sent, expect=422)
    assert "This right has ended" in holder.error_of("right"), holder.errors()
    assert holder.value_of("work_owner") == "Aurora Ltd"
    nothing_more(before, town.app)


def test_a_right_that_ends_while_the_notice_is_written_files_nothing(town: Place) -> None:
    holder = town.draft(town.reader("holder"), "listings", "reasons", "exhibits", "contact",
                         valid_until=str(date(2026, 3, 2)))
    town.clock.advance(timedelta(hours=14))
    holder = Reader(sign_in(holder.client, town.people["holder"])).open(holder.path)
    before = row_counts(town.app)
    town.sign(holder, expect=422)
    assert any("ended" in line or "valid" in line for line in holder.errors()), holder.errors()
    assert holder.value_of("signed_name") == "Ada Example"
    nothing_more(before, town.app)


def test_the_same_listing_twice_is_one_claim(town: Place) -> None:
    holder = town.draft(town.reader("holder"))
    holder.send("Add", pasted="L-A1 https://bazaar.example/item/A1 L-B1")
    assert "2 listings accepted" in holder.main and "1 row not accepted" in holder.main
    assert "Duplicate" in holder.main and "An earlier row names the same listing." in holder.main


def test_a_listing_that_is_complained_of_already_names_its_complaint(town: Place) -> None:
    holder = town.reader("holder")
    first = town.complaint(holder)
    right = holder.open("/rights").page.select_one("main a[href^='/rights/R-']")["href"].rsplit("/", 1)[1]
    holder.open(f"/notices/new?right={right}").send("Continue").send("Add", pasted="L-A1 L-B1")
    assert "Already handled" in holder.main and first in holder.main and "1 listing accepted" in holder.main


# --- people ----------------------------------------------------------------------------------------------


def test_a_store_claimed_by_a_second_account_is_refused_and_alarms(town: Place) -> None:
    legal = town.reader("legal").open("/staff/stores").send("Find", store="S-B").send("Invite the contact")
    link = town.link_to("shop@quiet-harbour.example", "store_invitation")
    late = Reader(town.app.test_client()).open(link)
    # Meanwhile staff bind the store to somebody else with proof.
    rival = make.user(role="seller", email="rival@shops.example")
    legal.open(legal.path).send("Bind", email=rival.email, proof="Business licence shown by video, kept in file 12.")
    before = row_counts(town.app)
    late.send("Make the account and connect the store", expect=409, name="Wei Example", password=make.PASSWORD)
    assert "This store already has a main account. Your claim was refused and the desk was told." in late.main
    nothing_more(before, town.app, "security_alarms", "outbox")
    alarms = legal.open("/staff/alarms").main
    assert "A second account claimed a store" in alarms and "Quiet Harbour" in alarms


OTHERS = {
    "seller A": ("/complaints/{b}", "/complaints/{b}/contest", "/complaints/{b}/contest/sign", "/complaints/{b}/delete",
                 "/complaints/{b}/right", "/complaints/{b}/complainant", "/notices/{notice}", "/rights/{right}"),
    "rival": ("/complaints/{a}", "/complaints/{a}/answer", "/complaints/{a}/withdraw", "/complaints/{a}/court-action",
              "/notices/{notice}", "/notices/{notice}/filed", "/notices/{notice}/draft", "/rights/{right}",
              "/rights/{right}/correct", "/rights/{right}/withdraw"),
}


@pytest.mark.parametrize("who", OTHERS)
def test_another_party_s_case_is_not_there(town: Place, who: str) -> None:
    holder = town.reader("holder")
    a = town.complaint(holder, "L-A1 L-B1")
    notice = holder.open(f"/complaints/{a}").page.select_one("main a[href^='/notices/']") or holder.open(
        "/notices").page.select_one("main a[href^='/notices/N-']")
    notice = notice["href"].rsplit("/", 1)[1]
    b = next(ref for ref in re.findall("C-[0-9A-Z]{4}-[0-9A-Z]{4}", holder.open(f"/notices/{notice}").main) if ref != a)
    right = holder.open("/rights").page.select_one("main a[href^='/rights/R-']")["href"].rsplit("/", 1)[1]
    stranger, before = town.reader(who), row_counts(town.app)
    for address in OTHERS[who]:
        address = address.format(a=a, b=b, notice=notice, right=right)
        there = stranger.client.get(address)
        assert there.status_code in (403, 404), address
        absent = stranger.client.get(re.sub("-[0-9A-Z]{4}-[0-9A-Z]{4}", "-0000-0000", address))
        assert _without_code(there.text) == _without_code(absent.text), f"{address} tells that the case exists"
        posted = stranger.client.post(address, data={"claim_ids": ["1"], "signed_name": "X", "text": "X"})
        assert posted.status_code in (403, 404, 405), address
    nothing_more(before, town.app)


def _without_code(html: str) -> str:
    """A problem page without what differs on every page: the code for the desk and the addresses in it."""
    return re.sub(r"[CNR]-[0-9A-Z]{4}-[0-9A-Z]{4}|<code>.*?</code>|value=\"[^\"]*\"|[\w-]{12}(?=\s*<)", "", html)


# --- sent twice, sent late ---------------------------------------------------------------------------------

TWICE = {
    "a right": (lambda p: p.right_form(p.reader("holder")), "Register the right", _right()),
    "a notice": (lambda p: p.draft(p.reader("holder"), "listings", "reasons", "exhibits", "contact"), "Sign and file", None),
    "a counter-notification": (
        lambda p: p.contest(p.complaint(p.reader("holder")), until="sign"), "Sign and send", {"read": "true"}),
    "an answer": (lambda p: _at_answer(p), "Sign and send the answer", {"text": "Never ours.", "signed_name": "Ada Example"}),
    "Delete now": (lambda p: p.reader("seller A").open(f"/complaints/{p.complaint(p.reader('holder'))}/delete"),
                   "Delete now", {}),
    "a decision": (lambda p: _at_decision(p).send("Look at what will be sent", facts="Seen.", ground="As above."),
                   "Decide and send", {}),
}


@pytest.mark.parametrize("form", TWICE)
def test_a_form_sent_twice_acts_once(town: Place, form: str) -> None:
    where, button, given = TWICE[form]
    reader = where(town)
    if given is None:
        given = {"signed_name": "Ada Example"} | {
            box["name"]: "true" for box in reader.page.select("input[name^=statement_]")}
    address, shown = reader.path, reader.page
    reader.send(button, **given)
    once, landed = row_counts(town.app), reader.path
    reader.path, reader.page = address, shown
    reader.send(button, **given)
    assert reader.path == landed
    nothing_more(once, town.app)


def test_a_decision_from_a_stale_page_keeps_its_reasons(town: Place) -> None:
    legal = _at_decision(town)
    reference = re.search("C-[0-9A-Z]{4}-[0-9A-Z]{4}", legal.path)[0]
    other = make.user(role="legal", name="Omar Example")
    town.people["other"] = other
    quick = town.reader("other").open(f"/complaints/{reference}").click("Dismiss the complaint")
    quick.send("Look at what will be sent", facts="Sealed.", ground="Genuine.").send("Decide and send")
    before = row_counts(town.app)
    legal.send("Look at what will be sent", facts="A long afternoon of reading.", ground="Copied.", expect=409)
    assert "A long afternoon of reading." in legal.main and "Copied." in legal.main
    assert any("the case has moved on" in line for line in legal.errors())
    nothing_more(before, town.app)


def test_a_screening_from_a_stale_page_keeps_its_words(town: Place) -> None:
    holder = town.reader("holder")
    town.sign(town.draft(holder, "listings", "reasons", "exhibits", "contact", listings="L-A1"))
    page = f"/notices/{re.search('N-[0-9A-Z]{4}-[0-9A-Z]{4}', holder.main)[0]}/screen"
    town.people["other"] = make.user(role="legal", name="Omar Example")
    legal, quick = town.reader("legal").open(page), town.reader("other").open(page)
    quick.send("Look at what will be sent", trigger="refuse", reasons="Not ours to judge.").send("Send")
    before = row_counts(town.app)
    legal.send("Look at what will be sent", trigger="refuse", reasons="A long afternoon of reading.", expect=409)
    assert "A long afternoon of reading." in legal.main
    assert any("moved while you were reading" in line for line in legal.errors())
    nothing_more(before, town.app)


def test_an_answer_from_a_stale_page_stays_in_its_field_and_can_be_sent_again(town: Place) -> None:
    holder = town.reader("holder")
    reference = town.complaint(holder, "L-B1 L-B2")
    town.people["seller A"] = make.seller(store=town.stores["B"])
    town.contest(reference)
    holder.open(f"/complaints/{reference}/answer")
    other = town.reader("seller A").open(f"/complaints/{reference}/delete")
    other.send("Delete now", claim_ids=[other.page.select("main [name=claim_ids]")[-1]["value"]])
    before = row_counts(town.app)
    given = {"text": "Written for an hour.", "signed_name": "Ada Example"}
    holder.send("Sign and send the answer", expect=409, **given)
    assert any("moved while you were reading" in line for line in holder.errors())
    assert holder.value_of("text") == given["text"] and holder.value_of("signed_name") == "Ada Example"
    nothing_more(before, town.app)
    holder.send("Sign and send the answer")
    assert "Your answer is sent" in holder.main


def test_a_deletion_from_a_stale_page_deletes_nothing(town: Place) -> None:
    reference = town.complaint(town.reader("holder"))
    seller = town.reader("seller A").open(f"/complaints/{reference}/delete")
    town.contest(reference)
    before = row_counts(town.app)
    seller.send("Delete now", expect=409)
    assert any("moved while you were reading" in line for line in seller.errors())
    nothing_more(before, town.app)


# --- the law files -----------------------------------------------------------------------------------------

BROKEN = {
    "an unknown guard": ("complaint/marketplace.yaml", "guards: [", "guards: [moon_is_full, ", "moon_is_full"),
    "an unknown key": ("complaint/marketplace.yaml", "    at_most: ", "    at_moost: ", "at_moost"),
    "no YAML": ("complaint/us_dmca.yaml", "states:\n", "states: [\n", ""),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_law_file_is_named_with_its_line(tmp_path: Path, broken: str) -> None:
    name, old, new, says = BROKEN[broken]
    shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    file = tmp_path / "workflows" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    done = subprocess.run(
        [sys.executable, "-m", "ipdesk", "--instance", str(tmp_path / "instance"), "check"], cwd=ROOT, timeout=60,
        env={"PATH": "/usr/bin:/bin", "IPDESK_ROOT": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"{re.escape(name)}:\d+: .*{says}", done.stdout), done.stdout + done.stderr[-400:]
    assert "Traceback" not in done.stderr

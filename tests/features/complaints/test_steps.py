"""A notice step by step: what is kept, what is answered, what is refused."""

import io
import re
from datetime import date

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from ipdesk.core.casework.models import Case, SignedStatement
from ipdesk.core.http.idempotency import FormSubmission
from ipdesk.features.complaints.models import Claim, Complaint, Notice, NoticeListing, TestPurchase
from ipdesk.features.evidence.models import Exhibit
from tests import make
from tests.features.complaints.conftest import CONTACT, errors_of, text_of, upload, value_of
from tests.features.evidence.conftest import locked_pdf
from tests.visitors import sign_in

ANSWERS = select(NoticeListing.entered, NoticeListing.answer).order_by(NoticeListing.notice_id, NoticeListing.position)


def test_a_notice_against_two_stores(scene):
    filer = scene.filer().begin().fill("LX000", "https://market.example/item/LX001/?utm_source=a", "LX002")
    answer = filer.sign()
    assert answer.status_code == 303
    assert answer.location == f"/notices/{filer.reference}/filed"
    receipt = text_of(filer.get(answer.location))
    assert "3 accepted, 0 not accepted" in receipt
    assert "Store Alpha" in receipt and "Store Bravo" in receipt
    assert scene.rows(select(Complaint.claims_count, Complaint.state).order_by(Complaint.id)) == [
        (2, "received.screening"), (1, "received.screening")]
    signed = scene.rows(select(SignedStatement.code, SignedStatement.signed_name, SignedStatement.text))
    assert [line[:2] for line in signed] == [(code, "Ada Example") for code in (
        "good_faith", "accurate_and_authorised", "copy_to_seller")]
    assert all(line[2] in text_of(filer.get(f"/notices/{filer.reference}")) for line in signed)


def test_the_draft_survives_from_the_first_step_and_belongs_to_the_organisation(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000")
    colleague = scene.filer(organisation_id=filer.client.user.organisation_id)
    assert "1 listing accepted" in text_of(colleague.get(f"/notices/{filer.reference}/draft/listings"))
    assert "Draft" in text_of(colleague.get("/notices"))
    assert scene.notices() == [(filer.reference, "draft")]


PAGES = ("draft", "draft/right", "draft/listings", "draft/reasons", "draft/exhibits", "draft/purchases", "draft/contact",
         "draft/preview", "draft/discard")


@pytest.mark.parametrize("role", ["rights_holder", "agent", "legal", "admin"])
@pytest.mark.parametrize("page", ["", *PAGES])
def test_nobody_else_sees_a_draft(scene, role, page):
    filer = scene.filer().begin()
    other = scene.filer(role)
    allowed_in = role in ("rights_holder", "agent") or not page
    assert other.get(f"/notices/{filer.reference}/{page}".rstrip("/")).status_code == (404 if allowed_in else 403)


@pytest.mark.parametrize("page", [*(page for page in PAGES if page != "draft"), "draft/listings/chosen", "draft/listings/remove",
                                  "draft/reasons/listings", "draft/purchases/done", "draft/purchases/remove"])
def test_nobody_else_changes_a_draft(scene, page):
    filer = scene.filer().begin().fill("LX000")
    before = scene.rows(select(Notice.draft, Notice.state, Notice.right_id))
    other = scene.filer()
    said = {"right": other.register(), "pasted": "LX002", "remove": "0", "chosen": "LX002", "rows": "0", "own_explanation": "x",
            "reason_code": "counterfeit", "explanation": "x", "findings": "x", "place": "0", **filer.signature(), **CONTACT}
    assert other.client.post(f"/notices/{filer.reference}/{page}", data=_fitting(page, said)).status_code == 404
    assert scene.rows(select(Notice.draft, Notice.state, Notice.right_id)) == before


def _fitting(page, said):
    fields = {"draft/right": ["right"], "draft/listings": ["pasted"], "draft/listings/chosen": ["chosen"],
              "draft/listings/remove": ["remove"], "draft/reasons": ["reason_code", "explanation"],
              "draft/reasons/listings": ["rows", "own_explanation"], "draft/exhibits": [], "draft/contact": list(CONTACT),
              "draft/purchases": ["findings"], "draft/purchases/done": [], "draft/purchases/remove": ["place"], "draft/discard": [],
              "draft/preview": [name for name in said if name.startswith("statement_") or name in ("shown", "signed_name", "seen")]}
    return {name: said[name] for name in fields[page]}


def test_each_row_has_exactly_one_answer(scene):
    elsewhere = make.marketplace(url="https://elsewhere.example")
    shop = make.store(marketplace_id=elsewhere.id)
    make.listing(store=shop, external_id="E1", url="https://elsewhere.example/E1")
    filer = scene.filer()
    right = filer.register()
    filer.begin(right=right, marketplace=str(scene.market.id)).fill("LX000")
    filer.sign()
    filer.begin(right=right, marketplace=str(scene.market.id)).fill(
        "LX000", "LX001", "https://market.example/item/LX001", "NOPE", "https://elsewhere.example/E1", "E1", "https://foreign.example/9")
    page = text_of(filer.get(f"/notices/{filer.reference}/draft/listings"))
    assert page.index("Already handled") < page.index("Accepted"), "what needs a look comes first"
    assert filer.sign().status_code == 303
    assert scene.rows(ANSWERS)[1:] == [
        ("LX001", "accepted"), ("LX000", "already_handled"), ("https://market.example/item/LX001", "duplicate"), ("NOPE", "not_found"),
        ("https://elsewhere.example/E1", "other_marketplace"), ("E1", "other_marketplace"),
        ("https://foreign.example/9", "other_marketplace")]


def test_what_became_of_the_rows_just_added_is_said_and_of_no_others(scene):
    filer = scene.filer().begin()
    page = f"/notices/{filer.reference}/draft/listings"
    filer.step("listings", pasted="LX000 LX000 NOPE LX001")
    told = text_of(filer.get(page))
    assert "4 rows added: 2 accepted. Not accepted: Duplicate (1), Not publicly found at this time (1). Such rows stand first" in told
    filer.step("listings/chosen", chosen=["LX002"], q="basalt")
    told = text_of(filer.get(page))
    assert "1 row added: 1 accepted." in told and "Not accepted:" not in told


def test_the_search_offers_nothing_that_is_handled_already_and_names_the_complaint_to_its_own_side_only(scene):
    filer = scene.filer()
    right = filer.register()
    filer.begin(right=right).fill("LX000").sign()
    complaint = next(iter(scene.rows(select(Case.reference).join(Complaint, Complaint.id == Case.id))))[0]
    filer.begin(right=right).step("listings", pasted="LX000 LX001")
    found = BeautifulSoup(filer.get(f"/notices/{filer.reference}/draft/listings?q=amber").text, "html.parser").select("form tbody tr")
    assert "handled already" in found[0].text and found[0].select_one(f"a[href='/complaints/{complaint}']")
    assert "in the notice already" in found[1].text and not any(row.select("[name=chosen]") for row in found[:2])
    other = scene.filer().begin()
    page = text_of(other.get(f"/notices/{other.reference}/draft/listings?q=amber"))
    assert "handled already" in page and complaint not in page


def test_files_that_nobody_can_read_are_named_before_signing(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.step("exhibits", exhibits=[upload(filer, locked_pdf(), "contract.pdf")])
    page = text_of(filer.get(f"/notices/{filer.reference}/draft/preview"))
    assert "1 of your files cannot be read as it is contract.pdf This PDF is locked" in page
    assert "Sign with the name of the person who signs. The notifier is named as: Ada Example." in page
    assert filer.sign().status_code == 303
    page = text_of(scene.as_actor("legal").get(f"/notices/{filer.reference}/screen"))
    assert "This PDF is locked with a password: nobody can read it. Ask for an unlocked copy." in page
    assert re.search(r"from the rights holder, \w{3} \d+ \w{3} \d{4}, \d\d:\d\d", page)
    complaint, = scene.rows(select(Case.reference).join(Complaint, Complaint.id == Case.id))
    page = text_of(filer.get(f"/complaints/{complaint[0]}"))
    assert "nobody can read it." in page and "Ask for an unlocked copy" not in page


def test_rows_are_removed_one_by_one_and_all_that_were_refused(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000 NOPE LX001 LX000 LX002")
    filer.step("listings/remove", remove=["0"])
    assert scene.rows(select(Notice.draft))[0][0]["rows"][0]["entered"] == "NOPE"
    filer.step("listings/remove", what="refused")
    assert [row["entered"] for row in scene.rows(select(Notice.draft))[0][0]["rows"]] == ["LX001", "LX000", "LX002"]
    assert "Tick the rows" in errors_of(filer.step("listings/remove"))


def test_found_by_search_and_ticked(scene):
    filer = scene.filer().begin()
    found = text_of(filer.get(f"/notices/{filer.reference}/draft/listings?q=amber"))
    assert "Amber goods 0" in found and "Basalt" not in found
    assert "Store Bravo" in text_of(filer.get(f"/notices/{filer.reference}/draft/listings?q=Bravo"))
    assert filer.step("listings/chosen", chosen=["LX000", "LX001"], q="amber").location.endswith("?q=amber")
    assert "in the notice already" in text_of(filer.get(f"/notices/{filer.reference}/draft/listings?q=amber"))
    assert "Tick at least one" in errors_of(filer.step("listings/chosen", q="amber"))


def test_a_file_beside_what_was_pasted(scene):
    filer = scene.filer().begin()
    content = b"listing_id,reason_code,explanation\nLX001,mark_in_title,Look at the title\n"
    answer = filer.step("listings", pasted="LX000", file=(io.BytesIO(content), "mine.csv"))
    assert answer.status_code == 303
    assert [row["entered"] for row in scene.rows(select(Notice.draft))[0][0]["rows"]] == ["LX000", "LX001"]
    broken = filer.step("listings", pasted="LX002", file=(io.BytesIO(b"PK\x03"), "mine.xlsx"))
    assert "no CSV file" in errors_of(broken) and value_of(broken, "pasted") == "LX002"


def test_a_wrong_reason_code_costs_its_row_the_reason_and_not_the_file(scene):
    filer = scene.filer().begin()
    content = b"listing_id,reason_code,explanation\nLX000,mark_in_title,Look\nLX001,fake,Kept\n"
    assert filer.step("listings", file=(io.BytesIO(content), "mine.csv")).status_code == 303
    rows = scene.rows(select(Notice.draft))[0][0]["rows"]
    assert [(row["entered"], row["reason_code"], row["explanation"]) for row in rows] == [
        ("LX000", "mark_in_title", "Look"), ("LX001", "", "Kept")]
    said = text_of(filer.get(f"/notices/{filer.reference}/draft/listings"))
    assert "reason for all listings: row 3: “fake”" in said and "mark_in_title Mark in the title" in said


@pytest.mark.parametrize("typed", ["x" * 20_000, "\u200b\u202e \u2066", "  "])
def test_what_is_no_listing_stays_in_the_box(scene, typed):
    filer = scene.filer().begin()
    answer = filer.step("listings", pasted=typed)
    assert answer.status_code == 422
    assert errors_of(answer)
    assert value_of(answer, "pasted") == typed


def test_one_reason_for_all_and_others_for_some(scene):
    filer = scene.filer().begin().fill("LX000", "LX001", "LX002")
    filer.step("reasons/listings", rows=["1"], own_reason_code="mark_in_title", own_explanation="Only this title.", act="set")
    filer.step("reasons/listings", rows=["2"], own_explanation="Bravo alone.", act="set")
    filer.step("reasons/listings", rows=["2"], act="clear")
    filer.sign()
    assert scene.rows(select(Claim.reason_code, Claim.explanation).order_by(Claim.id)) == [
        ("counterfeit", ""), ("mark_in_title", "Only this title."), ("counterfeit", "")]
    assert "Tick at least one" in errors_of(scene.filer().begin().fill("LX002").step("reasons/listings", own_explanation="x", act="set"))


def test_a_reason_must_fit_the_right(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000")
    answer = filer.step("reasons", reason_code="copied_picture", explanation="kept \u200f here")
    assert "Choose one" in errors_of(answer)
    assert value_of(answer, "explanation") == "kept \u200f here"
    filer.fill("LX001")
    filer.step("right", right="new", work_title="A picture", work_owner="Aurora")
    assert scene.rows(select(Notice.draft))[0][0]["reason_code"] == "", "another kind of right asks anew"


def test_an_explanation_of_twenty_thousand_characters_is_shortened_by_its_author(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000")
    answer = filer.step("reasons", reason_code="counterfeit", explanation="y" * 20_000)
    assert answer.status_code == 422
    assert "Shorten this to 10000 characters. It has 20000." in errors_of(answer)
    assert value_of(answer, "explanation") == "y" * 20_000


def test_invisible_and_reordering_characters_do_not_reach_the_seller(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.step("reasons", reason_code="counterfeit", explanation="\u202egnp.exe\u202c mark \u200bzero عربي")
    filer.sign()
    assert scene.rows(select(Notice.explanation)) == [("gnp.exe mark zero عربي",)]


def test_a_right_that_has_ended_carries_no_notice(scene, clock):
    filer = scene.filer()
    right = filer.register(valid_until="2026-03-02")
    filer.begin(right=right).fill("LX000")
    clock.set(clock.now().replace(day=3, hour=12))
    sign_in(filer.client, filer.client.user)
    refused = filer.client.post("/notices/new", data={"right": right})
    assert "This right has ended" in errors_of(refused)
    assert "valid until" in text_of(refused), "and the page says which rights are over"
    answer = filer.sign()
    assert answer.status_code == 422 and "This right has ended" in errors_of(answer)
    assert scene.notices() == [(filer.reference, "draft")]
    assert value_of(answer, "signed_name") == "Ada Example"


def test_anothers_right_cannot_be_chosen(scene):
    right = scene.filer().register()
    answer = scene.filer().client.post("/notices/new", data={"right": right})
    assert answer.status_code == 422 and "Choose one of your rights" in errors_of(answer)
    assert scene.notices() == []


def test_a_copyright_work_is_described_on_the_spot_without_certificate(scene):
    filer = scene.filer().begin(right="new", work_title="Aurora over the harbour", work_owner="Aurora Ltd")
    filer.fill("LX000")
    assert filer.sign().status_code == 303
    assert scene.rows(select(Notice.regime)) == [("us_dmca",)]
    missing = scene.filer().client.post("/notices/new", data={"right": "new", "work_owner": "kept"})
    assert errors_of(missing) and value_of(missing, "work_owner") == "kept"


def test_the_statute_asks_for_one_way_to_reach_the_notifier(scene):
    """17 U.S.C. § 512(c)(3)(A)(iv): information such as address, telephone number or e-mail address."""
    filer = scene.filer().begin(right="new", work_title="A picture", work_owner="Aurora Ltd")
    filer.step("listings", pasted="LX000")
    assert filer.step("contact", **{**CONTACT, "phone": "", "address": " "}).status_code == 303
    marks = scene.filer().begin()
    marks.step("listings", pasted="LX000")
    assert marks.step("contact", **{**CONTACT, "phone": "", "address": ""}).status_code == 303


def test_the_last_step_opens_when_nothing_is_missing(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000")
    page = text_of(filer.get(f"/notices/{filer.reference}/draft/preview"))
    assert "The explanation is missing" in page and "Sign and file" not in page
    assert "Opens when the steps above are done" in text_of(filer.get(f"/notices/{filer.reference}/draft"))


def test_every_statement_is_shown_in_full_and_ticked(scene):
    filer = scene.filer().begin().fill("LX000")
    said = filer.signature()
    del said["statement_copy_to_seller"]
    answer = filer.step("preview", **{**said, "signed_name": ""})
    assert answer.status_code == 422
    assert errors_of(answer).count("Tick this to go on") == 1 and "Fill this in" in errors_of(answer)
    assert scene.notices() == [(filer.reference, "draft")]


def test_a_signature_covers_what_was_read(scene):
    filer = scene.filer().begin().fill("LX000")
    said = filer.signature()
    filer.step("reasons", reason_code="counterfeit", explanation="Something else.")
    answer = filer.step("preview", **said)
    assert answer.status_code == 409 and "Read it again" in errors_of(answer)
    assert "Something else." in text_of(answer)
    assert filer.sign().status_code == 303


def test_a_form_sent_twice_files_once(scene):
    filer = scene.filer().begin().fill("LX000")
    said = filer.signature()
    first, second = filer.step("preview", **said), filer.step("preview", **said)
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, f"/notices/{filer.reference}/filed")
    assert scene.rows(select(func.count()).select_from(Complaint)) == [(1,)]
    assert scene.rows(select(func.count()).select_from(FormSubmission).where(FormSubmission.location == first.location)) == [(1,)]


def test_a_page_that_went_stale_does_nothing(scene):
    filer = scene.filer().begin().fill("LX000")
    stale = {**filer.signature(), "form_key": "another page"}
    filer.sign()
    assert filer.step("preview", **stale).status_code == 409
    late = filer.step("reasons", reason_code="counterfeit", explanation="Written for an hour.")
    assert late.status_code == 409 and "This notice was filed meanwhile" in text_of(late) and "Written for an hour." in text_of(late)
    assert f'href="/notices/{filer.reference}"' in late.text
    assert scene.rows(select(func.count()).select_from(Complaint)) == [(1,)]


def test_no_accepted_listing_no_notice(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="NOPE")
    assert "No listing that can be found" in text_of(filer.get(f"/notices/{filer.reference}/draft/preview"))


@pytest.fixture
def many(scene):
    shop = make.store(marketplace_id=scene.market.id, name="Store Grand")
    from ipdesk.core.db.unit_of_work import unit_of_work

    with scene.app.app_context(), unit_of_work():
        for n in range(298):
            make.listing(store=shop, external_id=f"G{n}", url=f"https://market.example/item/G{n}")
    return [*(f"G{n}" for n in range(298)), "LX000", "LX001", "LX002"]


def test_three_hundred_and_one_listings_are_two_notices(scene, many):
    filer = scene.filer().begin().fill(*many)
    assert "2 notices" in text_of(filer.get(f"/notices/{filer.reference}/draft/listings"))
    exhibit = upload(filer)
    filer.step("exhibits", exhibits=[exhibit])
    last = upload(filer, b"the last one")
    filer.step("exhibits", exhibits=[last])
    filer.step(f"exhibits/{last}", visibility="share", stores="some", rows=["300"])
    filer.step("purchases", row="300", findings="Bought.", visibility="share")
    answer = filer.sign()
    assert "also=" in answer.location
    assert "2 notices are filed" in text_of(filer.get(answer.location))
    assert [state for _, state in scene.notices()] == ["filed", "filed"]
    notices = scene.rows(select(Notice.id).order_by(Notice.id))
    assert scene.rows(select(Complaint.notice_id, Complaint.claims_count).order_by(Complaint.id)) == [
        (notices[0][0], 298), (notices[0][0], 2), (notices[1][0], 1)]
    kept = scene.rows(select(Exhibit.case_id, Exhibit.name).where(Exhibit.filed_at.is_not(None)).order_by(Exhibit.id))
    assert sorted(kept) == sorted([(notices[0][0], "exhibit.txt"), (notices[1][0], "exhibit.txt"), (notices[1][0], "exhibit.txt")])
    assert scene.rows(select(TestPurchase.notice_id)) == [notices[1]]


def test_an_exhibit_of_a_listing_that_is_gone_reaches_no_store(scene):
    filer = scene.filer().begin().fill("LX000", "LX002")
    exhibit = upload(filer)
    filer.step("exhibits", exhibits=[exhibit])
    contradictory = filer.step(f"exhibits/{exhibit}", visibility="share", stores="all", rows=["1"])
    assert contradictory.status_code == 422 and "You ticked listings, but chose all stores" in text_of(contradictory)
    filer.step(f"exhibits/{exhibit}", visibility="share", stores="some", rows=["1"])
    filer.step("listings/remove", remove=["1"])
    assert "No store: its listings are no longer" in text_of(filer.get(f"/notices/{filer.reference}/draft/exhibits"))
    filer.sign()
    assert scene.rows(select(Exhibit.visibility, Exhibit.filed_at.is_not(None))) == [("platform_only", True)]


def test_a_file_that_has_arrived_belongs_to_the_draft_before_it_is_saved(scene):
    filer = scene.filer().begin().fill("LX000")
    exhibit, theirs = upload(filer, name="original.txt"), upload(scene.filer())
    address = f"/notices/{filer.reference}/draft/exhibits"
    assert filer.step("exhibits/arrived", field="exhibits", exhibit=exhibit).status_code == 204
    assert filer.step("exhibits/arrived", field="exhibits", exhibit=theirs).status_code == 404
    shown = text_of(filer.get(address))
    assert shown.count("original.txt") and "exhibit.txt" not in shown
    assert filer.step("exhibits", exhibits=[exhibit]).location == address
    again = text_of(filer.get(address))
    assert "1 file is in the notice. Look who sees it" in again
    assert again.count("Change who sees it original.txt") == 1
    assert filer.step("exhibits").location.endswith("/draft/purchases")


def test_anothers_exhibit_cannot_be_taken(scene):
    theirs = upload(scene.filer())
    filer = scene.filer().begin()
    assert filer.step("exhibits", exhibits=[theirs]).status_code == 404


def test_a_test_purchase_is_staffs_unless_shared(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.step("purchases", row="0", ordered_on="2026-02-01", order_number="O-9", findings="Our plug, copied.")
    later = filer.step("purchases", row="0", ordered_on="2026-04-01", findings="typed")
    assert "lies in the future" in errors_of(later) and value_of(later, "findings") == "typed"
    filer.sign()
    assert scene.rows(select(TestPurchase.visibility, TestPurchase.ordered_on)) == [("staff_only", date(2026, 2, 1))]


def test_a_draft_is_discarded_after_one_screen(scene):
    filer = scene.filer().begin()
    assert "cannot be brought back" in text_of(filer.get(f"/notices/{filer.reference}/draft/discard"))
    assert filer.discard().status_code == 303
    assert scene.notices() == [(filer.reference, "withdrawn")]


def test_a_draft_holds_fifteen_hundred_rows(scene):
    filer = scene.filer().begin()
    answer = filer.step("listings", pasted=" ".join(f"Q{n}" for n in range(1501)))
    assert answer.status_code == 422 and "at most 1500 rows" in errors_of(answer)


def test_a_reason_of_its_own_keeps_what_was_typed_for_all(scene):
    filer = scene.filer().begin()
    filer.step("listings", pasted="LX000 LX001")
    filer.step("reasons/listings", rows=["1"], own_explanation="Only this.", act="set", reason_code="counterfeit", explanation="For all.")
    draft = scene.rows(select(Notice.draft))[0][0]
    assert (draft["reason_code"], draft["explanation"], draft["rows"][1]["explanation"]) == ("counterfeit", "For all.", "Only this.")
    page = filer.step("reasons/listings", act="set", own_explanation="x", reason_code="counterfeit", explanation="Typed anew.")
    assert "Typed anew." in text_of(page), "kept in the form although nothing was ticked"
    assert filer.step("reasons", rows=["0"], own_explanation="Also.", reason_code="counterfeit", explanation="Again.").status_code == 303
    draft = scene.rows(select(Notice.draft))[0][0]
    assert (draft["explanation"], draft["rows"][0]["explanation"]) == ("Again.", "Also.")

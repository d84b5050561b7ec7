"""Both sides' answers over HTTP: nothing lost, nothing done twice, nothing shown to the wrong side."""

import io
import re
from contextvars import Context
from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.complaints import elements
from ipdesk.features.counter_notices import operations, queries
from ipdesk.features.evidence import queries as evidence
from tests.conftest import sign_in
from tests.features.evidence.conftest import locked_pdf

from .conftest import SELLER, picture, statement_codes
from .test_operations import decide, tell


@pytest.fixture
def as_person(app: Any, desk: Any) -> Any:
    """A browser in which this person of the desk is signed in.

    ``desk`` holds an application context open; each request gets one of its own all the same.
    """
    def build(name: str) -> Any:
        browser = sign_in(app.test_client(), desk.people[name])
        send = browser.open

        def alone(*args: Any, **kwargs: Any) -> Any:
            db.session.rollback()
            return Context().run(send, *args, **kwargs)

        browser.open = alone
        return browser

    return build


def page(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.data, "html.parser")


def text_of(answer: Any) -> str:
    return " ".join(page(answer).get_text(" ").split())


def hidden(answer: Any) -> dict[str, str]:
    """The hidden fields of the main form, as a browser sends them back."""
    form = page(answer).select("main form")[-1]
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")
            if field["name"] != "csrf_token"}


def fill(seller: Any, complaint: Any, claims: list[int], **given: Any) -> str:
    """Go through the screens up to the signature; the address of that one."""
    base = f"/complaints/{complaint.reference}/contest"
    steps = {
        "": {"claim_ids": claims, "grounds": ["genuine_goods"]},
        "/explanation": {"explanation": "Bought from the owner's distributor."},
        "/exhibits": {},
        "/contact": {"name": "Wei Example", "address": SELLER["address"], "phone": SELLER["phone"],
                     **{f"statement_{code}": "true"
                        for code in statement_codes(complaint.regime, "counter_notice")}},
    }
    if complaint.regime == "marketplace":
        steps["/contact"] = {name: value for name, value in steps["/contact"].items()
                             if name not in ("address", "phone")}
    for step, form in steps.items():
        answer = seller.post(base + step, data=form | given.get(step, {}),
                             content_type="multipart/form-data")
        assert answer.status_code == 303, text_of(answer)
    assert answer.location == base + "/sign"
    return answer.location


# --- what the seller reads ---------------------------------------------------------------------------


def test_two_lists_lead_to_right_complainant_and_case(desk: Any, as_person: Any) -> None:
    waiting, over = desk.complaint(), desk.complaint("us_dmca")
    desk.clock_does(over.id, "contest_window_elapsed")
    answer = as_person("seller").get("/complaints")
    assert [h2.get_text(strip=True) for h2 in page(answer).select("main h2")] == [
        "Complaints to be responded to", "Historical complaint records"]
    first, second = page(answer).select("main section")
    assert waiting.reference in first.get_text() and over.reference not in first.get_text()
    assert first.select_one(f"a[href='/complaints/{waiting.reference}/right']").get_text() == "5550123"
    assert first.select_one(
        f"a[href='/complaints/{waiting.reference}/complainant']").get_text() == "Aurora Ltd"
    assert "Process now" in first.get_text() and "View now" in second.get_text()
    assert "no time limit" in second.get_text()
    state = " ".join(second.select_one("tbody td[data-label=State]").get_text(" ").split())
    assert state.startswith("Closed Not contested"), state
    counted = text_of(as_person("seller").get(f"/complaints/{waiting.reference}"))
    assert "How this was counted" in counted and "Monday to Friday; public holidays count like any other day" in counted


@pytest.mark.parametrize("hours", [1, 24, 48, 72, 96])
def test_the_list_and_the_case_say_in_the_same_words_how_far_off_the_end_is(desk: Any, as_person: Any, clock: Any, hours: int) -> None:
    complaint = desk.complaint()
    clock.advance(timedelta(hours=hours))
    listed = page(as_person("seller").get("/complaints")).select_one("main section .ipd-deadline").parent
    told = page(as_person("seller").get(f"/complaints/{complaint.reference}")).select_one(".ipd-answers .ipd-deadline__distance")
    assert listed.select_one(".ipd-list__more").get_text() == told.get_text().strip("()")


def test_right_and_complainant_are_for_those_who_may_see_the_complaint(
    desk: Any, as_person: Any,
) -> None:
    complaint = desk.complaint()
    seller, rival = as_person("seller"), as_person("rival")
    right = seller.get(f"/complaints/{complaint.reference}/right")
    assert "public@aurora.example" in text_of(right) and "5550123" in text_of(right)
    card = text_of(seller.get(f"/complaints/{complaint.reference}/complainant"))
    assert "Aurora Ltd" in card and "public@aurora.example" in card
    for part in ("right", "complainant", "delete", "contest", "contest/sign", "answer", "withdraw",
                 "court-action"):
        assert rival.get(f"/complaints/{complaint.reference}/{part}").status_code == 404, part


def test_each_side_keeps_to_its_own_steps(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    seller, holder = as_person("seller"), as_person("rights_holder")
    for browser, part in ((seller, "answer"), (seller, "withdraw"), (seller, "court-action"),
                          (holder, "delete"), (holder, "contest"), (holder, "contest/sign")):
        assert browser.get(f"/complaints/{complaint.reference}/{part}").status_code == 403, part
    assert seller.get(f"/complaints/{complaint.reference}/contest").status_code == 409


# --- delete now ------------------------------------------------------------------------------------


def test_delete_now_says_what_it_does_and_admits_nothing(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint(listings=2)
    first, _ = desk.claims(complaint)
    seller, address = as_person("seller"), f"/complaints/{complaint.reference}/delete"
    shown = seller.get(f"{address}?claim={first}")
    for words in ("cannot be undone", "admits nothing", "contest it instead"):
        assert words in text_of(shown)
    assert [box["value"] for box in page(shown).select("input[name=claim_ids][checked]")] == [str(first)]
    none = seller.post(address, data=hidden(shown))
    assert none.status_code == 422 and "Choose at least one listing" in text_of(none)
    sent = hidden(shown) | {"claim_ids": [first]}
    assert seller.post(address, data=sent).status_code == 303
    assert seller.post(address, data=sent).status_code == 303  # the same form once more
    assert desk.states(complaint) == ["closed.deleted_by_seller", "pending_response.open"]
    stale = seller.post(address, data=sent | {"form_key": "another", "claim_ids": desk.claims(complaint)[1:]})
    assert stale.status_code == 409
    assert desk.states(complaint)[1] == "pending_response.open"
    again = seller.post(address, data=sent | {"form_key": "my other window"})
    assert (again.status_code, again.location) == (303, f"/complaints/{complaint.reference}")
    assert "done already" in text_of(seller.get(again.location))


# --- counter-notification ----------------------------------------------------------------------------


def test_from_the_letters_link_to_the_signature_in_eight_screens(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller, base = as_person("seller"), f"/complaints/{complaint.reference}"
    screens = [seller.get(base)]
    start = page(screens[0]).select_one(f"a[href='{base}/contest']")
    screens.append(seller.get(start["href"]))
    photos = {"exhibits_files": [(io.BytesIO(picture("navy")), "IMG_1.jpg"),
                                 (io.BytesIO(picture("teal")), "IMG_2.jpg")],
              "shared_files": (io.BytesIO(picture("plum")), "IMG_3.jpg")}
    forms: list[dict[str, Any]] = [
        {"claim_ids": desk.claims(complaint), "grounds": ["licence", "genuine_goods"]},
        {"explanation": "We hold a licence of 3 January 2026."}, photos,
        {"name": "Wei Example", **{f"statement_{code}": "true" for code in
                                   statement_codes("marketplace", "counter_notice")}},
    ]
    for form in forms:
        answer = seller.post(screens[-1].request.path, data=form, content_type="multipart/form-data")
        assert answer.status_code == 303, text_of(answer)
        screens.append(seller.get(answer.location))
    evidence_screen = text_of(screens[3])
    assert "Licence: The licence." in evidence_screen and "Genuine goods (exhaustion): Invoices that lead back" in evidence_screen
    assert "An extract of the register" not in evidence_screen, "of the chosen grounds only"
    copy = text_of(screens[-1])
    assert "We hold a licence of 3 January 2026." in copy and "What signing means" in copy
    assert "IMG_3.jpg Goes to the complainant, too" in copy
    assert "IMG_1.jpg Only for the marketplace" in copy
    done = seller.post(screens[-1].request.path, data=hidden(screens[-1]) | {"read": "true"})
    assert (done.status_code, done.location) == (303, base)
    assert len(screens) + 1 <= 8  # one more to sign in
    assert desk.states(complaint) == ["counter_notified.complainant"]
    [row] = queries.counter_notices_of(complaint.id)
    assert [one.visibility for one in queries.exhibits(row.exhibit_ids)] == [
        "platform_only", "platform_only", "share"]
    assert "is signed and sent" in text_of(seller.get(base))


def test_nothing_is_typed_twice_on_another_device(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    fill(as_person("seller"), complaint, desk.claims(complaint))
    other, base = as_person("seller"), f"/complaints/{complaint.reference}/contest"
    assert "Bought from the owner" in page(other.get(base + "/explanation")).textarea.get_text()
    contact = page(other.get(base + "/contact"))
    assert contact.select_one("#phone")["value"] == SELLER["phone"]
    assert len(contact.select("input[name^=statement_][checked]")) == 3
    assert SELLER["address"] in text_of(other.get(base + "/sign"))


def test_going_back_keeps_even_what_is_not_ready(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller, base = as_person("seller"), f"/complaints/{complaint.reference}/contest"
    answer = seller.post(base + "/explanation", data={"explanation": "x" * 12_000, "go": "back"})
    assert (answer.status_code, answer.location) == (303, base)
    again = seller.get(base + "/explanation")
    assert page(again).textarea.get_text().strip() == "x" * 12_000
    too_long = seller.post(base + "/explanation", data={"explanation": "x" * 12_000})
    assert too_long.status_code == 422 and "Shorten this to 10000 characters" in text_of(too_long)
    assert page(too_long).textarea.get_text().strip() == "x" * 12_000


def test_a_screen_sent_again_with_other_words_is_saved_anew(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller, address = as_person("seller"), f"/complaints/{complaint.reference}/contest/explanation"
    key = hidden(seller.get(address))
    seller.post(address, data=key | {"explanation": "First"})
    seller.post(address, data=key | {"explanation": "Second"})
    assert page(seller.get(address)).textarea.get_text().strip() == "Second"


@pytest.mark.parametrize(("step", "form", "field"), [
    ("", {"grounds": ["licence"]}, "claim_ids"), ("", {"claim_ids": ["mine"]}, "grounds"),
    ("/explanation", {"explanation": "  "}, "explanation"), ("/contact", {"name": ""}, "name"),
])
def test_what_is_missing_is_said_beside_its_field(
    desk: Any, as_person: Any, step: str, form: dict[str, Any], field: str,
) -> None:
    complaint = desk.complaint()
    form = {name: desk.claims(complaint) if value == ["mine"] else value for name, value in form.items()}
    answer = as_person("seller").post(f"/complaints/{complaint.reference}/contest{step}", data=form)
    assert answer.status_code == 422
    assert page(answer).select_one(f".govuk-error-summary a[href='#{field}']")
    assert page(answer).select_one(f"#{field}-error")
    assert "is not signed" not in text_of(answer)


def test_a_missing_statement_is_refused_beside_it_with_everything_still_there(
    desk: Any, as_person: Any,
) -> None:
    complaint = desk.complaint("us_dmca")
    answer = as_person("seller").post(f"/complaints/{complaint.reference}/contest/contact", data={
        "name": "Wei Example", "address": "88 Harbour Road", "phone": "+86 755",
        "statement_mistake_or_misidentification": "true", "statement_jurisdiction": "true"})
    found = page(answer)
    assert answer.status_code == 422
    assert [error["id"] for error in found.select("main .govuk-error-message")] == [
        "statement_service_of_process-error"]
    assert found.select_one("#phone")["value"] == "+86 755"
    assert "88 Harbour Road" in found.textarea.get_text()
    assert [box["name"] for box in found.select("input[name^=statement_][checked]")] == [
        "statement_mistake_or_misidentification", "statement_jurisdiction"]


def test_the_signers_language_stands_below_the_words_that_are_signed(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    assert "to help you" not in text_of(seller.get(address))
    seller.set_cookie("locale", "zh_CN")
    screen = seller.get(address)
    understood = page(screen).select_one("#meaning").parent.get_text(" ")
    signed = text_of(screen).replace(understood, "")
    assert "I believe in good faith that the listings named in this counter-notification" in signed
    assert "Genuine goods" in signed
    assert "我善意相信，基于我所陈述的理由，本反通知所列商品未侵犯投诉中所列的权利。" in understood
    assert "正品（权利用尽）" in understood and "Bought from the owner's distributor." in understood
    assert seller.post(address, data=hidden(screen) | {"read": "true"}).status_code == 303
    [row] = queries.counter_notices_of(complaint.id)
    assert "I believe in good faith" in row.copy and "我善意相信" not in row.copy


def test_an_unfinished_draft_cannot_be_signed_and_says_where_to_go(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller, base = as_person("seller"), f"/complaints/{complaint.reference}/contest"
    shown = seller.get(base + "/sign")
    assert page(shown).select_one(f"main a[href='{base}/explanation#explanation']")
    assert not page(shown).select("main [name=read]")
    forced = seller.post(base + "/sign", data={"copy": "0" * 64, "read": "true"})
    assert forced.status_code == 422
    assert queries.counter_notices_of(complaint.id) == []


def test_signed_twice_acts_once(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    sent = hidden(seller.get(address)) | {"read": "true"}
    first, second = seller.post(address, data=sent), seller.post(address, data=sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(queries.counter_notices_of(complaint.id)) == 1


def test_signed_in_two_windows_the_second_says_that_it_was_sent(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    windows = [hidden(seller.get(address)) | {"read": "true"} for _ in range(2)]
    assert windows[0]["form_key"] != windows[1]["form_key"]
    answers = [seller.post(address, data=sent) for sent in windows]
    assert [answer.status_code for answer in answers] == [303, 303] and answers[0].location == answers[1].location
    (row,) = queries.counter_notices_of(complaint.id)
    told = text_of(seller.get(answers[1].location))
    assert f"This is done already: your counter-notification {row.reference}" in told


def test_a_signature_from_a_stale_page_is_refused_and_the_draft_stays(
    desk: Any, as_person: Any,
) -> None:
    complaint = desk.complaint(listings=2)
    first, second = desk.claims(complaint)
    seller = as_person("seller")
    address = fill(seller, complaint, [first])
    sent = hidden(seller.get(address)) | {"read": "true"}
    desk.contest(complaint, [second], actor=desk.actor("legal"), channel="post")
    answer = seller.post(address, data=sent)
    assert answer.status_code == 409
    assert desk.states(complaint) == ["pending_response.open", "counter_notified.complainant"]
    assert "Bought from the owner" in text_of(seller.get(address))


def test_a_copy_changed_on_another_device_must_be_read_again(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    read = hidden(seller.get(address)) | {"read": "true"}
    as_person("seller").post(address.replace("sign", "explanation"), data={"explanation": "Other words."})
    answer = seller.post(address, data=read)
    assert answer.status_code == 409
    assert "changed since you read it" in text_of(answer) and "Other words." in text_of(answer)
    assert queries.counter_notices_of(complaint.id) == []
    assert seller.post(address, data=hidden(answer) | {"read": "true"}).status_code == 303


@pytest.mark.parametrize("step", ["explanation", "exhibits"])
def test_what_is_signed_beside_the_copy_must_have_been_read_too(desk: Any, as_person: Any, step: str) -> None:
    """Under the statute the copy holds neither the explanation nor the files, and they are signed all the same."""
    complaint = desk.complaint("us_dmca")
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    read = hidden(seller.get(address)) | {"read": "true"}
    other = {"explanation": {"explanation": "I made it myself, sorry."},
             "exhibits": {"exhibits_files": (io.BytesIO(picture()), "other.jpg")}}[step]
    assert as_person("seller").post(address.replace("sign", step), data=other, content_type="multipart/form-data").status_code == 303
    answer = seller.post(address, data=read)
    assert answer.status_code == 409 and "changed since you read it" in text_of(answer)
    assert queries.counter_notices_of(complaint.id) == []


def test_signing_without_having_read_is_asked_for(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint))
    answer = seller.post(address, data=hidden(seller.get(address)))
    assert answer.status_code == 422 and "Tick this to go on" in text_of(answer)
    assert queries.counter_notices_of(complaint.id) == []


def test_who_sees_a_file_can_be_changed_before_the_signature(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller = as_person("seller")
    address = fill(seller, complaint, desk.claims(complaint), **{
        "/exhibits": {"exhibits_files": (io.BytesIO(picture()), "invoice.jpg")}})
    shown = page(seller.get(address))
    change = shown.select_one("form[action*='/share']")
    assert seller.post(change["action"], data={"share": "true"}).status_code == 303
    again = seller.get(address)
    assert "invoice.jpg Goes to the complainant, too" in text_of(again)
    seller.post(address, data=hidden(again) | {"read": "true"})
    [shared] = evidence.of_case(desk.actor("rights_holder"), complaint.id)
    assert shared.name == "invoice.jpg"


def test_under_the_statute_no_file_is_offered_to_the_complainant(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    seller = as_person("seller")
    screen = seller.get(f"/complaints/{complaint.reference}/contest/exhibits")
    assert page(screen).select_one("#exhibits") and not page(screen).select_one("#shared")
    contact = text_of(seller.get(f"/complaints/{complaint.reference}/contest/contact"))
    assert "The law has us send your name, address and telephone number" in contact


def test_a_photo_that_has_arrived_is_there_when_one_comes_back_without_having_saved(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    seller, base = as_person("seller"), f"/complaints/{complaint.reference}/contest/exhibits"
    for name in ("IMG_1.jpg", "IMG_2.jpg"):
        begun = seller.post("/evidence/uploads", json={"name": name, "size": len(picture())}).json
        headers = {"Upload-Token": begun["token"], "Upload-Offset": "0"}
        seller.put(begun["href"], data=picture(), headers=headers)
        exhibit = seller.post(begun["href"] + "/finish", headers=headers).json["reference"]
        assert seller.post(base + "/arrived", data={"field": "shared", "exhibit": exhibit}).status_code == 204
    there = page(as_person("seller").get(base))
    assert len(there.select("input[name=shared][checked]")) == 2 and "IMG_1.jpg" in there.get_text()
    assert there.select_one("[data-field=shared]")["data-attach"] == base + "/arrived"
    desk.contest(complaint)
    assert seller.post(base + "/arrived", data={"field": "shared", "exhibit": exhibit}).status_code == 409


def test_a_refused_file_is_said_beside_the_field_and_the_others_are_kept(
    desk: Any, as_person: Any,
) -> None:
    complaint = desk.complaint()
    answer = as_person("seller").post(
        f"/complaints/{complaint.reference}/contest/exhibits", content_type="multipart/form-data",
        data={"exhibits_files": [(io.BytesIO(b""), "empty.jpg"), (io.BytesIO(picture()), "good.jpg")]})
    assert answer.status_code == 422
    assert "is empty (0 bytes)" in page(answer).select_one("#exhibits-error").get_text()
    assert "good.jpg" in text_of(answer)


def test_from_the_history_too(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.clock_does(complaint.id, "contest_window_elapsed")
    seller = as_person("seller")
    assert page(seller.get(f"/complaints/{complaint.reference}")).select_one(
        f"a[href='/complaints/{complaint.reference}/contest']")
    address = fill(seller, complaint, desk.claims(complaint))
    seller.post(address, data=hidden(seller.get(address)) | {"read": "true"})
    assert desk.states(complaint) == ["counter_notified.put_back"]


def test_another_store_s_claim_in_the_form_is_not_there(desk: Any, as_person: Any) -> None:
    mine, other = desk.complaint(), desk.complaint(store=1)
    seller = as_person("seller")
    address = f"/complaints/{mine.reference}/delete"
    sent = hidden(seller.get(address)) | {"claim_ids": desk.claims(other)}
    assert seller.post(address, data=sent).status_code == 404
    assert desk.states(other) == ["pending_response.open"]


@pytest.mark.parametrize("regime", ["marketplace", "us_dmca"])
def test_the_rights_holders_pages_hold_no_more_than_the_regime_gives(
    desk: Any, as_person: Any, regime: str,
) -> None:
    complaint = desk.complaint(regime)
    desk.contest(complaint, explanation="Only between us.")
    shown = text_of(as_person("rights_holder").get(f"/complaints/{complaint.reference}"))
    assert "Wei Example" in shown and SELLER["email"] not in shown
    assert (SELLER["phone"] in shown) is (regime == "us_dmca")
    assert (SELLER["address"] in shown) is (regime == "us_dmca")
    assert ("Only between us." in shown) is (regime == "marketplace")
    assert "built-in method" not in shown


# --- the rights holder -----------------------------------------------------------------------------


def test_the_rights_holder_answers_with_a_file_and_once(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    holder, address = as_person("rights_holder"), f"/complaints/{complaint.reference}/answer"
    form = hidden(holder.get(address)) | {"claim_ids": desk.claims(complaint), "signed_name": "Ada Example"}
    empty = holder.post(address, data=form)
    assert empty.status_code == 422 and page(empty).select_one("#text-error")
    sent = form | {"text": "Never ours."}
    for _ in range(2):
        files = {"shared_files": (io.BytesIO(picture()), "register.jpg")}
        assert holder.post(address, data=sent | files,
                           content_type="multipart/form-data").status_code == 303
    [row] = queries.answers_of(complaint.id)
    assert [one.name for one in queries.exhibits(row.exhibit_ids)] == ["register.jpg"]
    assert desk.states(complaint) == ["counter_notified.decision"]
    assert "Never ours." in text_of(as_person("seller").get(f"/complaints/{complaint.reference}"))


def test_what_was_typed_for_a_step_that_is_gone_can_be_copied(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint()
    base = f"/complaints/{complaint.reference}"
    seller, holder = as_person("seller"), as_person("rights_holder")
    contest = hidden(seller.get(base + "/contest/explanation"))
    desk.contest(complaint)
    answer, told = hidden(holder.get(base + "/answer")), hidden(holder.get(base + "/court-action"))
    holder.post(base + "/withdraw", data=hidden(holder.get(base + "/withdraw")) | {"claim_ids": desk.claims(complaint)})
    for person, part, form, typed in (
            (seller, "/contest/explanation", contest, {"explanation": "Three thousand\ncharacters."}),
            (holder, "/answer", answer, {"claim_ids": desk.claims(complaint), "text": "Never <i>ours</i>.", "signed_name": "Ada"}),
            (holder, "/court-action", told, {"claim_ids": desk.claims(complaint), "forum": "S.D.N.Y.", "docket": "1:26-cv-1"})):
        late = person.post(base + part, data=form | typed)
        assert late.status_code == 409 and "has moved on" in text_of(late)
        assert page(late).select_one(f"a.govuk-button[href='{base}']")
        for name, text in typed.items():
            assert name == "claim_ids" or text in page(late).get_text(), (part, name)


def test_single_listings_are_taken_back(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint(listings=2)
    first, _ = desk.claims(complaint)
    holder, address = as_person("rights_holder"), f"/complaints/{complaint.reference}/withdraw"
    shown = holder.get(address)
    assert "We tell the seller at once" in text_of(shown)
    assert holder.post(address, data=hidden(shown) | {"claim_ids": [first]}).status_code == 303
    assert desk.states(complaint) == ["closed.withdrawn", "pending_response.open"]


def test_a_court_action_is_told_with_its_document(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca", listings=2)
    desk.contest(complaint)
    sued, _ = desk.claims(complaint)
    holder, address = as_person("rights_holder"), f"/complaints/{complaint.reference}/court-action"
    asked = text_of(holder.get(address))
    assert "Court (or the Copyright Claims Board)" in asked and "or a claim before the Copyright Claims Board that alleges" in asked
    form = hidden(holder.get(address)) | {
        "claim_ids": [sued], "forum": "N.D. Example", "docket": "3:26-cv-42", "filed_on": "2026-03-02",
        "filed_by_notifier": "true", "names_subscriber": "true", "seeks_restraint": "true",
        "statement_action_filed": "true", "signed_name": "Ada Example"}
    without = holder.post(address, data=form)
    assert without.status_code == 422 and page(without).select_one("#documents-error")
    assert page(without).select_one("#docket")["value"] == "3:26-cv-42"
    untrue = holder.post(address, data=form | {"filed_on": "tomorrow"})
    assert untrue.status_code == 422 and "Enter a date" in text_of(untrue)
    locked = holder.post(address, data=form | {"documents_files": (io.BytesIO(locked_pdf()), "complaint.pdf")},
                         content_type="multipart/form-data")
    assert locked.status_code == 422 and "locked with a password" in page(locked).select_one("#documents-error").get_text()
    assert hidden(locked)["locked"] == "true", "signed again it is taken as it is"
    files = {"documents_files": (io.BytesIO(picture()), "complaint.jpg")}
    assert holder.post(address, data=form | files,
                       content_type="multipart/form-data").status_code == 303
    assert desk.states(complaint) == ["counter_notified.court_notice", "counter_notified.put_back"]
    [row] = queries.court_notices_of(complaint.id)
    assert row.names_subscriber and row.claim_ids == [sued]
    assert [line.version for line in elements.signed(complaint.id, f"court_notice:{row.id}")] == [2]
    assert "3:26-cv-42" in text_of(holder.get(f"/complaints/{complaint.reference}"))
    assert "3:26-cv-42" not in text_of(as_person("seller").get(f"/complaints/{complaint.reference}"))


# --- languages ---------------------------------------------------------------------------------------


def test_a_chinese_seller_reads_the_binding_words_and_their_meaning(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    seller = as_person("seller")
    seller.set_cookie("locale", "zh_CN")
    found = page(seller.get(f"/complaints/{complaint.reference}/contest/contact"))
    assert found.html["lang"].startswith("zh")
    assert "I swear, under penalty of perjury" in found.get_text()
    assert re.search("[\u4e00-\u9fff]{8}", found.select_one(".ipd-statement").get_text())


def test_drafts_never_hold_more_than_they_should(desk: Any) -> None:
    complaint = desk.complaint()
    with unit_of_work():
        kept = operations.save_draft(actor=desk.actor("seller"), complaint=complaint,
                                     form={"explanation": "y" * 90_000})
    assert len(kept.form["explanation"]) == operations.LONGEST_DRAFT_FIELD


def test_both_sides_find_the_document_of_the_outcome(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    with unit_of_work():
        told = operations.tell_court_action(
            actor=desk.actor("rights_holder"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), forum="N.D. Example", docket="1", filed_on=date(2026, 3, 2),
            documents=[desk.exhibit("complaint.jpg", by="rights_holder")], statements=["action_filed"],
            signed_name="Ada Example", filed_by_notifier=True, names_subscriber=True,
            seeks_restraint=True)
        operations.confirm_court_action(actor=desk.actor("legal"), complaint=desk.load(complaint.id),
                                        notice=told)
        operations.record_court_outcome(
            actor=desk.actor("legal"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), for_rights_holder=False, reasons="Judgment.",
            documents=[desk.exhibit("judgment.jpg", by="legal")])
    for who in ("seller", "rights_holder"):
        shown = text_of(as_person(who).get(f"/complaints/{complaint.reference}"))
        assert "judgment.jpg" in shown and "Confirmed" in shown, who


def test_the_document_of_a_court_action_is_the_seller_s_to_read_once_it_is_confirmed(desk: Any, as_person: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    number = tell(desk, complaint)
    reference = evidence.of_case(desk.actor("legal"), complaint.id, role="court")[0].reference
    seller, rival = as_person("seller"), as_person("rival")

    def statuses(browser: Any) -> set[int]:
        return {browser.get(f"/evidence/exhibits/{reference}/{way}").status_code for way in ("original", "view", "thumb")}

    assert statuses(seller) == {404}
    decide(desk, complaint, number, "confirm_court_action")
    assert statuses(seller) == {200}
    assert statuses(rival) == {404}

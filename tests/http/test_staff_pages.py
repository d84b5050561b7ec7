"""The staff's pages over HTTP: who may open them, what they do, and what never leaks out of them."""

import io
import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, func, select

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.casework import clocks
from ipdesk.core.casework.models import Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints.models import Notice
from ipdesk.features.decisions import operations, work
from tests.staff import REASONS

STAFF_PAGES = ("/queue", "/proposals", "/supervision", "/outbox", "/snippets")
SECRET = "zzprivatezz"


def text_of(response):
    return response.get_data(as_text=True)


def form_of(floor, filed, **given):
    """The fields of a decision about every claim of a complaint."""
    return {"claim_ids": floor.claims(filed), "seen": floor.version("complaint", filed.id),
            "form_key": f"key-{filed.id}", **{k: v for k, v in REASONS.items() if k != "automated"}} | given


def statements(app, act):
    """How many SQL statements ``act`` sends."""
    sent = []
    with app.app_context():
        engine = db.engine

    def note(_connection, _cursor, statement, *_more):
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        response = act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert response.status_code == 200
    return len([one for one in sent if one.lstrip().upper().startswith(("SELECT", "WITH"))])


# --- who may open what -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", STAFF_PAGES)
def test_pages_of_the_desk_are_for_its_people_only(floor, page):
    for who in ("legal", "reviewer", "admin", "auditor"):
        assert floor.browser(who).get(page).status_code == 200, who
    for who in ("seller_a", "rights_holder"):
        assert floor.browser(who).get(page).status_code == 403, who
    assert "/sign-in" in floor.app.test_client().get(page).location


def test_a_case_opens_for_its_own_sides_and_is_not_there_for_others(floor):
    filed = floor.told()[0]
    page = f"/complaints/{filed.reference}"
    for who in ("legal", "auditor", "admin", "seller_a", "rights_holder"):
        assert floor.browser(who).get(page).status_code == 200, who
    for who in ("seller_b", "rival_holder"):
        assert floor.browser(who).get(page).status_code == 404, who
    assert "/sign-in" in floor.app.test_client().get(page).location


def test_a_seller_never_sees_a_complaint_before_it_was_told(floor):
    filed = floor.file()[0]
    seller = floor.browser("seller_a")
    assert seller.get(f"/complaints/{filed.reference}").status_code == 404
    assert filed.reference not in text_of(seller.get("/complaints"))
    with floor.app.app_context():
        floor.desk.accept([filed])
    assert seller.get(f"/complaints/{filed.reference}").status_code == 200
    assert filed.reference in text_of(seller.get("/complaints"))


@pytest.mark.parametrize("who", ["seller_a", "rights_holder", "auditor"])
def test_nobody_but_handlers_decides_screens_or_takes(floor, who):
    filed, waiting = floor.contested(), floor.file()[0]
    with floor.app.app_context():
        notice = db.session.get(Notice, waiting.notice_id).reference
    browser = floor.browser(who)
    for path, said in (
        (f"/complaints/{filed.reference}/decide/uphold", form_of(floor, filed, step="confirm")),
        (f"/notices/{notice}/screen", {"trigger": "accept"}), (f"/notices/{notice}/screen", {}),
        ("/queue/next", {}),
        (f"/work/notice/{notice}/take", {}), (f"/work/notice/{notice}/give-back", {}),
        (f"/work/notice/{notice}/notes", {"text": "x"}), ("/notices/record", {}),
        (f"/work/notice/{notice}/assign", {"user_id": 1}), ("/supervision/skills", {"user_id": 1}),
        ("/conflicts", {"store": "S-1", "because": "x"}),
    ):
        assert browser.post(path, data=said).status_code == 403, path
    assert floor.states(filed) == ["counter_notified.decision"]
    assert floor.states(waiting) == ["received.screening"]


def test_an_auditor_reads_everything_and_changes_nothing(floor):
    filed, waiting = floor.contested(), floor.file()[0]
    proposal = floor.propose(floor.told()[0])
    with floor.app.app_context():
        notice = db.session.get(Notice, waiting.notice_id).reference
        before = db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()
    auditor = floor.browser("auditor")
    for page in (f"/complaints/{filed.reference}", f"/notices/{notice}/screen",
                 f"/decisions/{proposal}", *STAFF_PAGES):
        shown = auditor.get(page)
        assert shown.status_code == 200, page
        forms = BeautifulSoup(shown.text, "html.parser").select("form[method=post]")
        assert [form.get("action") for form in forms] == ["/sign-out"], page
    for path in (f"/decisions/{proposal}/approve", f"/decisions/{proposal}/decline", "/snippets"):
        assert auditor.post(path, data={"because": "x", "title": "a", "text": "b"}).status_code == 403
    with floor.app.app_context():
        assert db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one() == before


# --- deciding --------------------------------------------------------------------------------------------


def test_a_decision_is_read_word_for_word_before_it_is_sent(floor):
    filed = floor.contested()
    legal = floor.browser("legal")
    path = f"/complaints/{filed.reference}/decide/uphold"
    assert "house rule: the marketplace decides a contested complaint" in text_of(legal.get(path))
    preview = text_of(legal.post(path, data=form_of(floor, filed, step="preview")))
    assert REASONS["facts"] in preview and "Decided by a person" in preview
    assert preview.count("ipd-letter__body--whole") == 3, "the statement and a letter to each side"
    assert floor.states(filed) == ["counter_notified.decision"]
    done = legal.post(path, data=form_of(floor, filed, step="confirm"))
    assert done.status_code == 303 and done.location.endswith(filed.reference)
    assert floor.states(filed) == ["closed.upheld"]


def test_reasons_that_are_missing_are_asked_for_with_everything_kept(floor):
    filed = floor.contested()
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/decide/uphold",
        data=form_of(floor, filed, ground="", facts="kept <b>words</b>", step="preview"))
    assert answer.status_code == 422
    assert "kept &lt;b&gt;words&lt;/b&gt;" in text_of(answer) and 'href="#ground"' in text_of(answer)


def test_everything_that_a_decision_lacks_is_said_at_once(floor):
    filed = floor.contested()
    answer = text_of(floor.browser("legal").post(f"/complaints/{filed.reference}/decide/uphold", data={
        "facts": "", "ground": "", "basis": "", "step": "preview", "form_key": "e"}))
    for field in ("facts", "ground", "basis", "claim_ids"):
        assert f'href="#{field}"' in answer, field


def test_a_text_block_is_put_under_the_grounds(floor):
    legal = floor.browser("legal")
    assert legal.post("/snippets", data={"title": "Exhaustion", "text": "A first sale was not shown.",
                                         "form_key": "s"}).status_code == 303
    filed = floor.contested()
    answer = legal.post(f"/complaints/{filed.reference}/decide/dismiss", data=form_of(
        floor, filed, ground="As follows.", facts="", snippet="1", step="insert"))
    assert answer.status_code == 200
    assert "As follows.\n\nA first sale was not shown." in text_of(answer).replace("\r", "")


def test_a_stale_click_gets_the_page_that_says_so(floor):
    filed = floor.contested()
    stale = form_of(floor, filed, step="confirm", seen=floor.version("complaint", filed.id) - 1)
    answer = floor.browser("legal").post(f"/complaints/{filed.reference}/decide/uphold", data=stale)
    assert answer.status_code == 409 and "moved while you were reading" in text_of(answer)
    assert floor.states(filed) == ["counter_notified.decision"]


def test_of_two_who_decide_from_the_same_page_one_wins(floor):
    filed = floor.contested()
    same = form_of(floor, filed, step="confirm")
    first = floor.browser("legal").post(
        f"/complaints/{filed.reference}/decide/uphold", data=same | {"form_key": "one"})
    second = floor.browser("legal_two").post(
        f"/complaints/{filed.reference}/decide/dismiss", data=same | {"form_key": "two"})
    assert (first.status_code, second.status_code) == (303, 409)
    assert floor.states(filed) == ["closed.upheld"]


def test_the_same_form_sent_twice_decides_once(floor):
    filed = floor.contested()
    legal, said = floor.browser("legal"), form_of(floor, filed, step="confirm")
    path = f"/complaints/{filed.reference}/decide/uphold"
    first, again = legal.post(path, data=said), legal.post(path, data=said)
    assert (first.status_code, again.status_code) == (303, 303)
    assert again.location == first.location
    with floor.app.app_context():
        assert db.session.execute(select(func.count()).select_from(operations.Decision)).scalar_one() == 1


def test_four_eyes_over_http(floor):
    filed = floor.told()[0]
    legal, second = floor.browser("legal"), floor.browser("legal_two")
    path = f"/complaints/{filed.reference}/decide/act_now"
    assert "two people" in text_of(legal.get(path))
    legal.post(path, data=form_of(floor, filed, step="confirm"))
    assert floor.states(filed) == ["pending_response.open"]
    reference = re.search(r"/decisions/(D-[0-9A-Z-]+)", text_of(second.get("/proposals"))).group(1)
    own = text_of(legal.get(f"/decisions/{reference}"))
    assert f"/decisions/{reference}/approve" not in own
    refused = legal.post(f"/decisions/{reference}/approve", data={"form_key": "a", "seen": floor.version("complaint", filed.id)})
    assert refused.status_code == 409 and "second person" in text_of(refused)
    shown = text_of(second.get(f"/decisions/{reference}"))
    assert "Letters" in shown and REASONS["ground"] in shown
    assert second.post(f"/decisions/{reference}/approve", data={
        "form_key": "b", "seen": floor.version("complaint", filed.id)}).status_code == 303
    assert floor.states(filed) == ["delisted.open"]


def test_a_case_with_a_proposal_waits_for_a_second_person_and_offers_the_step_once(floor):
    filed = floor.contested()
    floor.act(operations.decide, "legal", "complaint", filed.id, claim_ids=floor.claims(filed),
              trigger="uphold", reasons=REASONS)
    legal, page = floor.browser("legal"), f"/complaints/{filed.reference}"
    assert "/decide/reopen" in text_of(legal.get(page))
    reference = floor.propose(filed, trigger="reopen")
    shown = text_of(legal.get(page))
    assert "A second person, who has to look at the proposal" in shown and "/decide/reopen" not in shown
    again = legal.post(f"{page}/decide/reopen", data=form_of(floor, filed, step="confirm"))
    assert again.status_code == 409 and "proposed already" in text_of(again) and REASONS["facts"] in text_of(again)
    own = text_of(legal.get(f"/decisions/{reference}"))
    assert "Withdraw the proposal" in own and "Decline it" not in own
    legal.post(f"/decisions/{reference}/decline", data={"because": "A slip.", "form_key": "w"})
    assert "Withdrawn by its author" in text_of(legal.get(f"/decisions/{reference}"))
    assert "/decide/reopen" in text_of(legal.get(page))


def test_a_proposal_that_one_may_not_end_says_why_and_keeps_what_was_typed(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(actor=floor.desk.actor("legal_two"), user_id=floor.desk.people["legal_two"].id,
                                    because="a friend", store_id=floor.desk.stores[0].id)
    second = floor.browser("legal_two")
    shown = text_of(second.get(f"/decisions/{reference}"))
    assert "You declared a conflict of interest" in shown and f"/decisions/{reference}/decline" not in shown
    answer = second.post(f"/decisions/{reference}/decline", data={"because": "typed at length", "form_key": "d"})
    assert answer.status_code == 409 and "You declared a conflict of interest" in text_of(answer)
    assert "moved while you were reading" not in text_of(answer) and "typed at length" in text_of(answer)
    empty = floor.browser("legal").post(f"/decisions/{reference}/decline", data={"because": "", "form_key": "e"})
    assert empty.status_code == 422 and 'href="#because"' in text_of(empty)


def test_whoever_opens_the_form_of_a_case_that_another_holds_is_warned_before_typing(floor):
    filed = floor.contested()
    floor.act(work.take, "legal_two", "complaint", filed.id)
    path = f"/complaints/{filed.reference}/decide/uphold"
    assert "The second legal is working on this case until" in text_of(floor.browser("legal").get(path))
    assert "is working on this case" not in text_of(floor.browser("legal_two").get(path))


@pytest.mark.parametrize("who", ["seller_a", "rights_holder"])
def test_a_proposal_is_nobody_s_business_outside_the_desk(floor, who):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    browser = floor.browser(who)
    page = text_of(browser.get(f"/complaints/{filed.reference}"))
    assert reference not in page and REASONS["facts"] not in page
    assert browser.get(f"/decisions/{reference}").status_code == 403


def test_a_conflict_blocks_taking_and_deciding_and_hides_the_buttons(floor):
    filed = floor.contested()
    legal = floor.browser("legal")
    done = legal.post("/conflicts", data={
        "store": floor.desk.stores[0].external_id, "because": "my sister's store", "form_key": "c"})
    assert done.status_code == 303
    assert legal.post(f"/work/complaint/{filed.reference}/take", data={"form_key": "t"}).status_code == 409
    answer = legal.post(f"/complaints/{filed.reference}/decide/uphold",
                        data=form_of(floor, filed, step="confirm"))
    assert answer.status_code == 409 and "conflict of interest" in text_of(answer)
    assert "/decide/" not in text_of(legal.get(f"/complaints/{filed.reference}"))
    assert floor.states(filed) == ["counter_notified.decision"]
    assert legal.post("/conflicts/1/end", data={"form_key": "x"}).status_code == 303
    ended = text_of(legal.get("/conflicts"))
    assert "sister&#39;s store" in ended and "Ended Mon 2 Mar 2026" in ended and "/conflicts/1/end" not in ended
    assert "/decide/uphold" in text_of(legal.get(f"/complaints/{filed.reference}"))


def test_what_another_holds_shows_its_holder_and_no_buttons(floor):
    filed = floor.contested()
    floor.act(work.take, "legal_two", "complaint", filed.id)
    page = text_of(floor.browser("legal").get(f"/complaints/{filed.reference}"))
    assert "The second legal holds this case" in page and "/decide/" not in page


# --- queue and screening ---------------------------------------------------------------------------------


def test_take_next_opens_the_case_that_is_due_first(floor):
    filed = floor.file()[0]
    legal = floor.browser("legal")
    answer = legal.post("/queue/next")
    assert re.search(r"/notices/N-[0-9A-Z-]+/screen$", answer.location)
    assert "You hold this case" in text_of(legal.get(answer.location))
    assert legal.post(answer.location, data={
        "trigger": "accept", "form_key": "x", **legal.seen(answer.location)}).status_code == 303
    assert floor.states(filed) == ["pending_response.sending"]
    floor.verify_rights()
    assert legal.post("/queue/next").location.endswith("/queue")


def test_the_queue_stands_in_the_order_of_what_is_due_and_says_why(floor):
    contested, filed = floor.contested(), floor.file()[0]
    page = text_of(floor.browser("legal").get("/queue"))
    with floor.app.app_context():
        notice = db.session.get(Notice, filed.notice_id).reference
    assert page.index(notice) < page.index(contested.reference)
    assert "Screening of the notice" in page and "Decision of the marketplace" in page
    assert filed.reference not in page, "the complaint is screened with its notice"


def test_a_notice_is_sent_back_only_with_what_is_missing(floor):
    filed = floor.file()[0]
    legal = floor.browser("legal")
    with floor.app.app_context():
        notice = db.session.get(Notice, filed.notice_id).reference
    path = f"/notices/{notice}/screen"
    assert "What the law asks for" in text_of(legal.get(path))
    assert legal.post(path, data={"trigger": "send_back", "form_key": "a"}).status_code == 422
    assert legal.post(path, data={"trigger": "refuse", "form_key": "b"}).status_code == 422
    said = {"trigger": "send_back", "missing": ["contact"], "remark": "no street", "form_key": "c"}
    blind = legal.post(path, data=said)
    assert blind.status_code == 422 and "did not say which state" in text_of(blind) and "no street" in text_of(blind)
    assert legal.post(path, data=said | legal.seen(path)).status_code == 303
    with floor.app.app_context():
        row = db.session.get(Notice, filed.notice_id)
        assert (row.state, row.missing) == ("deficient", ["contact"])
        letter = db.session.execute(select(Outbox).where(
            Outbox.message == "notice_deficient", Outbox.channel == "mail")).scalar_one()
        assert "no street" in letter.body_text


def test_the_signature_by_another_name_is_said_beside_its_element(floor):
    filed, other = floor.file()[0], floor.file(signed_name="Somebody Else")[0]
    told = "Signed by another name than the notifier’s"
    for one, says in ((filed, False), (other, True)):
        with floor.app.app_context():
            path = f"/notices/{db.session.get(Notice, one.notice_id).reference}/screen"
        rows = BeautifulSoup(text_of(floor.browser("legal").get(path)), "html.parser").select("table tbody tr")
        assert [told in row.text for row in rows if "ignature" in row.text or "igned" in row.text] == [says]


def test_no_outcome_is_coloured_before_it_is_decided(floor):
    page = BeautifulSoup(text_of(floor.browser("legal").get(f"/complaints/{floor.contested().reference}")), "html.parser")
    ways = page.select("a.govuk-button[href*='/decide/']")
    assert len(ways) > 1 and len({tuple(way["class"]) for way in ways}) == 1


@pytest.mark.parametrize(("said", "letters", "words"), [
    ({"trigger": "accept"}, 3, "A complaint about listings of your store"),
    ({"trigger": "send_back", "missing": ["contact"], "remark": "no street in it"}, 1, "no street in it"),
    ({"trigger": "refuse", "reasons": "Nothing of this is ours."}, 1, "Nothing of this is ours."),
])
def test_the_letters_of_a_screening_are_read_before_they_are_sent(floor, said, letters, words):
    filed = floor.file(stores=(0, 1))[0]
    legal = floor.browser("legal")
    with floor.app.app_context():
        notice = db.session.get(Notice, filed.notice_id).reference
        before = db.session.execute(select(func.count()).select_from(Outbox)).scalar_one()
    path = f"/notices/{notice}/screen"
    said = said | {"form_key": "s"} | legal.seen(path)
    shown = text_of(legal.post(path, data=said | {"step": "preview"}))
    assert shown.count("ipd-letter__body--whole") == letters and words in shown
    with floor.app.app_context():
        assert db.session.execute(select(func.count()).select_from(Outbox)).scalar_one() == before
    assert floor.states(filed) == ["received.screening"]
    changed = text_of(legal.post(path, data=said | {"step": "change"}))
    assert re.search(rf'value="{said["trigger"]}"[^>]* checked', changed)
    assert legal.post(path, data=said | {"step": "confirm"}).status_code == 303
    with floor.app.app_context():
        sent = db.session.execute(select(Outbox.body_text, Outbox.recipient_role).offset(before).order_by(Outbox.id)).all()
    assert len(set(sent)) == letters


def test_an_assignment_is_the_administrator_s(floor):
    filed = floor.contested()
    said = {"user_id": floor.desk.people["reviewer"].id, "form_key": "a"}
    path = f"/work/complaint/{filed.reference}/assign"
    assert floor.browser("legal").post(path, data=said).status_code == 403
    assert path not in text_of(floor.browser("legal").get(f"/complaints/{filed.reference}"))
    admin = floor.browser("admin")
    assert path in text_of(admin.get(f"/complaints/{filed.reference}"))
    offered = text_of(admin.get(path))
    assert f'value="{said["user_id"]}"' in offered and f'value="{floor.desk.people["admin"].id}"' not in offered
    assert admin.post(path, data=said).status_code == 303
    mine = text_of(floor.browser("reviewer").get("/queue?mine=1"))
    assert filed.reference in mine and "assigned to you" in mine
    assert "assigned to The reviewer" in text_of(floor.browser("legal").get(f"/complaints/{filed.reference}"))


def test_a_supervisor_assigns_what_is_late_and_not_over_a_conflict(floor):
    filed = floor.contested()
    floor.clock.advance(timedelta(days=9))
    admin, path = floor.browser("admin"), f"/work/complaint/{filed.reference}/assign"
    assert path in text_of(admin.get("/supervision"))
    assert path not in text_of(floor.browser("auditor").get("/supervision"))
    legal = floor.desk.people["legal"]
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(actor=floor.desk.actor("legal"), user_id=legal.id, because="a friend",
                                    store_id=floor.desk.stores[0].id)
    page = text_of(admin.get(path))
    assert f'value="{legal.id}"' not in page and "The legal declared a conflict of interest" in page
    assert admin.post(path, data={"user_id": legal.id, "form_key": "a"}).status_code == 409


def test_a_right_is_taken_and_judged_by_one_handler(floor):
    floor.told()
    with floor.app.app_context():
        reference = floor.rights_that_wait()[0].reference
    legal, second = floor.browser("legal"), floor.browser("legal_two")
    take = f"/work/right/{reference}/take"
    assert take in text_of(legal.get(f"/rights/{reference}"))
    assert legal.post(take, data={"form_key": "t"}).location == f"/rights/{reference}/judge"
    legal.post(f"/work/right/{reference}/notes", data={"text": "The register is slow today.", "form_key": "n"})
    assert "The register is slow today." in text_of(second.get(f"/rights/{reference}"))
    assert "The register is slow today." not in text_of(floor.browser("rights_holder").get(f"/rights/{reference}"))
    shown = text_of(second.get(f"/rights/{reference}/judge"))
    assert "The legal holds this case" in shown and 'value="verify_right"' not in shown
    said = {"trigger": "verify_right"} | legal.seen(f"/rights/{reference}/judge")
    refused = second.post(f"/rights/{reference}/judge", data=said | {"form_key": "b"})
    assert refused.status_code == 409 and "The legal is working on this case" in text_of(refused)
    assert legal.post(f"/rights/{reference}/judge", data=said | {"form_key": "c"}).status_code == 303


# --- private notes ---------------------------------------------------------------------------------------


def test_private_notes_reach_no_page_of_a_party_and_no_letter(floor):
    filed = floor.contested()
    legal = floor.browser("legal")
    said = {"text": f"{SECRET} looks shaky", "form_key": "n"}
    assert legal.post(f"/work/complaint/{filed.reference}/notes", data=said).status_code == 303
    legal.post(f"/complaints/{filed.reference}/decide/uphold", data=form_of(floor, filed, step="confirm"))
    assert SECRET in text_of(legal.get(f"/complaints/{filed.reference}"))
    for who in ("seller_a", "rights_holder"):
        browser = floor.browser(who)
        for page in (f"/complaints/{filed.reference}", "/complaints", "/inbox", "/"):
            assert SECRET not in text_of(browser.get(page, follow_redirects=True)), (who, page)
    with floor.app.app_context():
        assert db.session.execute(select(func.count()).select_from(Note)).scalar_one() == 1
        for letter in db.session.execute(select(Outbox)).scalars():
            assert SECRET not in letter.body_text + letter.body_html + letter.subject


@pytest.mark.parametrize(("typed", "said"), [("x" * 10_001, "Shorten this to 10000 characters"), ("  ", "Fill this in")])
def test_a_note_that_cannot_be_kept_says_why_and_stays(floor, typed, said):
    filed = floor.contested()
    answer = floor.browser("legal").post(f"/work/complaint/{filed.reference}/notes", data={"text": typed, "form_key": "n"})
    assert answer.status_code == 422 and 'href="#text"' in text_of(answer)
    assert said in text_of(answer) and typed.strip() in text_of(answer)


def test_staff_read_which_colleague_did_what_and_parties_do_not(floor):
    filed = floor.contested()
    floor.act(work.take, "legal_two", "complaint", filed.id)
    page = text_of(floor.browser("legal").get(f"/complaints/{filed.reference}"))
    taken = page.split("The case was taken")[1].split("</li>")[0]
    assert "by The second legal" in taken
    floor.act(operations.decide, "legal_two", "complaint", filed.id, claim_ids=floor.claims(filed),
              trigger="uphold", reasons=REASONS)
    for who in ("seller_a", "rights_holder"):
        assert "The second legal" not in text_of(floor.browser(who).get(f"/complaints/{filed.reference}"))


# --- undeliverable, reopened -----------------------------------------------------------------------------


def test_a_proof_of_delivery_starts_the_seller_s_time(floor):
    filed = floor.file()[0]
    with floor.app.app_context():
        floor.desk.accept([filed])
    legal, path = floor.browser("legal"), f"/complaints/{filed.reference}/step/prove_delivery"
    said = {"claim_ids": floor.claims(filed), "seen": floor.version("complaint", filed.id), "form_key": "p"}
    assert "Told on" not in text_of(legal.get(f"/complaints/{filed.reference}"))
    floor.clock.advance(timedelta(days=2))  # Wednesday, 10:00 in New York; sessions have ended
    legal = floor.browser("legal")
    empty = text_of(legal.post(path, data=said))
    assert 'href="#proof"' in empty and 'href="#delivered_at"' in empty, "how, and when?"
    said["proof"] = "Courier receipt 4711"
    for never in ("2026-03-04T10:01", "2026-03-02T09:59"):
        assert legal.post(path, data=said | {"delivered_at": never}).status_code == 422, never
    paper = {"documents_files": (io.BytesIO(b"From: courier@post.example\r\nSubject: Delivered\r\n\r\nHanded over.\r\n"), "receipt.eml")}
    answer = legal.post(path, data=said | paper | {"delivered_at": "2026-03-03T09:00"}, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert floor.states(filed) == ["pending_response.open"]
    with floor.app.app_context():
        (clock,) = clocks.open_deadlines(filed.id)
        assert clock.started_at == floor.clock.now() - timedelta(hours=25)
    assert "receipt.eml" in text_of(legal.get(f"/complaints/{filed.reference}"))
    for who in ("seller_a", "rights_holder"):
        assert "receipt.eml" not in text_of(floor.browser(who).get(f"/complaints/{filed.reference}"))


def test_a_reviewer_records_with_its_document_that_a_notice_never_arrived(floor):
    filed = floor.told()[0]
    reviewer, page = floor.browser("reviewer"), f"/complaints/{filed.reference}"
    path = f"{page}/step/prove_delivery_failure"
    assert path in reviewer.get(page).text
    said = {"claim_ids": floor.claims(filed), "seen": floor.version("complaint", filed.id), "form_key": "never"}
    assert 'href="#proof"' in text_of(reviewer.post(path, data=said)), "how do you know?"
    paper = {"documents_files": (io.BytesIO(b"From: mailer@post.example\r\nSubject: Undelivered\r\n\r\n550 no user\r\n"), "bounce.eml")}
    answer = reviewer.post(path, data=said | paper | {"proof": "It came back: 550."}, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert floor.states(filed) == ["pending_response.undeliverable"]
    assert "bounce.eml" in text_of(reviewer.get(page)) and "It came back: 550." in text_of(reviewer.get(page))
    for who in ("seller_a", "rights_holder"):
        page_of_party = text_of(floor.browser(who).get(page))
        assert "bounce.eml" not in page_of_party and "It came back" not in page_of_party


def test_steps_that_need_reasons_have_no_short_way(floor):
    filed = floor.contested()
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/step/uphold", data={"claim_ids": floor.claims(filed)})
    assert answer.status_code == 409
    assert floor.states(filed) == ["counter_notified.decision"]


def test_a_closed_complaint_is_reopened_by_two(floor):
    filed = floor.contested()
    floor.act(operations.decide, "legal", "complaint", filed.id, claim_ids=floor.claims(filed),
              trigger="uphold", reasons=REASONS)
    reference = floor.propose(filed, trigger="reopen")
    assert floor.states(filed) == ["closed.upheld"]
    second = floor.browser("legal_two")
    second.post(f"/decisions/{reference}/approve", data={"form_key": "r", **second.seen(f"/decisions/{reference}")})
    assert floor.states(filed) == ["counter_notified.decision"]


def test_screening_warns_where_the_right_does_not_hold_in_the_market(floor):
    filed = floor.file()[0]
    with floor.app.app_context(), unit_of_work():
        notice = db.session.get(Notice, filed.notice_id)
        path, market_id = f"/notices/{notice.reference}/screen", notice.case.marketplace_id
    assert "does not name the market" not in text_of(floor.browser("legal").get(path))
    with floor.app.app_context(), unit_of_work():
        db.session.get(Marketplace, market_id).market = "DE"  # the right is one for the United States
    assert "does not name the market of these listings (DE)" in text_of(floor.browser("legal").get(path))


def test_a_clock_that_ran_out_and_could_not_act_is_on_the_supervisors_page(floor, monkeypatch):
    filed = floor.told()[0]

    def broken(_act):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as planted, floor.app.app_context():
        planted.setitem(rules.effects, "restrict_listing", broken)
        floor.clock.advance(timedelta(days=7))
        floor.desk.work()
    assert floor.states(filed) == ["pending_response.open"]
    failing = text_of(floor.browser("auditor").get("/supervision")).split('id="failing"')[1].split('id="instructions"')[0]
    assert filed.reference in failing and "Time to answer the complaint" in failing
    with floor.app.app_context():
        floor.clock.advance(timedelta(minutes=15))
        floor.desk.work()
    assert floor.states(filed) == ["delisted.open"]
    assert "Every clock that ran out has acted." in text_of(floor.browser("auditor").get("/supervision"))


# --- cost ------------------------------------------------------------------------------------------------


def test_lists_and_case_pages_ask_the_database_a_bounded_number_of_times(floor):
    filed = floor.contested()
    for who, page, most in (
        ("legal", "/complaints", 2), ("rights_holder", "/complaints", 3), ("seller_a", "/complaints", 8),
        ("legal", "/queue", 5), ("legal", "/", 4),
    ):
        browser = floor.browser(who)
        before = statements(floor.app, lambda b=browser, p=page: b.get(p))
        assert before <= most, (who, page, before)
    for who, most in (("legal", 36), ("seller_a", 29), ("rights_holder", 29)):
        browser = floor.browser(who)
        number = statements(floor.app, lambda b=browser: b.get(f"/complaints/{filed.reference}"))
        assert number <= most, (who, number)


def test_a_list_costs_the_same_with_more_rows(floor):
    legal = floor.browser("legal")
    floor.told()
    one = statements(floor.app, lambda: legal.get("/complaints"))
    for _ in range(5):
        floor.told()
    assert statements(floor.app, lambda: legal.get("/complaints")) == one
    few = statements(floor.app, lambda: legal.get("/queue"))
    for _ in range(5):
        floor.file()
    assert statements(floor.app, lambda: legal.get("/queue")) <= few + 1


def test_what_staff_did_is_said_once_with_the_way_to_the_next_case(floor):
    waiting = floor.file()[0]
    with floor.app.app_context():
        notice = db.session.get(Notice, waiting.notice_id).reference
    browser = floor.browser("legal")
    path = f"/notices/{notice}/screen"
    answer = browser.post(path, data={"trigger": "accept", **browser.seen(path)})
    assert answer.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    banner = page.split("govuk-notification-banner__content")[1].split("</form>")[0]
    assert "The notice is accepted." in banner and "/queue/next" in banner
    assert "The notice is accepted." not in text_of(browser.get(answer.location))

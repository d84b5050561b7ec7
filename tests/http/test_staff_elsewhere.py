"""Documents received elsewhere, one-time links, outbox, inbox, legal contacts, language."""

import io
import re
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from ipdesk.core.casework import clocks
from ipdesk.core.db.core import db
from ipdesk.core.outbox.models import InboxMessage, Outbox
from ipdesk.desk import legal
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints import elements
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.counter_notices import queries as counter_notices
from ipdesk.features.evidence.models import Exhibit
from ipdesk.fsck import faults
from tests import make
from tests.journeys.test_put_back import sue


def text_of(response):
    return response.get_data(as_text=True)


def letter_file(name="letter.txt"):
    return io.BytesIO(b"From: ip@aurora.example\r\nSubject: Infringement\r\n\r\nPlease take this down.\r\n"), name


def recorded(floor, **given):
    """The fields of a notice that came by mail."""
    return {
        "channel": "mail", "received_at": "2026-02-27T18:30", "marketplace_id": "1", "kind": "trademark",
        "title": "AURORA", "number": "5550123", "office": "USPTO", "owner": "Aurora Ltd", "territory": "US",
        "reason_code": "counterfeit", "explanation": "Copies.", "name": "Ada Example",
        "email": "ip@aurora.example", "listings": floor.desk.listings[0].external_id,
        "original_files": letter_file("notice.eml"), "form_key": "rec",
    } | given


# --- documents received elsewhere ------------------------------------------------------------------------


def test_a_notice_that_came_by_mail_keeps_its_original_and_its_day_of_arrival(floor):
    legal_staff = floor.browser("legal")
    with floor.app.app_context():
        db.session.execute(update(User).where(User.id == legal_staff.user.id).values(zone="Europe/Berlin"))
        db.session.commit()
    answer = legal_staff.post("/notices/record", data=recorded(floor), content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)[-3000:]
    with floor.app.app_context():
        notice = db.session.execute(select(Notice)).scalar_one()
        assert (notice.state, notice.channel, notice.organisation_id) == ("filed", "mail", None)
        assert notice.received_at.isoformat() == "2026-02-27T17:30:00+00:00", "18:30 in Berlin"
        assert notice.entered_at == floor.clock.now()
        original = db.session.execute(select(Exhibit).where(Exhibit.case_id == notice.id)).scalar_one()
        assert (original.role, original.visibility) == ("received_document", "staff_only")
        complaint = db.session.execute(select(Complaint)).scalar_one()
        assert complaint.filed_at == notice.received_at and complaint.state == "received.screening"
        (screening,) = clocks.open_deadlines(notice.id)
        assert screening.due_at == notice.received_at + timedelta(hours=48), "expeditious is measured from the receipt"
    page = text_of(legal_staff.get(answer.location))
    assert "missing" in page, "it is recorded as it came, complete or not"
    assert "notice.eml" in page


def test_an_answer_in_time_is_recorded_after_the_silence_and_one_that_came_late_says_so(floor):
    filed = floor.countered()
    floor.clock.advance(timedelta(days=5))
    with floor.app.app_context():
        floor.desk.work()
    assert floor.states(filed) == ["counter_notified.decision"]
    legal, page = floor.browser("legal"), f"/complaints/{filed.reference}/record-document"
    assert page in text_of(legal.get(f"/complaints/{filed.reference}")) and 'value="answer"' in text_of(legal.get(page))
    said = document(floor, filed, "answer", text="The invoices show other goods.")
    late = legal.post(page, data=said | {"received_at": "2026-03-06T09:00"}, content_type="multipart/form-data")
    assert late.status_code == 409 and "after the rights holder" in text_of(late) and "The invoices show" in text_of(late)
    done = legal.post(page, data=said | {"form_key": "in time", "original_files": letter_file("scan.eml")},
                      content_type="multipart/form-data")
    assert done.status_code == 303, text_of(done)[-3000:]
    assert "The invoices show other goods." in text_of(floor.browser("seller_a").get(f"/complaints/{filed.reference}"))


@pytest.mark.parametrize(("given", "field"), [
    ({"original_files": (io.BytesIO(b""), "")}, "original"),
    ({"received_at": "yesterday"}, "received_at"), ({"received_at": "2026-03-20T10:00"}, "received_at"),
    ({"channel": "carrier pigeon"}, "channel"), ({"name": " "}, "name"),
])
def test_what_cannot_be_recorded_is_said_beside_its_field_and_nothing_is_kept(floor, given, field):
    answer = floor.browser("legal").post(
        "/notices/record", data=recorded(floor, **given), content_type="multipart/form-data")
    assert answer.status_code == 422
    assert f'href="#{field}"' in text_of(answer) and "Aurora Ltd" in text_of(answer)
    with floor.app.app_context():
        assert db.session.execute(select(Notice)).first() is None


def test_a_counter_notification_by_post_counts_from_its_arrival(floor):
    filed = floor.told("copyright")[0]
    floor.clock.advance(timedelta(days=3))
    page = f"/complaints/{filed.reference}/record-counter-notice"
    reviewer = floor.browser("reviewer")
    body = text_of(reviewer.get(page))
    codes = re.findall(r'name="statements"[^>]*value="([a-z_]+)"', body)
    said = {
        "channel": "post", "received_at": "2026-03-03T09:00", "claim_ids": floor.claims(filed),
        "name": "Wei Example", "address": "88 Harbour Road", "phone": "+86 755 5550123",
        "signed_name": "Wei Example", "statements": codes, "form_key": "cn",
        "seen": floor.version("complaint", filed.id), "original_files": letter_file("scan.eml")}
    answer = reviewer.post(page, data=said, content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)[-3000:]
    assert floor.states(filed) == ["counter_notified.put_back"]
    with floor.app.app_context():
        row = counter_notices.counter_notices_of(filed.id)[0]
        assert row.channel == "post" and row.received_at < row.entered_at == floor.clock.now()
        put_back = next(d for d in clocks.open_deadlines(filed.id) if d.name == "put_back")
        assert put_back.started_at == row.received_at


def test_who_records_a_counter_notification_after_its_put_back_is_warned_that_it_acts_at_once(floor):
    filed = floor.told("copyright")[0]
    floor.clock.advance(timedelta(days=30))
    legal_staff, page = floor.browser("legal"), f"/complaints/{filed.reference}/record-counter-notice"
    body = text_of(legal_staff.get(page))
    assert 'name="at_once"' not in body
    said = {
        "channel": "post", "received_at": "2026-03-03T09:00", "claim_ids": floor.claims(filed), "name": "Wei Example",
        "address": "88 Harbour Road", "phone": "+86 755 5550123", "signed_name": "Wei Example",
        "statements": re.findall(r'name="statements"[^>]*value="([a-z_]+)"', body), "form_key": "late",
        "seen": floor.version("complaint", filed.id)}
    answer = legal_staff.post(page, data=said | {"original_files": letter_file("scan.eml")}, content_type="multipart/form-data")
    assert answer.status_code == 422 and "They come back as soon as you record it" in text_of(answer)
    assert floor.states(filed) == ["delisted.open"]
    kept = re.findall(r'name="original"[^>]*value="([^"]+)"', text_of(answer))
    answer = legal_staff.post(page, data=said | {"at_once": "true", "original": kept})
    assert answer.status_code == 303, text_of(answer)[-3000:]
    with floor.app.app_context():
        floor.desk.work()
        told = " ".join(db.session.execute(select(Outbox.body_text).where(
            Outbox.message == "counter_notice_copy", Outbox.channel == "mail")).scalar_one().split())
    assert floor.states(filed) == ["closed.reinstated"]
    assert "access to it now" in told and "(over)" not in told and "No deadline runs for you" in told


def test_a_counter_notification_without_its_elements_is_not_recorded(floor):
    filed = floor.told("copyright")[0]
    said = {"channel": "post", "received_at": "2026-03-02T10:00", "claim_ids": floor.claims(filed),
            "name": "Wei Example", "form_key": "cn", "original_files": letter_file("scan.eml")}
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/record-counter-notice", data=said,
        content_type="multipart/form-data")
    assert answer.status_code == 422
    assert floor.states(filed) == ["delisted.open"]


def court_paper(floor, filed, **given):
    """What staff send to record a notice of a court action that came by post."""
    return {
        "channel": "agent", "received_at": "2026-03-03T09:00", "claim_ids": floor.claims(filed),
        "forum": "D. Example", "docket": "26-cv-1", "filed_on": "2026-03-03", "filed_by_notifier": "true",
        "names_subscriber": "true", "seeks_restraint": "true", "statements": ["action_filed"],
        "signed_name": "Ada Example", "form_key": "cp", "seen": floor.version("complaint", filed.id),
        "original_files": letter_file("paper.eml"), **given}


def test_a_court_paper_by_the_agent_is_recorded_with_its_original_and_its_arrival(floor):
    filed = floor.contested("copyright")
    floor.clock.advance(timedelta(days=3))
    reviewer = floor.browser("reviewer")
    page = f"/complaints/{filed.reference}/record-court-paper"
    assert page in text_of(reviewer.get(f"/complaints/{filed.reference}"))
    assert 'name="docket"' in text_of(reviewer.get(page))
    answer = reviewer.post(page, data=court_paper(floor, filed), content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)[-3000:]
    assert set(floor.states(filed)) == {"counter_notified.court_notice"}
    with floor.app.app_context():
        row = counter_notices.court_notices_of(filed.id)[0]
        assert row.channel == "agent" and row.received_at < row.entered_at == floor.clock.now()
        assert [one.name for one in counter_notices.exhibits(row.exhibit_ids)] == ["paper.eml"]
    seller = text_of(floor.browser("seller_a").get(f"/complaints/{filed.reference}")).lower()
    seller = re.sub(r"<svg.*?</svg>", "", seller, flags=re.DOTALL)  # the picture shows every way a complaint can go
    assert "told of a court action" not in seller and "court paper" not in seller
    legal = floor.browser("legal")
    assert "told of a court action" in text_of(legal.get(f"/complaints/{filed.reference}"))
    assert "Designated agent" in text_of(legal.get(f"/complaints/{filed.reference}/court-papers/{row.id}"))


@pytest.mark.parametrize(("given", "field"), [
    ({"original_files": (io.BytesIO(b""), "")}, "original"), ({"claim_ids": []}, "claim_ids"),
    ({"received_at": "2027-01-01T10:00"}, "received_at"),
])
def test_a_court_paper_without_original_arrival_or_listings_is_not_recorded(floor, given, field):
    filed = floor.contested("copyright")
    floor.clock.advance(timedelta(days=3))
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/record-court-paper", data=court_paper(floor, filed, **given),
        content_type="multipart/form-data")
    assert answer.status_code == 422 and f'href="#{field}"' in text_of(answer)
    assert set(floor.states(filed)) == {"counter_notified.put_back"}


def test_everything_that_a_recorded_document_lacks_is_said_at_once(floor):
    told, contested = floor.told("copyright")[0], floor.contested("copyright")
    for page, fields in (
        ("/notices/record", ("received_at", "marketplace_id", "kind", "title", "name", "original")),
        (f"/complaints/{told.reference}/record-counter-notice",
         ("received_at", "claim_ids", "name", "address", "phone", "signed_name", "statements", "original")),
        (f"/complaints/{contested.reference}/record-court-paper",
         ("received_at", "claim_ids", "filed_on", "original")),
    ):
        answer = floor.browser("legal").post(page, data={
            "channel": "post", "received_at": "2027-01-01T10:00", "filed_on": "2027-01-01", "form_key": page})
        assert answer.status_code == 422
        for field in fields:
            assert f'href="#{field}"' in text_of(answer), (page, field)


def test_the_examiner_of_a_court_paper_reads_until_when(floor):
    filed = floor.contested("copyright")
    with floor.app.app_context():
        number = sue(floor.desk, filed, floor.claims(filed))
    page = text_of(floor.browser("legal").get(f"/complaints/{filed.reference}/court-papers/{number}"))
    assert "otherwise the listing comes back" in page and "(optional)" not in page


def test_nothing_is_recorded_about_a_court_where_no_court_action_can_be_told(floor):
    filed = floor.told("copyright")[0]
    page = f"/complaints/{filed.reference}/record-court-paper"
    assert floor.browser("legal").get(page).status_code == 409
    assert floor.browser("seller_a").get(page).status_code == 403


def document(floor, filed, step, **given):
    """What staff send to record what a party sent by post."""
    return {
        "step": step, "channel": "post", "received_at": "2026-03-03T09:00", "claim_ids": floor.claims(filed),
        "signed_name": "Ada Example", "form_key": step, "seen": floor.version("complaint", filed.id),
        "original_files": letter_file("scan.eml"), **given}


@pytest.mark.parametrize(("kind", "step", "state", "told"), [
    ("trademark", "answer", "counter_notified.decision", "complainant_answered"),
    ("trademark", "take_back", "closed.withdrawn", "claims_withdrawn"),
    ("copyright", "take_back", "closed.retracted", "claims_retracted"),
    ("trademark", "delete", "closed.deleted_by_seller", "listings_deleted"),
])
def test_a_partys_letter_is_its_step_with_its_original_and_its_day_of_arrival(floor, kind, step, state, told):
    filed = floor.countered(kind)
    floor.clock.advance(timedelta(days=2))
    reviewer, page = floor.browser("reviewer"), f"/complaints/{filed.reference}/record-document"
    assert page in text_of(reviewer.get(f"/complaints/{filed.reference}"))
    assert f'value="{step}"' in text_of(reviewer.get(page))
    said = document(floor, filed, step, text="The invoices show other goods.")
    answer = reviewer.post(page, data=said, content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)[-3000:]
    assert floor.states(filed) == [state]
    with floor.app.app_context():
        assert set(db.session.execute(select(Outbox.recipient_role).where(
            Outbox.message == told, Outbox.case_id == filed.id)).scalars()) == {"seller", "rights_holder"}
        original = db.session.execute(select(Exhibit).where(
            Exhibit.case_id == filed.id, Exhibit.role == "received_document")).scalar_one()
        assert original.visibility == ("platform_only" if step == "delete" else "staff_only")
    shown = text_of(floor.browser("legal").get(f"/complaints/{filed.reference}"))
    assert "received elsewhere" in shown and "scan.eml" in shown and "3 Mar 2026" in shown
    for who in ("seller_a", "rights_holder"):
        own = who == "seller_a" and step == "delete"
        assert ("scan.eml" in text_of(floor.browser(who).get(f"/complaints/{filed.reference}"))) == own


@pytest.mark.parametrize(("given", "field"), [
    ({"original_files": (io.BytesIO(b""), "")}, "original"), ({"signed_name": ""}, "signed_name"), ({"text": ""}, "text"),
    ({"received_at": "2027-01-01T10:00"}, "received_at"), ({"step": ""}, "step"), ({"claim_ids": []}, "claim_ids"),
])
def test_a_partys_letter_that_lacks_something_moves_nothing(floor, given, field):
    filed = floor.countered("trademark")
    floor.clock.advance(timedelta(days=2))
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/record-document", content_type="multipart/form-data",
        data=document(floor, filed, "answer", text="No.") | given)
    assert answer.status_code == 422 and f'href="#{field}' in text_of(answer)
    assert floor.states(filed) == ["counter_notified.complainant"]


# --- links without account -------------------------------------------------------------------------------


@pytest.fixture
def unclaimed(floor):
    """A complaint against a store that nobody has claimed, and the token in its letter."""
    store = make.store(marketplace_id=floor.desk.stores[0].marketplace_id, name="Nobody's Shop")
    with floor.app.app_context():
        filed = floor.desk.file(listings=[make.listing(store=store)])[0]
        floor.desk.accept([filed])
        letter = db.session.execute(select(Outbox).where(
            Outbox.message == "complaint_opened", Outbox.case_id == filed.id)).scalar_one()
        return filed, re.search(r"/links/([\w-]+)", letter.body_text).group(1)


def test_a_link_is_looked_at_often_and_used_once(floor, unclaimed):
    filed, token = unclaimed
    browser, other = floor.app.test_client(), floor.app.test_client()
    for _ in range(3):
        assert "works once" in text_of(browser.get(f"/links/{token}"))
    answer = browser.post(f"/links/{token}")
    assert answer.status_code == 303 and answer.location == f"/complaints/{filed.reference}"
    page = text_of(browser.get(answer.location))
    assert "Nobody" in page and "AURORA" in page
    assert other.post(f"/links/{token}").status_code == 409
    assert "Send me a new link" in text_of(other.get(f"/links/{token}"))
    assert "/sign-in" in other.get(answer.location).location


@pytest.mark.parametrize(("late", "status"), [(timedelta(0), 303), (timedelta(seconds=1), 409)])
def test_a_link_in_an_old_letter_opens_nothing_after_thirty_days(floor, unclaimed, late, status):
    _, token = unclaimed
    floor.clock.advance(timedelta(days=30) + late)
    answer = floor.app.test_client().post(f"/links/{token}")
    assert answer.status_code == status
    assert status == 303 or "Send me a new link" in text_of(answer)


def test_a_link_opens_its_own_case_only(floor, unclaimed):
    filed, token = unclaimed
    another = floor.told()[0]
    browser = floor.app.test_client()
    browser.post(f"/links/{token}")
    assert browser.get(f"/complaints/{filed.reference}").status_code == 200
    assert browser.get(f"/complaints/{another.reference}").status_code == 404


def test_a_used_link_has_a_new_one_sent_to_the_same_address(floor, unclaimed):
    filed, token = unclaimed
    browser = floor.app.test_client()
    browser.post(f"/links/{token}")
    assert browser.post(f"/links/{token}/again").status_code == 409, "a minute after the letter"
    floor.clock.advance(timedelta(minutes=11))
    assert browser.post(f"/links/{token}/again").status_code == 303
    assert browser.post(f"/links/{token}/again").status_code == 409, "once in a while"
    with floor.app.app_context():
        first = db.session.execute(select(Outbox).where(
            Outbox.message == "complaint_opened", Outbox.case_id == filed.id)).scalar_one()
        letter = db.session.execute(select(Outbox).where(Outbox.message == "new_link")).scalar_one()
        assert letter.to_address == first.to_address
        fresh = re.search(r"/links/([\w-]+)", letter.body_text).group(1)
    assert fresh != token
    assert floor.app.test_client().post(f"/links/{fresh}").status_code == 303


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_token_that_nobody_made_is_not_there(floor, verb):
    browser = floor.app.test_client()
    assert getattr(browser, verb)("/links/" + "x" * 43).status_code == 404
    assert browser.post("/links/" + "x" * 43 + "/again").status_code == 404


# --- outbox and inbox ------------------------------------------------------------------------------------


def test_the_outbox_shows_letters_without_what_lets_their_reader_in(floor, unclaimed):
    _, token = unclaimed
    staff = floor.browser("auditor")
    body = text_of(staff.get("/outbox"))
    assert token not in body
    assert "A complaint about listings" in body
    pages = [text_of(staff.get(address)) for address in set(re.findall(r"/outbox/\d+/\d+", body))]
    assert any("[…]" in page for page in pages), "the letter that holds the link is among them"
    assert not [page for page in pages if token in page]


def test_letters_about_accounts_show_no_words_at_all(floor):
    floor.app.test_client().post("/reset-password", data={"email": floor.desk.people["seller_a"].email})
    with floor.app.app_context():
        letter = db.session.execute(select(Outbox).where(
            Outbox.retention_class == "account_secret")).scalars().first()
        place, secret = (letter.month, letter.id), re.search(r"https?://\S+", letter.body_text).group(0)
    page = text_of(floor.browser("legal").get(f"/outbox/{place[0]}/{place[1]}"))
    assert secret not in page and "secret of its reader" in page


def test_the_outbox_pages_and_filters(floor):
    for _ in range(9):
        floor.told()
    staff = floor.browser("legal")
    first = text_of(staff.get("/outbox"))
    seen = re.findall(r'href="(/outbox/\d+/\d+)"', first)
    following = re.search(r'rel="next" href="([^"]+)"', first).group(1).replace("&amp;", "&")
    more = re.findall(r'href="(/outbox/\d+/\d+)"', text_of(staff.get(following)))
    assert len(seen) == 25 and more and not set(seen) & set(more)
    assert re.findall(r'href="(/outbox/\d+/\d+)"', text_of(staff.get("/outbox?status=failed"))) == []


def test_an_inbox_is_read_by_its_own_side_only(floor):
    floor.told()
    own, rival = floor.browser("seller_a"), floor.browser("seller_b")
    with floor.app.app_context():
        number = db.session.execute(select(InboxMessage.id).where(
            InboxMessage.owner_kind == "store")).scalars().first()
    assert 'class="ipd-count">1' in text_of(own.get("/inbox"))
    assert own.get(f"/inbox/{number}").status_code == 200
    assert 'class="ipd-count"' not in text_of(own.get("/inbox")), "it was read"
    assert rival.get(f"/inbox/{number}").status_code == 404
    assert f"/inbox/{number}" not in text_of(rival.get("/inbox"))


# --- public pages ----------------------------------------------------------------------------------------


def test_the_front_page_and_the_legal_contacts_need_no_account(floor):
    guest = floor.app.test_client()
    assert "/notices/new-guest" in text_of(guest.get("/"))
    contacts = text_of(guest.get("/legal-contacts"))
    assert "Designated agent" in contacts and "does not protect" not in contacts
    assert "does not protect" in text_of(floor.browser("admin").get("/legal-contacts"))
    assert "does not protect" in text_of(floor.browser("legal").get("/"))


@pytest.mark.parametrize(("days", "says"), [
    (91, None), (90, "within 90 days"), (61, "within 90 days"), (60, "within 60 days"),
    (30, "within 30 days"), (0, "within 30 days"), (-1, "lapsed"),
])
def test_the_designation_is_reminded_of_in_time(floor, days, says):
    today = date(2026, 3, 2)
    settings = SimpleNamespace(
        designated_agent_name="Agent", designated_agent_contact="1 Example Street",
        designation_expires_on=(today + timedelta(days=days)).isoformat())
    with floor.app.test_request_context():
        found = legal.warnings(settings, today)
    assert (says in found[0]) if says else found == []


@pytest.mark.parametrize(("chosen", "offered"), [("en", "简体中文"), ("zh_CN", "English")])
def test_only_the_other_languages_are_offered(floor, chosen, offered):
    guest = floor.app.test_client()
    guest.set_cookie("locale", chosen)
    links = BeautifulSoup(guest.get("/legal-contacts").text, "html.parser").select(".ipd-tools a[hreflang]")
    assert [link.text for link in links] == [offered] and links[0]["lang"] == links[0]["hreflang"]


def test_the_language_is_kept_and_leads_nowhere_else(floor):
    guest = floor.app.test_client()
    answer = guest.get("/language/zh_CN?next=/legal-contacts")
    assert answer.location == "/legal-contacts" and "locale=zh_CN" in answer.headers["Set-Cookie"]
    assert '<html lang="zh-Hans-CN"' in text_of(guest.get("/legal-contacts"))
    assert guest.get("/language/zh_CN?next=https://elsewhere.example").location == "/"
    assert guest.get("/language/zh_CN?next=//elsewhere.example").location == "/"
    assert guest.get("/language/tlh").status_code == 404


@pytest.mark.parametrize("page", ["/", "/outbox"])
def test_staff_are_warned_where_no_letter_leaves_the_desk(floor, page, monkeypatch):
    assert "No mail server is set" in text_of(floor.browser("legal").get(page))
    with_relay = replace(floor.app.extensions["ipdesk.settings"], smtp_url="smtp+none://127.0.0.1:25")
    monkeypatch.setitem(floor.app.extensions, "ipdesk.settings", with_relay)
    assert "No mail server is set" not in text_of(floor.browser("legal").get(page))


# --- papers that lack something, as they came ---------------------------------------------------------


def test_an_unfit_court_paper_is_recorded_as_it_came_and_its_sender_told_why_it_does_not_count(floor):
    filed = floor.contested("copyright")
    floor.clock.advance(timedelta(days=3))
    legal, page = floor.browser("legal"), f"/complaints/{filed.reference}"
    bare = {"forum": "", "docket": "", "filed_on": "", "statements": [], "signed_name": "", "filed_by_notifier": "",
            "names_subscriber": "", "seeks_restraint": ""}
    answer = legal.post(f"{page}/record-court-paper", data=court_paper(floor, filed, **bare), content_type="multipart/form-data")
    assert answer.status_code == 303 and floor.states(filed) == ["counter_notified.court_notice"]
    with floor.app.app_context():
        (row,) = counter_notices.court_notices_of(filed.id)
        number, filed_on = row.id, row.filed_on
    assert filed_on is None
    examined = {"seen": floor.version("complaint", filed.id), "form_key": "x", "reasons": "It names no court and no action."}
    refused = legal.post(f"{page}/court-papers/{number}", data=examined | {"result": "confirm"})
    assert refused.status_code == 422, "it does not qualify"
    for field in ("forum", "docket", "filed_on", "filed_by_notifier", "names_subscriber", "seeks_restraint"):
        assert f'href="#{field}"' in text_of(refused), f"{field} is asked for"
    examined["form_key"] = "y"
    assert legal.post(f"{page}/court-papers/{number}", data=examined | {"result": "reject"}).status_code == 303
    assert floor.states(filed) == ["counter_notified.put_back"]
    with floor.app.app_context():
        (told,) = db.session.execute(select(Outbox.body_text).where(
            Outbox.case_id == filed.id, Outbox.message == "court_action_rejected", Outbox.channel == "mail")).scalars()
    assert "It names no court and no action." in told


@pytest.mark.parametrize("kind", ["copyright", "trademark"])
def test_what_was_left_empty_of_a_court_paper_is_entered_by_who_examines_it(floor, kind):
    filed = floor.contested(kind)
    floor.clock.advance(timedelta(days=1))
    legal, page = floor.browser("legal"), f"/complaints/{filed.reference}"
    bare = {"received_at": "2026-03-03T07:00", "docket": "", "filed_on": "", "filed_by_notifier": "", "names_subscriber": "",
            "seeks_restraint": ""}
    recorded = legal.post(f"{page}/record-court-paper", data=court_paper(floor, filed, **bare), content_type="multipart/form-data")
    assert recorded.status_code == 303, text_of(recorded)[-3000:]
    with floor.app.app_context():
        number = counter_notices.court_notices_of(filed.id)[0].id
    examination = f"{page}/court-papers/{number}"
    asked = text_of(legal.get(examination))
    assert 'name="docket"' in asked and 'name="forum"' not in asked, "what was entered is not asked for again"
    if kind == "trademark":
        assert "has not been examined" in text_of(legal.get(f"{page}/decide/uphold"))
    found = {"seen": floor.version("complaint", filed.id), "result": "confirm", "filed_by_notifier": "true",
             "names_subscriber": "true", "seeks_restraint": "true", "docket": "26-cv-9"}
    for day in ("", "1066-01-01", "2027-01-01"):
        assert legal.post(examination, data=found | {"filed_on": day, "form_key": f"k{day}"}).status_code == 422, day
    assert legal.post(examination, data=found | {"filed_on": "2026-03-02", "form_key": "ok"}).status_code == 303
    assert floor.states(filed) == ["counter_notified.in_court"]
    with floor.app.app_context():
        (row,) = counter_notices.court_notices_of(filed.id)
        assert (row.forum, row.docket, str(row.filed_on), row.result) == ("D. Example", "26-cv-9", "2026-03-02", "confirmed")
        assert not list(faults(floor.app.extensions["ipdesk.settings"]))


def test_a_sellers_letter_is_never_shown_as_the_complainants(floor):
    filed = floor.told("trademark")[0]
    floor.clock.advance(timedelta(days=1))
    said = {"channel": "post", "received_at": "2026-03-03T07:00", "claim_ids": floor.claims(filed), "name": "Wei Example",
            "grounds": ["genuine_goods"], "explanation": "They are genuine.", "address": "88 Harbour Road", "phone": "+86 755 5550123",
            "email": "wei@seller.example", "signed_name": "Wei Example", "form_key": "own", "seen": floor.version("complaint", filed.id),
            "statements": [line["code"] for line in elements.statements("marketplace", "counter_notice")]}
    answer = floor.browser("legal").post(
        f"/complaints/{filed.reference}/record-counter-notice", data=said | {"original_files": letter_file("scan.eml")},
        content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)[-3000:]
    page = text_of(floor.browser("seller_a").get(f"/complaints/{filed.reference}"))
    assert "scan.eml" in page
    theirs = page.partition("What the complainant handed in")[2].partition("<h2")[0]
    assert "scan.eml" not in theirs


def test_what_is_taken_down_while_it_is_contested_is_said_to_be_down(floor):
    filed = floor.countered("trademark")
    before = text_of(floor.browser("seller_a").get(f"/complaints/{filed.reference}"))
    assert "The listing is down" not in before
    reference = floor.propose(filed)
    approved = floor.browser("legal_two").post(f"/decisions/{reference}/approve", data={
        "form_key": "a", "seen": floor.version("complaint", filed.id)})
    assert approved.status_code == 303
    assert floor.states(filed) == ["counter_notified.complainant"], "the rights holder still answers"
    with floor.app.app_context():
        floor.desk.work()  # the marketplace carries it out
    for who in ("seller_a", "rights_holder", "legal"):
        page = text_of(floor.browser(who).get(f"/complaints/{filed.reference}"))
        assert "The listing is down because of this complaint." in page, who
        assert "let its time pass" not in page and "let your time pass" not in page


def test_the_case_page_and_the_examination_name_one_last_instant(floor):
    filed = floor.contested("copyright")
    with floor.app.app_context():
        number = sue(floor.desk, filed, floor.claims(filed))
    legal = floor.browser("legal")
    said = re.search(r"before (\w{3} \d+ \w{3} \d{4}, [\d:]+)", text_of(legal.get(f"/complaints/{filed.reference}/court-papers/{number}")))
    assert said and f"at the latest {said[1]}" in text_of(legal.get(f"/complaints/{filed.reference}"))


def test_an_incomplete_counter_notification_is_kept_with_its_day_and_the_seller_told_what_is_missing(floor):
    filed = floor.told("copyright")[0]
    floor.clock.advance(timedelta(days=1))
    legal, page = floor.browser("legal"), f"/complaints/{filed.reference}"
    said = {"channel": "post", "received_at": "2026-03-03T09:00", "claim_ids": floor.claims(filed), "name": "Wei Example",
            "address": "88 Harbour Road", "phone": "", "signed_name": "Wei Example", "statements": [], "form_key": "k",
            "seen": floor.version("complaint", filed.id)}

    def send(**more):
        return legal.post(f"{page}/record-counter-notice", data=said | {"original_files": letter_file("letter.eml")} | more,
                          content_type="multipart/form-data")

    refused = send()
    assert refused.status_code == 422 and 'name="keep"' in text_of(refused), "offered once something is found to be missing"
    assert send(keep="true").status_code == 303
    assert floor.states(filed) == ["delisted.open"], "it has no effect yet"
    with floor.app.app_context():
        (row,) = counter_notices.received_documents_of(filed.id)
        assert (row.step, row.channel) == ("deficient", "post") and row.received_at < row.entered_at == floor.clock.now()
        (letter,) = db.session.execute(select(Outbox.body_text).where(
            Outbox.case_id == filed.id, Outbox.message == "counter_notice_deficient", Outbox.channel == "mail")).scalars()
        assert [one.name for one in counter_notices.exhibits(row.exhibit_ids)] == ["letter.eml"]
    words = " ".join(letter.split())
    assert "The statement under penalty of perjury is not signed." in words and "telephone number" in words
    assert "No listing is named." not in words and "it has no effect yet" in words
    assert "Incomplete counter-notification received elsewhere" in text_of(legal.get(page))
    assert "letter.eml" not in text_of(floor.browser("rights_holder").get(page))
    whole = said | {"phone": "+86 755 5550123", "form_key": "k2", "received_at": "2026-03-03T09:30",
                    "statements": ["mistake_or_misidentification", "jurisdiction", "service_of_process"]}
    answer = legal.post(f"{page}/record-counter-notice", data=whole | {"original_files": letter_file("second.eml"), "keep": "true"},
                        content_type="multipart/form-data")
    assert answer.status_code == 303 and floor.states(filed) == ["counter_notified.put_back"], "a complete one counts, ticked or not"

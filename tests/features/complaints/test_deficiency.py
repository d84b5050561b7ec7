"""A deficient notice: the exact element, the form that makes it good, the whole that is taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.models import Case, SignedStatement
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.catalogue.models import Capture, Marketplace
from ipdesk.features.complaints import operations, queries
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.rights import operations as rights
from tests import make
from tests.features.complaints.conftest import CONTACT, STATEMENTS, errors_of, text_of, upload, value_of
from tests.visitors import sign_in

GOOD = {name: CONTACT[name] for name in ("name", "company", "email", "address", "phone")} | {
    "explanation": "A copy of what we made.", "signed_name": "Ada Example"}


def signed(regime="marketplace", **more):
    return {**GOOD, **{f"statement_{code}": "true" for code in STATEMENTS[regime]}, **more}


@pytest.fixture
def sent_back(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.sign()
    scene.screen(filer.reference, "send_back", missing=["contact", "explanation"])
    return filer


def test_the_page_names_exactly_what_is_missing(sent_back):
    for path in ("", "/complete"):
        page = text_of(sent_back.get(f"/notices/{sent_back.reference}{path}"))
        assert "The name or the e-mail address of the notifier is missing." in page
        assert "The explanation is missing." in page
        assert "The right is not identified." not in page and "A statement is not signed." not in page


def test_made_good_it_goes_on_and_is_signed_anew(scene, sent_back):
    before = scene.rows(select(SignedStatement.text, SignedStatement.signed_name, SignedStatement.signed_at))
    answer = sent_back.complete(**signed(explanation="Now with the details.", signed_name="Ada B. Example"))
    assert answer.status_code == 303
    assert scene.rows(select(Notice.state, Notice.explanation, Notice.missing)) == [("filed", "Now with the details.", [])]
    first, second = (scene.rows(select(
        SignedStatement.text, SignedStatement.signed_name, SignedStatement.signed_at,
    ).where(SignedStatement.document == document)) for document in ("notice", "notice:2"))
    assert first == before, "what was signed stays as it was signed"
    assert {row[1] for row in second} == {"Ada B. Example"} and [row[0] for row in second] == [row[0] for row in before]
    assert sent_back.client.post(f"/notices/{sent_back.reference}/complete", data=signed()).status_code == 409


def test_what_was_typed_is_still_there(sent_back):
    answer = sent_back.client.post(f"/notices/{sent_back.reference}/complete", data={
        **signed(name="", email="not an address", explanation="kept"), "statement_good_faith": ""})
    assert answer.status_code == 422
    for said in ("Fill this in", "Enter an e-mail address", "Tick this"):
        assert said in errors_of(answer)
    assert value_of(answer, "explanation") == "kept" and value_of(answer, "email") == "not an address"


def test_only_its_own_side_makes_it_good(scene, sent_back):
    other = scene.filer()
    assert other.get(f"/notices/{sent_back.reference}/complete").status_code == 404
    assert other.client.post(f"/notices/{sent_back.reference}/complete", data=signed()).status_code == 404
    guest = scene.app.test_client()
    assert guest.get(f"/notices/{sent_back.reference}/complete").status_code == 404


def test_a_stale_page_makes_nothing_good(scene, sent_back):
    answer = sent_back.client.post(f"/notices/{sent_back.reference}/complete", data=signed(seen="1"))
    assert answer.status_code == 409
    assert scene.rows(select(Notice.state)) == [("deficient",)]


def test_a_complete_notice_cannot_be_completed(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.sign()
    assert filer.get(f"/notices/{filer.reference}/complete").status_code == 409


@pytest.fixture
def came_by_post(scene):
    """A letter that named no listing and gave no reason, recorded by staff for a rights holder and sent back."""
    filer = scene.filer()
    user = filer.client.user
    with scene.app.app_context(), unit_of_work():
        now = scene.app.extensions["ipdesk.clock"].now()
        owner = Actor(at=now, roles=frozenset({"rights_holder"}), user_id=user.id, organisation_id=user.organisation_id)
        right = rights.register_right(actor=owner, kind="trademark", title="AURORA", number="1", office="USPTO",
                                      owner="Aurora", territory="US")
        staff = Actor(at=now, roles=frozenset({"legal"}), user_id=make.user(role="legal").id)
        notice = operations.start_notice(
            actor=owner, marketplace=db.session.get(Marketplace, scene.market.id), right=right)
        operations.file_notice(actor=staff, notice=notice, content=Content(
            right=right, reason_code="", explanation="", entries=[Entry("the red lamp")], contact={}, signed_name="",
            channel="post"))
        filer.reference = notice.reference
    scene.screen(filer.reference, "send_back", missing=["listings", "contact", "statements"])
    return filer


def test_listings_can_be_named_later(scene, came_by_post):
    page = came_by_post.get(f"/notices/{came_by_post.reference}/complete")
    assert "No listing that can be found is named" in text_of(page)
    wrong = came_by_post.complete(**signed(listings="NOPE", reason_code="counterfeit"))
    assert wrong.status_code == 422 and "None of these listings" in errors_of(wrong)
    assert value_of(wrong, "listings") == "NOPE"
    assert came_by_post.complete(**signed(listings="LX000, LX002", reason_code="counterfeit")).status_code == 303
    assert scene.rows(select(Complaint.state, Complaint.reason_code)) == [("received.screening", "counterfeit")] * 2
    assert scene.rows(select(Capture.occasion)) == [("filing",)] * 2
    scene.screen(came_by_post.reference, "accept")
    assert scene.notices() == [(came_by_post.reference, "accepted")]


def test_withdrawn_whole_before_it_is_accepted(scene):
    filer = scene.filer().begin().fill("LX000", "LX002")
    filer.sign()
    path = f"/notices/{filer.reference}/withdraw"
    assert "All 2 complaints end" in text_of(filer.get(path))
    assert scene.filer().client.post(path).status_code == 404
    assert filer.client.post(path, data=filer.client.seen(path)).status_code == 303
    assert scene.rows(select(Complaint.state)) == [("closed.withdrawn",)] * 2
    assert scene.letters() == [], "no store had been told, and none is"
    assert filer.client.post(path).status_code == 409


def test_accepted_it_can_no_longer_be_withdrawn_whole(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.sign()
    scene.screen(filer.reference, "accept")
    assert filer.get(f"/notices/{filer.reference}/withdraw").status_code == 409
    assert "Withdraw the whole notice" not in text_of(filer.get(f"/notices/{filer.reference}"))


def test_staff_are_led_to_their_own_page(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.sign()
    staff = scene.as_actor("legal")
    assert staff.get(f"/notices/{filer.reference}").location == f"/notices/{filer.reference}/screen"
    assert filer.reference in staff.get("/notices").text


def test_a_handled_listing_names_its_complaint_to_its_own_side_only(scene):
    filer = scene.filer()
    right = filer.register()
    filer.begin(right=right).fill("LX000")
    filer.sign()
    (mine,) = scene.rows(select(Case.reference).join(Complaint, Complaint.id == Case.id))[0]
    filer.begin(right=right).step("listings", pasted="LX000")
    assert mine in filer.get(f"/notices/{filer.reference}/draft/listings").text
    from ipdesk.features.complaints.answers import answer_rows
    from ipdesk.features.rights.models import Right

    with scene.app.app_context():
        stranger = Actor(at=scene.app.extensions["ipdesk.clock"].now(), roles=frozenset({"rights_holder"}), organisation_id=999)
        (row,) = answer_rows([Entry("LX000")], db.session.execute(select(Right)).scalar_one(),
                             db.session.get(Marketplace, scene.market.id), actor=stranger)
    assert (row.answer, row.other_reference) == ("already_handled", "")


@pytest.mark.parametrize("role", ["reviewer", "legal", "admin", "auditor"])
def test_nobody_of_the_desk_signs_or_withdraws_for_the_notifier(scene, sent_back, role):
    browser = scene.as_actor(role)
    for path, said in (("complete", signed()), ("withdraw", {})):
        assert browser.get(f"/notices/{sent_back.reference}/{path}").status_code == 403
        assert browser.post(f"/notices/{sent_back.reference}/{path}", data=said).status_code == 403
    assert scene.rows(select(Notice.state, Notice.signed_name)) == [("deficient", "Ada Example")]


def test_what_was_said_before_stays_on_file_and_only_the_newest_counts(scene, sent_back):
    (said,), = scene.rows(select(Notice.explanation))
    for turn, name in enumerate(("Ada B. Example", "Ada C. Example"), 2):
        sent_back.complete(**signed(explanation=f"Version {turn}.", signed_name=name))
        scene.screen(sent_back.reference, "send_back", missing=["contact"])
    with scene.app.app_context():
        notice = db.session.execute(select(Notice)).scalar_one()
        now = scene.app.extensions["ipdesk.clock"].now()
        view = disclosure.view(notice, Actor(at=now, roles=frozenset({"legal"})))
        complaint = disclosure.view(queries.complaints_of(notice.id)[0], Actor(at=now, roles=frozenset({"legal"})))
    assert {line["signed_name"] for line in view["statements"]} == {"Ada C. Example"}
    for seen in (view, complaint):
        assert [(one["explanation"], one["signed_name"], {line["signed_name"] for line in one["statements"]})
                for one in seen["superseded"]] == [
            (said, "Ada Example", {"Ada Example"}), ("Version 2.", "Ada B. Example", {"Ada B. Example"})]
    page = text_of(scene.as_actor("legal").get(f"/notices/{sent_back.reference}/screen"))
    assert "Version 2." in page and "Ada B. Example" in page and "Version 3." in page


def test_statements_of_an_earlier_version_prove_nothing_for_the_newest(scene, sent_back):
    with scene.app.app_context(), pytest.raises(Refusal, match="element_missing"), unit_of_work():
        notice = db.session.execute(select(Notice)).scalar_one()
        author = Actor(at=scene.app.extensions["ipdesk.clock"].now(), roles=frozenset({"rights_holder"}),
                       organisation_id=notice.organisation_id)
        operations.complete_notice(actor=author, notice=notice, contact=dict(notice.contact), explanation="More.",
                                   signed_name="Ada Example", statements=["good_faith"])
    assert scene.rows(select(Notice.state, Notice.versions)) == [("deficient", [])]


def test_that_the_desk_was_late_is_the_desks_own_affair(scene, desk):
    complaint, = desk.file(listings=desk.listings[:1])
    reference = db.session.get(Notice, complaint.notice_id).reference
    db.session.rollback()
    desk.clock.advance(timedelta(days=10))
    desk.work()
    notice = db.session.get(Notice, complaint.notice_id)
    assert "deadline_missed" in {event.act for event in timeline(notice, desk=True)}
    assert "deadline_missed" in {event.act for event in timeline(notice, audience="staff")}
    for party in ("rights_holder", "seller", ""):
        assert "deadline_missed" not in {event.act for event in timeline(notice, audience=party)}
    db.session.rollback()
    page = sign_in(scene.app.test_client(), desk.people["rights_holder"]).get(f"/notices/{reference}")
    assert page.status_code == 200 and "deadline_missed" not in page.text and "time limit of the desk" not in page.text


# --- each named element can be made good on the page -------------------------------------------------


def test_the_right_is_named_anew_and_what_it_was_is_kept(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.sign()
    scene.screen(filer.reference, "send_back", missing=["right"], remark="The number belongs to another mark.")
    page = filer.get(f"/notices/{filer.reference}/complete")
    assert "The number belongs to another mark." in text_of(page)
    before = value_of(page, "number")
    assert before and value_of(page, "owner")
    empty = filer.client.post(f"/notices/{filer.reference}/complete", data=signed(title="AURORA", owner="Aurora Ltd", number="", office="",
                                                                                  seen=value_of(page, "seen")))
    assert empty.status_code == 422 and errors_of(empty).count("Fill this in") == 2
    answer = filer.complete(**signed(title="AURORA", owner="Aurora Ltd", number="9,876,543", office="USPTO", description="The word."))
    assert answer.status_code == 303
    ((facts, versions, remark),) = scene.rows(select(Notice.right_facts, Notice.versions, Notice.remark))
    assert (facts["number"], facts["description"], remark) == ("9,876,543", "The word.", "")
    assert versions[0]["right"]["number"] == before
    shown = text_of(scene.as_actor("legal").get(f"/notices/{filer.reference}/screen"))
    assert "9,876,543" in shown and "The register of rights has changed" in shown


def test_reason_and_files_are_given_anew_where_they_were_asked_for(scene):
    filer = scene.filer().begin().fill("LX000", "LX001")
    filer.sign()
    scene.screen(filer.reference, "send_back", missing=["listings"])
    page = filer.get(f"/notices/{filer.reference}/complete")
    assert 'name="reason_code"' in page.text and 'name="title"' not in page.text, "only what was named"
    exhibit = upload(filer, b"comparison", "comparison.txt")
    other = next(code for code in ("mark_in_title", "mark_in_text")
                 if f'value="{code}"' in page.text and f'value="{code}" selected' not in page.text)
    assert filer.complete(**signed(reason_code=other, exhibits=[exhibit])).status_code == 303
    assert scene.rows(select(Notice.reason_code)) == [(other,)]
    assert set(scene.rows(select(Claim.reason_code))) == {(other,)}
    assert "comparison.txt" in text_of(scene.as_actor("legal").get(f"/notices/{filer.reference}/screen"))

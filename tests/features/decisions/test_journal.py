"""What people of the desk do without moving a case stands in its log, with ids only, and on their pages only."""

import json

import pytest
from sqlalchemy import delete, select

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.casework import journal
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts.models import StoreBinding
from ipdesk.features.complaints import links
from ipdesk.features.decisions import operations, queries, work

SECRET = "zzinsidezz"


def entries(floor, case_id):
    with floor.app.app_context():
        return [(row.act, json.loads(row.body)) for row in db.session.execute(select(AuditEntry).where(
            AuditEntry.case_id == case_id).order_by(AuditEntry.number)).scalars()]


def acts(floor, case_id):
    return [(act, body["payload"]) for act, body in entries(floor, case_id) if act in journal.DESK_ACTS]


def test_who_works_on_a_case_stands_in_its_log(floor):
    filed = floor.contested()
    legal, reviewer = floor.desk.people["legal"].id, floor.desk.people["reviewer"].id
    for _ in range(2):  # taking it again is no news
        floor.act(work.take, "legal", "complaint", filed.id)
    floor.act(work.give_back, "legal", "complaint", filed.id)
    floor.act(work.give_back, "legal", "complaint", filed.id)
    floor.act(work.reassign, "admin", "complaint", filed.id, user_id=reviewer)
    assert acts(floor, filed.id) == [
        ("case_taken", {}), ("case_given_back", {"holder_id": legal}), ("case_assigned", {"holder_id": reviewer})]


def test_a_proposal_and_its_end_stand_in_the_log(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    with floor.app.app_context(), unit_of_work():
        found = queries.decision(floor.desk.actor("legal_two"), reference)
        number = found.id
        operations.decline(actor=floor.desk.actor("legal_two"), decision=found, because=SECRET)
    assert acts(floor, filed.id) == [
        ("decision_proposed", {"decision_id": number}), ("proposal_declined", {"decision_id": number})]
    assert SECRET not in json.dumps([body for _, body in entries(floor, filed.id)])


def test_a_note_is_logged_by_its_number_and_never_by_its_words(floor):
    filed = floor.contested()
    floor.browser("legal").post(f"/work/complaint/{filed.reference}/notes", data={"text": SECRET, "form_key": "n"})
    (act, payload), = acts(floor, filed.id)
    assert act == "note_written" and set(payload) == {"note_id"}
    assert SECRET not in json.dumps([body for _, body in entries(floor, filed.id)])


def test_a_one_time_link_is_logged_when_it_is_opened_and_opens_once(floor):
    filed = floor.told()[0]
    with floor.app.app_context(), unit_of_work():
        # An unclaimed store: a link to a store that has an account is refused.
        db.session.execute(delete(StoreBinding))
        token = links.make_link(at=floor.clock.now(), case_id=filed.id, audience="seller",
                                address="contact@store.example")
    with floor.app.app_context(), unit_of_work():
        links.open_link(actor=Actor(at=floor.clock.now()), token=token)
    with floor.app.app_context(), pytest.raises(Refusal), unit_of_work():
        links.open_link(actor=Actor(at=floor.clock.now()), token=token)
    assert acts(floor, filed.id) == [("link_opened", {})]
    assert token not in json.dumps([body for _, body in entries(floor, filed.id)])


def test_only_the_desk_reads_of_it(floor):
    filed = floor.contested()
    floor.act(work.take, "legal", "complaint", filed.id)
    path = f"/complaints/{filed.reference}"
    assert "The case was taken" in floor.browser("legal").get(path).get_data(as_text=True)
    assert "The case was taken" in floor.browser("auditor").get(path).get_data(as_text=True)
    for who in ("seller_a", "rights_holder"):
        page = floor.browser(who).get(path).get_data(as_text=True)
        assert "took the case" not in page and "case_taken" not in page
    with floor.app.app_context():
        row = rules.kinds["complaint"].load(filed.id)
        assert not {event.act for event in timeline(row)} & journal.DESK_ACTS
        assert "case_taken" in {event.act for event in timeline(row, desk=True)}


def test_the_log_knows_no_other_acts_of_the_desk(floor):
    with floor.app.app_context(), pytest.raises(ValueError, match="something"):
        journal.note(actor=floor.desk.actor("legal"), case_id=1, act="something")

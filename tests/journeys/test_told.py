"""The seller sees a claim when it is told of it, and then always can."""

import pytest

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.features.complaints import operations, queries
from ipdesk.features.decisions import operations as decisions


def take_back(desk, complaint, claims=None):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        operations.take_back(
            actor=desk.actor("rights_holder"), complaint=row,
            claim_ids=claims or [claim.id for claim in queries.claims_of(row.id)])


def as_seller(desk, complaint):
    db.session.rollback()
    row = queries.complaint(desk.actor("seller_a"), complaint.reference)
    return disclosure.view(row, desk.actor("seller_a"))


def test_a_claim_taken_back_before_the_seller_was_told_stays_unknown_to_it(desk):
    complaint = desk.file()[0]
    with pytest.raises(NotVisible):
        as_seller(desk, complaint)
    first = queries.claims_of(complaint.id)[0].id
    db.session.rollback()
    take_back(desk, complaint, [first])
    desk.accept([complaint])
    assert [claim["listing"]["code"] for claim in as_seller(desk, complaint)["claims"]] == [
        desk.listings[1].external_id]


@pytest.mark.parametrize("kind", ["trademark", "copyright"])
def test_a_reopened_complaint_is_told_to_the_seller(desk, kind):
    complaint = desk.file(kind=kind)[0]
    take_back(desk, complaint)
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        ids = [claim.id for claim in queries.claims_of(row.id)]
        proposal = decisions.decide(
            actor=desk.actor("legal"), complaint=row, claim_ids=ids, trigger="reopen",
            reasons={"facts": "It was taken back by mistake.", "ground": "Mistake.", "basis": ""})
        decisions.approve(actor=desk.actor("legal_two"), decision=proposal)
    assert len(as_seller(desk, complaint)["claims"]) == 2


def test_a_notice_can_be_sent_back_as_often_as_the_file_allows(desk):
    notice_id = desk.file()[0].notice_id

    def send_back():
        with unit_of_work():
            notice = rules.kinds["notice"].load(notice_id)
            operations.screen_notice(actor=desk.actor("legal"), notice=notice, trigger="send_back",
                                     missing=["explanation"])
        with unit_of_work():
            notice = rules.kinds["notice"].load(notice_id)
            operations.complete_notice(
                actor=desk.actor("rights_holder"), notice=notice, contact=dict(notice.contact),
                explanation="More words.", signed_name="Ada Example",
                statements=["good_faith", "accurate_and_authorised", "copy_to_seller"])

    for _ in range(5):
        send_back()
    with pytest.raises(Refusal, match="used_up"):
        send_back()

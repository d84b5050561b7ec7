"""What the desk thinks of a right's papers, and what the law lets a notice rest on."""

import pytest

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Invalid
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights.models import Right
from tests.journeys.conftest import CONTACT

STATEMENTS = ["good_faith", "accurate_and_authorised", "copy_to_seller"]


def right_of(filed):
    found = db.session.get(Complaint, filed.id).right_id
    db.session.rollback()
    return found


def judge(desk, right_id, trigger="reject_right"):
    with unit_of_work():
        rights.judge_right(actor=desk.actor("legal"), right=rules.kinds["right"].load(right_id), trigger=trigger,
                           reasons="No certificate.")


def file_from(desk, right_id):
    actor = desk.actor("rights_holder")
    with unit_of_work():
        notice = operations.start_notice(
            actor=actor, marketplace=db.session.get(Marketplace, desk.stores[0].marketplace_id))
        right = db.session.get(Right, right_id)
        return operations.file_notice(actor=actor, notice=notice, content=Content(
            right=right, reason_code="copied_picture" if right.kind == "copyright" else "counterfeit",
            explanation="A copy.", entries=[Entry(desk.listings[2].external_id)], contact=CONTACT,
            signed_name="Ada Example", statements=STATEMENTS))[0].state


def test_a_copyright_that_was_not_verified_still_carries_a_statutory_notice(desk):
    right_id = right_of(desk.file("copyright", listings=desk.listings[:1])[0])
    judge(desk, right_id)
    assert file_from(desk, right_id) == "filed"


@pytest.mark.parametrize("kind", ["copyright", "trademark"])
def test_a_right_that_was_taken_off_the_desk_carries_none(desk, kind):
    right_id = right_of(desk.file(kind, listings=desk.listings[:1])[0])
    with unit_of_work():
        rights.withdraw_right(actor=desk.actor("rights_holder"), right=rules.kinds["right"].load(right_id))
    with pytest.raises(Invalid, match="right"):
        file_from(desk, right_id)


def test_under_the_house_rules_a_rejected_right_carries_none(desk):
    right_id = right_of(desk.file(listings=desk.listings[:1])[0])
    judge(desk, right_id)
    with pytest.raises(Invalid, match="right"):
        file_from(desk, right_id)

"""What the desk thinks of a right's papers, and what the law lets a notice rest on."""

from datetime import date

import pytest
from sqlalchemy import select

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.outbox.models import Outbox
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


def test_a_complaint_rests_on_the_right_as_the_notice_named_it(desk):
    filed, = desk.file(listings=desk.listings[:1])
    right_id = right_of(filed)
    judge(desk, right_id)
    with unit_of_work():
        rights.correct_right(actor=desk.actor("rights_holder"), right=rules.kinds["right"].load(right_id),
                             title="SOMETHING ELSE", owner="Another Owner", valid_until=date(2031, 5, 1))
    judge(desk, right_id, "verify_right")
    desk.accept([filed])
    desk.work()
    row = db.session.get(Complaint, filed.id)
    seen = {who: disclosure.view(row, desk.actor(who)) for who in ("seller_a", "rights_holder", "legal")}
    for view in seen.values():
        assert (view["right"]["title"], view["right"]["owner"], view["right"]["valid_until"]) == (
            "AURORA", "Aurora Ltd", None)
        assert view["right"]["verified_at"] is None, "staff checked other entries"
    assert seen["legal"]["register"]["changed"] and seen["legal"]["register"]["title"] == "SOMETHING ELSE"
    assert seen["legal"]["register"]["verified_at"] and not any("register" in seen[who] for who in ("seller_a", "rights_holder"))
    letters = [one.body_text for one in db.session.execute(select(Outbox).where(
        Outbox.message == "complaint_opened")).scalars()]
    assert letters and all("AURORA" in text and "SOMETHING ELSE" not in text for text in letters)


def test_the_check_of_the_very_entries_is_shown(desk):
    filed, = desk.file(listings=desk.listings[:1])
    judge(desk, right_of(filed), "verify_right")
    desk.accept([filed])
    desk.work()
    view = disclosure.view(db.session.get(Complaint, filed.id), desk.actor("seller_a"))
    assert view["right"]["verified_at"] is not None

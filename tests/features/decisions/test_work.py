"""Who works on what: taking, giving back, assigning, and what "take next" leaves out."""

from datetime import timedelta

import pytest

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.features.decisions import operations, queries, work
from ipdesk.features.rights import operations as rights
from tests.journeys.test_put_back import sue


def take_next(floor, who="legal"):
    """The reference of the case that this handler is given, or nothing."""
    with floor.app.app_context(), unit_of_work():
        row = work.take_next(actor=floor.desk.actor(who))
        return row.reference if row is not None else None


def notice_reference(floor, filed):
    with floor.app.app_context():
        return rules.kinds["notice"].load(filed.notice_id).reference


def conflict(floor, who, **side):
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(
            actor=floor.desk.actor(who), user_id=floor.desk.people[who].id, because="a relative", **side)


def set_skills(floor, who, *skills):
    with floor.app.app_context(), unit_of_work():
        work.set_skills(actor=floor.desk.actor("admin"), user_id=floor.desk.people[who].id, skills=skills)


def test_the_case_that_is_due_first_is_given_first(floor):
    contested = floor.contested()  # decided within two business days
    late = notice_reference(floor, floor.file()[0])  # screened within 24 hours
    floor.verify_rights()
    assert take_next(floor) == late
    assert take_next(floor, "legal_two") == contested.reference


def test_a_handler_is_given_the_case_in_hand_again_before_a_new_one(floor):
    first = notice_reference(floor, floor.file()[0])
    floor.file()
    assert take_next(floor) == first
    assert take_next(floor) == first


def test_what_another_holds_is_skipped_until_the_half_hour_is_over(floor):
    only = notice_reference(floor, floor.file()[0])
    floor.verify_rights()
    assert take_next(floor) == only
    assert take_next(floor, "legal_two") is None
    floor.clock.advance(work.TIME_OUT - timedelta(seconds=1))
    assert take_next(floor, "legal_two") is None
    floor.clock.advance(timedelta(seconds=1))
    assert take_next(floor, "legal_two") == only


def test_what_was_given_back_is_there_for_the_next(floor):
    filed = floor.file()[0]
    assert take_next(floor)
    floor.act(work.give_back, "legal", "notice", filed.notice_id)
    assert take_next(floor, "legal_two") == notice_reference(floor, filed)


def test_nobody_gives_back_or_takes_what_another_holds(floor):
    filed = floor.file()[0]
    floor.act(work.take, "legal", "notice", filed.notice_id)
    for verb in (work.take, work.give_back):
        with pytest.raises(Refusal) as refused:
            floor.act(verb, "legal_two", "notice", filed.notice_id)
        assert refused.value.code == "taken_by_another"
        assert refused.value.facts == {"name": "The legal"}


def test_an_administrator_puts_back_what_anybody_holds(floor):
    filed = floor.file()[0]
    floor.act(work.take, "legal", "notice", filed.notice_id)
    floor.act(work.give_back, "admin", "notice", filed.notice_id)
    assert take_next(floor, "legal_two")


def test_an_assigned_case_has_no_time_out_and_comes_before_all_others(floor):
    floor.file()
    later = floor.contested()
    floor.act(work.reassign, "admin", "complaint", later.id, user_id=floor.desk.people["reviewer"].id)
    floor.clock.advance(timedelta(days=1))
    assert take_next(floor, "reviewer") == later.reference
    floor.clock.advance(timedelta(hours=2))
    with pytest.raises(Refusal) as refused:
        floor.act(work.take, "legal", "complaint", later.id)
    assert refused.value.code == "taken_by_another"


@pytest.mark.parametrize("somebody", ["seller_a", "auditor", "admin"])
def test_cases_are_assigned_to_handlers_only(floor, somebody):
    filed = floor.file()[0]
    with pytest.raises(Refusal) as refused:
        floor.act(work.reassign, "admin", "notice", filed.notice_id,
                  user_id=floor.desk.people[somebody].id)
    assert refused.value.code == "not_a_handler"


def test_sides_of_a_conflict_are_never_given_taken_or_assigned(floor):
    filed = floor.contested()
    floor.verify_rights()
    conflict(floor, "legal", store_id=floor.desk.stores[0].id)
    assert take_next(floor, "legal") is None
    with pytest.raises(Refusal) as refused:
        floor.act(work.take, "legal", "complaint", filed.id)
    assert refused.value.code == "conflict_of_interest"
    with pytest.raises(Refusal) as refused:
        floor.act(work.reassign, "admin", "complaint", filed.id,
                  user_id=floor.desk.people["legal"].id)
    assert refused.value.code == "conflict_of_other"
    assert take_next(floor, "legal_two") == filed.reference


def test_a_notice_with_one_conflicting_store_is_not_given(floor):
    notice = notice_reference(floor, floor.file(stores=(0, 1))[0])
    floor.verify_rights()
    conflict(floor, "legal", store_id=floor.desk.stores[1].id)
    assert take_next(floor, "legal") is None
    assert take_next(floor, "legal_two") == notice


def test_a_conflict_with_the_rights_holder_blocks_its_notices(floor):
    floor.file()
    conflict(floor, "legal", organisation_id=floor.desk.people["rights_holder"].organisation_id)
    assert take_next(floor, "legal") is None


def test_a_conflict_that_ended_blocks_nothing(floor):
    floor.file()
    conflict(floor, "legal", store_id=floor.desk.stores[0].id)
    with floor.app.app_context(), unit_of_work():
        for one in queries.conflicts(floor.desk.people["legal"].id):
            operations.end_conflict(actor=floor.desk.actor("legal"), conflict=one)
    assert take_next(floor, "legal")


def test_skills_limit_what_is_given_by_rules_and_by_language(floor):
    dmca = notice_reference(floor, floor.file("copyright")[0])
    trade = notice_reference(floor, floor.file("trademark")[0])
    set_skills(floor, "legal", "marketplace")
    assert take_next(floor, "legal") == trade
    set_skills(floor, "legal_two", "us_dmca", "zh_CN")
    assert take_next(floor, "legal_two") is None, "the notice is in English"
    set_skills(floor, "legal_two", "us_dmca", "en")
    assert take_next(floor, "legal_two") == dmca


def team(floor, name, *who, skills=(), number=None):
    with floor.app.app_context(), unit_of_work():
        return work.save_team(
            actor=floor.desk.actor("admin"), name=name, members=[floor.desk.people[one].id for one in who], skills=skills,
            team_id=number).id


def test_whoever_is_in_a_team_is_given_what_the_team_is_given(floor):
    dmca = notice_reference(floor, floor.file("copyright")[0])
    trade = notice_reference(floor, floor.file("trademark")[0])
    number = team(floor, "Copyright", "legal", "legal_two", skills=["us_dmca"])
    set_skills(floor, "legal_two", "marketplace")
    assert take_next(floor, "legal") == dmca
    assert take_next(floor, "legal_two") == trade, "the team's rules and its own"
    with floor.app.app_context(), unit_of_work():
        work.remove_team(actor=floor.desk.actor("admin"), team_id=number)
    with floor.app.app_context():
        assert queries.teams() == [] and queries.skills_of(floor.desk.people["legal"].id) == frozenset()


def test_a_case_is_not_assigned_against_the_rules_of_a_team(floor):
    filed = floor.contested()
    number = team(floor, "Copyright", "legal", skills=["us_dmca"])
    assert not_assigned(floor, filed, "legal") == "skill_of_other"
    team(floor, "Copyright", "legal_two", skills=["us_dmca"], number=number)
    floor.act(work.reassign, "admin", "complaint", filed.id, user_id=floor.desk.people["legal"].id)
    assert take_next(floor, "legal") == filed.reference


def test_a_team_has_a_name_of_its_own_and_handlers_only(floor):
    team(floor, "Copyright", "legal")
    with pytest.raises(Invalid) as refused:
        team(floor, "Copyright", "reviewer")
    assert list(refused.value.errors) == ["name"]
    with pytest.raises(Refusal) as refused:
        team(floor, "Others", "seller_a")
    assert refused.value.code == "not_a_handler"


def test_a_right_that_is_due_first_is_given_first_and_held_like_any_case(floor):
    floor.told()  # leaves only its right to the desk
    right = right_that_waits(floor)
    floor.clock.advance(timedelta(days=9))
    floor.file()
    assert take_next(floor) == right
    with pytest.raises(Refusal) as refused:
        judge(floor, "legal_two", right)
    assert refused.value.code == "taken_by_another"
    assert take_next(floor, "legal_two") != right
    judge(floor, "legal", right)
    assert right_that_waits(floor) != right


def test_a_right_is_not_given_over_a_conflict_or_in_a_language_that_the_handler_does_not_read(floor):
    floor.told()
    organisation = floor.desk.people["rights_holder"].organisation_id
    conflict(floor, "legal", organisation_id=organisation)
    assert take_next(floor, "legal") is None
    set_skills(floor, "legal_two", "zh_CN")
    assert take_next(floor, "legal_two") is None, "its owner reads English"
    set_skills(floor, "legal_two", "zh_CN", "en")
    assert take_next(floor, "legal_two") == right_that_waits(floor)


def test_a_case_is_not_assigned_against_skills_or_to_somebody_without_a_step(floor):
    filed = floor.contested()
    set_skills(floor, "legal", "us_dmca")
    assert not_assigned(floor, filed, "legal") == "skill_of_other"
    set_skills(floor, "legal", "marketplace", "zh_CN")
    assert not_assigned(floor, filed, "legal") == "skill_of_other"
    court = floor.contested("copyright")
    with floor.app.app_context():
        sue(floor.desk, court, floor.claims(court))
    assert not_assigned(floor, court, "reviewer") == "step_of_other"
    floor.act(work.reassign, "admin", "complaint", court.id, user_id=floor.desk.people["legal_two"].id)
    assert take_next(floor, "legal_two") == court.reference


def not_assigned(floor, filed, who):
    """Why the administrator cannot give this complaint to this person."""
    with pytest.raises(Refusal) as refused:
        floor.act(work.reassign, "admin", "complaint", filed.id, user_id=floor.desk.people[who].id)
    assert refused.value.facts == {"name": floor.desk.people[who].name}
    return refused.value.code


def right_that_waits(floor):
    """The reference of the first right that waits for the desk."""
    with floor.app.app_context():
        return next((row.reference for row in floor.rights_that_wait()), None)


def judge(floor, who, reference):
    with floor.app.app_context(), unit_of_work():
        row = next(row for row in floor.rights_that_wait() if row.reference == reference)
        rights.judge_right(actor=floor.desk.actor(who), right=row, trigger="verify_right")


def test_a_reviewer_is_not_given_what_only_legal_staff_may_decide(floor):
    with floor.app.app_context():
        roles = floor.desk.actor("reviewer").roles
        assert "counter_notified.court_notice" not in queries.states_open_to(roles, "staff")
        assert "counter_notified.court_notice" in queries.states_open_to(frozenset({"legal"}), "staff")


def test_taking_moves_no_version_so_that_nobody_s_page_goes_stale(floor):
    filed = floor.contested()
    before = floor.version("complaint", filed.id)
    floor.act(work.take, "legal", "complaint", filed.id)
    assert floor.version("complaint", filed.id) == before


def test_the_load_counts_what_is_held_now(floor):
    filed = floor.file()[0]
    legal = floor.desk.people["legal"].id
    floor.act(work.take, "legal", "notice", filed.notice_id)
    assert floor.read(queries.load_per_handler, floor.clock.now()) == {legal: 1}
    floor.clock.advance(work.TIME_OUT)
    assert floor.read(queries.load_per_handler, floor.clock.now()) == {}


def test_a_supervisor_reads_no_holder_whose_half_hour_is_over(floor):
    filed = floor.file()[0]
    floor.clock.advance(timedelta(days=9))
    floor.act(work.take, "legal", "notice", filed.notice_id)

    def holder():
        late = floor.read(queries.late, floor.clock.now())
        return next(row["holder"] for row in late if row["kind"] == "notice")

    assert holder() == "The legal"
    floor.clock.advance(work.TIME_OUT)
    assert holder() is None

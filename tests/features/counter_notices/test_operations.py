"""What sellers and rights holders answer: who may, when, with what, and who gets to read it."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.clocks import open_deadlines
from ipdesk.core.casework.disclosure import view
from ipdesk.core.casework.sweep import sweep
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible, Refusal, Stale
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.complaints import elements, queries
from ipdesk.features.counter_notices import operations
from ipdesk.features.counter_notices import queries as counter_notices
from ipdesk.features.evidence import queries as evidence
from ipdesk.features.holds.queries import last_instruction

from .conftest import SELLER, statement_codes

DAY = timedelta(days=1)


def letters(complaint: Any, message: str) -> list[Outbox]:
    return list(db.session.scalars(select(Outbox).where(
        Outbox.case_id == complaint.id, Outbox.message == message, Outbox.channel == "mail")))


# --- delete now ------------------------------------------------------------------------------------


def test_deleting_one_listing_leaves_the_others_and_their_clock(desk: Any) -> None:
    complaint = desk.complaint(listings=2)
    first, second = desk.claims(complaint)
    with unit_of_work():
        operations.delete_listings(actor=desk.actor("seller"), complaint=desk.load(complaint.id),
                                   claim_ids=[first], seen=complaint.version_id)
    assert desk.states(complaint) == ["closed.deleted_by_seller", "pending_response.open"]
    assert [line.movers for line in open_deadlines(complaint.id)] == [[second]]
    gone = db.session.get(Listing, queries.claims_of(complaint.id)[0].listing_id)
    assert last_instruction(gone.id).wanted == {"delete": True}
    assert [c.occasion for c in queries.captures_of(complaint.id, [gone.id])][-1] == "deletion"


def test_a_complaint_is_closed_when_its_last_claim_is(desk: Any) -> None:
    complaint = desk.complaint(listings=2)
    for claim, closed in zip(desk.claims(complaint), (False, True), strict=True):
        desk.clock.advance(DAY)
        with unit_of_work():
            row = desk.load(complaint.id)
            operations.delete_listings(actor=desk.actor("seller"), complaint=row, claim_ids=[claim])
        assert desk.load(complaint.id).closed_at == (desk.clock.now() if closed else None)


def test_nobody_deletes_a_rivals_listing(desk: Any) -> None:
    complaint = desk.complaint()
    with pytest.raises(Forbidden), unit_of_work():
        operations.delete_listings(actor=desk.actor("rival"), complaint=desk.load(complaint.id),
                                   claim_ids=desk.claims(complaint))


def test_a_claim_of_another_complaint_is_not_there(desk: Any) -> None:
    mine, other = desk.complaint(), desk.complaint(store=1)
    with pytest.raises(NotVisible), unit_of_work():
        operations.delete_listings(actor=desk.actor("seller"), complaint=desk.load(mine.id),
                                   claim_ids=[*desk.claims(mine), *desk.claims(other)])
    assert desk.states(mine) == ["pending_response.open"]


# --- counter-notification ----------------------------------------------------------------------------


def test_answers_on_different_days_have_their_own_deadlines(desk: Any) -> None:
    complaint = desk.complaint("us_dmca", listings=3)
    deleted, monday, friday = desk.claims(complaint)
    with unit_of_work():
        operations.delete_listings(actor=desk.actor("seller"), complaint=desk.load(complaint.id),
                                   claim_ids=[deleted])
    desk.contest(complaint, [monday])
    desk.clock.advance(4 * DAY)
    desk.contest(complaint, [friday])
    lines = {tuple(line.movers): line.due_at.date() for line in open_deadlines(complaint.id)
             if line.name == "put_back"}
    # Monday 2 March and Friday 6 March 2026: the end of the 14th business day in New York.
    assert lines == {(monday,): date(2026, 3, 21), (friday,): date(2026, 3, 27)}
    assert desk.states(complaint) == [
        "closed.deleted_by_seller", "counter_notified.put_back", "counter_notified.put_back"]


def test_a_late_one_under_the_statute_has_no_limit_but_the_house_has(desk: Any) -> None:
    ours, statutory = desk.complaint("marketplace"), desk.complaint("us_dmca")
    desk.clock_does(ours.id, "response_overdue")
    for complaint in (ours, statutory):
        desk.clock_does(complaint.id, "contest_window_elapsed")
    desk.clock.advance(400 * DAY)
    desk.contest(statutory)
    assert desk.states(statutory) == ["counter_notified.put_back"]
    with pytest.raises(Refusal, match="transition_not_allowed"):
        desk.contest(ours)
    assert counter_notices.counter_notices_of(ours.id) == []


def test_from_a_delisting_it_can_still_be_contested(desk: Any) -> None:
    complaint = desk.complaint()
    desk.clock_does(complaint.id, "response_overdue")
    until = counter_notices.still_contestable([complaint.id])[complaint.id]
    assert until is not None and until.date() == date(2026, 4, 2)
    desk.contest(complaint)
    assert desk.states(complaint) == ["counter_notified.complainant"]
    assert counter_notices.still_contestable([complaint.id]) == {}


def test_no_limit_is_told_where_the_statute_has_none(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    assert counter_notices.still_contestable([complaint.id]) == {complaint.id: None}
    desk.clock_does(complaint.id, "contest_window_elapsed")
    assert counter_notices.still_contestable([complaint.id]) == {complaint.id: None}


@pytest.mark.parametrize(("regime", "given", "field"), [
    ("us_dmca", {"signed_name": ""}, "signed_name"),
    ("us_dmca", {"contact": {**SELLER, "phone": ""}}, "phone"),
    ("us_dmca", {"contact": {**SELLER, "address": ""}}, "address"),
    ("us_dmca", {"statements": ["jurisdiction", "service_of_process"]},
     "statement_mistake_or_misidentification"),
    ("us_dmca", {"statements": ["mistake_or_misidentification", "jurisdiction"]},
     "statement_service_of_process"),
    ("marketplace", {"grounds": []}, "grounds"),
    ("marketplace", {"explanation": ""}, "explanation"),
    ("marketplace", {"statements": ["good_faith", "accurate_and_authorised"]},
     "statement_copy_to_rights_holder"),
])
def test_each_element_is_asked_for_by_name(desk: Any, regime: str, given: dict[str, Any], field: str) -> None:
    complaint = desk.complaint(regime)
    before = desk.states(complaint)
    with pytest.raises(Invalid) as refused:
        desk.contest(complaint, **given)
    assert list(refused.value.errors) == [field]
    assert desk.states(complaint) == before
    assert counter_notices.counter_notices_of(complaint.id) == []


def test_the_statute_asks_for_no_grounds_and_no_explanation(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint, grounds=[], explanation="")
    assert desk.states(complaint) == ["counter_notified.put_back"]


def test_a_ground_that_is_none_is_refused(desk: Any) -> None:
    with pytest.raises(Invalid, match="grounds"):
        desk.contest(desk.complaint(), grounds=["because"])


def test_a_stale_signature_leaves_nothing(desk: Any) -> None:
    complaint = desk.complaint()
    with pytest.raises(Stale):
        desk.contest(complaint, seen=complaint.version_id - 1)
    assert counter_notices.counter_notices_of(complaint.id) == []
    assert elements.signed(complaint.id, "counter_notice:1") == []


def test_statements_are_kept_word_for_word_with_who_and_when(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    row = desk.contest(complaint)
    kept = elements.signed(complaint.id, f"counter_notice:{row.id}")
    assert [line.code for line in kept] == statement_codes("us_dmca", "counter_notice")
    assert kept[0].text.startswith("I swear, under penalty of perjury,")
    assert {(line.signed_name, line.signed_by, line.signed_at) for line in kept} == {
        ("Wei Example", desk.people["seller"].id, desk.clock.now())}


def test_a_document_received_elsewhere_counts_from_its_arrival(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    arrived = desk.clock.now()
    desk.clock.advance(3 * DAY)
    with unit_of_work():
        original = desk.exhibit("letter.jpg", by="legal")
        row = operations.file_counter_notice(
            actor=desk.actor("legal"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), contact=SELLER, signed_name="Wei Example",
            statements=statement_codes("us_dmca", "counter_notice"), original=original,
            channel="post", received_at=arrived)
        assert original.filed_at and original.visibility == "platform_only"
    db.session.refresh(row)
    assert row.exhibit_ids == [original.id], "the original is kept with what was entered from it"
    assert (row.received_at, row.entered_at) == (arrived, desk.clock.now())
    line = next(line for line in open_deadlines(complaint.id) if line.name == "put_back")
    assert line.started_at == arrived and line.due_at.date() == date(2026, 3, 21)


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_an_arrival_that_cannot_be_is_refused(desk: Any, off: timedelta) -> None:
    complaint = desk.complaint("us_dmca")
    with pytest.raises(Invalid) as refused:
        desk.contest(complaint, actor=desk.actor("legal"), channel="post",
                     received_at=desk.clock.now() + off)
    assert list(refused.value.errors) == ["received_at"]


# --- who gets to read it ---------------------------------------------------------------------------


def test_the_statutory_copy_holds_the_elements_and_nothing_else(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    listing = db.session.get(Listing, queries.claims_of(complaint.id)[0].listing_id)
    with unit_of_work():
        shared = desk.exhibit("invoice.jpg")
        row = operations.file_counter_notice(
            actor=desk.actor("seller"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), grounds=["licence"], explanation="Our private story.",
            contact=SELLER, signed_name="Wei Example", exhibits={shared: "share"},
            statements=statement_codes("us_dmca", "counter_notice"))
        assert shared.visibility == "platform_only"
    assert row.copy == f"""\
1. Signature of the subscriber
Wei Example

2. Identification of the material and of the place where it appeared
– {listing.title} ({listing.external_id})
   {listing.url}

3. Statement under penalty of perjury of good faith belief in a mistake or misidentification
I swear, under penalty of perjury, that I have a good faith belief that the material was removed or \
disabled as a result of mistake or misidentification of the material to be removed or disabled.

4. Name, address and telephone number, consent to the jurisdiction and acceptance of service of process
Wei Example

88 Harbour Road, Shenzhen

+86 755 5550 123

I consent to the jurisdiction of the Federal District Court for the judicial district in which my \
address is located, or, if my address is outside of the United States, for any judicial district in \
which the service provider may be found.

I will accept service of process from the person who provided the notification of claimed \
infringement or an agent of such person.
"""
    seen = view(desk.load(complaint.id), desk.actor("rights_holder"))["counter_notices"][0]
    assert seen["contact"] == {name: SELLER[name] for name in ("name", "address", "phone")}
    assert not {"grounds", "explanation", "exhibits"} & set(seen)
    body = letters(complaint, "counter_notice_copy")[0].body_text
    assert "88 Harbour Road" in body
    assert "Our private story" not in body and "invoice" not in body and "seller.example" not in body


def test_under_house_rules_the_sellers_contact_never_leaks(desk: Any) -> None:
    complaint = desk.complaint()
    with unit_of_work():
        shared, kept = desk.exhibit("invoice.jpg"), desk.exhibit("supplier.jpg")
        row = operations.file_counter_notice(
            actor=desk.actor("seller"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), grounds=["genuine_goods"], contact=SELLER,
            explanation="Bought from the owner's distributor.", signed_name="Wei Example",
            exhibits={shared: "share", kept: "platform_only"},
            statements=statement_codes("marketplace", "counter_notice"))
    seen = view(desk.load(complaint.id), desk.actor("rights_holder"))["counter_notices"][0]
    assert seen["contact"] == {"name": "Wei Example"}
    assert [one["name"] for one in seen["exhibits"]] == ["invoice.jpg"]
    assert "genuine_goods" in seen["grounds"] and "distributor" in seen["explanation"]
    everything = [str(seen), row.copy, *(letter.body_text + letter.body_html for letter in
                                         letters(complaint, "counter_notice_copy"))]
    for text in everything:
        assert "distributor" in text and "invoice.jpg" in text
        for secret in (SELLER["address"], SELLER["phone"], SELLER["email"], "supplier.jpg"):
            assert secret not in text


def test_the_letter_carries_the_very_copy_that_was_stored(desk: Any) -> None:
    complaint = desk.complaint()
    row = desk.contest(complaint)
    [letter] = letters(complaint, "counter_notice_copy")
    unquoted = [line.removeprefix("> ").strip("> ") for line in letter.body_text.splitlines()]
    for line in filter(None, map(str.strip, row.copy.splitlines())):
        assert line in unquoted or line in " ".join(unquoted)


def test_a_copy_that_changed_after_it_was_read_is_not_signed(desk: Any) -> None:
    complaint = desk.complaint()
    with pytest.raises(Refusal, match="copy_changed"):
        desk.contest(complaint, copy_shown="what was read")
    row = desk.contest(complaint)
    assert row.copy.startswith("1. Signature for the store")


def test_shared_exhibits_reach_the_rights_holder_when_filed_and_others_never(desk: Any) -> None:
    complaint = desk.complaint()
    with unit_of_work():
        shared, kept = desk.exhibit("invoice.jpg"), desk.exhibit("supplier.jpg")
        references = shared.reference, kept.reference
        operations.file_counter_notice(
            actor=desk.actor("seller"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), grounds=["licence"], explanation="We hold a licence.",
            contact=SELLER, signed_name="Wei Example",
            exhibits={shared: "share", kept: "platform_only"},
            statements=statement_codes("marketplace", "counter_notice"))
    assert evidence.find(desk.actor("rights_holder"), references[0]).filed_at
    for who, reference in (("rights_holder", references[1]), ("rival", references[0])):
        with pytest.raises(NotVisible):
            evidence.find(desk.actor(who), reference)


def test_a_rival_store_sees_no_counter_notification(desk: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    with pytest.raises(NotVisible):
        view(desk.load(complaint.id), desk.actor("rival"))


# --- drafts ------------------------------------------------------------------------------------------


def test_a_draft_grows_field_by_field_and_ends_with_the_signature(desk: Any) -> None:
    complaint = desk.complaint()
    seller = desk.actor("seller")
    for form in ({"explanation": "First words"}, {"name": "Wei"}, {"explanation": "Better words"}):
        with unit_of_work():
            operations.save_draft(actor=seller, complaint=desk.load(complaint.id), form=form)
    assert operations.load_draft(actor=seller, complaint=complaint) == {
        "explanation": "Better words", "name": "Wei"}
    assert operations.load_draft(actor=desk.actor("legal"), complaint=complaint) == {}
    desk.contest(complaint)
    assert operations.load_draft(actor=seller, complaint=complaint) == {}


# --- the rights holder -----------------------------------------------------------------------------


def test_an_answer_moves_the_complaint_to_the_decision_and_the_seller_reads_it(desk: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    with unit_of_work():
        shared = desk.exhibit("register.jpg", by="rights_holder")
        operations.answer_counter_notice(
            actor=desk.actor("rights_holder"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), text="The distributor was never ours.",
            signed_name="Ada Example", exhibits={shared: "share"})
    assert desk.states(complaint) == ["counter_notified.decision"]
    seen = view(desk.load(complaint.id), desk.actor("seller"))["answers"][0]
    assert seen["text"] == "The distributor was never ours."
    assert [one["name"] for one in seen["exhibits"]] == ["register.jpg"]
    assert evidence.find(desk.actor("seller"), shared.reference)
    assert {letter.recipient_role for letter in letters(complaint, "complainant_answered")} == {
        "seller", "rights_holder"}
    assert all("never ours" in letter.body_text
               for letter in letters(complaint, "complainant_answered"))


def test_an_empty_answer_is_refused_beside_its_field(desk: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    with pytest.raises(Invalid) as refused, unit_of_work():
        operations.answer_counter_notice(
            actor=desk.actor("rights_holder"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), text=" ", signed_name="Ada Example")
    assert list(refused.value.errors) == ["text"]


def test_the_statute_knows_no_answer_only_a_court_action(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    with pytest.raises(Refusal, match="transition_not_allowed"), unit_of_work():
        operations.answer_counter_notice(
            actor=desk.actor("rights_holder"), complaint=desk.load(complaint.id),
            claim_ids=desk.claims(complaint), text="No.", signed_name="Ada Example")


# --- court actions -----------------------------------------------------------------------------------


def tell(desk: Any, complaint: Any, claims: list[int] | None = None, **given: Any) -> Any:
    with unit_of_work():
        said = {
            "claim_ids": claims or desk.claims(complaint), "forum": "N.D. Example",
            "docket": "3:26-cv-00042", "filed_on": date(2026, 3, 2),
            "documents": [desk.exhibit("complaint.jpg", by="rights_holder")],
            "statements": ["action_filed"], "signed_name": "Ada Example",
            "filed_by_notifier": True, "names_subscriber": True, "seeks_restraint": True,
        } | given
        return operations.tell_court_action(
            **{"actor": desk.actor("rights_holder"), "complaint": desk.load(complaint.id)} | said).id


def decide(desk: Any, complaint: Any, number: int, verb: str, **given: Any) -> None:
    with unit_of_work():
        row = desk.load(complaint.id)
        getattr(operations, verb)(actor=desk.actor("legal"), complaint=row,
                                  notice=counter_notices.court_notice(row, number), **given)


def test_a_qualifying_action_on_one_listing_stops_only_its_put_back(desk: Any) -> None:
    complaint = desk.complaint("us_dmca", listings=2)
    sued, free = desk.claims(complaint)
    desk.contest(complaint)
    number = tell(desk, complaint, [sued])
    assert desk.states(complaint) == ["counter_notified.court_notice", "counter_notified.put_back"]
    assert view(desk.load(complaint.id), desk.actor("seller"))["court_notices"] == []
    decide(desk, complaint, number, "confirm_court_action")
    assert desk.states(complaint) == ["counter_notified.in_court", "counter_notified.put_back"]
    assert {(line.name, tuple(line.movers)) for line in open_deadlines(complaint.id)} == {
        ("court_review", (sued,)), ("put_back", (free,))}
    told = view(desk.load(complaint.id), desk.actor("seller"))["court_notices"][0]
    assert told["docket"] == "3:26-cv-00042" and "filed_by_notifier" not in told
    assert "3:26-cv-00042" in letters(complaint, "court_action_confirmed")[0].body_text


def maintain(desk: Any, complaint: Any) -> None:
    with unit_of_work():
        operations.answer_counter_notice(
            actor=desk.actor("rights_holder"), complaint=desk.load(complaint.id), claim_ids=desk.claims(complaint),
            text="The goods are not ours.", signed_name="Ada Example")


@pytest.mark.parametrize("examined", [False, True])
def test_telling_of_a_court_action_takes_no_answer_away(desk: Any, examined: bool) -> None:
    """Whoever told of a court action in time may still answer, once, until the marketplace decides."""
    complaint = desk.complaint()
    desk.contest(complaint)
    number = tell(desk, complaint)
    letter = letters(complaint, "court_action_received")[0].body_text.replace("\n", " ")
    assert "You can still answer the counter-notification" in letter and "keep running" not in letter
    if examined:
        decide(desk, complaint, number, "reject_court_action", reasons="It names another shop.")
    assert "answer_counter_notice" in choices(desk.actor("rights_holder"), desk.load(complaint.id))
    maintain(desk, complaint)
    assert desk.states(complaint) == ["counter_notified.decision"]
    assert view(desk.load(complaint.id), desk.actor("seller"))["answers"][0]["text"] == "The goods are not ours."
    assert letters(complaint, "complainant_answered")[0].recipient_role == "seller"
    with pytest.raises(Refusal, match="answer_over"):
        maintain(desk, complaint)


def test_a_court_action_told_after_the_time_to_answer_brings_no_answer_back(desk: Any) -> None:
    complaint = desk.complaint()
    desk.contest(complaint)
    desk.clock.advance(7 * DAY)
    sweep(desk.clock.now())
    assert desk.states(complaint) == ["counter_notified.decision"]
    tell(desk, complaint)
    with pytest.raises(Refusal, match="answer_over"):
        maintain(desk, complaint)


FLAGS = ("filed_by_notifier", "names_subscriber", "seeks_restraint")


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("regime", ["us_dmca", "marketplace"])
def test_each_fact_that_the_rules_ask_for_must_be_found(desk: Any, regime: str, flag: str) -> None:
    complaint = desk.complaint(regime)
    desk.contest(complaint)
    number = tell(desk, complaint)
    waiting = desk.states(complaint)
    with pytest.raises(Refusal, match="court_action_incomplete"):
        decide(desk, complaint, number, "confirm_court_action", findings={name: name != flag for name in FLAGS})
    assert desk.states(complaint) == waiting
    assert counter_notices.court_notices_of(complaint.id)[0].result == ""


def test_what_the_document_shows_counts_whatever_was_entered_of_it(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    number = tell(desk, complaint, **dict.fromkeys(FLAGS, False))
    with pytest.raises(Refusal, match="court_action_incomplete"):
        decide(desk, complaint, number, "confirm_court_action")
    decide(desk, complaint, number, "confirm_court_action", findings=dict.fromkeys(FLAGS, True))
    assert desk.states(complaint) == ["counter_notified.in_court"]


def confirm_on(desk: Any, complaint: Any, claims: list[int], paper: int) -> None:
    """Legal staff at the door itself, with whatever paper."""
    with unit_of_work():
        row = desk.load(complaint.id)
        advance(actor=desk.actor("legal"), row=row, movers=queries.claims_of(row.id, claims), trigger="confirm_court_action",
                facts={"court_notice_id": paper})


def test_a_paper_about_one_listing_keeps_no_other_one_down(desk: Any) -> None:
    complaint = desk.complaint("us_dmca", listings=2)
    first, second = desk.claims(complaint)
    desk.contest(complaint)
    papers = [tell(desk, complaint, [claim]) for claim in (first, second)]
    for claims in ([second], [first, second]):
        with pytest.raises(Refusal, match="court_notice_about_others"):
            confirm_on(desk, complaint, claims, papers[0])
    assert desk.states(complaint) == ["counter_notified.court_notice"] * 2
    confirm_on(desk, complaint, [first], papers[0])
    assert desk.states(complaint) == ["counter_notified.in_court", "counter_notified.court_notice"]


@pytest.mark.tampers
def test_a_court_action_without_its_document_is_not_confirmed(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    number = tell(desk, complaint)
    with unit_of_work():
        counter_notices.court_notice(desk.load(complaint.id), number).exhibit_ids = []
    with pytest.raises(Refusal, match="court_document_missing"):
        decide(desk, complaint, number, "confirm_court_action")
    assert desk.states(complaint) == ["counter_notified.court_notice"]


def test_a_rejected_paper_leaves_the_put_back_on_its_day(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    due = open_deadlines(complaint.id)[0].due_at
    desk.clock.advance(DAY)
    number = tell(desk, complaint)
    with pytest.raises(Refusal, match="reasons_missing"):
        decide(desk, complaint, number, "reject_court_action", reasons=" ")
    decide(desk, complaint, number, "reject_court_action", reasons="It names another shop.")
    [line] = open_deadlines(complaint.id)
    assert (line.name, line.due_at) == ("put_back", due)
    assert "another shop" in letters(complaint, "court_action_rejected")[0].body_text
    with pytest.raises(Refusal, match="court_notice_examined"):
        decide(desk, complaint, number, "confirm_court_action")


@pytest.mark.tampers
def test_a_paper_of_the_hour_of_the_put_back_does_not_undo_it(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    told = desk.clock.now()
    desk.clock.advance(12 * DAY)
    desk.clock_does(complaint.id, "put_back_elapsed")
    number = tell(desk, complaint, actor=desk.actor("legal"), received_at=told, channel="post")
    assert desk.states(complaint) == ["counter_notified.restoring_paper"]
    with unit_of_work():
        counter_notices.court_notice(desk.load(complaint.id), number).received_at = desk.clock.now()
    with pytest.raises(Refusal, match="court_notice_too_late"):
        decide(desk, complaint, number, "confirm_court_action")
    assert desk.states(complaint) == ["counter_notified.restoring_paper"]
    with unit_of_work():
        counter_notices.court_notice(desk.load(complaint.id), number).received_at = desk.clock.now() - timedelta(seconds=1)
    decide(desk, complaint, number, "confirm_court_action")
    assert desk.states(complaint) == ["counter_notified.in_court"]


def test_a_notice_after_the_put_back_comes_too_late(desk: Any) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    desk.clock_does(complaint.id, "put_back_elapsed")
    with pytest.raises(Refusal, match="transition_not_allowed"):
        tell(desk, complaint)


@pytest.mark.parametrize(("given", "field"), [
    ({"documents": []}, "documents"), ({"forum": ""}, "forum"), ({"docket": " "}, "docket"),
    ({"statements": []}, "statement_action_filed"), ({"filed_on": date(2026, 3, 4)}, "filed_on"),
])
def test_a_court_action_without_its_facts_is_refused_by_field(
    desk: Any, given: dict[str, Any], field: str,
) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    with pytest.raises(Invalid) as refused:
        tell(desk, complaint, **given)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(("for_rights_holder", "state", "status"), [
    (True, "closed.upheld", "restricted"), (False, "closed.reinstated", "live")])
def test_the_outcome_of_the_court_is_recorded_on_a_document(
    desk: Any, for_rights_holder: bool, state: str, status: str,
) -> None:
    complaint = desk.complaint("us_dmca")
    desk.contest(complaint)
    decide(desk, complaint, tell(desk, complaint), "confirm_court_action")

    def record(documents: list[Any]) -> None:
        with unit_of_work():
            operations.record_court_outcome(
                actor=desk.actor("legal"), complaint=desk.load(complaint.id),
                claim_ids=desk.claims(complaint), for_rights_holder=for_rights_holder,
                reasons="Judgment of 30 March 2026.",
                documents=[desk.exhibit(name, by="legal") for name in documents])

    with pytest.raises(Invalid, match="documents"):
        record([])
    record(["judgment.jpg"])
    assert desk.states(complaint) == [state]
    for who in ("seller", "rights_holder"):
        assert "judgment.jpg" in [one.name for one in evidence.of_case(desk.actor(who), complaint.id)]

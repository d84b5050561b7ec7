"""The shipped files pass, and one broken copy for every rule is refused with that rule's code and a place."""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

import ipdesk.core.workflow as workflow_package
from ipdesk.core.deadlines.calendar import read_rule
from ipdesk.core.workflow import DefinitionError, check, load

TODAY = date(2026, 11, 22)
MARKETPLACE, DMCA, NOTICE, RIGHT = "complaint/marketplace.yaml", "complaint/us_dmca.yaml", "notice.yaml", "right.yaml"
DEADLINES = "tables/deadlines.yaml"


class Break(NamedTuple):
    """In ``file``, ``old`` (found once) becomes ``new``; the refusal has ``code`` and names ``at`` (default: the file)."""

    code: str
    file: str
    old: str
    new: str
    at: str = ""


def refusals(folder: Path, known) -> set[tuple[str, str]]:
    """(code, file) of everything refused in ``folder``, by reading or by checking."""
    try:
        problems = check(load(folder), known, on=TODAY, read_rule=read_rule)
    except DefinitionError as error:
        problems = error.problems
    for problem in problems:
        assert re.fullmatch(r"[\w./]+:\d+", problem.place), problem
        assert str(problem) == f"{problem.place}: {problem.message} [{problem.code}]"
    return {(problem.code, problem.place.partition(":")[0]) for problem in problems}


def test_shipped_files_pass(registry, known):
    assert check(registry, known, on=TODAY, read_rule=read_rule) == []


UNREACHED_STATE = """\
  counter_notified.forgotten:
    label: Forgotten
    meaning: Nobody comes here.
    waits_for: staff
    deadline: decision
    silence: Nothing happens.
    rank: 49
  received.screening:
"""
ENDLESS_ROUND = """\
transitions:
  - trigger: dismiss
    source: delisted.open
    dest: received.screening
    who: [legal]
    deadlines: {stop: [uncontested_window]}
    notify: []
    silent_because: It is a test.
    basis: ["17 U.S.C. § 512"]
"""
BACK_ON_PARENT = """\
transitions:
  - trigger: delete_listing
    source: delisted
    dest: closed.deleted_by_seller
    who: [seller]
    deadlines: {stop: [contest_window]}
    notify: [{to: rights_holder, message: listings_deleted}, {to: seller, message: listings_deleted}]
    basis: ["house rule: a test"]
"""

RESTORING = "    waits_for: marketplace\n    deadline: restoration\n"
TIMELY = """\
    source: closed.reinstated
    dest: counter_notified.timely_paper
    who: [staff_for_rights_holder]
    guards: [received_before_put_back, no_staff_conflict]
"""
# What the marketplace fires, and nobody else.
BACK = "fired_by: marketplace\n    effects: [record_outcome]\n    "
DISCLOSURE = "tables/disclosure.yaml"
COURT_NOTICES = "court_notices: {staff: true, rights_holder: true, seller: true, when: {seller: confirmed}}"
DOWN_FIRST = """\
    source: received.screening
    dest: delisted.open
    who: [reviewer, legal]
    guards: [notice_is_complete, no_staff_conflict]
    effects: [tell_seller, capture_listing, restrict_listing]
"""
TOLD_FIRST = """\
    deadlines: {open: [delivery]}
    notify:
      - {to: seller, message: complaint_opened, on_delivered: record_delivery, on_failed: record_delivery_failure}
"""
COUNTERED = """\
    source: delisted.open
    dest: counter_notified.put_back
    who: [seller, staff_for_seller]
    guards: [counter_notice_is_complete, no_staff_conflict]
"""
DISMISSED_WHILE_DOWN = """\
    source: delisted.open
    dest: closed.dismissed
    who: [legal]
    guards: [decision_has_reasons, no_staff_conflict]
    effects: [lift_restriction, record_outcome]
"""
ACTED_AT_ONCE = """\
    deadlines: {open: [contest_window], stop: [delivery, response, unreached]}
    at_most: 10
"""
BREAKS = [
    # --- reading ------------------------------------------------------------------------------------
    Break("not_yaml", DMCA, "workflow: us_dmca", "workflow: [us_dmca"),
    Break("duplicate_key", DMCA, "version: 1", "version: 1\nversion: 1"),
    Break("key_not_text", DMCA, "  received.screening:\n    label", "  7:\n    label"),
    Break("empty_value", DMCA, "label: US copyright (DMCA)", "label:"),
    Break("ambiguous_value", DMCA, "label: US copyright (DMCA)", "label: no"),
    Break("ambiguous_value", DMCA, "label: US copyright (DMCA)", "label: 2026-11-22"),
    Break("ambiguous_value", DMCA, "label: US copyright (DMCA)", "label: !!python/name:os.system text"),
    Break("alias", DMCA, "usual: [accept_notice, confirm_restoration]", "usual: &them [accept_notice]\nextra: *them"),
    Break("unknown_key", DMCA, "mode: act_first", "mode: act_first\ncallback: os.system"),
    Break("missing_key", DMCA, "label: US copyright (DMCA)\n", ""),
    Break("wrong_type", DMCA, "version: 1", "version: one"),
    Break("wrong_type", DMCA, "    at_most: 10 ", "    at_most: 0 "),
    Break("wrong_type", DMCA, "parties: [rights_holder, seller]", "parties: {rights_holder: seller}"),
    Break("repeated_item", DMCA, "parties: [rights_holder, seller]", "parties: [seller, seller]"),
    Break("unknown_word", DMCA, "mode: act_first", "mode: act_soon"),
    Break("unknown_word", DMCA, "waits_for: court", "waits_for: godot"),
    Break("wrong_file_name", DMCA, "version: 1", "version: 2"),
    Break("wrong_type", "tables/limits.yaml", "value: 300", "value: many"),
    Break("missing_key", DEADLINES, "  starts: delivery_proven\n", ""),
    Break("wrong_type", "tables/calendars.yaml", '  until: "2060-12-31"\n  basis: "5 U.S.C.', '  until: "some day"\n  basis: "5 U.S.C.'),
    # --- names --------------------------------------------------------------------------------------
    Break("unknown_state", DMCA, "initial: received.screening", "initial: received.nowhere"),
    Break("unknown_state", DMCA, "source: counter_notified.court_notice\n    dest: counter_notified.in_court\n",
          "source: counter_notified.court_notice\n    dest: in_court\n"),
    Break("unknown_state", DMCA, "source: counter_notified.restoring\n    dest: closed.reinstated\n    who: [clock]",
          "source: restoring\n    dest: closed.reinstated\n    who: [clock]"),
    Break("unknown_guard", DMCA, TIMELY, TIMELY.replace("received_before_put_back", "received_some_day")),
    Break("unknown_effect", DMCA, "effects: [make_hold_final, record_outcome]\n    notify", "effects: [os.system]\n    notify"),
    Break("unknown_message", DMCA, "message: claims_accepted", "message: claims_imagined"),
    Break("unknown_message", DEADLINES, "message: reminder_answer", "message: reminder_nobody_wrote"),
    Break("unknown_recipient", DMCA, "{to: rights_holder, message: claims_accepted}", "{to: mother, message: claims_accepted}"),
    Break("unknown_recipient", DEADLINES, "to: rights_holder, message: reminder_answer", "to: mother, message: reminder_answer"),
    Break("unknown_role", DMCA, "who: [clock]\n    " + BACK, "who: [emperor, clock]\n    " + BACK),
    Break("unknown_role", DMCA, "who: [clock]\n    " + BACK, "who: []\n    "),
    Break("unknown_role", DEADLINES, "escalates_to: admin", "escalates_to: emperor"),
    Break("unknown_deadline", DMCA, RESTORING, RESTORING.replace("deadline: restoration", "deadline: some_day")),
    Break("unknown_deadline", DMCA, BACK + "deadlines: {stop: [restoration]}", BACK + "deadlines: {stop: [restoration, some_day]}"),
    Break("trigger_undescribed", DMCA, "  dismiss: {label", "  dismissed: {label"),
    Break("unknown_trigger", DMCA, "  dismiss: {label", "  forgotten: {label: Forgotten, done: Forgotten}\n  dismiss: {label"),
    Break("unknown_trigger", RIGHT, "usual: [submit_right, verify_right]", "usual: [submit_right, bless_right]"),
    Break("unknown_trigger", DMCA, "{to: rights_holder, message: claims_accepted}",
          "{to: rights_holder, message: claims_accepted, on_delivered: applaud}"),
    Break("at_most_differs", MARKETPLACE,
          "    establishes: court_action_told\n    deadlines: {open: [decision], stop: [decision]}\n    at_most: 10\n",
          "    establishes: court_action_told\n    deadlines: {open: [decision], stop: [decision]}\n    at_most: 4\n"),
    Break("unknown_fact", DEADLINES, "stops_on: [court_action_confirmed]", "stops_on: [court_action_dreamt]"),
    Break("unknown_fact", DEADLINES, "  starts: delivery_proven", "  starts: delivery_dreamt"),
    # --- the graph ----------------------------------------------------------------------------------
    Break("unreachable_state", DMCA, "  received.screening:\n", UNREACHED_STATE),
    Break("dead_end", RIGHT, "      rights_holder: You removed the right. Old complaints keep what they rest on.\n"
          "    waits_for: nobody\n    final: true",
          "    waits_for: staff\n    deadline: verification\n    silence: Nothing."),
    Break("trigger_on_parent_and_child", MARKETPLACE, "transitions:\n", BACK_ON_PARENT),
    Break("ambiguous_trigger", MARKETPLACE, "transitions:\n", BACK_ON_PARENT.replace("source: delisted\n", "source: delisted.open\n")),
    Break("final_state_waits", DMCA, "      seller: Nothing of this complaint restricts your listing any more.\n"
          "    waits_for: nobody", "    waits_for: seller"),
    Break("final_outside_closed", DMCA, "waits_for: court\n    deadline: court_review", "waits_for: nobody\n    final: true"),
    Break("rank_repeated", DMCA, "rank: 91", "rank: 90"),
    Break("closed_before_open", DMCA, "rank: 91", "rank: 1"),
    Break("cycle_unbounded", DMCA, "    at_most: 1000 ", "    # "),
    Break("cycle_unbounded", DMCA, "transitions:\n", ENDLESS_ROUND),
    Break("act_now_missing", MARKETPLACE, "  - trigger: act_now\n    source: counter_notified.complainant\n",
          "  - trigger: act_now\n    source: counter_notified.in_court\n"),
    # --- clocks -------------------------------------------------------------------------------------
    Break("deadline_missing", DMCA, RESTORING, "    waits_for: marketplace\n"),
    Break("deadline_and_reason", DMCA, RESTORING, RESTORING + "    no_deadline: It has one.\n"),
    Break("deadline_not_opened", DMCA, "deadlines: {open: [put_back_latest], stop: [put_back]}", "deadlines: {stop: [put_back]}"),
    Break("deadline_opened_elsewhere", DMCA, BACK + "deadlines: {stop: [restoration]}",
          BACK + "deadlines: {open: [put_back], stop: [restoration]}"),
    Break("deadline_left_running", DMCA, "deadlines: {open: [put_back_latest], stop: [put_back]}", "deadlines: {open: [put_back_latest]}"),
    Break("deadline_left_running", MARKETPLACE, "deadlines: {open: [unreached], stop: [contest_window]}", "deadlines: {open: [unreached]}"),
    Break("deadline_not_running", DMCA, BACK + "deadlines: {stop: [restoration]}", BACK + "deadlines: {stop: [restoration, put_back]}"),
    Break("expiry_goes_nowhere", DEADLINES, "on_expiry: complainant_overdue", "on_expiry: contest_window_elapsed", MARKETPLACE),
    Break("event_without_clock", DMCA, "who: [clock]\n    " + BACK, "who: [reviewer, legal]\n    " + BACK),
    Break("clock_transition_guarded", DMCA, BACK, BACK + "guards: [listing_is_live]\n    "),
    Break("clock_transition_without_cause", DMCA, BACK, ""),
    Break("fact_not_established", MARKETPLACE, "    fired_by: delivery\n    establishes: delivery_proven\n", "    fired_by: delivery\n"),
    Break("fact_not_established", DEADLINES, "  starts: entered\n  stops_on: [delivery_proven]",
          "  starts: notice_received\n  stops_on: [delivery_proven]", MARKETPLACE),
    Break("escalation_missing", DEADLINES, "  starts: counter_notice_received\n  escalates_to: legal\n",
          "  starts: counter_notice_received\n  on_expiry: put_back_elapsed\n", DMCA),
    Break("automatic_exit", DEADLINES, "  repeats: true\n", "  repeats: true\n  on_expiry: put_back_elapsed\n", DMCA),
    Break("review_missing", DEADLINES, "  repeats: true\n", "", DMCA),
    Break("review_missing", DEADLINES, "  window: [80, 90]", "  window: [80, 100]", DMCA),
    Break("deadline_without_consequence", DEADLINES, "  escalates_to: admin\n", ""),
    Break("deadline_uncomputable", DEADLINES, "  length: 3\n  unit: business_day\n  calendar: weekdays\n  zone: desk\n"
          "  counts_from: next_day\n  ends: \"23:59:59\"\n  roll: forward\n  fires: at_end\n  starts: delivery_proven",
          "  length: 3\n  unit: bussiness_day\n  calendar: weekdays\n  zone: desk\n  fires: at_end\n  starts: delivery_proven"),
    Break("unknown_calendar", DEADLINES, "  window: [80, 90]\n  unit: calendar_day\n  calendar: none",
          "  window: [80, 90]\n  unit: calendar_day\n  calendar: maya"),
    Break("calendar_too_short", "tables/calendars.yaml", '  until: "2060-12-31"\n  basis: "5 U.S.C.',
          '  until: "2026-12-01"\n  basis: "5 U.S.C.', DEADLINES),
    # --- silence ------------------------------------------------------------------------------------
    Break("silence_never_closes", MARKETPLACE, "    deadline: contest_window\n    silence:",
          "    no_deadline: There is time.\n    silence:"),
    Break("silence_never_closes", DEADLINES, "  on_expiry: response_overdue\n", "  escalates_to: legal\n", MARKETPLACE),
    Break("silence_never_closes", MARKETPLACE, '    basis: ["house rule: no answer within three business days takes the listing down"]\n',
          '    at_most: 3\n    basis: ["house rule: no answer within three business days takes the listing down"]\n'),
    Break("silence_never_closes", NOTICE, "    deadline: deficiency\n", "    no_deadline: There is time.\n"),
    Break("staff_silence_decides", DEADLINES, "  escalates_to: legal\n  basis: \"house rule: decided within",
          "  escalates_to: legal\n  on_expiry: uphold\n  basis: \"house rule: decided within", MARKETPLACE),
    Break("staff_silence_decides", DEADLINES, "  on_expiry: put_back_elapsed\n  escalates_to: legal\n  statutory: true\n",
          "  on_expiry: put_back_elapsed\n  escalates_to: legal\n", DMCA),
    Break("staff_silence_decides", DEADLINES,
          '  on_expiry: put_back_elapsed\n  escalates_to: legal\n  statutory: true\n  basis: "17 U.S.C. § 512(g)(2)(C)"',
          '  on_expiry: put_back_elapsed\n  escalates_to: legal\n  statutory: true\n  basis: "house rule: we are fast (17 U.S.C. § 512)"',
          DMCA),
    Break("staff_silence_decides", DMCA,
          'notify: [{to: seller, message: listings_restored}, {to: rights_holder, message: listings_restored}]\n'
          '    basis: ["17 U.S.C. § 512(g)(2)(C)"]\n  - trigger: confirm_court_action',
          'notify: [{to: seller, message: listings_restored}, {to: rights_holder, message: listings_restored}]\n'
          '    basis: ["17 U.S.C. § 512(j)"]\n  - trigger: confirm_court_action'),
    Break("staff_silence_decides", DMCA,
          "examined all the same\n    who: [clock]\n    effects: [lift_restriction]",
          "examined all the same\n    who: [clock]\n    effects: [record_outcome]"),
    Break("silence_text_missing", DMCA, "    silence: The order is repeated until the marketplace confirms it, "
          "and legal staff are told before the last day.\n", ""),
    # --- parties ------------------------------------------------------------------------------------
    Break("silence_without_reason", NOTICE, "    silent_because: A draft that its own author discards was never sent to anyone.\n", ""),
    Break("party_not_told", DMCA, "notify: [{to: seller, message: court_action_confirmed}, {to: rights_holder,",
          "notify: [{to: rights_holder,"),
    Break("told_and_silent", DMCA, "    notify: [{to: seller, message: court_action_confirmed}",
          "    silent_because: {seller: It is told.}\n    notify: [{to: seller, message: court_action_confirmed}"),
    Break("unknown_party", NOTICE, "    silent_because: A draft that its own author discards was never sent to anyone.\n",
          "    silent_because: {all: It is a draft., mother: She knows.}\n"),
    Break("label_missing", MARKETPLACE, "    label: {all: Being sent to the seller, seller: Being sent to you}\n",
          "    label: {seller: Being sent to you}\n"),
    Break("unknown_party", MARKETPLACE, "    label: {all: Being sent to the seller, seller: Being sent to you}\n",
          "    label: {all: Being sent to the seller, mother: Being sent to you}\n"),
    Break("meaning_missing", DMCA, "      all: The seller deleted the listing. That admits nothing.\n", ""),
    Break("unknown_party", DMCA, "      seller: You deleted the listing.", "      mother: You deleted the listing."),
    Break("unknown_party", NOTICE, "      rights_holder: If you do not make it good", "      mother: If you do not make it good"),
    Break("unknown_party", RIGHT, "waits_for: rights_holder", "waits_for: seller"),
    Break("unknown_party", DMCA, "shown_to: {seller: closed.reinstated}", "shown_to: {mother: closed.reinstated}"),
    Break("unknown_party", DMCA, "    done: The rights holder told of a court action\n    hidden_from: {seller: [",
          "    done: The rights holder told of a court action\n    hidden_from: {mother: ["),
    Break("unknown_trigger", DMCA, "    done: The rights holder told of a court action\n    hidden_from: {seller: [confirm_court_action, ",
          "    done: The rights holder told of a court action\n    hidden_from: {seller: [applaud, "),
    Break("shown_state_unfit", DMCA, "shown_to: {seller: closed.reinstated}", "shown_to: {seller: closed.forgotten}"),
    Break("shown_state_unfit", DMCA, "shown_to: {seller: closed.reinstated}", "shown_to: {seller: delisted.open}"),
    Break("shown_state_unfit", DMCA, "shown_to: {seller: closed.reinstated}", "shown_to: {seller: counter_notified.court_notice}"),
    Break("shown_state_differs", DMCA, "shown_to: {seller: counter_notified.put_back}", "shown_to: {seller: counter_notified.restoring}"),
    Break("basis_missing", DMCA, '    basis: ["house rule: after thirty days an uncontested takedown moves to the history"]\n', ""),
    Break("basis_missing", DMCA, '    basis: ["house rule: after thirty days an uncontested takedown moves to the history"]\n',
          '    basis: ["house rule: "]\n'),
    Break("restriction_unlisted", "tables/holds.yaml", "restrict_listing:", "hide_listing:", DMCA),
    Break("restriction_without_inverse", "tables/holds.yaml", "inverse: make_hold_interim", "inverse: pray"),
    Break("restriction_without_inverse", "tables/holds.yaml", "inverse: lift_restriction", "inverse: advance_complaints", DMCA),
    Break("restriction_without_statement", DMCA, "{to: seller, message: listing_delisted}, {to: rights_holder, message: claims_accepted}",
          "{to: seller, message: case_closed}, {to: rights_holder, message: claims_accepted}"),
    Break("restriction_without_statement", DMCA, "{to: seller, message: listing_delisted}, {to: rights_holder, message: claims_accepted}",
          "{to: seller, message: case_closed}, {to: rights_holder, message: listing_delisted}"),
    Break("restriction_without_appeal", "tables/holds.yaml",
          "appeal: [receive_counter_notice, dismiss, reopen, record_court_outcome_for_seller]",
          "appeal: [receive_counter_notice]", MARKETPLACE),
    Break("basis_missing", DMCA, '    basis: ["house rule: after thirty days an uncontested takedown moves to the history"]\n',
          '    basis: ["because"]\n'),
    Break("wrong_event", MARKETPLACE, TOLD_FIRST, TOLD_FIRST.replace("on_delivered: record_delivery,", "on_delivered: uphold,")),
    # --- holds --------------------------------------------------------------------------------------
    Break("delisted_without_hold", DMCA, DOWN_FIRST, DOWN_FIRST.replace(", capture_listing, restrict_listing", "")),
    Break("hold_outlives_claim", DMCA, "    effects: [make_hold_final, record_outcome]\n    notify: [{to: seller, message: case_closed}",
          "    effects: [record_outcome]\n    notify: [{to: seller, message: case_closed}"),
    Break("hold_outlives_claim", MARKETPLACE, DISMISSED_WHILE_DOWN, DISMISSED_WHILE_DOWN.replace("lift_restriction, ", "")),
    Break("hold_outlives_claim", MARKETPLACE, "source: counter_notified.in_court\n    dest: closed.upheld\n    who: [legal]\n"
          "    guards: [decision_has_reasons, no_staff_conflict]\n"
          "    effects: [capture_listing, restrict_listing, make_hold_final, record_outcome]",
          "source: counter_notified.in_court\n    dest: closed.upheld\n    who: [legal]\n"
          "    guards: [decision_has_reasons, no_staff_conflict]\n    effects: [capture_listing, restrict_listing, record_outcome]"),
    Break("second_person_missing", MARKETPLACE, ACTED_AT_ONCE + "    four_eyes: true\n", ACTED_AT_ONCE),
    Break("seller_not_told", DMCA, DOWN_FIRST, DOWN_FIRST.replace("tell_seller, ", "")),
    Break("seller_shut_out", DMCA, COUNTERED, COUNTERED.replace("[seller, staff_for_seller]", "[staff_for_seller]")),
    Break("document_unchecked", DMCA, COUNTERED,
          COUNTERED.replace("[counter_notice_is_complete, no_staff_conflict]", "[no_staff_conflict]")),
    Break("unknown_effect", "tables/holds.yaml", "make_hold_final:", "make_hold_eternal:", "tables/holds.yaml"),
    Break("restriction_unlisted", "tables/holds.yaml", "make_hold_final:", "make_hold_eternal:", DMCA),
    Break("unknown_word", "tables/holds.yaml", "kind: delisting\n  time: interim", "kind: vaporise\n  time: interim"),
    # --- tables -------------------------------------------------------------------------------------
    Break("unknown_zone", DEADLINES, "  zone: desk\n  fires: at_end\n  starts: notice_received\n  escalates_to: legal\n"
          "  basis: \"house rule: notices are screened",
          "  zone: Mars/Base\n  fires: at_end\n  starts: notice_received\n  escalates_to: legal\n"
          "  basis: \"house rule: notices are screened"),
    Break("wrong_type", DEADLINES, "remind: {hours_before: 48,", "remind: {hours_before: many,"),
    Break("unknown_kind", DISCLOSURE, "\nnotice:\n", "\nnotices:\n"),
    Break("disclosure_unreadable", DISCLOSURE, COURT_NOTICES, COURT_NOTICES.replace("when:", "whn:")),
    Break("disclosure_unreadable", DISCLOSURE, COURT_NOTICES, COURT_NOTICES.replace("seller: true", "sellerr: true")),
    Break("disclosure_unreadable", DISCLOSURE, COURT_NOTICES, COURT_NOTICES.replace("seller: true", "seller: [closed.nowhere]")),
    Break("disclosure_unreadable", DISCLOSURE, COURT_NOTICES, COURT_NOTICES.replace("seller: true", "seller: perhaps")),
    Break("disclosure_unreadable", DISCLOSURE, COURT_NOTICES, COURT_NOTICES.replace("when:", "regimes: {us_dcma: {seller: false}}, when:")),
    Break("unknown_regime", "tables/regimes.yaml", "regime: us_dmca", "regime: pirate_code"),
    Break("unknown_right_type", "tables/regimes.yaml", "right_types: [copyright]", "right_types: [copywrong]"),
    Break("unknown_market", "tables/regimes.yaml", "markets: [US]", "markets: [usa]"),
    Break("unknown_right_type", "tables/reason_codes.yaml", "but do not come from its owner.\n  right_types: [trademark]",
          "but do not come from its owner.\n  right_types: [mark]"),
    Break("unknown_document", "tables/elements.yaml", "us_dmca_notice:\n  regime: us_dmca\n  document: notice",
          "us_dmca_notice:\n  regime: us_dmca\n  document: note"),
    Break("unknown_regime", "tables/statements.yaml", "us_dmca_notice:\n  regime: us_dmca\n",
          "us_dmca_notice:\n  regime: us_dcma\n"),
    Break("unknown_field", "tables/elements.yaml", "filed_on, seeks_restraint]\n      missing: It is not shown that an action",
          "filed_on, seeks_restrain]\n      missing: It is not shown that an action"),
    Break("unknown_field", "tables/elements.yaml", "contact.address|contact.phone|contact.email", "contact.address|contact.fax"),
    Break("unknown_message", "tables/holds.yaml", "[listing_delisted, claims_upheld]", "[listing_deleted, claims_upheld]"),
    Break("unknown_trigger", "tables/holds.yaml", "[receive_counter_notice, reopen]", "[receive_counter_notices, reopen]"),
    Break("unknown_limit", "tables/limits.yaml", "listings_per_draft:", "listings_per_daft:"),
    Break("limit_missing", "tables/limits.yaml", "listings_per_draft:", "listings_per_daft:"),
    Break("regime_gap", "tables/regimes.yaml", "  markets: []", "  markets: [DE]"),
    Break("document_missing", "tables/statements.yaml", "us_dmca_counter_notice:\n  regime: us_dmca\n",
          "us_dmca_counter_notice:\n  regime: other\n"),
    Break("unknown_statement", "tables/elements.yaml", "      missing: The statement under penalty of perjury is not signed.\n",
          "      missing: It is not signed.\n"
          "    - {code: more, label: More, article: none, proven_by: [\"statement:more\"], missing: More.}\n"),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda b: f"{b.code}-{Path(b.at or b.file).stem}")
def test_broken_copy_is_refused(broken, changed, known):
    folder = changed(broken.file, broken.old, broken.new)
    assert (broken.code, broken.at or broken.file) in refusals(folder, known)


def test_a_stage_outside_the_five_is_refused(changed, known, shipped_folder):
    folder = changed(DMCA, "mode: act_first", "mode: act_first")
    path = folder / DMCA
    path.write_text(path.read_text().replace("delisted.open", "hidden.open"))
    assert ("unknown_stage", DMCA) in refusals(folder, known)


def test_a_missing_table_is_refused(changed, known):
    folder = changed(DMCA, "version: 1", "version: 1")
    (folder / "tables/grounds.yaml").unlink()
    assert ("missing_table", "tables/grounds.yaml") in refusals(folder, known)


def test_a_file_that_holds_no_mapping_is_refused(changed, known):
    folder = changed(DMCA, "version: 1", "version: 1")
    (folder / RIGHT).write_text("- workflow\n- right\n")
    assert ("not_a_mapping", RIGHT) in refusals(folder, known)


def test_a_file_that_is_not_utf8_is_refused(changed, known):
    folder = changed(DMCA, "version: 1", "version: 1")
    (folder / RIGHT).write_bytes(b"workflow: r\xefght\n")
    assert ("not_yaml", RIGHT) in refusals(folder, known)


def test_every_file_that_cannot_be_read_is_named(changed):
    folder = changed(DMCA, "version: 1", "version: 1\nversion: 1")
    (folder / RIGHT).write_text("workflow: right\nworkflow: right\n")
    with pytest.raises(DefinitionError) as refused:
        load(folder)
    assert {p.place.partition(":")[0] for p in refused.value.problems} == {DMCA, RIGHT}


def test_place_is_the_line_of_the_fault(changed, known):
    folder = changed(DMCA, TIMELY, TIMELY.replace("received_before_put_back", "received_some_day"))
    (problem,) = check(load(folder), known, on=TODAY)
    line = int(problem.place.rpartition(":")[2])
    lines = (folder / DMCA).read_text().splitlines()
    assert lines[line - 1].strip() .startswith("- trigger: tell_timely_court_action")
    assert "received_some_day" in problem.message


def test_every_code_of_the_source_has_a_broken_copy():
    """A new rule without a broken copy fails here."""
    source = "\n".join(p.read_text() for p in Path(workflow_package.__file__).parent.rglob("*.py"))
    codes = set(re.findall(r'(?:Problem|refuse|unknown)\(\s*"(\w+)"', source))
    codes |= {"trigger_on_parent_and_child", "ambiguous_trigger"}  # chosen by an expression
    own_tests = {"unknown_stage", "missing_table", "not_a_mapping"}
    assert codes - own_tests - {b.code for b in BREAKS} == set()
    assert {b.code for b in BREAKS} - codes == set()


def test_old_versions_are_checked_too(changed, known):
    folder = changed(RIGHT, "guards: [right_is_in_force, no_staff_conflict]", "guards: [right_was_blessed]")
    newer = (folder / RIGHT).read_text().replace("right_was_blessed", "right_is_in_force").replace("version: 1", "version: 2")
    (folder / "right.v2.yaml").write_text(newer)
    assert refusals(folder, known) == {("unknown_guard", RIGHT)}


def test_a_name_that_is_spelt_wrong_is_named_with_the_one_that_is_meant(changed, known):
    folder = changed("tables/elements.yaml", "filed_on, seeks_restraint]\n      missing: It is not shown that an action",
                     "filed_on, seeks_restrain]\n      missing: It is not shown that an action")
    (problem,) = check(load(folder), known, on=TODAY, read_rule=read_rule)
    assert problem.message == (
        "'us_dmca_court_action': there is no field of the court_action 'seeks_restrain'; is 'seeks_restraint' meant?")

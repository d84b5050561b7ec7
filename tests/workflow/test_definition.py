"""What the loader makes of a file: leaves, parents, versions, digests, words."""

import io

import pytest

from ipdesk.core.kernel.canonical import canonical_json
from ipdesk.core.workflow import load
from ipdesk.core.workflow.texts import extract_texts

DMCA, RIGHT = "complaint/us_dmca.yaml", "right.yaml"


def test_a_parent_as_source_stands_for_all_its_leaves(registry):
    law = registry.workflow("marketplace")
    pending = {name for name in law.states if name.startswith("pending_response.")}
    assert len(pending) == 3
    assert all(law.edges(name, "receive_counter_notice") for name in pending)


def test_a_parent_as_target_stands_for_its_initial_leaf(changed):
    folder = changed(DMCA, "states:\n", "states:\n  delisted: {label: Delisted, initial: open}\n")
    path = folder / DMCA
    path.write_text(path.read_text().replace("dest: delisted.open", "dest: delisted"))
    law = load(folder).workflow("us_dmca")
    assert law.edges("received.screening", "accept_notice")[0].dest == "delisted.open"
    assert "delisted" not in law.states


def test_states_carry_what_pages_show(registry):
    state = registry.workflow("us_dmca").states["delisted.open"]
    assert state.stage == "delisted"
    assert state.waits_for == "seller"
    assert state.deadline == "uncontested_window"
    assert "without time limit" in state.silence_for("rights_holder")
    assert state.silence_for("seller").startswith("If you do nothing")
    assert registry.workflow("us_dmca").states["closed.upheld"].silence_for("seller") == ""


def test_a_letter_carries_what_its_delivery_fires(registry):
    (letter,) = registry.workflow("marketplace").edges("received.screening", "accept_notice")[0].notify
    assert (letter.to, letter.message) == ("seller", "complaint_opened")
    assert (letter.on_delivered, letter.on_failed) == ("record_delivery", "record_delivery_failure")


def test_the_newest_version_is_given_and_the_old_one_kept(changed):
    folder = changed(RIGHT, "label: Right\n", "label: Right\n")
    newer = (folder / RIGHT).read_text().replace("version: 1", "version: 2").replace("at_most: 10", "at_most: 3")
    (folder / "right.v2.yaml").write_text(newer)
    registry = load(folder)
    assert registry.workflow("right").version == 2
    assert registry.workflow("right", 1).edges("rejected", "correct_right")[0].at_most == 10
    assert registry.workflow("right", 1).digest != registry.workflow("right", 2).digest
    assert [w.version for w in registry.workflows("right")] == [2]


def test_unknown_names_are_key_errors(registry):
    for ask in (
        lambda: registry.workflow("pirate_code"),
        lambda: registry.workflow("us_dmca", 7),
        lambda: registry.table("spells"),
        lambda: registry.deadline("some_day"),
        lambda: registry.document("statements", "us_dmca", "love_letter"),
    ):
        with pytest.raises(KeyError):
            ask()


@pytest.mark.parametrize(("old", "new"), [
    ("dest: closed.reinstated\n    who: [reviewer, legal]\n    guards: [marketplace_has_confirmed, no_staff_conflict]",
     "dest: closed.reinstated\n    who: [reviewer, legal]\n    guards: [marketplace_has_confirmed]"),
    ("effects: [make_hold_interim, forward_counter_notice]", "effects: [forward_counter_notice, make_hold_interim]"),
    ("source: counter_notified.court_notice\n    dest: counter_notified.in_court\n    who: [legal]\n",
     "source: counter_notified.court_notice\n    dest: counter_notified.in_court\n    who: [legal, reviewer]\n"),
    ("at_most: 10 ", "at_most: 11 "),
    ("waits_for: marketplace\n    deadline: restoration", "waits_for: marketplace\n    no_deadline: There is time."),
    ("message: claims_accepted", "message: case_closed"),
    ("rank: 91", "rank: 97"),
])
def test_a_change_of_meaning_changes_the_digest(changed, registry, old, new):
    assert load(changed(DMCA, old, new)).workflow("us_dmca").digest != registry.workflow("us_dmca").digest


@pytest.mark.parametrize(("old", "new"), [
    ("label: Being put back\n", "label: On its way back\n"),
    ("all: The put-back has been ordered. The marketplace", "all: The put-back was ordered. The marketplace"),
    ("done: The complaint was reopened", "done: Somebody reopened the complaint"),
])
def test_a_better_word_does_not_change_the_digest(changed, registry, old, new):
    assert load(changed(DMCA, old, new)).workflow("us_dmca").digest == registry.workflow("us_dmca").digest


CLOCKS = "tables/deadlines.yaml"
PUT_BACK_WINDOW = "  label: Put-back after the counter-notification\n  window: [10, 14]"


def test_a_clock_is_part_of_the_rules_that_use_it(changed, registry):
    """A row that a case has used is immutable: another length is another law, for the regimes that use it and for no other."""
    other = load(changed(CLOCKS, PUT_BACK_WINDOW, PUT_BACK_WINDOW.replace("14", "15")))
    assert other.workflow("us_dmca").digest != registry.workflow("us_dmca").digest
    assert other.workflow("marketplace").digest == registry.workflow("marketplace").digest


@pytest.mark.parametrize(("old", "new"), [
    ("label: Put-back after the counter-notification", "label: Put back after a counter-notification"),
    ("remind: {hours_before: 72, to: rights_holder", "remind: {hours_before: 48, to: rights_holder"),
])
def test_what_is_said_about_a_clock_is_not(changed, registry, old, new):
    assert load(changed(CLOCKS, old, new)).workflow("us_dmca").digest == registry.workflow("us_dmca").digest


def test_what_is_kept_from_a_party_is_part_of_the_rules(changed, registry):
    shown = "shown_to: {seller: counter_notified.put_back}"
    other = load(changed(DMCA, f"    {shown}      # the seller learns of a court action once it is confirmed\n", ""))
    assert other.workflow("us_dmca").digest != registry.workflow("us_dmca").digest


def test_a_case_under_rules_that_no_file_holds_is_found(registry):
    law = registry.workflow("us_dmca")
    held = ("us_dmca", 1, law.digest)
    lost = [("us_dmca", 1, "0" * 64), ("us_dmca", 9, law.digest), ("gone", 1, law.digest)]
    assert registry.missing([held, *lost]) == lost
    assert registry.missing([held]) == []


def test_table_rows_are_plain_and_stable(registry):
    row = registry.deadline("put_back")
    assert row["window"] == [10, 14] and row["statutory"] is True
    assert canonical_json(row) == canonical_json(dict(row))
    with pytest.raises(TypeError):
        registry.table("deadlines").rows["put_back"] = {}


def test_every_text_that_people_read_is_offered_to_translators(registry, shipped_folder):
    found = set()
    for path in shipped_folder.rglob("*.yaml"):
        for line, _, message, _ in extract_texts(io.BytesIO(path.read_bytes()), {}, (), {}):
            assert line >= 1
            found.add(message)
    for law in registry.workflows():
        for state in law.states.values():
            assert {state.label, *state.meaning.values(), *state.silence.values()} <= found
        for trigger in law.triggers.values():
            assert {trigger.label, trigger.done} <= found
    assert all(row["label"] in found and row["hint"] in found for row in registry.table("grounds").values())
    statements = [s for row in registry.table("statements").values() for s in row["statements"]]
    assert all(s["text"] in found for s in statements)
    assert "17 U.S.C. § 512(g)(2)(C)" not in found

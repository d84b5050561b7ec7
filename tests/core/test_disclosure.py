"""Who sees what: every cell of the matrix against whole cases, and nothing that the matrix does not name."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.complaints import queries
from ipdesk.features.decisions import operations as decisions
from tests.walks import at_state, take, tell

MATRIX = yaml.safe_load((Path(__file__).parents[2] / "workflows/tables/disclosure.yaml").read_text(encoding="utf-8"))
COLUMNS = ("staff", "rights_holder", "seller")
READERS = {"staff": "legal", "rights_holder": "rights_holder", "seller": "seller_a"}
SECRET = "a fact that no row of the matrix names"


def full_case(desk, regime):
    """A complaint with everything in it that can be: both sides' papers, purchases shared and not, decisions."""
    shared = {"listing_id": desk.listings[0].id, "ordered_on": desk.clock.now().date(), "order_number": "ORDER-SHARED",
              "findings": "findings that are shared", "visibility": "share"}
    kept = {**shared, "order_number": "ORDER-KEPT", "findings": "findings for staff only", "visibility": "staff_only"}
    desk.file, plain = lambda **given: plain(purchases=[shared, kept], **given), desk.file
    filed = at_state(desk, regime, "counter_notified.decision" if regime == "marketplace" else "counter_notified.put_back")
    desk.file = plain
    with unit_of_work():
        tell(desk, rules.kinds["complaint"].load(filed.id), desk.actor("rights_holder"))
    if regime == "us_dmca":
        with unit_of_work():
            take(desk, rules.kinds["complaint"].load(filed.id), "confirm_court_action", desk.actor("legal"))
        return filed  # a court decides, not the desk
    with unit_of_work():
        row = rules.kinds["complaint"].load(filed.id)
        decisions.decide(
            actor=desk.actor("legal"), complaint=row, trigger="uphold", claim_ids=[claim.id for claim in queries.claims_of(row.id)],
            reasons={"facts": "What was shown.", "ground": "The law.", "basis": "Article 1", "automated": False})
    return filed


@pytest.fixture(params=["marketplace", "us_dmca"])
def case(request, desk):
    """(kind, facts, view of each column) of a full complaint and of its notice and right, in one regime."""
    filed = full_case(desk, request.param)
    with unit_of_work():
        complaint = rules.kinds["complaint"].load(filed.id)
        rows = {"complaint": complaint, "notice": rules.kinds["notice"].load(complaint.notice_id),
                "right": rules.kinds["right"].load(complaint.right_id)}
        yield {kind: (rules.describe(row), {
            column: disclosure.view(row, desk.actor(READERS[column])) for column in COLUMNS
            if column != "seller" or kind == "complaint"}) for kind, row in rows.items()}


def holds(facts, path):
    """Whether the dotted path leads to something in plain facts; through lists, to it in any record."""
    name, _, rest = path.partition(".")
    if isinstance(facts, (list, tuple)):
        return any(holds(record, path) for record in facts)
    if not isinstance(facts, dict) or name not in facts:
        return False
    return holds(facts[name], rest) if rest else True


def records(facts, path):
    """What lies under a path, records of lists one by one."""
    name, _, rest = path.partition(".")
    if isinstance(facts, (list, tuple)):
        return [found for record in facts for found in records(record, path)]
    if not isinstance(facts, dict) or name not in facts:
        return []
    inner = facts[name]
    if rest:
        return records(inner, rest)
    return list(inner) if isinstance(inner, (list, tuple)) else [inner]


def allowed(cell, column, regime, state):
    """The cell read once more, by this test's own understanding of its words."""
    rule = cell.get("regimes", {}).get(regime, {}).get(column, cell.get(column, False))
    return rule if isinstance(rule, bool) else any(state == one or state.startswith(f"{one}.") for one in rule)


def seen(matrix, path, column, regime, state):
    """A fact is seen where its own cell and those of everything it lies in say so."""
    parts = path.split(".")
    return all(allowed(matrix[".".join(parts[:n])], column, regime, state) for n in range(1, len(parts) + 1))


def test_every_cell_is_what_a_reader_gets(case):
    cells = 0
    for kind, (facts, views) in case.items():
        for path in MATRIX[kind]:
            for column, view in views.items():
                expected = holds(facts, path) and seen(MATRIX[kind], path, column, facts.get("regime", ""), facts["state"])
                mark = MATRIX[kind][path.split(".")[0]].get("when", {}).get(column)
                if expected and mark and not any(record.get(mark) for record in records(facts, path.split(".")[0])):
                    expected = False if "." in path else expected
                assert holds(view, path) == expected, (kind, path, column)
                cells += 1
    assert cells > 300


def test_what_a_reader_gets_was_named(case):
    """Every key of a view is a row of the matrix, or lies whole inside one that has no rows below it."""
    for kind, (_, views) in case.items():
        for column, view in views.items():
            assert unnamed(view, MATRIX[kind]) == [], (kind, column)


def unnamed(value, matrix, path=""):
    if isinstance(value, (list, tuple)):
        return [found for record in value for found in unnamed(record, matrix, path)]
    if not isinstance(value, dict) or (path and not any(name.startswith(f"{path}.") for name in matrix)):
        return []
    found = []
    for name, inner in value.items():
        place = f"{path}.{name}" if path else name
        found += unnamed(inner, matrix, place) if place in matrix else [place]
    return found


@pytest.mark.parametrize("column", COLUMNS)
def test_a_fact_that_nobody_named_is_shown_to_nobody(case, column):
    for kind, (facts, views) in case.items():
        if column not in views:
            continue
        planted = plant(facts, MATRIX[kind])
        assert SECRET in repr(planted)
        assert SECRET not in repr(disclosure.disclose(kind, planted, column))


def plant(value, matrix, path=""):
    """The facts with a secret beside every fact that is named one by one."""
    if isinstance(value, (list, tuple)):
        return [plant(record, matrix, path) for record in value]
    if not isinstance(value, dict) or (path and not any(name.startswith(f"{path}.") for name in matrix)):
        return value
    return {**{name: plant(inner, matrix, f"{path}.{name}" if path else name) for name, inner in value.items()}, "new_fact": SECRET}


def test_every_row_of_the_matrix_stands_for_a_fact(desk):
    """A row that no case ever fills protects nothing and misleads who reads the table."""
    found = {kind: set() for kind in MATRIX}
    for regime in ("marketplace", "us_dmca"):
        filed = full_case(desk, regime)
        with unit_of_work():
            complaint = rules.kinds["complaint"].load(filed.id)
            for kind, row in (("complaint", complaint), ("notice", rules.kinds["notice"].load(complaint.notice_id)),
                              ("right", rules.kinds["right"].load(complaint.right_id))):
                facts = rules.describe(row)
                found[kind] |= {path for path in MATRIX[kind] if holds(facts, path)}
        desk.clock.advance(timedelta(days=1))
    assert {kind: sorted(set(MATRIX[kind]) - found[kind]) for kind in MATRIX} == {kind: [] for kind in MATRIX}


SECRETS = {
    "seller": ["findings for staff only", "ORDER-KEPT", "ORDER-SHARED", "+1 555 0100", "1 Example Street"],
    "rights_holder": ["seller@shops.example"],
}


@pytest.mark.parametrize("column", SECRETS)
def test_private_words_are_nowhere_in_the_other_sides_view(case, column):
    facts, views = case["complaint"]
    everything, shown = json.dumps(facts, default=str), json.dumps(views[column], default=str)
    for secret in SECRETS[column]:
        assert secret in everything, "the case does not even hold it"
        assert secret not in shown, secret


def test_the_statute_gives_the_notifier_the_address_and_house_rules_do_not(case):
    """17 U.S.C. § 512(g)(3)(D): name, address, telephone number go with the counter-notification."""
    facts, views = case["complaint"]
    shown = json.dumps(views["rights_holder"], default=str)
    assert ("9 Canal Row" in json.dumps(views["rights_holder"]["counter_notices"][0]["contact"])) == (facts["regime"] == "us_dmca")
    assert ("Nothing of it is true." in json.dumps([c.get("explanation") for c in views["rights_holder"]["counter_notices"]])) == (
        facts["regime"] != "us_dmca"), shown[:200]


def test_what_is_shared_is_seen_and_what_is_not_is_not(case):
    views = case["complaint"][1]
    assert [record["findings"] for record in views["seller"]["purchases"]] == ["findings that are shared"]
    assert len(views["rights_holder"]["purchases"]) == 2


@pytest.mark.parametrize("who", ["seller_b", "other_owner", "guest", "admin", "auditor", "clock", "guest of the notice",
                                 "link of the store"])
def test_who_reads_as_what(desk, who):
    filed = at_state(desk, "marketplace", "pending_response.open")
    guest = Actor(at=desk.clock.now())
    actors = {
        "guest": guest, "clock": clock_actor(desk.clock.now()),
        "guest of the notice": replace(guest, links=frozenset({("guest", filed.notice_id)})),
        "link of the store": replace(guest, links=frozenset({("guest", filed.notice_id + 999)}))}
    expected = {"admin": "staff", "auditor": "staff", "clock": "staff", "guest of the notice": "rights_holder"}.get(who)
    with unit_of_work():
        row = rules.kinds["complaint"].load(filed.id)
        if who == "guest of the notice":  # its address was confirmed by the link in the letter
            rules.kinds["notice"].load(row.notice_id).guest_confirmed_at = desk.clock.now()
        actor = actors.get(who) or desk.actor(who)
        if expected is None:
            with pytest.raises(NotVisible):
                disclosure.view(row, actor)
        else:
            assert disclosure.audience(actor, row) == expected

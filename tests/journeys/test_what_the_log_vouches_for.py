"""Whoever changes, adds or takes away what was said or decided, past the desk, is found out by the log alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, delete, func, insert, select, text, update
from sqlalchemy.pool import NullPool

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.db.vouching import vouched_documents
from ipdesk.core.deadlines.models import Deadline
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.models import Claim
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.fsck import content_faults, faults
from tests import walks

pytestmark = pytest.mark.tampers
VOUCHED = {name: (model, vouched) for name, model, vouched in vouched_documents()}

REASONS = {"facts": "Both sides' papers were read.", "ground": "The marks are the same.", "basis": "Rules of the marketplace, 4",
           "automated": False}


def found() -> list[str]:
    db.session.remove()
    return list(content_faults())


def every_fault(desk: Any) -> list[str]:
    """What `ipdesk fsck` names."""
    db.session.remove()
    return list(faults(desk.app.extensions["ipdesk.settings"]))


@pytest.fixture
def rich(desk: Any) -> Any:
    """A desk on which every kind of evidence was given: one case put back, one in court, one argued to a decision."""
    walks.at_state(desk, "us_dmca", "counter_notified.restoring")
    desk.work()  # the marketplace confirms
    walks.at_state(desk, "us_dmca", "counter_notified.in_court")
    purchase = {"listing_id": desk.listings[2].id, "ordered_on": date(2026, 2, 20), "order_number": "77", "findings": "No seal.",
                "visibility": "share"}
    filed = desk.file(listings=desk.listings[2:], purchases=[purchase])[0]
    desk.accept([filed])
    desk.work()  # the notice arrives
    with unit_of_work():
        decisions.take_step(actor=desk.actor("legal"), complaint=load(filed), claim_ids=numbers(load(filed)),
                            trigger="prove_delivery_failure", proof="The mail came back.")
    with unit_of_work():
        seller, row = desk.actor("seller_b"), load(filed)
        invoice = evidence.take_in(actor=seller, file=intake().take([b"Invoice 12"], name="invoice.txt"))
        answers.file_counter_notice(
            actor=seller, complaint=row, claim_ids=numbers(row), contact=walks.SELLER, grounds=["no_infringement"],
            explanation="Nothing of it is true.", signed_name=walks.SELLER["name"], exhibits={invoice: "share"},
            statements=[line["code"] for line in elements.statements(row.regime, "counter_notice")])
    desk.clock.advance(timedelta(hours=1))
    with unit_of_work():
        actor, row = desk.actor("legal"), load(filed)
        original = evidence.take_in(actor=actor, file=intake().take([b"It is none of ours."], name="answer.txt"))
        answers.record_received(
            actor=actor, complaint=row, step="answer", claim_ids=numbers(row), original=original, text="It is none of ours.",
            received_at=desk.clock.now(), channel="mail", signed_name="Ada Example")
    with unit_of_work():
        row = load(filed)
        decisions.decide(actor=desk.actor("legal"), complaint=row, claim_ids=numbers(row), trigger="uphold", reasons=REASONS)
    desk.work()
    return desk


def load(filed: Any) -> Any:
    return rules.kinds["complaint"].load(filed.id)


def numbers(row: Any) -> list[int]:
    return [claim.id for claim in queries.claims_of(row.id)]


@contextmanager
def past_the_desk() -> Iterator[Connection]:
    """A connection of somebody who owns the database: no trigger and no constraint stands in the way."""
    db.session.remove()
    engine = create_engine(db.engine.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("set session_replication_role = replica"))
            for table, name in connection.execute(text(
                    "select conrelid::regclass, conname from pg_constraint where contype = 'c' and conrelid <> 0")).all():
                connection.execute(text(f"alter table {table} drop constraint {name}"))
        else:
            connection.execute(text("pragma foreign_keys = off"))
            connection.execute(text("pragma ignore_check_constraints = on"))
            for name in connection.execute(text("select name from sqlite_master where type = 'trigger'")).scalars().all():
                connection.execute(text(f"drop trigger {name}"))
        yield connection


def another(value: Any) -> Any:
    """Something else of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 5000
        case str():
            return value[:-1] + ("y" if value.endswith("x") else "x")
        case datetime() | date():
            return value + timedelta(days=1)
        case list():
            return [*value, 999]
        case dict():
            return {**value, "x": "x"}


def rows_of(connection: Connection, name: str) -> list[Any]:
    """The rows of a table that are evidence of a case; of what is also written without an act, those that one rests on."""
    model, vouched = VOUCHED[name]
    table = model.__table__
    query = select(table).where(table.c[vouched.case].is_not(None)).order_by(table.c.id)
    if vouched.since:
        query = query.where(table.c[vouched.since].is_not(None))
    if name == "deliveries":
        query = query.where(table.c.on_delivered.is_not(None), table.c.case_id.in_(
            select(AuditEntry.case_id).where(AuditEntry.act == "record_delivery")))
    if name == "confirmations":
        query = query.where(table.c.superseded_by.is_(None), table.c.case_id.in_(
            select(AuditEntry.case_id).where(AuditEntry.act == "confirm_restoration")))
    return list(connection.execute(query))


def test_a_desk_with_every_kind_of_evidence_has_no_fault(rich):
    assert found() == []
    with past_the_desk() as connection:
        assert [name for name in VOUCHED if not rows_of(connection, name)] == []


def own(model: Any, row: Any) -> list[Any]:
    """The condition for one row by its key."""
    return [key == row._mapping[key.name] for key in model.__table__.primary_key]


def change(connection: Connection, name: str) -> None:
    """Change every thing that is bound, one after the other, and put it back."""
    model, vouched = VOUCHED[name]
    changed = 0
    columns = [column for column in vouched.columns if column in model.__table__.c]
    for column in columns:
        row = next((row for row in rows_of(connection, name) if row._mapping[column] is not None), None)
        if row is None:
            continue  # nobody has filled it in yet
        statement = update(model.__table__).where(*own(model, row))
        connection.execute(statement.values({column: another(row._mapping[column])}))
        assert any(name in line for line in found()), f"{column} was changed unnoticed"
        connection.execute(back(model, row, column))
        changed += 1
    assert changed > len(columns) / 2
    assert found() == []


def back(model: Any, row: Any, column: str) -> Any:
    """Undo the change of one column, which may be part of the key."""
    changed = {column: another(row._mapping[column])} if column in model.__table__.primary_key.columns else {}
    keys = [key == changed.get(key.name, row._mapping[key.name]) for key in model.__table__.primary_key]
    return update(model.__table__).where(*keys).values({column: row._mapping[column]})


def add(connection: Connection, name: str) -> None:
    """Put a row beside another one, and take it away."""
    model, _ = VOUCHED[name]
    table = model.__table__
    row = dict(rows_of(connection, name)[-1]._mapping)
    row["id"] = connection.execute(select(func.max(table.c.id))).scalar_one() + 1
    for column in ("reference", "listing_id", "position"):
        if column in row:
            row[column] = another(row[column])  # of which there can be one only
    connection.execute(insert(table).values(row))
    assert any(f"{name} {row['id']}: no entry of the log vouches for it" in line for line in found())
    connection.execute(delete(table).where(table.c.id == row["id"]))
    assert found() == []


def take_away(connection: Connection, name: str) -> None:
    model, _ = VOUCHED[name]
    row = rows_of(connection, name)[-1]
    connection.execute(delete(model.__table__).where(*own(model, row)))
    assert any(name in line and "not there" in line for line in found())


@pytest.mark.parametrize("name", VOUCHED)
def test_what_is_changed_added_or_taken_away_is_named(rich, name):
    _, vouched = VOUCHED[name]
    with past_the_desk() as connection:
        change(connection, name)
        # A letter is also written without any act (a reminder); a case has one row of its own.
        if vouched.case != "id" and not vouched.alone:
            add(connection, name)
        take_away(connection, name)


def test_an_exhibit_that_is_put_beside_another_listing_is_named(rich):
    with past_the_desk() as connection:
        assert connection.execute(text("delete from exhibit_claims")).rowcount
    assert any("exhibits" in line and "is not what the log vouches for" in line for line in found())


def test_a_list_that_is_erased_leaves_the_log_valid_and_says_what_cannot_be_checked(rich):
    with past_the_desk() as connection:
        connection.execute(text("delete from audit_disclosures where field = 'documents'"))
    assert [line for line in found() if "cannot be checked" not in line] == []
    assert any("what it vouches for was erased" in line for line in found())
    assert [line for line in every_fault(rich) if "trigger" not in line and "erased" not in line] == []


def test_a_list_that_is_changed_along_with_its_document_is_named(rich):
    """The commitment in the entry stands under the tree: who changes the list changes the log."""
    with past_the_desk() as connection:
        connection.execute(text("update decisions set statement = 'Another one.'"))
        connection.execute(text("update audit_disclosures set value = '[]' where field = 'documents'"))
    assert any("was changed" in line for line in every_fault(rich))


def test_what_is_written_without_an_act_is_named(rich):
    """Nothing vouches for evidence that a program writes below the desk's doors."""
    with unit_of_work():
        claim = db.session.execute(select(Claim)).scalars().first()
        claim.explanation = "Put in by nobody."
    assert any("claims" in line and "is not what the log vouches for" in line for line in found())


def test_a_clock_that_would_act_on_another_day_than_its_count_says_is_named_and_acts_in_no_closed_window(desk):
    """Whoever moves the day in the table moves no put-back before the tenth business day has passed."""
    filed = walks.at_state(desk, "us_dmca", "counter_notified.put_back")
    assert not [line for line in every_fault(desk) if "its count says" in line]
    with past_the_desk() as connection:
        clocks = Deadline.__table__
        connection.execute(update(clocks).where(clocks.c.name == "put_back").values(fires_at=desk.clock.now()))
    assert any("clock put_back" in line and "its count says" in line for line in every_fault(desk))
    desk.work()
    assert set(desk.states(filed)) == {"counter_notified.put_back"}

"""fsck finds nothing on a healthy desk and names each fault planted by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from ipdesk.core.db.core import db
from ipdesk.fsck import faults
from ipdesk.worker import log_origin
from tests import make

pytestmark = pytest.mark.tampers


def found(desk) -> list[str]:
    db.session.remove()
    return list(faults(desk.app.extensions["ipdesk.settings"]))


@pytest.fixture
def busy(desk):
    """A desk on which complaints were filed, accepted, delivered and sealed."""
    desk.accept(desk.file())
    desk.work()
    return desk


def test_a_healthy_desk_has_no_fault(busy):
    assert found(busy) == []


def test_a_desk_that_moves_to_another_address_keeps_the_name_of_its_log(busy):
    moved = replace(busy.app.extensions["ipdesk.settings"], base_url="https://moved.example")
    db.session.remove()
    assert list(faults(moved)) == []
    assert log_origin(moved) == "desk.example/audit"


def test_a_log_without_a_kept_name_goes_by_the_one_that_it_carries(busy, tmp_path):
    moved = replace(busy.app.extensions["ipdesk.settings"], base_url="https://moved.example", instance=tmp_path)
    assert log_origin(moved) == "desk.example/audit"


PLANTED = {
    "update claims set state = 'closed.upheld' where id = 1": "the log says",
    "update complaints set state = 'delisted.open'": "its claims say",
    "update complaints set claims_count = 9": "stored with 9 claims",
    "update complaints set to_respond = not to_respond": "marks",
    "update complaints set seller_stage = 'closed'": "marks",
    "update complaints set respond_by = '2026-01-01 00:00:00.000000'": "marks",
    "update deadlines set attempts = 3 where status = 'open'": "failed 3 times",
    "update complaints set next_due_at = null": "next due",
    "update tallies set value = value + 1": "count",
    "insert into tally_entries (scope, key, delta) values ('desk', 'complaint:state:x', 1)": "count",
    "update captures set content = '{}' where id = 1": "capture 1",
    "update audit_disclosures set value = '\"Nobody\"'": "was changed",
}


@pytest.mark.parametrize("statement", PLANTED)
def test_each_planted_fault_is_named(busy, statement):
    with db.engine.begin() as connection:
        connection.execute(text(statement))
    faults_found = found(busy)
    assert any(PLANTED[statement] in line for line in faults_found), faults_found


@pytest.mark.parametrize("table", ["audit_entries", "audit_leaves", "audit_nodes", "audit_heads"])
@pytest.mark.parametrize("verb", ["delete from {}", "update {} set {}"])
def test_the_database_refuses_to_change_the_log(busy, table, verb):
    column = {"audit_entries": "act = 'x'", "audit_leaves": "month = 1", "audit_nodes": "hash = hash",
              "audit_heads": "signed = 'x'"}[table]
    with pytest.raises(Exception, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(verb.format(table, column)))


PROOFS = [
    ("update outbox set proof = '{}' where accepted_at is not null", "a written letter stands"),
    ("update outbox set accepted_at = enqueued_at where accepted_at is not null", "a written letter stands"),
    ("update instructions set proof = '{}' where confirmed_at is not null", "what the marketplace confirmed stands"),
    ("update instructions set confirmed_at = created_at where confirmed_at is not null", "what the marketplace confirmed stands"),
]
OTHERWISE = {
    "sqlite": [
        ("replace into audit_entries select month, id, case_id, number, 'x', at, body, previous, hash "
         "from audit_entries limit 1", "append-only"),
        ("replace into audit_entries select month, id + 1000, case_id, number, 'x', at, body, previous, hash "
         "from audit_entries limit 1", "append-only"),
        ("replace into audit_entries (rowid, month, id, case_id, number, act, at, body, previous, hash) "
         "select rowid, month, id + 1000, case_id, number + 1000, 'x', at, body, previous, hash "
         "from audit_entries limit 1", "append-only"),
        ("replace into audit_leaves select number, month, entry_id + 1000 from audit_leaves limit 1", "append-only"),
        ("replace into audit_leaves select number + 1000, month, entry_id from audit_leaves limit 1", "append-only"),
        ("replace into audit_nodes select level, number, x'00' from audit_nodes limit 1", "append-only"),
        ("insert or replace into audit_heads select size, at, 'x', tree from audit_heads limit 1", "append-only"),
        ("replace into outbox select * from outbox limit 1", "a written letter stands"),
        ("delete from outbox where settled_at is null", "a written letter stands"),
    ],
    "postgresql": [
        *((f"truncate {table} cascade", "append-only")
          for table in ("audit_entries", "audit_leaves", "audit_nodes", "audit_heads")),
        ("truncate cases cascade", "append-only|a written letter stands"),
        ("truncate outbox cascade", "a written letter stands"),
        ("delete from outbox where settled_at is null", "a written letter stands"),
    ],
}


def test_the_log_cannot_be_changed_by_another_way_either(busy):
    """A row put in another one's place, a table emptied at once, a letter lost on its way, a proof changed afterwards."""
    busy.clock.advance(timedelta(days=7))
    busy.work()  # silence takes the listings down, and the marketplace confirms it
    busy.file(listings=[make.listing(store=busy.stores[0])])  # its letters have not been sent yet
    for statement, words in OTHERWISE[db.engine.dialect.name] + PROOFS:
        with pytest.raises(Exception, match=words), db.engine.begin() as connection:
            connection.execute(text(statement))
    assert found(busy) == []


@pytest.mark.parametrize("name", ["audit_entries_no_replace", "outbox_letters_stand"])
def test_a_trigger_that_was_taken_away_or_weakened_is_named(busy, name):
    if db.engine.dialect.name == "postgresql":
        statements = ["alter table outbox disable trigger outbox_letters_stand"]
        name = "outbox_letters_stand"
    else:
        statements = [f"drop trigger {name}",
                      f"create trigger {name} before insert on audit_heads when false begin select 1; end"]
    for statement in statements:
        with db.engine.begin() as connection:
            connection.execute(text(statement))
        assert found(busy) == [f"database: the trigger {name} does not stand"]


TRIGGERS = {
    "sqlite": "select name, '' from sqlite_master where type = 'trigger' and name like 'audit_%'",
    "postgresql": "select tgname, ' on ' || tgrelid::regclass from pg_trigger where tgname like 'audit_%'",
}
TAMPERED = {
    "update audit_entries set body = replace(body, 'open', 'shut') where number = 1": "the text was changed",
    "delete from audit_entries where number = 2": "entry 2 is missing",
    "update audit_nodes set hash = (select hash from audit_nodes where level = 0 and number = 1) "
    "where level = 0 and number = 0": "was changed",
    "update audit_heads set signed = replace(signed, '1', '2')": "does not hold",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_log_changed_behind_the_triggers_is_named(busy, statement):
    with db.engine.begin() as connection:
        for name, on_table in connection.execute(text(TRIGGERS[connection.dialect.name])).all():
            connection.execute(text(f"drop trigger {name}{on_table}"))
        connection.execute(text(statement))
    faults_found = found(busy)
    assert any(TAMPERED[statement] in line for line in faults_found), faults_found

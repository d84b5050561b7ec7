"""fsck finds nothing on a healthy desk and names each fault planted by hand."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from ipdesk.core.db.core import db
from ipdesk.fsck import faults
from ipdesk.worker import log_origin


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
    "update complaints set seller_due_at = null": "marks",
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

"""fsck names what was changed outside of the database, and a log whose leaves were given other places."""

import pytest
from sqlalchemy import text

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Blob
from tests.journeys.test_fsck import TRIGGERS, busy, found  # noqa: F401


@pytest.fixture
def kept(desk):
    """The digest of a file on this desk, and where it lies."""
    with unit_of_work():
        evidence.take_in(actor=desk.actor("seller_a"), file=intake().take([b"An invoice of 2025.\n"], name="invoice.txt"))
    digest = db.session.query(Blob.sha256).scalar()
    place, = desk.app.extensions["ipdesk.settings"].instance.rglob(digest)
    content = place.read_bytes()
    assert found(desk) == []
    yield digest, place
    place.unlink(missing_ok=True)  # the folder outlives the test
    place.write_bytes(content)


def test_a_file_with_another_content_is_named(desk, kept):
    digest, place = kept
    place.chmod(0o600)
    place.write_bytes(b"An invoice of 2026.\n")  # of the same length
    assert found(desk) == [f"evidence {digest}: the file was changed"]


def test_a_file_that_is_gone_is_named(desk, kept):
    digest, place = kept
    place.unlink()
    assert found(desk) == [f"evidence {digest}: the file is missing"]


RENUMBERED = {
    "all of them moved up": ["update audit_leaves set number = number + 1000", "update audit_leaves set number = number - 999"],
    "two changed places": [
        "update audit_leaves set number = 1000 where number = 0", "update audit_leaves set number = 0 where number = 1",
        "update audit_leaves set number = 1 where number = 1000"],
    "the last one put away": ["update audit_leaves set number = number + 1 where number = (select max(number) from audit_leaves)"],
}


@pytest.mark.parametrize("how", RENUMBERED)
def test_leaves_of_the_log_with_other_numbers_are_named(busy, how):  # noqa: F811
    with db.engine.begin() as connection:
        for name, on_table in connection.execute(text(TRIGGERS[connection.dialect.name])).all():
            connection.execute(text(f"drop trigger {name}{on_table}"))
        for statement in RENUMBERED[how]:
            connection.execute(text(statement))
    faults_found = [line for line in found(busy) if not line.startswith("database: the trigger")]  # the test dropped them
    assert faults_found and all(line.startswith("audit: ") for line in faults_found), faults_found
    assert any("leaf" in line or "node" in line for line in faults_found), faults_found

"""The models and the migrations say the same, and the models say it for both databases."""

import pytest
from sqlalchemy import DateTime, inspect

from ipdesk.core.db import migrations
from ipdesk.core.db.core import db
from ipdesk.core.db.types import UtcDateTime

VERSIONS = migrations._HERE / "versions"


@pytest.fixture
def migrated(app, database):
    """The database as the migrations make it, from nothing."""
    if not list(VERSIONS.glob("*.py")):
        pytest.skip("no migration has been written yet")
    with app.app_context():
        db.session.remove()
        db.drop_all()
        migrations.upgrade()
        yield
        db.session.remove()


def test_the_migrations_make_what_the_models_say(migrated):
    assert migrations.differences() == []


def test_the_migrations_make_every_table_and_every_trigger(migrated, app, database):
    """Autogeneration does not see triggers; without them the log could be changed."""
    made = _triggers()
    db.session.remove()
    database.renew()
    assert _triggers() == made, "the models bring triggers that the migrations do not, or the other way round"
    assert any("audit_" in name for name in made)


def _triggers() -> set[str]:
    from sqlalchemy import text

    with db.engine.connect() as connection:
        return set(connection.execute(text(
            "select sql from sqlite_master where type = 'trigger'" if connection.dialect.name == "sqlite"
            else "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal")).scalars())


def test_upgrading_twice_changes_nothing(migrated):
    before = set(inspect(db.engine).get_table_names())
    migrations.upgrade()
    assert set(inspect(db.engine).get_table_names()) == before


def test_every_instant_knows_its_zone(app):
    naive = [str(column) for table in db.metadata.tables.values() for column in table.columns
             if isinstance(column.type, DateTime) and not isinstance(column.type, UtcDateTime)]
    assert naive == []


def test_names_fit_both_databases(app):
    """PostgreSQL cuts names at 63 characters, and a cut name cannot be dropped by its own."""
    names = [name for table in db.metadata.tables.values()
             for name in (table.name, *(c.name for c in table.columns), *(i.name for i in table.indexes),
                          *(str(k.name) for k in table.constraints if k.name))]
    assert [name for name in names if len(name) > 63] == []


def test_what_points_to_a_row_is_indexed(app):
    """A foreign key that lists follow has an index whose first column it is: else costs grow with the table."""
    unindexed = []
    for table in db.metadata.tables.values():
        first = {next(iter(index.columns)).name for index in table.indexes}
        first |= {next(iter(key.columns)).name for key in table.constraints
                  if type(key).__name__ in ("UniqueConstraint", "PrimaryKeyConstraint") and len(key.columns)}
        unindexed += [f"{table.name}.{column.name}" for column in table.columns
                      if column.foreign_keys and column.name not in first]
    assert sorted(set(unindexed) - set(NEVER_FOLLOWED)) == []
    assert sorted(set(NEVER_FOLLOWED) - set(unindexed)) == []


# Foreign keys that nothing follows backwards: they are read from the row that holds them.
NEVER_FOLLOWED = {
    "inbox_messages.outbox_id": "second half of a key whose first half is the month; the pair has its index",
    "uploads.exhibit_id": "an upload is looked up by itself",
    "notice_listings.listing_id": "rows are read by their notice",
    "test_purchases.listing_id": "purchases are read by their notice",
    "conflicts_of_interest.organisation_id": "conflicts are read by the person, who has few",
    "conflicts_of_interest.store_id": "conflicts are read by the person, who has few",
    "bundles.requested_by": "bundles are read by their case",
}

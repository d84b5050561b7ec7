"""Pictures of captured listings.

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

from ipdesk.core.db import types

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# What the database itself refuses: to change what a capture holds.
STATEMENTS = {
    'sqlite': (
        "CREATE TRIGGER capture_pictures_no_update BEFORE UPDATE ON capture_pictures BEGIN SELECT RAISE(ABORT, 'capture_pictures: what was fetched stands'); END",
        "CREATE TRIGGER capture_pictures_no_delete BEFORE DELETE ON capture_pictures BEGIN SELECT RAISE(ABORT, 'capture_pictures: what was fetched stands'); END",
        "CREATE TRIGGER capture_pictures_no_replace BEFORE INSERT ON capture_pictures WHEN EXISTS (SELECT 1 FROM capture_pictures WHERE rowid = new.rowid) OR EXISTS (SELECT 1 FROM capture_pictures WHERE capture_id = new.capture_id AND position = new.position) BEGIN SELECT RAISE(ABORT, 'capture_pictures: what was fetched stands'); END",
    ),
    'postgresql': (
        "CREATE OR REPLACE FUNCTION capture_pictures_stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'capture_pictures: what was fetched stands'; END $$",
        "CREATE TRIGGER capture_pictures_stand BEFORE UPDATE OR DELETE ON capture_pictures FOR EACH ROW EXECUTE FUNCTION capture_pictures_stand()",
        "CREATE TRIGGER capture_pictures_no_truncate BEFORE TRUNCATE ON capture_pictures FOR EACH STATEMENT EXECUTE FUNCTION capture_pictures_stand()",
    ),
}


def upgrade() -> None:
    op.create_table('capture_pictures',
    sa.Column('capture_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('problem', sa.String(length=32), nullable=False),
    sa.Column('fetched_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(sha256 is null) = (problem <> '')", name=op.f('ck_capture_pictures_found_or_not')),
    sa.ForeignKeyConstraint(['capture_id'], ['captures.id'], name=op.f('fk_capture_pictures_capture_id')),
    sa.PrimaryKeyConstraint('capture_id', 'position', name=op.f('pk_capture_pictures'))
    )
    with op.batch_alter_table('capture_pictures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_capture_pictures_sha256'), ['sha256'], unique=False)

    op.create_table('picture_fetches',
    sa.Column('capture_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('next_attempt_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=False),
    sa.Column('settled_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['capture_id'], ['captures.id'], name=op.f('fk_picture_fetches_capture_id')),
    sa.PrimaryKeyConstraint('capture_id', 'position', name=op.f('pk_picture_fetches'))
    )
    with op.batch_alter_table('picture_fetches', schema=None) as batch_op:
        batch_op.create_index('ix_picture_fetches_due', ['next_attempt_at'], unique=False, sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))

    for statement in STATEMENTS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    with op.batch_alter_table('picture_fetches', schema=None) as batch_op:
        batch_op.drop_index('ix_picture_fetches_due', sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))

    op.drop_table('picture_fetches')
    with op.batch_alter_table('capture_pictures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_capture_pictures_sha256'))

    op.drop_table('capture_pictures')

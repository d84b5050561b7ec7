"""The first schema.

Revision: 0001
After: 
"""

import sqlalchemy as sa
from alembic import op

from ipdesk.core.db import types


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

# What the database itself refuses (the log and written letters stand), and the search indexes.
STATEMENTS = {
    'sqlite': (
        "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_leaves_no_update BEFORE UPDATE ON audit_leaves BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_leaves_no_delete BEFORE DELETE ON audit_leaves BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_nodes_no_update BEFORE UPDATE ON audit_nodes BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_nodes_no_delete BEFORE DELETE ON audit_nodes BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_heads_no_update BEFORE UPDATE ON audit_heads BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries WHEN EXISTS (SELECT 1 FROM audit_entries WHERE rowid = new.rowid) OR EXISTS (SELECT 1 FROM audit_entries WHERE month = new.month AND id = new.id) OR EXISTS (SELECT 1 FROM audit_entries WHERE case_id = new.case_id AND number = new.number) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_leaves_no_replace BEFORE INSERT ON audit_leaves WHEN EXISTS (SELECT 1 FROM audit_leaves WHERE number = new.number) OR EXISTS (SELECT 1 FROM audit_leaves WHERE month = new.month AND entry_id = new.entry_id) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_nodes_no_replace BEFORE INSERT ON audit_nodes WHEN EXISTS (SELECT 1 FROM audit_nodes WHERE rowid = new.rowid) OR EXISTS (SELECT 1 FROM audit_nodes WHERE level = new.level AND number = new.number) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_heads_no_replace BEFORE INSERT ON audit_heads WHEN EXISTS (SELECT 1 FROM audit_heads WHERE size = new.size) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER outbox_letters_stand BEFORE UPDATE OF month, id, case_id, thread_key, message, recipient_role, channel, to_address, locale, subject, body_text, body_html, context_sha256, subject_id, retention_class, on_delivered, on_failed, trigger_facts, enqueued_at ON outbox BEGIN SELECT RAISE(ABORT, 'outbox: a written letter stands'); END",
        "CREATE TRIGGER outbox_letters_stay BEFORE DELETE ON outbox WHEN old.settled_at IS NULL BEGIN SELECT RAISE(ABORT, 'outbox: a written letter stands'); END",
        "CREATE TRIGGER outbox_no_replace BEFORE INSERT ON outbox WHEN EXISTS (SELECT 1 FROM outbox WHERE rowid = new.rowid) OR EXISTS (SELECT 1 FROM outbox WHERE month = new.month AND id = new.id) BEGIN SELECT RAISE(ABORT, 'outbox: a written letter stands'); END",
        "CREATE VIRTUAL TABLE IF NOT EXISTS stores_fts USING fts5(search_text, content='stores', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)",
        'CREATE TRIGGER stores_fts_insert AFTER INSERT ON stores BEGIN INSERT INTO stores_fts(rowid, search_text) VALUES (new.id, new.search_text); END',
        "CREATE TRIGGER stores_fts_delete AFTER DELETE ON stores BEGIN INSERT INTO stores_fts(stores_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text); END",
        "CREATE TRIGGER stores_fts_update AFTER UPDATE OF search_text ON stores WHEN old.search_text <> new.search_text BEGIN INSERT INTO stores_fts(stores_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text); INSERT INTO stores_fts(rowid, search_text) VALUES (new.id, new.search_text); END",
        "CREATE VIRTUAL TABLE IF NOT EXISTS listings_fts USING fts5(search_text, content='listings', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)",
        'CREATE TRIGGER listings_fts_insert AFTER INSERT ON listings BEGIN INSERT INTO listings_fts(rowid, search_text) VALUES (new.id, new.search_text); END',
        "CREATE TRIGGER listings_fts_delete AFTER DELETE ON listings BEGIN INSERT INTO listings_fts(listings_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text); END",
        "CREATE TRIGGER listings_fts_update AFTER UPDATE OF search_text ON listings WHEN old.search_text <> new.search_text BEGIN INSERT INTO listings_fts(listings_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text); INSERT INTO listings_fts(rowid, search_text) VALUES (new.id, new.search_text); END",
    ),
    'postgresql': (
        "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        'CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_leaves_append_only BEFORE UPDATE OR DELETE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_nodes_append_only BEFORE UPDATE OR DELETE ON audit_nodes FOR EACH ROW EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_heads_append_only BEFORE UPDATE OR DELETE ON audit_heads FOR EACH ROW EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_leaves_no_truncate BEFORE TRUNCATE ON audit_leaves FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_nodes_no_truncate BEFORE TRUNCATE ON audit_nodes FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()',
        'CREATE TRIGGER audit_heads_no_truncate BEFORE TRUNCATE ON audit_heads FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()',
        "CREATE OR REPLACE FUNCTION outbox_letters_stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'outbox: a written letter stands'; END $$",
        'CREATE TRIGGER outbox_letters_stand BEFORE UPDATE OF month, id, case_id, thread_key, message, recipient_role, channel, to_address, locale, subject, body_text, body_html, context_sha256, subject_id, retention_class, on_delivered, on_failed, trigger_facts, enqueued_at ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_letters_stand()',
        'CREATE TRIGGER outbox_letters_stay BEFORE DELETE ON outbox FOR EACH ROW WHEN (old.settled_at IS NULL) EXECUTE FUNCTION outbox_letters_stand()',
        'CREATE TRIGGER outbox_no_truncate BEFORE TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_letters_stand()',
        "CREATE INDEX ix_stores_search ON stores USING gin (array_to_tsvector(string_to_array(search_text, ' ')))",
        "CREATE INDEX ix_listings_search ON listings USING gin (array_to_tsvector(string_to_array(search_text, ' ')))",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        for name in ("outbox_ids", "audit_ids"):
            op.execute(sa.schema.CreateSequence(sa.Sequence(name)))
    op.create_table('audit_disclosures',
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('field', sa.String(length=64), nullable=False),
    sa.Column('salt', sa.String(length=64), nullable=False),
    sa.Column('value', types.CanonicalJson(), nullable=False),
    sa.PrimaryKeyConstraint('month', 'entry_id', 'field', name=op.f('pk_audit_disclosures'))
    )
    op.create_table('audit_heads',
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('signed', sa.Text(), nullable=False),
    sa.Column('tree', types.CanonicalJson(), nullable=False),
    sa.PrimaryKeyConstraint('size', name=op.f('pk_audit_heads'))
    )
    op.create_table('audit_leaves',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('month', sa.Integer(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit_leaves'))
    )
    with op.batch_alter_table('audit_leaves', schema=None) as batch_op:
        batch_op.create_index('ix_audit_leaves_entry', ['month', 'entry_id'], unique=True)

    op.create_table('audit_nodes',
    sa.Column('level', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('level', 'number', name=op.f('pk_audit_nodes'))
    )
    op.create_table('blobs',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('facts', types.CanonicalJson(), nullable=False),
    sa.Column('stored_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('length(sha256) = 64', name=op.f('ck_blobs_digest')),
    sa.CheckConstraint('size > 0', name=op.f('ck_blobs_not_empty')),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_blobs'))
    )
    with op.batch_alter_table('blobs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blobs_stored_at'), ['stored_at'], unique=False)

    op.create_table('cases',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('marketplace_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('workflow', sa.String(length=64), nullable=False),
    sa.Column('workflow_version', sa.Integer(), nullable=False),
    sa.Column('workflow_digest', sa.String(length=64), nullable=False),
    sa.Column('opened_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases')),
    sa.UniqueConstraint('reference', name=op.f('uq_cases_reference'))
    )
    op.create_table('form_submissions',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('sent_by', sa.String(length=64), nullable=False),
    sa.Column('sent_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('location', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_form_submissions'))
    )
    with op.batch_alter_table('form_submissions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_form_submissions_sent_at'), ['sent_at'], unique=False)

    op.create_table('job_requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('args', types.CanonicalJson(), nullable=False),
    sa.Column('requested_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('requested_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('step', sa.String(length=64), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('cancel_asked', sa.Boolean(), nullable=False),
    sa.Column('lease_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('result', types.CanonicalJson(), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('finished_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status in ('waiting','running')) = (finished_at is null)", name=op.f('ck_job_requests_finished')),
    sa.CheckConstraint("status in ('waiting','running','done','failed','cancelled')", name=op.f('ck_job_requests_status')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job_requests')),
    sa.UniqueConstraint('key', name=op.f('uq_job_requests_key'))
    )
    with op.batch_alter_table('job_requests', schema=None) as batch_op:
        batch_op.create_index('ix_job_requests_open', ['id'], unique=False, sqlite_where=sa.text('finished_at IS NULL'), postgresql_where=sa.text('finished_at IS NULL'))

    op.create_table('marketplaces',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('market', sa.String(length=8), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketplaces')),
    sa.UniqueConstraint('code', name=op.f('uq_marketplaces_code'))
    )
    op.create_table('organisations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisations'))
    )
    op.create_table('security_alarms',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts', types.CanonicalJson(), nullable=False),
    sa.Column('raised_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('seen_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_security_alarms'))
    )
    with op.batch_alter_table('security_alarms', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_security_alarms_raised_at'), ['raised_at'], unique=False)

    op.create_table('sign_in_tries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('tried_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_tries'))
    )
    with op.batch_alter_table('sign_in_tries', schema=None) as batch_op:
        batch_op.create_index('ix_sign_in_tries_key_tried_at', ['key', 'tried_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_in_tries_tried_at'), ['tried_at'], unique=False)

    op.create_table('snippets',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snippets'))
    )
    op.create_table('tallies',
    sa.Column('scope', sa.String(length=48), nullable=False),
    sa.Column('key', sa.String(length=96), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('scope', 'key', name=op.f('pk_tallies'))
    )
    op.create_table('tally_entries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scope', sa.String(length=48), nullable=False),
    sa.Column('key', sa.String(length=96), nullable=False),
    sa.Column('delta', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tally_entries'))
    )
    op.create_table('used_store_links',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('used_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_used_store_links'))
    )
    with op.batch_alter_table('used_store_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_used_store_links_used_at'), ['used_at'], unique=False)

    op.create_table('audit_entries',
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=64), nullable=False),
    sa.Column('at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_audit_entries_case_id')),
    sa.PrimaryKeyConstraint('month', 'id', name=op.f('pk_audit_entries')),
    sa.UniqueConstraint('case_id', 'number', name=op.f('uq_audit_entries_case_id_number'))
    )
    op.create_table('case_facts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('movers', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_facts_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_facts'))
    )
    with op.batch_alter_table('case_facts', schema=None) as batch_op:
        batch_op.create_index('ix_case_facts_case_name', ['case_id', 'name'], unique=False)

    op.create_table('case_links',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('audience', sa.String(length=16), nullable=False),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('used_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_links_case_id')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_case_links'))
    )
    with op.batch_alter_table('case_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_links_case_id'), ['case_id'], unique=False)

    op.create_table('deadlines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('started_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('opens_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('due_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('fires_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('until_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('remind_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('missed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('trigger', sa.String(length=64), nullable=False),
    sa.Column('movers', types.CanonicalJson(), nullable=False),
    sa.Column('computation', types.CanonicalJson(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.CheckConstraint("status in ('open', 'stopped', 'fired')", name=op.f('ck_deadlines_status')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_deadlines_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deadlines'))
    )
    with op.batch_alter_table('deadlines', schema=None) as batch_op:
        batch_op.create_index('ix_deadlines_case', ['case_id', 'status'], unique=False)
        batch_op.create_index('ix_deadlines_failing', ['id'], unique=False, sqlite_where=sa.text("status = 'open' AND attempts > 0"), postgresql_where=sa.text("status = 'open' AND attempts > 0"))
        batch_op.create_index('ix_deadlines_due', ['status', 'missed_at', 'fires_at'], unique=False)
        batch_op.create_index('ix_deadlines_reminder', ['status', 'remind_at'], unique=False)

    op.create_table('exhibits',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_key_hash', sa.String(length=64), nullable=True),
    sa.Column('blob_sha256', sa.String(length=64), nullable=False),
    sa.Column('original_name', sa.Text(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('visibility', sa.String(length=16), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('uploaded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('uploaded_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('retention_class', sa.String(length=32), nullable=False),
    sa.CheckConstraint("role in ('notice','counter_notice','answer','court','right','decision','received_document')", name=op.f('ck_exhibits_role')),
    sa.CheckConstraint("visibility in ('platform_only','share','staff_only')", name=op.f('ck_exhibits_visibility')),
    sa.CheckConstraint('filed_at is null or case_id is not null', name=op.f('ck_exhibits_filed_in_a_case')),
    sa.ForeignKeyConstraint(['blob_sha256'], ['blobs.sha256'], name=op.f('fk_exhibits_blob_sha256')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_exhibits_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exhibits')),
    sa.UniqueConstraint('reference', name=op.f('uq_exhibits_reference'))
    )
    with op.batch_alter_table('exhibits', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exhibits_blob_sha256'), ['blob_sha256'], unique=False)
        batch_op.create_index('ix_exhibits_case', ['case_id', 'position', 'id'], unique=False)
        batch_op.create_index('ix_exhibits_organisation', ['owner_organisation_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_exhibits_owner_key_hash'), ['owner_key_hash'], unique=False)
        batch_op.create_index('ix_exhibits_store', ['owner_store_id', 'id'], unique=False)
        batch_op.create_index('ix_exhibits_user', ['owner_user_id', 'id'], unique=False)

    op.create_table('invitations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('proof', sa.Text(), nullable=False),
    sa.Column('invited_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('inviter_name', sa.String(length=200), nullable=False),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('used_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('used_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_invitations_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitations_token_hash'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitations_email'), ['email'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('notes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_name', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_notes_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notes'))
    )
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notes_case_id'), ['case_id'], unique=False)

    op.create_table('outbox',
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('thread_key', sa.String(length=40), nullable=False),
    sa.Column('message', sa.String(length=64), nullable=False),
    sa.Column('recipient_role', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('to_address', sa.String(length=1000), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('body_text', sa.Text(), nullable=False),
    sa.Column('body_html', sa.Text(), nullable=False),
    sa.Column('context_sha256', sa.String(length=64), nullable=False),
    sa.Column('subject_id', sa.String(length=64), nullable=False),
    sa.Column('retention_class', sa.String(length=32), nullable=False),
    sa.Column('on_delivered', sa.String(length=64), nullable=True),
    sa.Column('on_failed', sa.String(length=64), nullable=True),
    sa.Column('trigger_facts', types.CanonicalJson(), nullable=False),
    sa.Column('enqueued_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_attempt_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('failed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('proof', types.CanonicalJson(), nullable=True),
    sa.Column('settled_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("channel IN ('mail', 'inbox', 'webhook')", name=op.f('ck_outbox_channel')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_outbox_case_id')),
    sa.PrimaryKeyConstraint('month', 'id', name=op.f('pk_outbox'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_case', ['case_id', 'month', 'id'], unique=False)
        batch_op.create_index('ix_outbox_due', ['next_attempt_at'], unique=False, sqlite_where=sa.text('accepted_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('accepted_at IS NULL AND failed_at IS NULL'))
        batch_op.create_index('ix_outbox_order', ['case_id', 'channel', 'to_address'], unique=False, sqlite_where=sa.text('accepted_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('accepted_at IS NULL AND failed_at IS NULL'))
        batch_op.create_index('ix_outbox_unsettled', ['next_attempt_at'], unique=False, sqlite_where=sa.text('settled_at IS NULL AND (accepted_at IS NOT NULL OR failed_at IS NOT NULL)'), postgresql_where=sa.text('settled_at IS NULL AND (accepted_at IS NOT NULL OR failed_at IS NOT NULL)'))

    op.create_table('rights',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('number', sa.String(length=64), nullable=False),
    sa.Column('office', sa.String(length=64), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('territory', sa.String(length=64), nullable=False),
    sa.Column('classes', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('contact', types.CanonicalJson(), nullable=False),
    sa.Column('registered_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('registered_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('verified_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('verified_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rejected_because', sa.Text(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('waits_for', sa.String(length=32), nullable=False),
    sa.Column('next_due_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=64), nullable=False),
    sa.Column('times', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['id'], ['cases.id'], name=op.f('fk_rights_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_rights_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rights'))
    )
    with op.batch_alter_table('rights', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rights_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('signed_statements',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document', sa.String(length=32), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('signed_name', sa.String(length=200), nullable=False),
    sa.Column('signed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('signed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_signed_statements_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signed_statements'))
    )
    with op.batch_alter_table('signed_statements', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_signed_statements_case_id'), ['case_id'], unique=False)

    op.create_table('stores',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('marketplace_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('external_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('contact_email', sa.String(length=254), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['marketplace_id'], ['marketplaces.id'], name=op.f('fk_stores_marketplace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stores')),
    sa.UniqueConstraint('marketplace_id', 'external_id', name=op.f('uq_stores_marketplace_id_external_id'))
    )
    with op.batch_alter_table('stores', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stores_name'), ['name'], unique=False)

    op.create_table('users',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('password', sa.String(length=255), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(length=64), nullable=False),
    sa.Column('confirmed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('role_names', types.CanonicalJson(), nullable=False),
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('organisation_role', sa.String(length=16), nullable=False),
    sa.Column('tf_primary_method', sa.String(length=64), nullable=True),
    sa.Column('tf_totp_secret', sa.Text(), nullable=True),
    sa.Column('tf_last_counter', sa.BigInteger(), nullable=True),
    sa.Column('mf_recovery_codes', types.CanonicalJson(), nullable=False),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_users_email_is_lower_case')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_users_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_users_fs_uniquifier'))
    )
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_users_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('bundles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('requested_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('requested_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('made_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('bundle_id', sa.String(length=24), nullable=False),
    sa.CheckConstraint("(made_at is null) = (sha256 = '')", name=op.f('ck_bundles_made')),
    sa.CheckConstraint("sha256 = '' or length(sha256) = 64", name=op.f('ck_bundles_digest')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_bundles_case_id')),
    sa.ForeignKeyConstraint(['job_id'], ['job_requests.id'], name=op.f('fk_bundles_job_id')),
    sa.ForeignKeyConstraint(['requested_by'], ['users.id'], name=op.f('fk_bundles_requested_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bundles')),
    sa.UniqueConstraint('job_id', name=op.f('uq_bundles_job_id')),
    sa.UniqueConstraint('reference', name=op.f('uq_bundles_reference'))
    )
    with op.batch_alter_table('bundles', schema=None) as batch_op:
        batch_op.create_index('ix_bundles_case', ['case_id', 'id'], unique=False)

    op.create_table('conflicts_of_interest',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('because', sa.Text(), nullable=False),
    sa.Column('declared_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('declared_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(organisation_id is null) <> (store_id is null)', name=op.f('ck_conflicts_of_interest_one_side')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_conflicts_of_interest_organisation_id')),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_conflicts_of_interest_store_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_conflicts_of_interest_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conflicts_of_interest'))
    )
    with op.batch_alter_table('conflicts_of_interest', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_conflicts_of_interest_user_id'), ['user_id'], unique=False)

    op.create_table('exhibit_claims',
    sa.Column('exhibit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['exhibit_id'], ['exhibits.id'], name=op.f('fk_exhibit_claims_exhibit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exhibit_id', 'claim_id', name=op.f('pk_exhibit_claims'))
    )
    with op.batch_alter_table('exhibit_claims', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exhibit_claims_claim_id'), ['claim_id'], unique=False)

    op.create_table('exhibit_disclosures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('exhibit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('key_hash', sa.String(length=64), nullable=True),
    sa.Column('disclosed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(case when store_id is null then 0 else 1 end) + (case when organisation_id is null then 0 else 1 end) + (case when key_hash is null then 0 else 1 end) = 1', name=op.f('ck_exhibit_disclosures_one_side')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_exhibit_disclosures_case_id')),
    sa.ForeignKeyConstraint(['exhibit_id'], ['exhibits.id'], name=op.f('fk_exhibit_disclosures_exhibit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exhibit_disclosures'))
    )
    with op.batch_alter_table('exhibit_disclosures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exhibit_disclosures_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_exhibit_disclosures_exhibit_id'), ['exhibit_id'], unique=False)
        batch_op.create_index('ix_exhibit_disclosures_key', ['key_hash', 'exhibit_id'], unique=False)
        batch_op.create_index('ix_exhibit_disclosures_organisation', ['organisation_id', 'exhibit_id'], unique=False)
        batch_op.create_index('ix_exhibit_disclosures_store', ['store_id', 'exhibit_id'], unique=False)

    op.create_table('handler_skills',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('skill', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_handler_skills_user_id')),
    sa.PrimaryKeyConstraint('user_id', 'skill', name=op.f('pk_handler_skills'))
    )
    op.create_table('inbox_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_kind', sa.String(length=16), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('outbox_month', sa.Integer(), nullable=False),
    sa.Column('outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('placed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('read_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("owner_kind in ('store', 'organisation', 'user')", name=op.f('ck_inbox_messages_owner_kind')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_inbox_messages_case_id')),
    sa.ForeignKeyConstraint(['outbox_month', 'outbox_id'], ['outbox.month', 'outbox.id'], name='fk_inbox_messages_outbox', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox_messages'))
    )
    with op.batch_alter_table('inbox_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_messages_case_id'), ['case_id'], unique=False)
        batch_op.create_index('ix_inbox_messages_outbox', ['outbox_month', 'outbox_id'], unique=False)
        batch_op.create_index('ix_inbox_messages_owner', ['owner_kind', 'owner_id', 'placed_at', 'id'], unique=False)
        batch_op.create_index('ix_inbox_messages_unread', ['owner_kind', 'owner_id'], unique=False, sqlite_where=sa.text('read_at IS NULL'), postgresql_where=sa.text('read_at IS NULL'))

    op.create_table('listings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('marketplace_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('external_id', sa.String(length=64), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('url_key', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('brand', sa.String(length=200), nullable=False),
    sa.Column('price', sa.String(length=32), nullable=False),
    sa.Column('currency', sa.String(length=8), nullable=False),
    sa.Column('category', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=24), nullable=False),
    sa.Column('restriction', types.CanonicalJson(), nullable=True),
    sa.Column('images', types.CanonicalJson(), nullable=False),
    sa.Column('image_addresses', types.CanonicalJson(), nullable=False),
    sa.Column('changed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.CheckConstraint("status in ('live','restricted','removed_by_seller')", name=op.f('ck_listings_status')),
    sa.ForeignKeyConstraint(['marketplace_id'], ['marketplaces.id'], name=op.f('fk_listings_marketplace_id')),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_listings_store_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_listings')),
    sa.UniqueConstraint('marketplace_id', 'external_id', name=op.f('uq_listings_marketplace_id_external_id'))
    )
    with op.batch_alter_table('listings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_listings_store_id'), ['store_id'], unique=False)
        batch_op.create_index('ix_listings_url_key', ['marketplace_id', 'url_key'], unique=False)

    op.create_table('notices',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('right_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('regime', sa.String(length=64), nullable=False),
    sa.Column('regime_reason', sa.Text(), nullable=False),
    sa.Column('reason_code', sa.String(length=64), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('acting_as', sa.String(length=16), nullable=False),
    sa.Column('contact', types.CanonicalJson(), nullable=False),
    sa.Column('signed_name', sa.String(length=200), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('filed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('received_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('entered_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('guest_confirmed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('missing', types.CanonicalJson(), nullable=False),
    sa.Column('right_facts', types.CanonicalJson(), nullable=True),
    sa.Column('versions', types.CanonicalJson(), nullable=False),
    sa.Column('draft', types.CanonicalJson(), nullable=True),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('waits_for', sa.String(length=32), nullable=False),
    sa.Column('next_due_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=64), nullable=False),
    sa.Column('times', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['id'], ['cases.id'], name=op.f('fk_notices_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_notices_organisation_id')),
    sa.ForeignKeyConstraint(['right_id'], ['rights.id'], name=op.f('fk_notices_right_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notices'))
    )
    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.create_index('ix_notices_organisation', ['organisation_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notices_right_id'), ['right_id'], unique=False)
        batch_op.create_index('ix_notices_waiting', ['waits_for', 'next_due_at', 'id'], unique=False)

    op.create_table('sign_ins',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('via', sa.String(length=32), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('began_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sign_ins_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ins')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_ins_token_hash'))
    )
    with op.batch_alter_table('sign_ins', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_ins_user_id'), ['user_id'], unique=False)

    op.create_table('store_bindings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('main', sa.Boolean(), nullable=False),
    sa.Column('via', sa.String(length=16), nullable=False),
    sa.Column('proof', sa.Text(), nullable=False),
    sa.Column('bound_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('bound_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('revoked_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('revoked_because', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_store_bindings_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_store_bindings')),
    sa.UniqueConstraint('user_id', 'store_id', name=op.f('uq_store_bindings_user_id_store_id'))
    )
    with op.batch_alter_table('store_bindings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_store_bindings_store_id'), ['store_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_store_bindings_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_store_bindings_main', ['store_id'], unique=True, sqlite_where=sa.text('main = 1 AND revoked_at IS NULL'), postgresql_where=sa.text('main AND revoked_at IS NULL'))

    op.create_table('upload_pieces',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sender', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('arrived_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload_pieces'))
    )
    with op.batch_alter_table('upload_pieces', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_upload_pieces_arrived_at'), ['arrived_at'], unique=False)
        batch_op.create_index('ix_upload_pieces_sender_arrived_at', ['sender', 'arrived_at'], unique=False)

    op.create_table('uploads',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('owner_user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_key_hash', sa.String(length=64), nullable=True),
    sa.Column('original_name', sa.Text(), nullable=False),
    sa.Column('declared_size', sa.BigInteger(), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.Column('parts', types.CanonicalJson(), nullable=False),
    sa.Column('begun_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('exhibit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('retention_class', sa.String(length=32), nullable=False),
    sa.CheckConstraint('received >= 0 and received <= declared_size', name=op.f('ck_uploads_received')),
    sa.ForeignKeyConstraint(['exhibit_id'], ['exhibits.id'], name=op.f('fk_uploads_exhibit_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_uploads')),
    sa.UniqueConstraint('reference', name=op.f('uq_uploads_reference'))
    )
    with op.batch_alter_table('uploads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_uploads_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_uploads_owner_key_hash'), ['owner_key_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_uploads_owner_user_id'), ['owner_user_id'], unique=False)

    op.create_table('captures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('occasion', sa.String(length=16), nullable=False),
    sa.Column('captured_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('content', types.CanonicalJson(), nullable=False),
    sa.Column('images', types.CanonicalJson(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_captures_listing_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_captures'))
    )
    with op.batch_alter_table('captures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_captures_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_captures_listing_id'), ['listing_id'], unique=False)

    op.create_table('complaints',
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('right_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('regime', sa.String(length=64), nullable=False),
    sa.Column('reason_code', sa.String(length=64), nullable=False),
    sa.Column('stage_name', sa.String(length=24), nullable=False),
    sa.Column('claims_count', sa.Integer(), nullable=False),
    sa.Column('filed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('seller_told_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('to_respond', sa.Boolean(), nullable=False),
    sa.Column('for_staff', sa.Boolean(), nullable=False),
    sa.Column('for_complainant', sa.Boolean(), nullable=False),
    sa.Column('seller_state', sa.String(length=64), nullable=False),
    sa.Column('seller_stage', sa.String(length=24), nullable=False),
    sa.Column('seller_due_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('seller_closed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('waits_for', sa.String(length=32), nullable=False),
    sa.Column('next_due_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['id'], ['cases.id'], name=op.f('fk_complaints_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notices.id'], name=op.f('fk_complaints_notice_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisations.id'], name=op.f('fk_complaints_organisation_id')),
    sa.ForeignKeyConstraint(['right_id'], ['rights.id'], name=op.f('fk_complaints_right_id')),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_complaints_store_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints')),
    sa.UniqueConstraint('notice_id', 'store_id', name=op.f('uq_complaints_notice_id_store_id'))
    )
    with op.batch_alter_table('complaints', schema=None) as batch_op:
        batch_op.create_index('ix_complaints_organisation', ['organisation_id', 'id'], unique=False)
        batch_op.create_index('ix_complaints_queue', ['for_staff', 'next_due_at', 'id'], unique=False)
        batch_op.create_index('ix_complaints_right', ['right_id', 'id'], unique=False)
        batch_op.create_index('ix_complaints_stage', ['stage_name', 'regime', 'id', 'store_id', 'right_id', 'organisation_id', 'for_staff', 'for_complainant', 'to_respond'], unique=False)
        batch_op.create_index('ix_complaints_store', ['store_id', 'to_respond', 'id', 'seller_stage'], unique=False)

    op.create_table('holds',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('claim_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_kind', sa.String(length=16), nullable=False),
    sa.Column('owner_reference', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('scope', types.CanonicalJson(), nullable=False),
    sa.Column('interim', sa.Boolean(), nullable=False),
    sa.Column('placed_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('lifted_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(owner_kind = 'claim') = (claim_id is not null)", name=op.f('ck_holds_claim_has_id')),
    sa.CheckConstraint("interim or ground <> ''", name=op.f('ck_holds_final_has_ground')),
    sa.CheckConstraint("kind in ('pause','delisting')", name=op.f('ck_holds_kind')),
    sa.CheckConstraint("owner_kind = 'claim' or owner_reference <> ''", name=op.f('ck_holds_order_has_reference')),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_holds_listing_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holds'))
    )
    with op.batch_alter_table('holds', schema=None) as batch_op:
        batch_op.create_index('ix_holds_active', ['listing_id', 'lifted_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_holds_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_holds_claim_id'), ['claim_id'], unique=False)
        batch_op.create_index('ix_holds_owner', ['owner_reference'], unique=False)

    op.create_table('instructions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('claim_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('wanted', types.CanonicalJson(), nullable=False),
    sa.Column('created_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_attempt_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=False),
    sa.Column('accepted_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('confirmed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('superseded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('alarmed_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('proof', types.CanonicalJson(), nullable=True),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_instructions_listing_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_instructions'))
    )
    with op.batch_alter_table('instructions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_instructions_case_id'), ['case_id'], unique=False)
        batch_op.create_index('ix_instructions_due', ['next_attempt_at', 'id'], unique=False, sqlite_where=sa.text('confirmed_at IS NULL AND superseded_by IS NULL'), postgresql_where=sa.text('confirmed_at IS NULL AND superseded_by IS NULL'))
        batch_op.create_index(batch_op.f('ix_instructions_listing_id'), ['listing_id'], unique=False)

    op.create_table('notice_listings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('entered', sa.Text(), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answer', sa.String(length=24), nullable=False),
    sa.Column('other_reference', sa.String(length=24), nullable=False),
    sa.CheckConstraint("answer <> 'accepted' or listing_id is not null", name=op.f('ck_notice_listings_accepted_is_known')),
    sa.CheckConstraint("answer in ('accepted','already_handled','not_found','other_marketplace','duplicate')", name=op.f('ck_notice_listings_answer')),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_notice_listings_listing_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notices.id'], name=op.f('fk_notice_listings_notice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_listings'))
    )
    with op.batch_alter_table('notice_listings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_listings_notice_id'), ['notice_id'], unique=False)

    op.create_table('test_purchases',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ordered_on', sa.Date(), nullable=True),
    sa.Column('order_number', sa.String(length=64), nullable=False),
    sa.Column('findings', sa.Text(), nullable=False),
    sa.Column('visibility', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_test_purchases_listing_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notices.id'], name=op.f('fk_test_purchases_notice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_test_purchases'))
    )
    with op.batch_alter_table('test_purchases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_test_purchases_notice_id'), ['notice_id'], unique=False)

    op.create_table('answers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_ids', types.CanonicalJson(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('signed_name', sa.String(length=200), nullable=False),
    sa.Column('answered_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answered_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('exhibit_ids', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_answers_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answers'))
    )
    with op.batch_alter_table('answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_answers_complaint_id'), ['complaint_id'], unique=False)

    op.create_table('claims',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('reason_code', sa.String(length=64), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('seller_told_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=64), nullable=False),
    sa.Column('times', types.CanonicalJson(), nullable=False),
    sa.CheckConstraint("state like 'received.%' or state like 'pending_response.%' or state like 'counter_notified.%' or state like 'delisted.%' or state like 'closed.%'", name=op.f('ck_claims_one_of_five')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_claims_complaint_id')),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_claims_listing_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claims')),
    sa.UniqueConstraint('complaint_id', 'listing_id', name=op.f('uq_claims_complaint_id_listing_id'))
    )
    with op.batch_alter_table('claims', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_claims_complaint_id'), ['complaint_id'], unique=False)
        batch_op.create_index('ix_claims_listing', ['listing_id', 'state'], unique=False)
        batch_op.create_index('ix_claims_restoring', ['id'], unique=False, sqlite_where=sa.text("state = 'counter_notified.restoring'"), postgresql_where=sa.text("state = 'counter_notified.restoring'"))

    op.create_table('counter_notice_drafts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('form', types.CanonicalJson(), nullable=False),
    sa.Column('saved_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_counter_notice_drafts_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_counter_notice_drafts')),
    sa.UniqueConstraint('complaint_id', 'user_id', name=op.f('uq_counter_notice_drafts_complaint_id_user_id'))
    )
    op.create_table('counter_notices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_ids', types.CanonicalJson(), nullable=False),
    sa.Column('grounds', types.CanonicalJson(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('contact', types.CanonicalJson(), nullable=False),
    sa.Column('signed_name', sa.String(length=200), nullable=False),
    sa.Column('copy', sa.Text(), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('received_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entered_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('exhibit_ids', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_counter_notices_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_counter_notices')),
    sa.UniqueConstraint('reference', name=op.f('uq_counter_notices_reference'))
    )
    with op.batch_alter_table('counter_notices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_counter_notices_complaint_id'), ['complaint_id'], unique=False)

    op.create_table('court_notices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_ids', types.CanonicalJson(), nullable=False),
    sa.Column('forum', sa.String(length=200), nullable=False),
    sa.Column('docket', sa.String(length=100), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=False),
    sa.Column('filed_by_notifier', sa.Boolean(), nullable=False),
    sa.Column('names_subscriber', sa.Boolean(), nullable=False),
    sa.Column('seeks_restraint', sa.Boolean(), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('received_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entered_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('told_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('result', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('decided_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('exhibit_ids', types.CanonicalJson(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_court_notices_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_court_notices'))
    )
    with op.batch_alter_table('court_notices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_court_notices_complaint_id'), ['complaint_id'], unique=False)

    op.create_table('decisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=24), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_ids', types.CanonicalJson(), nullable=False),
    sa.Column('trigger', sa.String(length=64), nullable=False),
    sa.Column('reasons', types.CanonicalJson(), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('decided_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('approved_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('declined_because', sa.Text(), nullable=False),
    sa.CheckConstraint("status in ('proposed','in_force','declined')", name=op.f('ck_decisions_status')),
    sa.CheckConstraint('approved_by is null or approved_by <> decided_by', name=op.f('ck_decisions_four_eyes')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_decisions_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decisions')),
    sa.UniqueConstraint('reference', name=op.f('uq_decisions_reference'))
    )
    with op.batch_alter_table('decisions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_decisions_complaint_id'), ['complaint_id'], unique=False)
        batch_op.create_index('ix_decisions_proposed', ['id'], unique=False, sqlite_where=sa.text("status = 'proposed'"), postgresql_where=sa.text("status = 'proposed'"))

    op.create_table('received_documents',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step', sa.String(length=16), nullable=False),
    sa.Column('claim_ids', types.CanonicalJson(), nullable=False),
    sa.Column('signed_name', sa.String(length=200), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('received_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entered_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entered_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('exhibit_ids', types.CanonicalJson(), nullable=False),
    sa.CheckConstraint("step in ('answer','take_back','delete')", name=op.f('ck_received_documents_step')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints.id'], name=op.f('fk_received_documents_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_received_documents'))
    )
    with op.batch_alter_table('received_documents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_received_documents_complaint_id'), ['complaint_id'], unique=False)
    for statement in STATEMENTS[dialect]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first schema")

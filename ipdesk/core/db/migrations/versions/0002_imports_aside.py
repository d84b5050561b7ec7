"""Files on their way into the catalogue.

Revision: 0002
After: 0001
"""

import sqlalchemy as sa
from alembic import op

from ipdesk.core.db import types

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('listing_imports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('marketplace_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('columns', types.CanonicalJson(), nullable=False),
    sa.Column('counts', types.CanonicalJson(), nullable=False),
    sa.Column('began_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('checked_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', types.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['marketplace_id'], ['marketplaces.id'], name=op.f('fk_listing_imports_marketplace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_listing_imports'))
    )
    with op.batch_alter_table('listing_imports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_listing_imports_marketplace_id'), ['marketplace_id'], unique=False)
        batch_op.create_index('ix_listing_imports_open', ['id'], unique=False, sqlite_where=sa.text('finished_at IS NULL'), postgresql_where=sa.text('finished_at IS NULL'))

    op.create_table('staged_listings',
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('external_id', sa.String(length=64), nullable=False),
    sa.Column('store_external_id', sa.String(length=64), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('url_key', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('brand', sa.String(length=200), nullable=False),
    sa.Column('price', sa.String(length=32), nullable=False),
    sa.Column('currency', sa.String(length=8), nullable=False),
    sa.Column('category', sa.String(length=200), nullable=False),
    sa.Column('images', types.CanonicalJson(), nullable=False),
    sa.Column('image_addresses', types.CanonicalJson(), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['listing_imports.id'], name=op.f('fk_staged_listings_import_id')),
    sa.PrimaryKeyConstraint('import_id', 'position', name=op.f('pk_staged_listings')),
    sqlite_with_rowid=False
    )
    op.create_table('staged_stores',
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('external_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('contact_email', sa.String(length=254), nullable=True),
    sa.Column('locale', sa.String(length=16), nullable=True),
    sa.Column('country', sa.String(length=2), nullable=True),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['listing_imports.id'], name=op.f('fk_staged_stores_import_id')),
    sa.PrimaryKeyConstraint('import_id', 'external_id', name=op.f('pk_staged_stores')),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('staged_stores')
    op.drop_table('staged_listings')
    with op.batch_alter_table('listing_imports', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_listing_imports_marketplace_id'))
        batch_op.drop_index('ix_listing_imports_open', sqlite_where=sa.text('finished_at IS NULL'), postgresql_where=sa.text('finished_at IS NULL'))

    op.drop_table('listing_imports')

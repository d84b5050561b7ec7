"""What a seller has to answer, by its time limits.

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

from ipdesk.core.db import types

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_NO_LIMIT = '9999-12-31 00:00:00.000000'
_OPEN = {'sqlite_where': sa.text('to_respond IS 1'), 'postgresql_where': sa.text('to_respond IS true')}


def upgrade() -> None:
    zone = '' if op.get_bind().dialect.name == 'sqlite' else '+00'
    op.add_column('complaints', sa.Column(
        'respond_by', types.UtcDateTime(timezone=True), nullable=False, server_default=_NO_LIMIT + zone))
    op.execute(sa.text('UPDATE complaints SET respond_by = seller_due_at WHERE seller_due_at IS NOT NULL'))
    op.drop_column('complaints', 'seller_due_at')
    op.create_index('ix_complaints_to_respond', 'complaints', ['store_id', 'respond_by', 'id'], unique=False, **_OPEN)


def downgrade() -> None:
    op.drop_index('ix_complaints_to_respond', 'complaints', **_OPEN)
    op.add_column('complaints', sa.Column('seller_due_at', types.UtcDateTime(timezone=True), nullable=True))
    op.execute(sa.text("UPDATE complaints SET seller_due_at = respond_by WHERE respond_by < '9999-12-31'"))
    op.drop_column('complaints', 'respond_by')

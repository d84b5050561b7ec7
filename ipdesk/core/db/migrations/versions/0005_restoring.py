"""Claims that wait for the marketplace, with or without a court paper beside.

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_ONE = sa.text("state = 'counter_notified.restoring'")
_TWO = sa.text("state IN ('counter_notified.restoring', 'counter_notified.restoring_paper')")


def upgrade() -> None:
    op.drop_index('ix_claims_restoring', 'claims')
    op.create_index('ix_claims_restoring', 'claims', ['id'], unique=False, sqlite_where=_TWO, postgresql_where=_TWO)


def downgrade() -> None:
    op.drop_index('ix_claims_restoring', 'claims')
    op.create_index('ix_claims_restoring', 'claims', ['id'], unique=False, sqlite_where=_ONE, postgresql_where=_ONE)

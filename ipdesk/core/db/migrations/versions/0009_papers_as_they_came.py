"""Court papers and counter-notifications that lack something are recorded as they came.

Revision: 0009
After: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_STEP = 'ck_received_documents_step'  # as a whole, so that no convention is put before it


def upgrade() -> None:
    with op.batch_alter_table('court_notices', schema=None) as batch_op:
        batch_op.alter_column('filed_on', existing_type=sa.Date(), nullable=True)
    with op.batch_alter_table('received_documents', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_STEP), type_='check')
        batch_op.create_check_constraint(op.f(_STEP), "step in ('answer','take_back','delete','deficient')")


def downgrade() -> None:
    with op.batch_alter_table('received_documents', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_STEP), type_='check')
        batch_op.create_check_constraint(op.f(_STEP), "step in ('answer','take_back','delete')")
    with op.batch_alter_table('court_notices', schema=None) as batch_op:
        batch_op.alter_column('filed_on', existing_type=sa.Date(), nullable=False)

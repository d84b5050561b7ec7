"""What staff wrote beside the missing elements of a notice that they sent back.

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notices', sa.Column('remark', sa.Text(), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('notices', 'remark')

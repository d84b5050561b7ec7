"""How the way of a letter ended and what the marketplace confirmed can no longer be changed.

Revision: 0007
After: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_LETTERS = "outbox: a written letter stands"
_CONFIRMATIONS = "instructions: what the marketplace confirmed stands"
_CONFIRMED = "listing_id, claim_id, wanted, created_at, confirmed_at, proof"
STATEMENTS = {
    'sqlite': (
        "CREATE TRIGGER outbox_proofs_stand BEFORE UPDATE OF accepted_at, failed_at, proof ON outbox "
        f"WHEN old.accepted_at IS NOT NULL OR old.failed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_LETTERS}'); END",
        f"CREATE TRIGGER instructions_confirmed_stand BEFORE UPDATE OF {_CONFIRMED} ON instructions "
        f"WHEN old.confirmed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_CONFIRMATIONS}'); END",
    ),
    'postgresql': (
        "CREATE TRIGGER outbox_proofs_stand BEFORE UPDATE OF accepted_at, failed_at, proof ON outbox FOR EACH ROW "
        "WHEN (old.accepted_at IS NOT NULL OR old.failed_at IS NOT NULL) EXECUTE FUNCTION outbox_letters_stand()",
        "CREATE OR REPLACE FUNCTION instructions_confirmed_stand() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_CONFIRMATIONS}'; END $$",
        f"CREATE TRIGGER instructions_confirmed_stand BEFORE UPDATE OF {_CONFIRMED} ON instructions "
        "FOR EACH ROW WHEN (old.confirmed_at IS NOT NULL) EXECUTE FUNCTION instructions_confirmed_stand()",
    ),
}


def upgrade() -> None:
    for statement in STATEMENTS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(sa.text("DROP TRIGGER outbox_proofs_stand"))
        op.execute(sa.text("DROP TRIGGER instructions_confirmed_stand"))
        return
    op.execute(sa.text("DROP TRIGGER outbox_proofs_stand ON outbox"))
    op.execute(sa.text("DROP TRIGGER instructions_confirmed_stand ON instructions"))
    op.execute(sa.text("DROP FUNCTION instructions_confirmed_stand()"))

"""Sealing the log: new entries become leaves of one Merkle tree, whose head is signed."""

from datetime import datetime

from sqlalchemy import and_, select

from ipdesk.core.audit.merkle import Tree, leaf_hash
from ipdesk.core.audit.models import AuditEntry, AuditHead, AuditLeaf, AuditNode
from ipdesk.core.audit.signing import Checkpoint, sign
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import read_columns

_newest_head = select(AuditHead.signed).order_by(AuditHead.size.desc()).limit(1)


def seal(*, origin: str, private_key: bytes, at: datetime, limit: int = 5000) -> int:
    """Append what is not yet a leaf, sign the new head; in a unit of work. Returns how many.

    Missing leaves are found by anti-join, never by a high-water mark: transactions may commit out
    of the order of their numbers. One sealer at a time (the worker's lease sees to that; the
    primary keys refuse a second one).
    """
    missing = db.session.execute(
        select(AuditEntry.month, AuditEntry.id, AuditEntry.body)
        .outerjoin(AuditLeaf, and_(
            AuditLeaf.month == AuditEntry.month, AuditLeaf.entry_id == AuditEntry.id))
        .where(AuditLeaf.number.is_(None))
        .order_by(AuditEntry.month, AuditEntry.id).limit(limit)).all()
    if not missing:
        return 0
    tree = head_tree()
    start = tree.size
    tree, nodes = tree.extend(leaf_hash(row.body.encode()) for row in missing)
    db.session.add_all(
        AuditLeaf(number=start + place, month=row.month, entry_id=row.id)
        for place, row in enumerate(missing))
    db.session.add_all(AuditNode(level=n.level, number=n.index, hash=n.hash) for n in nodes)
    signed = sign(Checkpoint(origin, tree.size, tree.root(), at), private_key)
    db.session.add(AuditHead(size=tree.size, at=at, signed=signed, tree=tree.as_dict()))
    db.session.flush()
    return len(missing)


def head_tree() -> Tree:
    """The tree as last sealed."""
    head = latest_head()
    return Tree.from_dict(head.tree) if head else Tree()


def latest_head() -> AuditHead | None:
    """The newest signed head."""
    return db.session.execute(
        select(AuditHead).order_by(AuditHead.size.desc()).limit(1)).scalar_one_or_none()


def head_line() -> str:
    """The footer line of letters: origin, size and root of the newest head; empty before the first."""
    signed = read_columns(_newest_head).scalar()
    if signed is None:
        return ""
    origin, size, root = signed.split("\n")[:3]
    return f"{origin} {size} {root}"

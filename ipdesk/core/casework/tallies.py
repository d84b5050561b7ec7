"""Counts for dashboards: every act appends its steps, a job folds them, ``fsck`` proves them."""

from typing import Any

from sqlalchemy import delete, func, select

from ipdesk.core.casework.models import Tally, TallyEntry
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import write_rows_at_commit

Counted = frozenset[tuple[str, str]]


def counted(row: Any) -> Counted:
    """What ``row`` counts as now: ``(scope, key)`` pairs."""
    if not row.state:
        return frozenset()
    kind = row.case.kind
    keys = (f"{kind}:state:{row.state}", f"{kind}:waits_for:{row.waits_for}")
    return frozenset((scope, key) for scope in rules.kinds[kind].scopes(row) for key in keys)


def step(row: Any, before: Counted | None) -> None:
    """Append −1 for what the row no longer counts as, +1 for what it counts as now."""
    now = counted(row)
    old = before or frozenset()
    rows = [{"scope": s, "key": k, "delta": -1} for s, k in sorted(old - now)]
    rows += [{"scope": s, "key": k, "delta": 1} for s, k in sorted(now - old)]
    write_rows_at_commit(TallyEntry, rows)


def fold(limit: int = 20_000) -> int:
    """Add appended steps to the totals; in a unit of work. Returns how many were folded."""
    entries = db.session.execute(
        select(TallyEntry.id, TallyEntry.scope, TallyEntry.key, TallyEntry.delta)
        .order_by(TallyEntry.id).limit(limit)).all()
    if not entries:
        return 0
    sums: dict[tuple[str, str], int] = {}
    for entry in entries:
        sums[entry.scope, entry.key] = sums.get((entry.scope, entry.key), 0) + entry.delta
    for (scope, key), delta in sums.items():
        row = db.session.get(Tally, (scope, key))
        if row is None:
            row = Tally(scope=scope, key=key, value=0)
            db.session.add(row)
        row.value += delta
    db.session.execute(delete(TallyEntry).where(TallyEntry.id.in_([e.id for e in entries])))
    return len(entries)


def totals(scope: str) -> dict[str, int]:
    """Current counts of a scope: the folded totals plus what is not folded yet."""
    found: dict[str, int] = dict(db.session.execute(
        select(Tally.key, Tally.value).where(Tally.scope == scope)).all())
    for key, delta in db.session.execute(
        select(TallyEntry.key, func.sum(TallyEntry.delta))
        .where(TallyEntry.scope == scope).group_by(TallyEntry.key)
    ):
        found[key] = found.get(key, 0) + int(delta)
    return {key: value for key, value in found.items() if value}

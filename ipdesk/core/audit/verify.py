"""Proving the log against itself: every chain, every leaf, every signed head."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import func, select

from ipdesk.core.audit.entries import FIRST
from ipdesk.core.audit.merkle import Node, Tree, leaf_hash
from ipdesk.core.audit.models import AuditDisclosure, AuditEntry, AuditHead, AuditLeaf, AuditNode
from ipdesk.core.audit.signing import CheckpointInvalid, verify
from ipdesk.core.db.core import db
from ipdesk.core.kernel.canonical import salted_commitment, sha256_hex

Watch = Callable[[str, Iterable[Any], int], Iterable[Any]]


def faults(*, origin: str, public_keys: Iterable[bytes], watch: Watch) -> Iterator[str]:
    """One line for every fault: a changed, missing or reordered entry, leaf, node or head.

    ``watch(name, rows, total)`` gives the rows back one by one, so that a person sees how far it is.
    """
    yield from _chain_faults(watch)
    yield from _disclosure_faults()
    yield from _tree_faults(origin, list(public_keys), watch)


def _chain_faults(watch: Watch) -> Iterator[str]:
    case, number, previous = None, 0, FIRST
    total = db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()
    rows = db.session.execute(
        select(AuditEntry.case_id, AuditEntry.number, AuditEntry.body, AuditEntry.previous,
               AuditEntry.hash)
        .order_by(AuditEntry.case_id, AuditEntry.number).execution_options(yield_per=1000))
    for row in watch("audit entries", rows, total):
        if row.case_id != case:
            case, number, previous = row.case_id, 0, FIRST
        place = f"audit: case {row.case_id}, entry {row.number}"
        if row.number != number + 1:
            yield f"{place}: entry {number + 1} is missing"
        if sha256_hex(row.body.encode()) != row.hash:
            yield f"{place}: the text was changed"
        if row.previous != previous or json.loads(row.body)["previous"] != previous:
            yield f"{place}: does not follow the entry before it"
        number, previous = row.number, row.hash


def _disclosure_faults() -> Iterator[str]:
    for shown, body in db.session.execute(
        select(AuditDisclosure, AuditEntry.body)
        .join(AuditEntry, (AuditEntry.month == AuditDisclosure.month)
              & (AuditEntry.id == AuditDisclosure.entry_id)).execution_options(yield_per=1000)
    ):
        kept = json.loads(body)["commitments"].get(shown.field)
        if kept != salted_commitment(shown.value, shown.salt):
            yield f"audit: {shown.field} of entry {shown.month}-{shown.entry_id} was changed"


def _tree_faults(origin: str, keys: list[bytes], watch: Watch) -> Iterator[str]:
    heads = {head.size: head for head in db.session.execute(
        select(AuditHead).order_by(AuditHead.size)).scalars()}
    tree = Tree()
    total = db.session.execute(select(func.count()).select_from(AuditLeaf)).scalar_one()
    with db.session.execute(
        select(AuditLeaf, AuditEntry.body)
        .outerjoin(AuditEntry, (AuditEntry.month == AuditLeaf.month)
                   & (AuditEntry.id == AuditLeaf.entry_id))
        .order_by(AuditLeaf.number).execution_options(yield_per=1000)
    ) as leaves:
        for leaf, body in watch("audit leaves", leaves, total):
            if leaf.number != tree.size or body is None:
                yield f"audit: leaf {tree.size} of the log is missing"
                return
            tree, nodes = tree.append(leaf_hash(body.encode()))
            yield from _node_faults(nodes)
            if tree.size in heads:
                yield from _head_faults(heads.pop(tree.size), tree, origin, keys)
    for size in heads:
        yield f"audit: the signed head of size {size} has no leaves behind it"


def _node_faults(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        stored = db.session.get(AuditNode, (node.level, node.index))
        if stored is None or stored.hash != node.hash:
            yield f"audit: node {node.level}/{node.index} of the log was changed"


def _head_faults(head: AuditHead, tree: Tree, origin: str, keys: list[bytes]) -> Iterator[str]:
    try:
        checkpoint = verify(head.signed, origin=origin, public_keys=keys)
    except CheckpointInvalid as error:
        yield f"audit: the signed head of size {head.size} does not hold ({error.code})"
        return
    if checkpoint.size != tree.size or checkpoint.root != tree.root():
        yield f"audit: the log up to {head.size} is not the one that was signed"

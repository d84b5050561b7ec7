"""The Merkle tree of RFC 6962 section 2 (the same in RFC 9162 section 2.1), SHA-256.

Standard library only and free of the rest of the project, so that an offline verifier can carry
this very file.

A *node* (level, index) is the hash over the ``2 ** level`` leaves that begin at leaf
``index * 2 ** level``; it exists once all of them do and never changes, so nodes can be stored
write-once. Every tree and every proof is made of O(log n) of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()

GetNode = Callable[[int, int], bytes]
"""``get_node(level, index)`` gives the stored hash of a complete node."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf. The prefix keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above ``left`` and ``right``."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Node:
    """A complete node, to be stored once."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True)
class Tree:
    """A tree that can grow: its size and its right edge.

    ``edge`` holds one hash per set bit of ``size``, from the largest complete subtree to the
    smallest. Trees are values: growing one gives another.
    """

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.edge) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another number of edge hashes")
        if any(len(node) != HASH_BYTES for node in self.edge):
            raise ValueError("an edge hash is not 32 bytes long")

    def root(self) -> bytes:
        """The root hash; for no leaves the hash of nothing."""
        return _fold(self.edge)

    def append(self, leaf: bytes) -> tuple["Tree", list[Node]]:
        """The tree with one more leaf hash, and the nodes that became complete."""
        return self.extend([leaf])

    def extend(self, leaves: Iterable[bytes]) -> tuple["Tree", list[Node]]:
        """The tree with the leaf hashes added in order, and the nodes that became complete.

        The nodes come in the order in which they were completed, the leaves (level 0) among them.
        """
        size, edge, nodes = self.size, list(self.edge), []
        for leaf in leaves:
            if len(leaf) != HASH_BYTES:
                raise ValueError("a leaf hash is not 32 bytes long")
            level, index, top = 0, size, leaf
            nodes.append(Node(level, index, top))
            while index & 1:
                top = node_hash(edge.pop(), top)
                level, index = level + 1, index >> 1
                nodes.append(Node(level, index, top))
            edge.append(top)
            size += 1
        return Tree(size, tuple(edge)), nodes

    def as_dict(self) -> dict[str, Any]:
        """JSON types only: size, and edge as hex."""
        return {"size": self.size, "edge": [node.hex() for node in self.edge]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Tree":
        """The tree that :meth:`as_dict` wrote; ValueError when the parts do not fit."""
        return cls(stored["size"], tuple(bytes.fromhex(node) for node in stored["edge"]))


def _fold(parts: Sequence[bytes]) -> bytes:
    """The hash over neighbouring subtrees, largest and leftmost first."""
    if not parts:
        return EMPTY_ROOT
    folded = parts[-1]
    for left in reversed(parts[:-1]):
        folded = node_hash(left, folded)
    return folded


def _range_hash(begin: int, end: int, get_node: GetNode) -> bytes:
    """The hash over the leaves from ``begin`` up to ``end``, a subtree of the definition in RFC 6962.

    ``begin`` is a multiple of a power of two not smaller than the range.
    """
    parts = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append(get_node(level, begin >> level))
        begin += 1 << level
    return _fold(parts)


def _split(width: int) -> int:
    """The largest power of two smaller than ``width`` (at least 2): the width of the left subtree."""
    return 1 << (width - 1).bit_length() - 1


def tree_at(size: int, get_node: GetNode) -> Tree:
    """The tree of the first ``size`` leaves, from stored nodes."""
    edge, begin = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            edge.append(get_node(level, begin >> level))
            begin += 1 << level
    return Tree(size, tuple(edge))


def inclusion_proof(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree of the first ``size`` leaves.

    Ordered from the leaf upwards. ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, get_node))
            end = middle
        else:
            path.append(_range_hash(begin, middle, get_node))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """The proof that the first ``old`` leaves of the tree of ``new`` leaves are unchanged.

    Empty when the sizes are equal or ``old`` is 0. ValueError when ``old`` is the larger.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves has not grown from one of {old}")
    if old in (0, new):
        return []
    path, begin, end = [], 0, new
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range_hash(middle, end, get_node))
            end = middle
        else:
            path.append(_range_hash(begin, middle, get_node))
            begin = middle
    if begin:  # otherwise the old tree is this subtree, and its root is known to who verifies
        path.append(_range_hash(begin, end, get_node))
    return path[::-1]


def _well_formed(hashes: Iterable[bytes]) -> bool:
    return all(isinstance(h, bytes) and len(h) == HASH_BYTES for h in hashes)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows that leaf hash ``leaf`` is number ``index`` of the tree with ``root``.

    RFC 9162 section 2.1.3.2. Whatever does not fit gives False, never an exception.
    """
    if not 0 <= index < size or not _well_formed([leaf, root, *proof]):
        return False
    at, last, climbed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            climbed = node_hash(sibling, climbed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            climbed = node_hash(climbed, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and climbed == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the tree with ``new_root`` grew from the one with ``old_root``.

    RFC 9162 section 2.1.4.2; an empty tree (whose root must be that of no leaves) precedes every
    tree. Whatever does not fit gives False, never an exception.
    """
    if not 0 <= old <= new or not _well_formed([old_root, new_root, *proof]):
        return False
    if old == new:
        return not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    # A complete old tree is a node of the new one, and the proof leaves its root out.
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root

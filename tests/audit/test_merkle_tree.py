"""The Merkle tree against the published vectors of Certificate Transparency and a naive tree."""

import ast
import hashlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdesk.core.audit import merkle
from ipdesk.core.audit.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_at,
    verify_consistency,
    verify_inclusion,
)

# The eight-leaf test tree of the Certificate Transparency reference implementation.
ENTRIES = [bytes.fromhex(h) for h in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]
ROOTS = [bytes.fromhex(h) for h in (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]
# (leaf index, size, audit path) and (old size, new size, proof) of the same reference.
INCLUSION = [
    (0, 1, []),
    (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    (6, 7, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
]


class Store:
    """Write-once nodes, as the sealer keeps them, with a count of what was read."""

    def __init__(self):
        self.nodes = {}
        self.reads = 0

    def put(self, nodes):
        for node in nodes:
            assert (node.level, node.index) not in self.nodes, "a node is complete only once"
            self.nodes[node.level, node.index] = node.hash

    def get(self, level, index):
        self.reads += 1
        return self.nodes[level, index]


def grown(leaves):
    store, tree = Store(), Tree()
    tree, nodes = tree.extend(leaves)
    store.put(nodes)
    return tree, store


def leaves_of(count):
    return [leaf_hash(b"entry %d" % n) for n in range(count)]


# The naive tree: RFC 6962 section 2.1, as written there.
def mth(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m, leaves):
    return subproof(m, leaves, True)


def subproof(m, leaves, known):
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_reference_tree(size):
    tree, store = grown([leaf_hash(entry) for entry in ENTRIES[:size]])

    assert tree.root() == ROOTS[size]
    assert tree_at(size, store.get) == tree


@pytest.mark.parametrize(("index", "size", "expected"), INCLUSION)
def test_reference_inclusion_proofs(index, size, expected):
    hashes = [leaf_hash(entry) for entry in ENTRIES]
    _, store = grown(hashes)
    found = inclusion_proof(index, size, store.get)

    assert [h.hex() for h in found] == expected
    assert verify_inclusion(hashes[index], index, size, found, ROOTS[size])


@pytest.mark.parametrize(("old", "new", "expected"), CONSISTENCY)
def test_reference_consistency_proofs(old, new, expected):
    _, store = grown([leaf_hash(entry) for entry in ENTRIES])
    found = consistency_proof(old, new, store.get)

    assert [h.hex() for h in found] == expected
    assert verify_consistency(old, new, ROOTS[old], ROOTS[new], found)


def test_a_leaf_cannot_pass_for_a_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"") != EMPTY_ROOT


def test_every_proof_of_every_small_tree_equals_the_definition():
    leaves = leaves_of(20)
    _, store = grown(leaves)
    for size in range(21):
        root = mth(leaves[:size])
        for index in range(size):
            found = inclusion_proof(index, size, store.get)
            assert found == path(index, leaves[:size])
            assert verify_inclusion(leaves[index], index, size, found, root)
        for old in range(size + 1):
            found = consistency_proof(old, size, store.get)
            assert old == 0 or found == proof(old, leaves[:size])
            assert verify_consistency(old, size, mth(leaves[:old]), root, found)


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.integers(0, 40), max_size=6), draw=st.data())
def test_growing_in_batches_gives_the_tree_of_the_definition(batches, draw):
    leaves, store, tree, done = leaves_of(sum(batches)), Store(), Tree(), 0
    for count in batches:
        tree, nodes = tree.extend(leaves[done : done + count])
        store.put(nodes)
        done += count
        tree = Tree.from_dict(tree.as_dict())
    assert (tree.size, tree.root()) == (done, mth(leaves))
    if done:
        index = draw.draw(st.integers(0, done - 1))
        old = draw.draw(st.integers(1, done))
        assert inclusion_proof(index, done, store.get) == path(index, leaves)
        assert consistency_proof(old, done, store.get) == proof(old, leaves)


def test_appending_one_gives_exactly_the_nodes_it_completes():
    tree, _ = Tree().extend(leaves_of(7))
    tree, nodes = tree.append(leaf_hash(b"eighth"))

    assert [(n.level, n.index) for n in nodes] == [(0, 7), (1, 3), (2, 1), (3, 0)]
    assert tree.edge == (nodes[-1].hash,)


def test_proofs_read_few_nodes_of_a_large_tree():
    size = 50_000
    leaves = leaves_of(size)
    tree, store = grown(leaves)
    for index in (0, 1, 32_767, 32_768, 49_151, 49_998, 49_999):
        store.reads = 0
        found = inclusion_proof(index, size, store.get)
        assert store.reads <= 2 * 16
        assert len(found) <= 16
        assert verify_inclusion(leaves[index], index, size, found, tree.root())
    for old in (1, 2, 32_768, 32_769, 40_001, 49_999):
        store.reads = 0
        found = consistency_proof(old, size, store.get)
        assert store.reads <= 2 * 16
        assert len(found) <= 17
        assert verify_consistency(old, size, tree_at(old, store.get).root(), tree.root(), found)


def test_proofs_of_what_is_not_there_are_refused():
    _, store = grown(leaves_of(5))
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, size, store.get)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="not grown"):
            consistency_proof(old, new, store.get)


@pytest.mark.parametrize("state", [
    {"size": 3, "edge": ["aa" * 32]},
    {"size": 0, "edge": ["aa" * 32]},
    {"size": -1, "edge": ["aa" * 32]},
    {"size": 1, "edge": ["aa" * 31]},
    {"size": 1, "edge": ["no hex"]},
])
def test_a_damaged_state_is_refused(state):
    with pytest.raises(ValueError):
        Tree.from_dict(state)


def test_a_leaf_hash_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Tree().append(b"short")


def spoiled(hashes, root):
    """Ways to spoil a list of hashes, with a name."""
    other = leaf_hash(b"other")
    yield "garbage behind", [*hashes, b""]
    yield "root behind", [*hashes, root]
    yield "other behind", [*hashes, other]
    yield "garbage in front", [b"", *hashes]
    yield "root in front", [root, *hashes]
    yield "text in front", ["00", *hashes]
    for at in range(len(hashes)):
        flipped = bytes([hashes[at][0] ^ 8]) + hashes[at][1:]
        yield f"bit of {at}", [*hashes[:at], flipped, *hashes[at + 1 :]]
        yield f"without {at}", hashes[:at] + hashes[at + 1 :]
        yield f"twice {at}", [*hashes[:at], hashes[at], *hashes[at:]]
        yield f"cut {at}", [*hashes[:at], hashes[at][:31], *hashes[at + 1 :]]
    if len(hashes) > 1:
        yield "backwards", hashes[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 13])
def test_tampered_inclusion_proofs_are_refused(size):
    leaves = leaves_of(size)
    tree, store = grown(leaves)
    root, other = tree.root(), leaf_hash(b"other")
    for index, leaf in enumerate(leaves):
        good = inclusion_proof(index, size, store.get)
        assert verify_inclusion(leaf, index, size, good, root)
        for name, bad in spoiled(good, root):
            assert not verify_inclusion(leaf, index, size, bad, root), name
        assert not verify_inclusion(other, index, size, good, root)
        assert not verify_inclusion(leaf, index, size, good, other)
        assert not verify_inclusion(b"", index, size, good, root)
        assert not verify_inclusion(leaf, index, size, good, b"")
        for wrong in (index - 1, index + 1, index ^ 2, -1, size, index + size):
            assert wrong == index or not verify_inclusion(leaf, wrong, size, good, root)
        for wrong in (0, -1, size * 2, size // 2):
            assert not verify_inclusion(leaf, index, wrong, good, root)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (1, 8), (2, 5), (3, 7), (4, 8), (6, 7), (6, 8), (7, 13), (8, 13), (12, 13)])
def test_tampered_consistency_proofs_are_refused(old, new):
    leaves = leaves_of(new)
    tree, store = grown(leaves)
    before, after, other = mth(leaves[:old]), tree.root(), leaf_hash(b"other")
    good = consistency_proof(old, new, store.get)

    assert verify_consistency(old, new, before, after, good)
    for root in (before, after):
        for name, bad in spoiled(good, root):
            assert not verify_consistency(old, new, before, after, bad), name
    assert not verify_consistency(old, new, before, after, [])
    assert not verify_consistency(old, new, other, after, good)
    assert not verify_consistency(old, new, before, other, good)
    assert not verify_consistency(old, new, after, before, good)
    assert not verify_consistency(new, old, after, before, good)
    for wrong in (0, old - 1, old + 1, old ^ 2, -1):
        assert not verify_consistency(wrong, new, before, after, good)
    for wrong in (new * 2, new // 2, 0, -1):
        assert not verify_consistency(old, wrong, before, after, good)


def test_a_rewritten_entry_cannot_be_proven_consistent():
    leaves = leaves_of(13)
    before = mth(leaves[:6])
    rewritten = [*leaves[:4], leaf_hash(b"rewritten"), *leaves[5:]]
    tree, store = grown(rewritten)

    assert not verify_consistency(6, 13, before, tree.root(), consistency_proof(6, 13, store.get))


@pytest.mark.parametrize(("old", "new", "before", "after", "hashes", "expected"), [
    (0, 0, EMPTY_ROOT, EMPTY_ROOT, [], True),
    (0, 1, EMPTY_ROOT, ROOTS[1], [], True),
    (0, 1, ROOTS[2], ROOTS[1], [], False),
    (0, 0, ROOTS[1], ROOTS[1], [], False),
    (0, 1, EMPTY_ROOT, ROOTS[1], [EMPTY_ROOT], False),
    (1, 1, ROOTS[1], ROOTS[1], [], True),
    (1, 1, ROOTS[1], ROOTS[1], [EMPTY_ROOT], False),
    (1, 1, ROOTS[1], ROOTS[2], [], False),
])
def test_trees_that_are_empty_or_equal(old, new, before, after, hashes, expected):
    assert verify_consistency(old, new, before, after, hashes) is expected


def test_the_file_can_be_carried_by_a_verifier():
    """Nothing but the standard library, so that the offline verifier needs no installation."""
    imported = set()
    for node in ast.walk(ast.parse(Path(merkle.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names

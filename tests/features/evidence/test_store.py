"""Bytes: hashed on the way in, kept once, never handed out damaged, memory flat."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ipdesk.features.evidence.store import CHUNK, Damaged, EvidenceStore, TooLarge, evidence_key


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


def keep(store: EvidenceStore, *pieces: bytes) -> str:
    with store.receive(pieces, limit=10**9) as arrival:
        store.keep(arrival)
    return arrival.sha256


def test_bytes_come_back_under_their_own_digest(store: EvidenceStore) -> None:
    digest = keep(store, b"first ", b"second")
    assert digest == hashlib.sha256(b"first second").hexdigest()
    assert store.read(digest) == b"first second"
    assert (store.exists(digest), store.size(digest), store.verify(digest)) == (True, 12, True)
    assert b"".join(store.chunks(digest, 6, 9)) == b"sec"
    assert b"".join(store.chunks(digest, 6)) == b"second"
    assert [(found, size) for found, size, _at in store.listed()] == [(digest, 12)]


def test_the_same_bytes_are_stored_once(store: EvidenceStore, tmp_path: Path) -> None:
    with store.receive([b"same"], limit=10) as one, store.receive([b"sa", b"me"], limit=10) as two:
        assert store.keep(one) is True
        assert store.keep(two) is False
    files = [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [one.sha256]


def test_a_kept_file_cannot_be_written_or_read_by_others(store: EvidenceStore, tmp_path: Path) -> None:
    path = tmp_path / "evidence" / evidence_key(keep(store, b"x"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700


def test_what_is_not_kept_leaves_nothing(store: EvidenceStore, tmp_path: Path) -> None:
    with store.receive([b"looked at only"], limit=100) as arrival:
        assert arrival.path.read_bytes() == b"looked at only"
    with pytest.raises(RuntimeError), store.receive([b"x"], limit=100):
        raise RuntimeError
    assert [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == []


def test_the_limit_holds_while_bytes_stream_in(store: EvidenceStore, tmp_path: Path) -> None:
    pulled = 0

    def endless() -> object:
        nonlocal pulled
        while True:
            pulled += 1
            yield bytes(CHUNK)

    with pytest.raises(TooLarge), store.receive(endless(), limit=3 * CHUNK):  # type: ignore[arg-type]
        pytest.fail("the block must not run")
    assert pulled == 4
    assert [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == []


def test_exactly_the_limit_is_taken(store: EvidenceStore) -> None:
    with store.receive([bytes(10)], limit=10) as arrival:
        assert arrival.size == 10
    with pytest.raises(TooLarge), store.receive([bytes(11)], limit=10):
        pass


@pytest.mark.parametrize("place", [0, CHUNK, 3 * CHUNK])
def test_a_changed_byte_is_never_handed_out_as_a_complete_file(
    store: EvidenceStore, tmp_path: Path, place: int
) -> None:
    content = os.urandom(3 * CHUNK + 17)
    digest = keep(store, content)
    path = tmp_path / "evidence" / evidence_key(digest)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([content[place] ^ 1]))
    assert store.verify(digest) is False
    received = bytearray()
    with pytest.raises(Damaged):
        for piece in store.chunks(digest):
            received += piece
    assert len(received) < len(content)
    with pytest.raises(Damaged), store.local_file(digest):
        pass


def test_good_bytes_are_not_swallowed_by_a_damaged_copy(store: EvidenceStore, tmp_path: Path) -> None:
    path = tmp_path / "evidence" / evidence_key(keep(store, b"good"))
    path.chmod(0o600)
    path.write_bytes(b"evil")
    with pytest.raises(Damaged):
        keep(store, b"good")


def test_absent_bytes_are_damage_not_emptiness(store: EvidenceStore) -> None:
    digest = "0" * 64
    assert store.exists(digest) is False
    assert store.verify(digest) is False
    for read in (lambda: store.read(digest), lambda: store.size(digest), lambda: list(store.chunks(digest, 1, 2))):
        with pytest.raises(Damaged):
            read()


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_digest_leads_to_bytes(store: EvidenceStore, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        store.exists(digest)


def test_parts_join_in_order_and_go_when_dropped(store: EvidenceStore, tmp_path: Path) -> None:
    parts = [store.put_part("U-1", 0, b"one "), store.put_part("U-1", 4, b"two")]
    store.put_part("U-2", 0, b"other")
    assert b"".join(store.part_chunks(parts)) == b"one two"
    store.drop_parts("U-1")
    with pytest.raises(Damaged):
        list(store.part_chunks(parts))
    left = [path for path in (tmp_path / "evidence" / "parts").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in left] == [b"other"]


def test_everything_is_flushed_before_it_counts_as_kept(tmp_path: Path) -> None:
    """Power may go: file, link and every new folder must be on the disk when `keep` returns."""
    script = ("import sys; from pathlib import Path\n"
              "from ipdesk.features.evidence.store import EvidenceStore\n"
              "s = EvidenceStore(Path(sys.argv[1]))\n"
              "with s.receive([b'x'], limit=9) as a: s.keep(a)\n"
              "s.put_part('U', 0, b'y')\n")
    counting = ("import os, sys, json\nseen = []\nreal = os.fsync\n"
                "def fsync(fd):\n    seen.append(os.readlink(f'/proc/self/fd/{fd}')); real(fd)\n"
                "os.fsync = fsync\n" + script + "print(json.dumps(seen))\n")
    folder = tmp_path / "evidence"
    out = subprocess.run([sys.executable, "-c", counting, str(folder)], check=True, capture_output=True)
    flushed = json.loads(out.stdout)
    kept = next((folder / "sha256").rglob("[0-9a-f]" * 64))
    part = next(path for path in (folder / "parts").rglob("*") if path.is_file())
    assert flushed[0].startswith(str(folder / "incoming"))  # the bytes, before the link
    for needed in (kept.parent, kept.parent.parent, folder / "sha256", folder, part, part.parent):
        assert str(needed) in flushed


def test_memory_stays_flat_for_200_megabytes(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from ipdesk.features.evidence.store import EvidenceStore\n"
        "s = EvidenceStore(Path(sys.argv[1]))\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with s.receive([b'warm'], limit=9) as a: s.keep(a)\n"
        "s.read(a.sha256); before = peak()\n"
        "piece = bytes(range(256)) * 4096\n"
        "with s.receive((piece for _ in range(200)), limit=10**9) as a: s.keep(a)\n"
        "total = sum(len(p) for p in s.chunks(a.sha256))\n"
        "print(a.size, total, (peak() - before) // 1024)\n")
    out = subprocess.run([sys.executable, "-c", script, str(tmp_path / "e")], check=True, capture_output=True)
    size, total, grown_mb = map(int, out.stdout.split())
    assert size == total == 200 * 1024 * 1024
    assert grown_mb < 40


def test_arrivals_of_killed_processes_are_swept_and_living_ones_stay(
    store: EvidenceStore, tmp_path: Path
) -> None:
    stale = tmp_path / "evidence" / "incoming" / "stale"
    stale.write_bytes(b"left behind")
    os.utime(stale, (0, 0))
    with store.receive([b"living"], limit=10) as arrival:
        assert store.drop_stale_arrivals(datetime.now(UTC) - timedelta(hours=1)) == 1
        assert not stale.exists()
        assert arrival.path.exists()

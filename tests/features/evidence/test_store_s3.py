"""The same store on an S3-compatible server, over a real socket."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ipdesk.features.evidence.store import CHUNK, Damaged, EvidenceStore, evidence_key

# boto3 and moto warn about their own inner workings.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
BUCKET = "evidence"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def client(endpoint: str):  # type: ignore[no-untyped-def]
    made = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="k", aws_secret_access_key="s")
    made.create_bucket(Bucket=BUCKET)
    yield made
    for entry in made.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        made.delete_object(Bucket=BUCKET, Key=entry["Key"])
    made.delete_bucket(Bucket=BUCKET)


def options(endpoint: str) -> dict[str, object]:
    return {"endpoint": endpoint, "region": "us-east-1", "access_key_id": "k",
            "secret_access_key": "s", "virtual_hosted_style_request": False}


@pytest.fixture
def store(endpoint: str, client, tmp_path: Path) -> EvidenceStore:  # type: ignore[no-untyped-def]
    return EvidenceStore(tmp_path / "evidence", f"s3://{BUCKET}/desk", options(endpoint))


def keys(client) -> list[str]:  # type: ignore[no-untyped-def]
    return sorted(entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []))


@pytest.mark.parametrize("size", [5, 12 * CHUNK], ids=["one request", "multipart"])
def test_put_if_absent_and_nothing_left_behind(store: EvidenceStore, client, tmp_path: Path, size: int) -> None:  # type: ignore[no-untyped-def]
    content = os.urandom(size)
    with store.receive([content], limit=size) as one:
        assert store.keep(one) is True
        first = client.head_object(Bucket=BUCKET, Key=f"desk/{evidence_key(one.sha256)}")["LastModified"]
        assert store.keep(one) is False
    assert keys(client) == [f"desk/{evidence_key(one.sha256)}"]
    assert client.head_object(Bucket=BUCKET, Key=keys(client)[0])["LastModified"] == first
    assert store.read(one.sha256) == content
    assert b"".join(store.chunks(one.sha256, 1, 4)) == content[1:4]
    with store.local_file(one.sha256) as path:
        assert path.read_bytes() == content
    assert [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == []


def test_a_rival_that_put_first_is_not_overwritten(store: EvidenceStore, client) -> None:  # type: ignore[no-untyped-def]
    with store.receive([b"mine"], limit=9) as arrival:
        key = f"desk/{evidence_key(arrival.sha256)}"
        client.put_object(Bucket=BUCKET, Key=key, Body=b"evil")
        with pytest.raises(Damaged):
            store.keep(arrival)
        assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"evil"
    assert store.verify(arrival.sha256) is False


def test_parts_previews_and_sweep(store: EvidenceStore, client) -> None:  # type: ignore[no-untyped-def]
    parts = [store.put_part("U-1", 0, b"one "), store.put_part("U-1", 4, b"two")]
    with store.receive(store.part_chunks(parts), limit=99) as arrival:
        store.keep(arrival)
    store.put_derived(arrival.sha256, "thumb.0.webp", b"pixels")
    assert store.derived(arrival.sha256, "thumb.0.webp") == b"pixels"
    assert store.derived(arrival.sha256, "view.0.webp") is None
    store.drop_parts("U-1")
    store.drop_derived(arrival.sha256)
    client.put_object(Bucket=BUCKET, Key="desk/incoming/stale", Body=b"x")
    now = datetime.now(UTC)
    assert store.drop_stale_arrivals(now - timedelta(hours=1)) == 0
    assert store.drop_stale_arrivals(now + timedelta(hours=1)) == 1
    assert keys(client) == [f"desk/{evidence_key(arrival.sha256)}"]
    assert [digest for digest, _size, _at in store.listed()] == [arrival.sha256]


def test_memory_stays_flat_towards_the_bucket_too(endpoint: str, client, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from ipdesk.features.evidence.store import EvidenceStore\n"
        f"s = EvidenceStore(Path(sys.argv[1]), 's3://{BUCKET}/big', {options(endpoint)!r})\n"
        "piece = bytes(range(256)) * 4096\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with s.receive([piece] * 12, limit=10**9) as a: s.keep(a)\n"
        "before = peak()\n"
        "with s.receive((piece for _ in range(96)), limit=10**9) as a: s.keep(a)\n"
        "print(sum(len(p) for p in s.chunks(a.sha256)), (peak() - before) // 1024)\n")
    out = subprocess.run([sys.executable, "-c", script, str(tmp_path / "e")], check=True, capture_output=True)
    total, grown_mb = map(int, out.stdout.split())
    assert total == 96 * 1024 * 1024
    assert grown_mb < 60

"""Proving a bundle against its record, without the desk and without its database."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdesk.core.audit.merkle import leaf_hash, verify_inclusion
from ipdesk.core.audit.signing import Checkpoint, CheckpointInvalid, verify, verify_note
from ipdesk.core.kernel.canonical import sha256_hex
from ipdesk.gateways.bundles.record import FORMAT, VERSION, signed_text

SIGNED = {"record", "signed", "public_key"}  # the parts of the file; what is signed is inside the first
LARGEST_RECORD = 256 * 1024**2
FIRST = "0" * 64


class NotARecord(ValueError):
    """The file is no record of a bundle; the text says why."""


@dataclass(frozen=True)
class Verdict:
    """What was found: ``faults`` in words, empty when all holds.

    ``key`` is the public key that signed, 64 hex digits, ``pinned`` whether whoever verifies brought it along: else the
    record vouches for itself only. ``sealed`` counts the log's entries whose place in the signed log is proven, ``unsealed``
    those that came after its head; ``untold`` those whose text is not in the record.
    """

    case: str
    faults: tuple[str, ...]
    key: str
    pinned: bool
    signed_at: str
    exhibits: int
    sealed: int
    unsealed: int
    untold: int


def verify_bundle(pdf: Path, record_file: Path, keys: Iterable[bytes] = ()) -> Verdict:
    """Whether ``pdf`` is the one of the record, and the record the desk's.

    ``keys``: public keys of the log (32 raw bytes) that whoever verifies trusts; without any, the record's own.
    Raises `NotARecord` and `OSError`.
    """
    whole = _read(record_file)
    try:
        return _verdict(pdf, whole, list(keys))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotARecord(f"{record_file.name} is not written as records are: {error!r}") from error


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_RECORD:
        raise NotARecord(f"{path.name} is larger than any record")
    try:
        whole = json.loads(path.read_bytes(), object_pairs_hook=_each_name_once)
    except _Twice as error:
        raise NotARecord(f"{path.name} says {error} twice, so that readers could read different things") from None
    except (ValueError, RecursionError):
        raise NotARecord(f"{path.name} is no JSON file") from None
    record = whole.get("record") if isinstance(whole, dict) else None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise NotARecord(f"{path.name} is no record of a bundle")
    if record.get("version") != VERSION:
        raise NotARecord(f"{path.name} has version {record.get('version')}, which this verifier does not know")
    if unsigned := whole.keys() - SIGNED:
        raise NotARecord(f"{path.name} holds what nobody signed: {', '.join(sorted(unsigned))}")
    return whole


class _Twice(Exception):  # no ValueError, which every other slip of a JSON file is
    pass


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(repr(name) for name in names if names.count(name) > 1))
    return found


def _verdict(pdf: Path, whole: dict[str, Any], keys: list[bytes]) -> Verdict:
    record, own = whole["record"], bytes.fromhex(whole["public_key"])
    origin, log = record["origin"], record["log"]
    trusted = keys or [own]
    faults = [*_signature_faults(whole, origin, trusted), *_pdf_faults(pdf, record["pdf"])]
    head, head_faults = _head(log["head"], origin, trusted)
    entries = log["entries"]
    unproven = list(_proof_faults(entries, head))
    faults += [*head_faults, *_chain_faults(entries), *unproven]
    placed = sum("leaf" in entry for entry in entries)
    untold = sum("text" not in entry for entry in entries)
    signer = next((key for key in trusted if not list(_signature_faults(whole, origin, [key]))), own)
    return Verdict(record["case"], tuple(faults), signer.hex(), bool(keys), head.at.isoformat() if head else "",
                   len(record["exhibits"]), placed - len(unproven), len(entries) - placed - untold, untold)


def _signature_faults(whole: dict[str, Any], origin: str, keys: list[bytes]) -> Iterator[str]:
    try:
        text = verify_note(whole["signed"], origin=origin, public_keys=keys)
    except CheckpointInvalid as error:
        yield f"the record: {_WHY[error.code]}"
        return
    if text != signed_text(whole["record"]):
        yield "the record: was changed after it was signed"


_WHY = {
    "malformed": "its signature cannot be read", "other_origin": "it was signed for another desk",
    "unknown_key": "it was signed with another key", "signature_wrong": "the signature does not hold",
}


def _pdf_faults(pdf: Path, said: dict[str, Any]) -> Iterator[str]:
    with pdf.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != said["sha256"]:
        yield f"{pdf.name}: is not the file of the record (SHA-256 {found}, the record says {said['sha256']})"


def _head(signed: str, origin: str, keys: list[bytes]) -> tuple[Checkpoint | None, list[str]]:
    if not signed:
        return None, ["the log: no signed head of it is in the record, so that no act of the case is proven"]
    try:
        return verify(signed, origin=origin, public_keys=keys), []
    except CheckpointInvalid as error:
        return None, [f"the head of the log: {_WHY[error.code]}"]


def _chain_faults(entries: list[dict[str, Any]]) -> Iterator[str]:
    """Each entry of a case follows the one before it; what is not told is held by the hash that the next one names."""
    if not entries:
        yield "the log: no act of the case is in the record"
    before: dict[str, tuple[int, str]] = {}
    cases: dict[str, int] = {}
    for entry in entries:
        number, previous = before.get(entry["case"], (0, FIRST))
        place = f"log of {entry['case']}, entry {entry['number']}"
        if entry["number"] != number + 1:
            yield f"{place}: entry {number + 1} is missing or stands elsewhere"
        if "text" in entry:
            body = json.loads(entry["text"])
            if sha256_hex(entry["text"].encode()) != entry["sha256"]:
                yield f"{place}: its text was changed"
            if cases.setdefault(entry["case"], body["case"]) != body["case"]:
                yield f"{place}: belongs to another case"
            if body["previous"] != previous or body["number"] != entry["number"]:
                yield f"{place}: does not follow the entry before it"
        before[entry["case"]] = (entry["number"], entry["sha256"])


def _proof_faults(entries: list[dict[str, Any]], head: Checkpoint | None) -> Iterator[str]:
    for entry in entries:
        if "leaf" not in entry:
            continue
        place = f"log of {entry['case']}, entry {entry['number']}"
        if head is None or not verify_inclusion(
            leaf_hash(entry["text"].encode()), entry["leaf"], head.size, [bytes.fromhex(part) for part in entry["path"]], head.root):
            yield f"{place}: is not in the log that was signed"

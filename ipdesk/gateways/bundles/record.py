"""The record of a bundle: what its PDF is, what is in it, and the log's proofs, signed with the key of the log.

It lies beside the PDF as JSON, and ``ipdesk verify`` needs these two files and nothing else::

    {"record": {...}, "signed": "ipdesk bundle record\\n<SHA-256 of the record>\\n\\n— desk.example/audit …", "public_key": "<hex>"}

The hash is over the canonical JSON of ``record``. The same bundle has the same record.
"""

import json
import os
from pathlib import Path
from typing import Any

from ipdesk.core.audit.signing import Signer
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.gateways.bundles.contents import BundleContents, LogEntry
from ipdesk.gateways.bundles.render import BundleReport, ShownExhibit

FORMAT = "ipdesk bundle record"
VERSION = 1


def record_beside(pdf: Path) -> Path:
    """Where the record of this PDF lies."""
    return pdf.with_suffix(".json")


def put_in_place(printed: Path, target: Path) -> None:
    """Move a printed bundle and its record to ``target`` and beside it, on the same file system; done twice it changes nothing.

    The PDF last: where it is, its record is too. Raises `OSError`.
    """
    for made, place in ((record_beside(printed), record_beside(target)), (printed, target)):
        if made.exists():
            _flush(made)
            made.replace(place)
            _flush(place.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def signed_text(record: dict[str, Any]) -> str:
    """What is signed of a record."""
    return f"{FORMAT}\n{sha256_hex(canonical_json(record))}\n"


def record_of(contents: BundleContents, report: BundleReport, signer: Signer) -> bytes:
    """The signed record of a finished bundle."""
    record = {
        "format": FORMAT, "version": VERSION, "case": contents.reference, "origin": signer.origin(),
        "pdf": {"sha256": report.sha256, "pages": report.pages},
        "bundle_id": report.bundle_id, "manifest_sha256": report.manifest_sha256, "made_at": contents.made_at,
        "exhibits": [_exhibit(shown, exhibit.size) for shown, exhibit in zip(report.exhibits, contents.exhibits, strict=True)],
        "log": {"head": contents.signed_head, "entries": [_entry(entry) for entry in contents.log]},
    }
    plain = json.loads(canonical_json(record))
    whole = {"record": plain, "signed": signer.sign(signed_text(plain)), "public_key": signer.public().hex()}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _exhibit(shown: ShownExhibit, size: int) -> dict[str, Any]:
    return {"id": shown.id, "file": shown.file, "size": size, "sha256": shown.sha256, "from": shown.shown[0], "to": shown.shown[1],
            "slip_sheet": shown.slip}


def _entry(entry: LogEntry) -> dict[str, Any]:
    """An entry whose act is not told gives its hash, to which the entry after it is chained, and no more."""
    told = {"text": entry.text}
    if entry.text and entry.place:
        told |= {"leaf": int(entry.place), "path": list(entry.path)}  # type: ignore[dict-item]
    return {"case": entry.case, "number": entry.number, "sha256": entry.sha256, **(told if entry.text else {})}

"""The exhibits of a bundle: numbered once, in the order in which the papers rely on them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.features.evidence import store as evidence_store
from ipdesk.features.evidence.models import Blob
from ipdesk.features.evidence.models import Exhibit as Row
from ipdesk.gateways.bundles.contents import Exhibit

RIGHTS_HOLDER, SELLER, DESK, CAPTURED = "RH", "S", "D", "CAP"
_SIDE_OF_ROLE = {
    "right": RIGHTS_HOLDER, "notice": RIGHTS_HOLDER, "answer": RIGHTS_HOLDER, "court": RIGHTS_HOLDER, "counter_notice": SELLER,
}


class ExhibitList:
    """Exhibits under the ids that are stamped on their pages: ``RH-1``, ``S-1``, ``D-1``, ``CAP-1``.

    ``parties`` names the sides by prefix.
    """

    def __init__(self, parties: Mapping[str, str]) -> None:
        self._parties = parties
        self._made: list[Exhibit] = []
        self._ids: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    @property
    def all(self) -> tuple[Exhibit, ...]:
        """In the order of the bundle: the sides' exhibits as they were relied on, captured pictures last."""
        return tuple(sorted(self._made, key=lambda exhibit: exhibit.id.startswith(CAPTURED)))

    def add(self, rows: Iterable[Row], listings: Mapping[int, str], submitted_by: str = "") -> tuple[str, ...]:
        """The ids of ``rows``, numbered on first sight. ``listings`` maps claims to the listings' codes."""
        return tuple(self._ids.get(row.reference) or self._number(row, listings, submitted_by) for row in rows)

    def _number(self, row: Row, listings: Mapping[int, str], submitted_by: str) -> str:
        side = _SIDE_OF_ROLE.get(row.role, DESK)
        self._ids[row.reference] = number = self._next(side)
        blob = row.blob
        self._made.append(Exhibit(
            id=number, title=row.title or row.name, original_name=row.original_name, media_type=blob.media_type, size=blob.size,
            sha256=blob.sha256, source=_bytes_of(blob.sha256), submitted_by=submitted_by or self._parties.get(side, ""),
            received_at=row.uploaded_at, assigned_to=tuple(listings[n] for n in sorted(row.claim_ids & listings.keys())),
            kept_back=row.visibility != "share"))
        return number

    def add_pictures(self, digests: Iterable[str], title: str, received_at: Any) -> tuple[str, ...]:
        """Captured pictures; one that was captured again is the same exhibit. What is not kept has no exhibit."""
        wanted = list(dict.fromkeys(digests))
        kept = {blob.sha256: blob for blob in db.session.scalars(select(Blob).where(Blob.sha256.in_(wanted)))}
        ids = []
        for digest in wanted:
            if digest in kept and digest not in self._ids:
                self._ids[digest] = number = self._next(CAPTURED)
                blob = kept[digest]
                self._made.append(Exhibit(
                    id=number, title=title, original_name=f"{digest[:16]}.{blob.media_type.rpartition('/')[2]}",
                    media_type=blob.media_type, size=blob.size, sha256=digest, source=_bytes_of(digest), received_at=received_at))
            if digest in self._ids:
                ids.append(self._ids[digest])
        return tuple(ids)

    def _next(self, side: str) -> str:
        self._counts[side] = self._counts.get(side, 0) + 1
        return f"{side}-{self._counts[side]}"


def _bytes_of(sha256: str) -> Any:
    # Taken when the bundle is made: the store of this process may be opened after the contents were gathered.
    return lambda: evidence_store.current().chunks(sha256)

"""The town in which the purpose of the desk is told: three stores, their sellers, legal staff, and nobody's complaint yet."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from sqlalchemy import func, select

from ipdesk.core.db.core import db
from ipdesk.core.jobs import work
from ipdesk.core.outbox.models import Outbox
from ipdesk.fsck import content_faults
from tests import make
from tests.working import worker_of

LETTER_LINK = re.compile(r"https://desk\.example(/\S+)")


@dataclass
class Town:
    """What is there at the start, the worker and the post. Holds no application context open."""

    app: Any
    clock: Any
    stores: dict[str, Any] = field(default_factory=dict)
    listings: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def build(cls, app: Any, clock: Any) -> "Town":
        """Store A with one listing, store B with two, store C that nobody has taken over with one."""
        market = make.marketplace(market="US", name="Bazaar")
        town = cls(app, clock)
        for letter, name in (("A", "Lantern House"), ("B", "Quiet Harbour"), ("C", "Northern Light")):
            town.stores[letter] = make.store(
                marketplace_id=market.id, name=name, external_id=f"S-{letter}",
                contact_email=f"shop@{name.lower().replace(' ', '-')}.example")
        for code, title in (("A1", "Aurora desk lamp"), ("B1", "Aurora floor lamp"),
                            ("B2", "Aurora reading light"), ("C1", "Aurora night light")):
            town.listings[code] = make.listing(
                store=town.stores[code[0]], external_id=f"L-{code}", title=title,
                url=f"https://bazaar.example/item/{code}")
        town.people = {
            "seller A": make.seller(store=town.stores["A"], name="Priya Sandell", email="priya@lantern-house.example"),
            "seller C": make.seller(store=town.stores["C"], name="Silent Seller", email="silent@northern-light.example"),
            "legal": make.user(role="legal", name="Lena Example", email="lena@desk.example"),
        }
        return town

    def work(self) -> None:
        """Let the worker do everything that is due now, long work included."""
        with self.app.app_context():
            worker_of(self.app.extensions["ipdesk.settings"], self.clock).until_idle()

    def close(self) -> None:
        """Put the engine of the long work away; every case must be what the log vouches for."""
        with self.app.app_context():
            work.close()
            found = list(content_faults())
            assert not found, found

    def letters(self, to: str, message: str = "") -> list[str]:
        """What was written to an address so far, subject first, oldest first."""
        query = select(Outbox).where(Outbox.to_address == to).order_by(Outbox.month, Outbox.id)
        with self.app.app_context():
            return [f"{row.subject}\n{row.body_text}" for row in db.session.execute(query).scalars()
                    if message in ("", row.message)]

    def link_to(self, to: str, message: str) -> str:
        """The path of the first link in the last letter of this kind to this address."""
        found = LETTER_LINK.search(self.letters(to, message)[-1])
        assert found, f"no link in {message} to {to}"
        return found[1].rstrip(".,;)")

    def counts(self) -> dict[str, int]:
        """Rows by table: what two moments must have in common when nothing was saved between them."""
        return row_counts(self.app)


# What goes along with merely looking, signing in or trying: no part of any case.
_ASIDE = {"sign_ins", "form_submissions", "alembic_version"}


def row_counts(app: Any) -> dict[str, int]:
    """Rows of every table but those of sessions and sent forms."""
    with app.app_context():
        return {name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in db.metadata.tables.items() if name not in _ASIDE}


def photo(number: int = 0, size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture with grain, each number another one."""
    out = io.BytesIO()
    Image.effect_noise((size[0] + number, size[1]), 60).convert("RGB").save(out, "JPEG", quality=70)
    return out.getvalue()

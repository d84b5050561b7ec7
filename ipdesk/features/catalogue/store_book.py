"""What the catalogue tells the accounts about stores; wiring puts it in place."""

from sqlalchemy import ColumnElement, select

from ipdesk.core.db.core import db
from ipdesk.features.accounts.stores import StoreCard
from ipdesk.features.catalogue.models import Marketplace, Store


class CatalogueStoreBook:
    """The catalogue as a ``StoreBook``."""

    def marketplaces(self) -> list[tuple[str, str]]:
        rows = db.session.execute(select(Marketplace.code, Marketplace.name).order_by(Marketplace.name))
        return [(code, name) for code, name in rows]

    def by_id(self, store_id: int) -> StoreCard | None:
        return self._one(Store.id == store_id)

    def by_external_id(self, marketplace: str, external_id: str) -> StoreCard | None:
        return self._one(Marketplace.code == marketplace, Store.external_id == external_id)

    @staticmethod
    def _one(*conditions: ColumnElement[bool]) -> StoreCard | None:
        row = db.session.execute(
            select(Store.id, Store.name, Store.external_id, Marketplace.code, Marketplace.name,
                   Store.contact_email, Store.locale)
            .join(Marketplace, Marketplace.id == Store.marketplace_id).where(*conditions)
        ).one_or_none()
        return StoreCard(*row) if row else None

"""What accounts need to know of a store. The catalogue, which stands above, tells it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoreCard:
    """One store, as far as binding an account to it is concerned."""

    id: int
    name: str
    external_id: str
    marketplace: str
    marketplace_name: str
    contact_email: str = ""
    locale: str = "en"

    @property
    def masked_contact(self) -> str:
        """The contact as somebody is told where a letter went who need not know the address: ``w…@shop.example``."""
        name, at, domain = self.contact_email.partition("@")
        return f"{name[:1]}…{at}{domain}" if at else ""


class StoreBook(Protocol):
    """Finds stores; ``None`` for a store that is not in the catalogue."""

    def marketplaces(self) -> list[tuple[str, str]]:
        """Code and name of every marketplace."""
        ...

    def by_id(self, store_id: int) -> StoreCard | None: ...

    def by_external_id(self, marketplace: str, external_id: str) -> StoreCard | None:
        """The store with the marketplace's own id, on the storefront with code ``marketplace``."""
        ...


_book: list[StoreBook] = []


def use_store_book(book: StoreBook) -> None:
    """Name the one place that knows the stores (wiring does this)."""
    _book[:] = [book]


def store_book() -> StoreBook:
    """The book in use; ``RuntimeError`` when wiring named none."""
    if not _book:
        raise RuntimeError("no store book: wiring must call use_store_book()")
    return _book[0]

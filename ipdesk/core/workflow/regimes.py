"""Which regime a notice follows."""

from collections.abc import Collection
from dataclasses import dataclass

from ipdesk.core.workflow.registry import Registry

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class RegimeChoice:
    """The regime, the row of ``tables/regimes.yaml`` that chose it, and the reason to show."""

    regime: str
    row: str
    reason: str
    basis: str


def choose_regime(registry: Registry, *, right_type: str, markets: Collection[str]) -> RegimeChoice:
    """The regime for a right of ``right_type`` against listings offered in ``markets`` (ISO 3166-1 codes).

    ``*`` among them is a marketplace that sells into every country, so it meets each row's market. The first row by
    ``order`` that fits; ``check`` makes sure that one row takes everything.
    """
    table = registry.table("regimes")
    for name, row in sorted(table.items(), key=lambda item: item[1]["order"]):
        right_fits = not row["right_types"] or right_type in row["right_types"]
        market_fits = not row["markets"] or EVERYWHERE in markets or not set(markets).isdisjoint(row["markets"])
        if right_fits and market_fits:
            return RegimeChoice(row["regime"], name, row["reason"], row["basis"])
    raise KeyError(right_type)

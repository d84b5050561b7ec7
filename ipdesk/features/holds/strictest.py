"""What the holds on one listing add up to. Pure: no database, no clock.

A hold restricts one *part* of the listing (``listing`` is the whole of it; ``image:2``,
``description``, ``variant:red`` …) in a *territory* (ISO countries, or ``*`` for everywhere). Holds
on one part join their territories; where a delisting and a pause meet the delisting counts; where the
whole listing is held, holds on its parts add nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

PAUSE, DELISTING = "pause", "delisting"
# Strictest first.
KINDS = (DELISTING, PAUSE)
WHOLE = "listing"
EVERYWHERE = "*"
# A right of a union holds in each of its states (Regulation (EU) 2017/1001, article 1(2)); states of 2020-02-01 and after.
UNIONS = {"EU": frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"
})}


class HoldLike(Protocol):
    """What of a hold counts here."""

    kind: str
    scope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Restriction:
    """One part held in one territory: ``territory`` sorted, or just ``*``."""

    part: str
    kind: str
    territory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the marketplace must do; no restrictions means: show everything."""

    restrictions: tuple[Restriction, ...] = ()

    @property
    def show(self) -> bool:
        """False as soon as the listing as a whole is held anywhere it is sold."""
        return not any(found.part == WHOLE for found in self.restrictions)

    @property
    def kind(self) -> str:
        """The strictest kind among the restrictions; empty without any."""
        return next((kind for kind in KINDS if any(found.kind == kind for found in self.restrictions)), "")

    @property
    def scope(self) -> dict[str, Any]:
        """The widest part and the union of its territories; empty without restrictions."""
        parts = sorted({found.part for found in self.restrictions}, key=lambda part: (part != WHOLE, part))
        if not parts:
            return {}
        met = join(found.territory for found in self.restrictions if found.part == parts[0])
        return {"part": parts[0], "territory": list(met)}

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, equal for equal results: what an instruction carries."""
        return {
            "show": self.show, "kind": self.kind, "scope": self.scope,
            "restrictions": [{"part": found.part, "kind": found.kind, "territory": list(found.territory)}
                             for found in self.restrictions],
        }


def join(territories: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All countries of ``territories``, sorted; just ``*`` when one of them is everywhere."""
    met = {country for territory in territories for country in territory}
    return (EVERYWHERE,) if EVERYWHERE in met else tuple(sorted(met))


def meets(territory: str, market: str) -> bool:
    """Whether a right for ``territory`` (codes, space separated; empty: not known) holds in what ``market`` sells into."""
    codes = set(territory.split())
    if not codes or EVERYWHERE in codes or market == EVERYWHERE:
        return True
    return not _countries(codes).isdisjoint(_countries([market]))


def _countries(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(code for given in codes for code in UNIONS.get(given, {given}))


def without(territory: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """``territory`` less ``taken``. Everywhere less some countries stays everywhere: it cannot be listed."""
    gone = set(taken)
    return () if EVERYWHERE in gone else tuple(sorted(set(territory) - gone))


def strictest(holds: Iterable[HoldLike]) -> Wanted:
    """What the active ``holds`` of one listing add up to, whatever their order."""
    asked: dict[tuple[str, str], list[Iterable[str]]] = {}
    for hold in holds:
        asked.setdefault((hold.scope["part"], hold.kind), []).append(hold.scope["territory"])
    whole_held = join(territory for (part, _), found in asked.items() if part == WHOLE for territory in found)
    restrictions = []
    for part in sorted({part for part, _ in asked}, key=lambda part: (part != WHOLE, part)):
        held: tuple[str, ...] = () if part == WHOLE else whole_held
        for kind in KINDS:
            territory = without(join(asked.get((part, kind), ())), held)
            if territory:
                restrictions.append(Restriction(part, kind, territory))
                held = join([held, territory])
    return Wanted(tuple(restrictions))


def in_market(wanted: Mapping[str, Any], market: str) -> dict[str, Any]:
    """``wanted`` as one marketplace with one switch carries it out.

    A marketplace that sells into ``market`` only is not touched by a hold for other countries; one
    that sells everywhere cannot hide a listing from one country only, and takes it down.
    """
    if wanted.get("delete") or market == EVERYWHERE:
        return dict(wanted)
    here = [found for found in wanted["restrictions"]
            if EVERYWHERE in found["territory"] or market in found["territory"]]
    return {**wanted, "restrictions": here, "show": not any(found["part"] == WHOLE for found in here)}

"""Who acts, in which roles, and at which instant."""

from dataclasses import dataclass, field
from datetime import datetime

CLOCK_ROLE = "clock"
GUEST_ROLE = "guest"
STAFF_ROLES = frozenset({"reviewer", "legal", "admin"})
# An auditor reads what staff read and changes nothing.
READING_STAFF_ROLES = STAFF_ROLES | {"auditor"}


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or the clock) in one act.

    ``at`` is the UTC instant of the act. It is the only time an operation knows, so
    that everything written by one act carries one time.
    """

    at: datetime
    roles: frozenset[str] = frozenset({GUEST_ROLE})
    user_id: int | None = None
    organisation_id: int | None = None
    store_ids: frozenset[int] = field(default_factory=frozenset)
    name: str = ""
    email: str = ""
    locale: str = "en"
    address: str = ""
    # Cases opened by a one-time link in this session: (audience, case id).
    links: frozenset[tuple[str, int]] = field(default_factory=frozenset)

    def has(self, *roles: str) -> bool:
        """Whether the actor holds at least one of ``roles``."""
        return not self.roles.isdisjoint(roles)

    def linked(self, audience: str) -> frozenset[int]:
        """Ids of the cases that a one-time link opened for ``audience``."""
        return frozenset(case_id for held, case_id in self.links if held == audience)

    @property
    def is_staff(self) -> bool:
        return not self.roles.isdisjoint(STAFF_ROLES)

    @property
    def reads_as_staff(self) -> bool:
        return not self.roles.isdisjoint(READING_STAFF_ROLES)

    @property
    def is_clock(self) -> bool:
        return CLOCK_ROLE in self.roles


def clock_actor(at: datetime) -> Actor:
    """The desk itself, acting because time has passed or a delivery was proven."""
    return Actor(at=at, roles=frozenset({CLOCK_ROLE}), name="ipdesk")

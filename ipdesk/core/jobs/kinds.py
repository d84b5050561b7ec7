"""What kinds of long work there are, and what a step gets to know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipdesk.core.kernel.text import N_

SOMETHING_WENT_WRONG = N_("Something went wrong on our side. Nothing was half-made. Try again; if it happens again, tell the operator.")


class JobFailed(Exception):
    """The work cannot be done. ``text`` is what the requester reads, marked for translation."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Interrupted(BaseException):
    """Ends a step from outside. No ``Exception``: a step that catches its own faults must not catch this."""


class Cancelled(Interrupted):
    """The requester does not want it any more."""


class LeaseLost(Interrupted):
    """Another worker has taken the work over."""


class Stopping(Interrupted):
    """This process ends; another one goes on."""


@dataclass
class Task:
    """One piece of work in the hands of this process.

    ``results`` holds what the finished steps returned, by name. ``progress(done, total, step)`` may be called as
    often as one likes; it raises :class:`Interrupted` when the work is to end. ``require_lease()``, inside a unit
    of work, makes sure that what is written there is written by the holder of the lease.
    """

    id: int
    args: Mapping[str, Any]
    token: int
    progress: Callable[[int, int, str], None]
    require_lease: Callable[[], None]
    results: dict[str, Any] = field(default_factory=dict)


# A step returns JSON values and may run twice: a worker that dies in it leaves it to the next one.
Step = Callable[[Task], Any]


@dataclass(frozen=True)
class Kind:
    """``steps`` run in order, each at most once finished; ``given_up`` tidies after failure or cancelling."""

    steps: Sequence[tuple[str, Step]]
    given_up: Callable[[Task], None]


_KINDS: dict[str, Kind] = {}


def register(kind: str, steps: Sequence[tuple[str, Step]], given_up: Callable[[Task], None] = lambda task: None) -> None:
    """Say what the work ``kind`` consists of. Registering again replaces."""
    _KINDS[kind] = Kind(tuple(steps), given_up)


def kind_of(name: str) -> Kind:
    """The registered kind; `JobFailed` for work that this version does not know."""
    if name not in _KINDS:
        raise JobFailed(SOMETHING_WENT_WRONG)
    return _KINDS[name]

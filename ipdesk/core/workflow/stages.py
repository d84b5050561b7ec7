"""The five stages of a complaint: one word, one colour and one shape each, the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ipdesk.core.kernel.text import N_


@dataclass(frozen=True, slots=True)
class Stage:
    """``colour`` carries white text (contrast at least 4.5:1), ``tint`` dark text. ``shape`` is a path in a box of
    20 × 20 to be drawn in white lines on a disc of ``colour``: never colour alone."""

    name: str
    label: str
    colour: str
    tint: str
    shape: str
    shape_name: str


STAGES: Mapping[str, Stage] = MappingProxyType({
    stage.name: stage
    for stage in (
        Stage("received", N_("Received"), "#475569", "#eef1f5", "M6 10a4 4 0 1 0 8 0a4 4 0 1 0-8 0", "circle"),
        Stage("pending_response", N_("Pending response"), "#92600a", "#fdf4e1", "M10 5v5l3.5 2.5", "clock"),
        Stage("counter_notified", N_("Counter-notified"), "#1d5fa8", "#e8f1fb", "M5 8h9l-3-3M15 12H6l3 3", "arrows"),
        Stage("delisted", N_("Delisted"), "#b3261e", "#fcebea", "M5.5 10h9", "bar"),
        Stage("closed", N_("Closed"), "#1f7a4d", "#e7f5ee", "M5.5 10.5l3 3l6-7", "check"),
    )
})
# What is not a complaint has states of its own and no stage.
PLAIN = Stage("", "", "#475569", "#eef1f5", "M6 10a4 4 0 1 0 8 0a4 4 0 1 0-8 0", "circle")

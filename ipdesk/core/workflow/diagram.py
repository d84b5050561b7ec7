"""Pictures of a workflow: Mermaid text for documents and an accessible SVG for pages, letters and PDF.

The SVG is drawn for a column of 360 px: stages one below the other, steps as lines in the two margins that join
where they lead to the same state. It uses presentation attributes only (no styles, no scripts), so that it stands
under a strict content security policy.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

from ipdesk.core.kernel.text import N_
from ipdesk.core.workflow.definition import CLOCK, STAGES, State, Transition, Workflow
from ipdesk.core.workflow.stages import COLOURS, FONT, PLAIN, Stage
from ipdesk.core.workflow.stages import STAGES as STAGE_LOOKS

Translate = Callable[[str], str]

WAITS_LABELS = {
    "rights_holder": N_("Waiting for the rights holder"),
    "seller": N_("Waiting for the seller"),
    "staff": N_("Waiting for the marketplace's staff"),
    "delivery": N_("Waiting for proof of delivery"),
    "marketplace": N_("Waiting for the marketplace's confirmation"),
    "court": N_("Waiting for a court"),
    "outside": N_("Waiting for somebody outside"),
    "nobody": "",
}
_NOW = N_("Now")
_ACT = N_("Somebody acts")
_SILENCE = N_("Nobody acts in time")

_WIDTH = 360.0
_EDGE = 6.0            # outer margin
_TRACK = 5.5           # distance between two lines in a margin
_GAP = 6.0             # between two states
_BAND_GAP = 10.0       # between two stages
_HEADER = 30.0         # word and shape of a stage
_PAD = 8.0             # inside a stage, around its states
_LINE = 16.0           # a line of a state's label
_SMALL_LINE = 14.0
_INK, _QUIET, _SHEET = COLOURS["ink"], COLOURS["quiet"], COLOURS["sheet"]


# --- Mermaid --------------------------------------------------------------------------------------


def mermaid(workflow: Workflow, lit: str | None = None, translate: Translate = str) -> str:
    """A Mermaid state diagram; ``lit`` is the present state, drawn filled."""
    lines = ["stateDiagram-v2", "    direction TB"]
    for stage, states in _by_stage(workflow):
        indent = "    "
        if stage.name:
            lines.append(f'    state "{_plain(translate(stage.label))}" as {stage.name} {{')
            indent = "        "
        lines.extend(f'{indent}state "{_plain(translate(s.label))}" as {_identifier(s.name)}' for s in states)
        if stage.name:
            lines.append("    }")
    lines.append(f"    [*] --> {_identifier(workflow.initial)}")
    for source, edge in _edges(workflow):
        label = _plain(translate(workflow.triggers[edge.trigger].label))
        lines.append(f"    {_identifier(source)} --> {_identifier(edge.dest)} : {label}")
    for stage, states in _by_stage(workflow):
        name = f"look_{stage.name or 'plain'}"
        lines.append(f"    classDef {name} fill:{stage.tint},stroke:{stage.colour},color:{_INK}")
        lines.extend(f"    class {_identifier(s.name)} {name}" for s in states if s.name != lit)
    if lit is not None and lit in workflow.states:
        colour = _look(workflow.states[lit]).colour
        lines.append(f"    classDef lit fill:{colour},stroke:{colour},color:{_SHEET},stroke-width:3px")
        lines.append(f"    class {_identifier(lit)} lit")
    return "\n".join(lines) + "\n"


def _identifier(state: str) -> str:
    return state.replace(".", "__")


def _plain(text: str) -> str:
    """Mermaid ends a label at a quote and a name at a colon."""
    return text.replace('"', "'").replace(": ", " – ").replace(":", "–")


def _look(state: State) -> Stage:
    return STAGE_LOOKS.get(state.stage, PLAIN)


def _by_stage(workflow: Workflow) -> list[tuple[Stage, list[State]]]:
    """The states in the order of the five stages; all of them in one group where there are no stages."""
    if workflow.kind != "complaint":
        return [(PLAIN, list(workflow.states.values()))]
    groups = [(STAGE_LOOKS[name], [s for s in workflow.states.values() if s.stage == name]) for name in STAGES]
    return [(stage, states) for stage, states in groups if states]


def _edges(workflow: Workflow) -> Iterator[tuple[str, Transition]]:
    for transition in workflow.transitions:
        for source in transition.sources:
            yield source, transition


# --- SVG: layout ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    state: State
    top: float
    height: float
    label: tuple[str, ...]
    small: tuple[str, ...]


@dataclass(slots=True)
class _Bus:
    """All steps of one kind to one state, drawn as one line in a margin."""

    dest: str
    by_silence: bool
    upward: bool
    sources: list[str]
    track: int = 0


def svg(workflow: Workflow, lit: str | None = None, translate: Translate = str, element_id: str = "workflow") -> str:
    """The workflow as an SVG element, 360 units wide; ``lit`` is the present state.

    With ``lit`` the steps that leave it stand out and the others are faint; the description names them in words.
    ``element_id`` must be unique on the page: title and description are found by it.
    """
    lit = lit if lit in workflow.states else None
    buses = _assign_tracks(workflow, _buses(workflow))
    left, right = _margins(buses)
    nodes, bands, height = _stack(workflow, left, right, translate)
    legend = height + 4
    total = legend + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {total:g}" width="100%" role="img" '
        f'aria-labelledby="{escape(element_id)}-title {escape(element_id)}-desc" font-family="{escape(FONT)}">',
        f'<title id="{escape(element_id)}-title">{escape(translate(workflow.label))}</title>',
        f'<desc id="{escape(element_id)}-desc">{escape(_description(workflow, lit, translate))}</desc>',
        *(_band(*band, left, right, translate) for band in bands),
        *_lines(buses, nodes, workflow, lit, left, right),
        *(_state(node, node.state.name == lit, left, right, translate) for node in nodes.values()),
        _legend(legend, left, translate),
        "</svg>",
    ]
    return "\n".join(parts)


def _buses(workflow: Workflow) -> list[_Bus]:
    order = {s.name: index for index, s in enumerate(s for _, states in _by_stage(workflow) for s in states)}
    found: dict[tuple[str, bool, bool], _Bus] = {}
    for source, edge in _edges(workflow):
        if source == edge.dest:
            continue
        by_silence = edge.who == (CLOCK,) and edge.fired_by is None
        key = (edge.dest, by_silence, order[source] > order[edge.dest])
        bus = found.setdefault(key, _Bus(*key, []))
        if source not in bus.sources:
            bus.sources.append(source)
    return list(found.values())


def _assign_tracks(workflow: Workflow, buses: list[_Bus]) -> list[_Bus]:
    """The innermost free line for each bus, short ones first, so that long ones go outside."""
    order = {s.name: index for index, s in enumerate(s for _, states in _by_stage(workflow) for s in states)}

    def extent(bus: _Bus) -> tuple[int, int]:
        ends = [order[name] for name in (*bus.sources, bus.dest)]
        return min(ends), max(ends)

    taken: dict[tuple[bool, int], list[tuple[int, int]]] = {}
    for bus in sorted(buses, key=lambda b: (extent(b)[1] - extent(b)[0], extent(b))):
        low, high = extent(bus)
        while any(a <= high and low <= b for a, b in taken.get((bus.upward, bus.track), [])):
            bus.track += 1
        taken.setdefault((bus.upward, bus.track), []).append((low, high))
    return buses


def _margins(buses: list[_Bus]) -> tuple[float, float]:
    """x of the left and the right edge of the states."""
    def width(upward: bool) -> float:
        tracks = [bus.track + 1 for bus in buses if bus.upward == upward]
        return _EDGE + _PAD + 4 + _TRACK * max(tracks, default=0)

    return width(True), _WIDTH - width(False)


def _stack(
    workflow: Workflow, left: float, right: float, translate: Translate
) -> tuple[dict[str, _Node], list[tuple[Stage, float, float]], float]:
    """Where every state and every stage stands; the height of all."""
    nodes: dict[str, _Node] = {}
    bands = []
    y = _EDGE
    for stage, states in _by_stage(workflow):
        top = y
        y += _HEADER if stage.name else _PAD
        for state in states:
            label = tuple(_wrapped(translate(state.label), right - left - 20, 8.4))
            waits = WAITS_LABELS[state.waits_for]
            small = tuple(_wrapped(translate(waits), right - left - 20, 5.9)) if waits else ()
            height = 12 + _LINE * len(label) + _SMALL_LINE * len(small)
            nodes[state.name] = _Node(state, y, height, label, small)
            y += height + _GAP
        y += _PAD - _GAP
        bands.append((stage, top, y - top))
        y += _BAND_GAP
    return nodes, bands, y - _BAND_GAP


def _wrapped(text: str, width: float, letter: float) -> list[str]:
    """``text`` in lines that fit; a letter is ``letter`` wide, one of a wide script nearly twice that."""
    def measure(part: str) -> float:
        return sum(letter * (1.85 if east_asian_width(c) in "WF" else 1) for c in part)

    lines: list[str] = []
    for word in text.split():
        if lines and measure(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
            continue
        lines.append("")
        for character in word:  # scripts without spaces break anywhere
            if lines[-1] and measure(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


# --- SVG: drawing -----------------------------------------------------------------------------------


def _band(stage: Stage, top: float, height: float, left: float, right: float, translate: Translate) -> str:
    x, width = left - _PAD, right - left + 2 * _PAD
    if not stage.name:
        return ""
    return (
        f'<g><rect x="{x:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="8" fill="{stage.tint}"/>'
        f'<path transform="translate({left:g} {top + 6:g}) scale(0.75)" d="{stage.shape}" fill="{stage.colour}" fill-rule="evenodd"/>'
        f'<text x="{left + 25:g}" y="{top + 20:g}" font-size="14" font-weight="700" fill="{stage.colour}">'
        f"{escape(translate(stage.label))}</text></g>"
    )


def _state(node: _Node, lit: bool, left: float, right: float, translate: Translate) -> str:
    stage = _look(node.state)
    ink, quiet = (_SHEET, _SHEET) if lit else (_INK, _QUIET)
    fill = stage.colour if lit else _SHEET
    y = node.top + 6
    texts = []
    for line in node.label:
        y += _LINE
        texts.append(f'<text x="{left + 10:g}" y="{y - 4:g}" font-size="13" font-weight="600" fill="{ink}">{escape(line)}</text>')
    for line in node.small:
        y += _SMALL_LINE
        texts.append(f'<text x="{left + 10:g}" y="{y - 4:g}" font-size="11" fill="{quiet}">{escape(line)}</text>')
    current = ' aria-current="step"' if lit else ""
    return (
        f'<g data-state="{escape(node.state.name)}"{current}>'
        f'<rect x="{left:g}" y="{node.top:g}" width="{right - left:g}" height="{node.height:g}" rx="6" fill="{fill}" '
        f'stroke="{stage.colour}" stroke-width="{2.5 if lit else 1.25:g}"/>'
        f'{"".join(texts)}{_now(node, right, translate) if lit else ""}</g>'
    )


def _now(node: _Node, right: float, translate: Translate) -> str:
    word = translate(_NOW)
    width = 14 + 7.0 * sum(2 if east_asian_width(c) in "WF" else 1 for c in word)
    x, y = right - width - 6, node.top - 9
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="16" rx="8" fill="{_INK}" stroke="{_SHEET}" stroke-width="1.5"/>'
        f'<text x="{x + width / 2:g}" y="{y + 12:g}" font-size="11" font-weight="700" text-anchor="middle" fill="{_SHEET}">'
        f"{escape(word)}</text>"
    )


def _lines(
    buses: list[_Bus], nodes: dict[str, _Node], workflow: Workflow, lit: str | None, left: float, right: float
) -> Iterator[str]:
    """Every bus, faint and strong lines in one group each; those of the lit state last, so that they lie on top."""
    ports = _ports(buses, nodes)
    for strong in (False, True):
        yield '<g data-weight="strong">' if strong else '<g data-weight="faint" opacity="0.3">'
        for bus in buses:
            for source in bus.sources:
                if (lit is None or source == lit) is strong:
                    yield _line(bus, source, ports, workflow, strong, left if bus.upward else right)
        yield "</g>"


def _ports(buses: list[_Bus], nodes: dict[str, _Node]) -> dict[tuple[int, str], float]:
    """The height at which each bus touches each of its states: evenly spread along the side, arrivals above."""
    touching: dict[tuple[str, bool], list[tuple[bool, int, int]]] = {}
    for index, bus in enumerate(buses):
        touching.setdefault((bus.dest, bus.upward), []).append((False, bus.track, index))
        for source in bus.sources:
            touching.setdefault((source, bus.upward), []).append((True, bus.track, index))
    ports = {}
    for (name, upward), found in touching.items():
        node = nodes[name]
        # Inner tracks nearest to where they turn keep crossings few: down-going lines leave from the lower part.
        found.sort(key=lambda item: (item[0] != upward, item[1] if item[0] == upward else -item[1]))
        step = (node.height - 10) / (len(found) + 1)
        for place, (_, _, index) in enumerate(found, 1):
            ports[index, name] = node.top + 5 + step * place
    return {(id(buses[index]), name): y for (index, name), y in ports.items()}


def _line(
    bus: _Bus, source: str, ports: dict[tuple[int, str], float], workflow: Workflow, strong: bool, side: float
) -> str:
    away = -1 if bus.upward else 1
    x = side + away * (_PAD + 4 + _TRACK * bus.track)
    start, end = ports[id(bus), source], ports[id(bus), bus.dest]
    turn = min(4.0, abs(end - start) / 2) * (1 if end > start else -1)
    colour = _look(workflow.states[bus.dest]).colour if strong else _QUIET
    tip = side + away * 2
    dash = ' stroke-dasharray="4 3"' if bus.by_silence else ""
    path = (
        f"M{side:g} {start:.1f}H{x - away * 4:g}Q{x:g} {start:.1f} {x:g} {start + turn:.1f}"
        f"V{end - turn:.1f}Q{x:g} {end:.1f} {x - away * 4:g} {end:.1f}H{tip + away * 3:g}"
    )
    head = f"M{tip:g} {end:.1f}l{away * 6:g} -3.2v6.4z"
    return (
        f'<g data-from="{escape(source)}" data-to="{escape(bus.dest)}">'
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{1.6 if strong else 1:g}"{dash}/>'
        f'<path d="{head}" fill="{colour}"/></g>'
    )


def _legend(y: float, left: float, translate: Translate) -> str:
    parts = []
    x = left
    for word, dash in ((translate(_ACT), ""), (translate(_SILENCE), ' stroke-dasharray="4 3"')):
        parts.append(
            f'<path d="M{x:g} {y + 10:g}h22" stroke="{_QUIET}" stroke-width="1.6"{dash}/>'
            f'<text x="{x + 28:g}" y="{y + 14:g}" font-size="11" fill="{_QUIET}">{escape(word)}</text>'
        )
        x += 130
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _description(workflow: Workflow, lit: str | None, translate: Translate) -> str:
    """In words what the picture shows: the way on from the present state, or every stage with its states."""
    if lit is None:
        return " ".join(
            f"{translate(stage.label) or translate(workflow.label)}: {_listed(translate(s.label) for s in states)}."
            for stage, states in _by_stage(workflow)
        )
    steps = (
        f"{translate(workflow.triggers[edge.trigger].label)} → {translate(workflow.states[edge.dest].label)}"
        for edge in workflow.edges(lit)
    )
    return f"{translate(_NOW)}: {translate(workflow.states[lit].label)}. {_listed(steps)}."


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(texts)

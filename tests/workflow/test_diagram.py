"""The pictures: complete, valid, readable at 360 px, usable without seeing them."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from ipdesk.core.workflow.diagram import mermaid, svg
from ipdesk.core.workflow.stages import STAGES

NAMES = ("marketplace", "us_dmca", "notice", "right")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(law, **more):
    return ElementTree.fromstring(svg(law, **more))  # noqa: S314 - our own output


def steps_of(picture, weight):
    (group,) = [g for g in picture.iter(f"{SVG}g") if g.get("data-weight") == weight]
    return [(g.attrib["data-from"], g.attrib["data-to"]) for g in group if "data-from" in g.attrib]


def states_of(picture):
    return [g for g in picture.iter(f"{SVG}g") if "data-state" in g.attrib]


@pytest.mark.parametrize("name", NAMES)
def test_every_state_and_every_step_is_drawn_once(registry, name):
    law = registry.workflow(name)
    picture = drawn(law)
    assert sorted(g.attrib["data-state"] for g in states_of(picture)) == sorted(law.states)
    lines = [(g.attrib["data-from"], g.attrib["data-to"]) for g in picture.iter(f"{SVG}g") if "data-from" in g.attrib]
    wanted = {(s, t.dest) for t in law.transitions for s in t.sources if s != t.dest}
    assert set(lines) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_mermaid_has_every_state_and_every_step_once(registry, name):
    law = registry.workflow(name)
    text = mermaid(law, lit=law.initial)
    declared = re.findall(r'state "[^"]*" as (\S+)\n', text)
    assert sorted(declared) == sorted(state.replace(".", "__") for state in law.states)
    arrows = re.findall(r"^    (\w+) --> (\w+) : [^:]+$", text, re.M)
    assert len(arrows) == sum(len(law.edges(state)) for state in law.states)
    assert f"class {law.initial.replace('.', '__')} lit" in text


def test_the_lit_state_is_marked_by_more_than_colour(registry):
    law = registry.workflow("marketplace")
    picture = drawn(law, lit="pending_response.open")
    (lit,) = [g for g in states_of(picture) if g.get("aria-current")]
    assert lit.attrib["data-state"] == "pending_response.open"
    assert "Now" in [t.text for t in lit.iter(f"{SVG}text")]
    assert {start for start, _ in steps_of(picture, "strong")} == {"pending_response.open"}
    assert "pending_response.open" not in {start for start, _ in steps_of(picture, "faint")}


def test_without_a_lit_state_every_step_stands_out(registry):
    picture = drawn(registry.workflow("marketplace"))
    assert steps_of(picture, "strong") and not steps_of(picture, "faint")


@pytest.mark.parametrize("name", NAMES)
def test_lines_to_different_states_never_lie_on_each_other(registry, name):
    uprights = []
    for group in drawn(registry.workflow(name)).iter(f"{SVG}g"):
        if "data-from" in group.attrib:
            path = group.find(f"{SVG}path").attrib
            x, start, end = map(float, re.search(r"Q([\d.]+) [\d.]+ [\d.]+ ([\d.]+)V([\d.]+)", path["d"]).groups())
            uprights.append(((group.attrib["data-to"], "stroke-dasharray" in path), x, *sorted((start, end))))
    for one, other in combinations(uprights, 2):
        same_place = one[1] == other[1] and one[2] < other[3] and other[2] < one[3]
        assert one[0] == other[0] or not same_place, (one, other)


def test_an_unknown_lit_state_lights_nothing(registry):
    """A complaint whose claims ended differently shows `closed.mixed`, which is no state of the file."""
    picture = drawn(registry.workflow("marketplace"), lit="closed.mixed")
    assert not [g for g in states_of(picture) if g.get("aria-current")]


def test_title_and_description_tell_the_same_in_words(registry):
    law = registry.workflow("us_dmca")
    picture = drawn(law, lit="delisted.open", element_id="here")
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-labelledby"] == "here-title here-desc"
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title.text == "US copyright (DMCA)" and title.attrib["id"] == "here-title"
    assert "Now: Taken down, can be contested." in description.text
    for edge in law.edges("delisted.open"):
        assert law.triggers[edge.trigger].label in description.text
    everything = drawn(law).find(f"{SVG}desc").text
    assert all(state.label in everything for state in law.states.values())


@pytest.mark.parametrize("translate", [str, lambda text: f"{text} {text} und so weiter", lambda text: "宽" * max(2, len(text))],
                         ids=["english", "long", "wide"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_picture_and_no_states_overlap(registry, name, translate):
    picture = drawn(registry.workflow(name), lit=registry.workflow(name).initial, translate=translate)
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    assert width == 360
    boxes = []
    for group in states_of(picture):
        box = group.find(f"{SVG}rect").attrib
        x, y, w, h = (float(box[key]) for key in ("x", "y", "width", "height"))
        assert x > 0 and y > 0 and x + w < width and y + h < height
        assert w >= 200, "narrower than a phone can show"
        baselines = [float(t.attrib["y"]) for t in group.findall(f"{SVG}text") if t.get("text-anchor") is None]
        assert all(y < baseline < y + h for baseline in baselines)
        boxes.append((y, y + h))
    boxes.sort()
    assert all(upper[1] <= lower[0] for upper, lower in pairwise(boxes))
    for path in picture.iter(f"{SVG}path"):
        for x in re.findall(r"[MHV]?H([\d.-]+)", path.attrib["d"]):
            assert 0 < float(x) < width


def width_of(line):
    """Of a bold line of 13 units in the widest font that pages fall back to (DejaVu Sans Bold); others are narrower."""
    narrow, wide = set("iljtfr.,'’:;()I "), set("mwMW")
    return sum(13 * (0.45 if c in narrow else 1.05 if c in wide else 0.71) for c in line)


@pytest.mark.parametrize("name", ["marketplace", "us_dmca"])
def test_no_label_runs_out_of_its_box(registry, name):
    for group in states_of(drawn(registry.workflow(name), lit=registry.workflow(name).initial)):
        room = float(group.find(f"{SVG}rect").attrib["width"]) - 12
        for line in group.findall(f"{SVG}text"):
            if line.get("font-size") == "13":
                assert width_of(line.text) <= room, line.text


def test_labels_are_escaped(registry):
    picture = drawn(registry.workflow("notice"), translate=lambda text: f'<script>"&{text}')
    assert picture.find(f"{SVG}script") is None
    assert '<script>"&Notice' in picture.find(f"{SVG}title").text


def test_it_stands_under_a_strict_content_security_policy(registry):
    text = svg(registry.workflow("marketplace"), lit="delisted.open")
    for forbidden in ("<style", "style=", "<script", "onload", "href", "url("):
        assert forbidden not in text


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    a, b = sorted((light(one), light(other)))
    return (b + 0.05) / (a + 0.05)


def test_stages_differ_in_word_colour_and_shape_and_can_be_read():
    assert list(STAGES) == ["received", "pending_response", "counter_notified", "delisted", "closed"]
    for key in ("label", "colour", "tint", "shape"):
        assert len({getattr(stage, key) for stage in STAGES.values()}) == 5
    for stage in STAGES.values():
        assert contrast("#ffffff", stage.colour) >= 4.5
        assert contrast(stage.tint, stage.colour) >= 4.5

"""The five stages of a complaint: one word, one colour and one shape each, the same everywhere.

Read from the file of design tokens that pages, letters and PDF share.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_TOKENS = json.loads((Path(__file__).parents[2] / "static" / "tokens.json").read_text(encoding="utf-8"))

COLOURS: Mapping[str, str] = MappingProxyType(_TOKENS["colours"])
FONT: str = _TOKENS["fonts"]["print"]


@dataclass(frozen=True, slots=True)
class Stage:
    """``label`` is to be translated. ``shape`` is a path in a box of 24 × 24, filled (even-odd) with ``colour``."""

    name: str
    label: str
    colour: str
    tint: str
    shape: str


STAGES: Mapping[str, Stage] = MappingProxyType({
    name: Stage(name, look["word"], look["colour"], look["tint"], look["path"]) for name, look in _TOKENS["states"].items()
})
# What is not a complaint has states of its own and no stage.
PLAIN = Stage("", "", COLOURS["brand"], COLOURS["brand-tint"], "")

"""Finds what people read in workflows/*.yaml, so that `make translations` can hand it to translators."""

from collections.abc import Iterator
from typing import IO, Any

import yaml

# Keys whose text stands on pages and in letters. What only the checker or a maintainer reads (basis, silent_because) is left out.
SHOWN = {"label", "done", "meaning", "hint", "missing", "reason", "text", "title", "silence", "law"}
# `silence` may say one thing to each party.
SHOWN_BELOW = {"silence"}


def extract(source: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """Babel's extraction method: (line, function, message, comments) of every text that is shown."""
    yield from _texts(yaml.compose(source, Loader=yaml.SafeLoader), shown=False)


def _texts(node: yaml.Node | None, *, shown: bool) -> Iterator[tuple[int, str, str, list[str]]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            is_text = isinstance(value, yaml.ScalarNode)
            yield from _texts(value, shown=key.value in SHOWN if is_text and not shown else shown or key.value in SHOWN_BELOW)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _texts(item, shown=shown)
    elif shown and isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
        yield node.start_mark.line + 1, "gettext", node.value, []

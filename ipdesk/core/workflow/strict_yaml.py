"""YAML as the workflow files use it: plain text, whole numbers, true/false, lists and mappings.

Everything that YAML understands in two ways is refused: duplicate keys, keys that are not text, ``no``
and ``on`` as booleans, dates, fractions, empty values, anchors and tags. What is left keeps the line it
stood on, so that every later complaint can say ``file:line``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from ipdesk.core.kernel.errors import DeskError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the files: a stable ``code``, what is wrong, and where (``file:line``)."""

    code: str
    message: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.code}]"


class DefinitionError(DeskError):
    """The workflow files cannot be read. ``problems`` names each place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Block(dict[str, Any]):
    """A mapping that knows where it and each of its keys stand. Read it, never change it."""

    __slots__ = ("file", "line", "lines")

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: dict[str, int] = {}

    def place(self, key: str | None = None) -> str:
        """``file:line`` of the block, or of one of its keys."""
        return f"{self.file}:{self.line if key is None else self.lines.get(key, self.line)}"

    def refuse(self, code: str, message: str, key: str | None = None) -> DefinitionError:
        """The error to raise for this block (or one of its keys)."""
        return DefinitionError([Problem(code, message, self.place(key))])

    def only(self, required: Collection[str], optional: Collection[str] = ()) -> None:
        """Refuse unknown and missing keys."""
        for key in self:
            if key not in required and key not in optional:
                known = ", ".join(sorted([*required, *optional]))
                raise self.refuse("unknown_key", f"unknown key {key!r} (known: {known})", key)
        for key in required:
            if key not in self:
                raise self.refuse("missing_key", f"the key {key!r} is missing")

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse("wrong_type", f"{key!r} must be text", key)
        return value

    def maybe_text(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.text(key) if key in self else None

    def number(self, key: str) -> int | None:
        """A whole number, or None where the key is absent."""
        value = self.get(key)
        if value is not None and type(value) is not int:
            raise self.refuse("wrong_type", f"{key!r} must be a whole number", key)
        return value

    def flag(self, key: str) -> bool:
        """``true`` or ``false``; false where the key is absent."""
        value = self.get(key, False)
        if type(value) is not bool:
            raise self.refuse("wrong_type", f"{key!r} must be true or false", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts (one text counts as a list of one); empty where absent."""
        value = self.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise self.refuse("wrong_type", f"{key!r} must be a list of texts", key)
        if len(set(items)) != len(items):
            raise self.refuse("repeated_item", f"{key!r} names the same thing twice", key)
        return tuple(items)

    def block(self, key: str) -> "Block":
        """A mapping; an empty one where the key is absent."""
        value = self.get(key)
        if value is None:
            return Block(self.file, self.line)
        if not isinstance(value, Block):
            raise self.refuse("wrong_type", f"{key!r} must be a mapping", key)
        return value

    def blocks(self, key: str) -> list["Block"]:
        """A list of mappings; empty where the key is absent."""
        value = self.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Block) for item in value):
            raise self.refuse("wrong_type", f"{key!r} must be a list of mappings", key)
        return value


# The same parser in C where the package brings it: a third of a second at every start.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=256)
def read(content: str, file: str) -> Block:
    """The mapping that ``content`` holds; ``file`` is the name used in messages.

    Raises :class:`DefinitionError`. The result is shared between callers: it must not be changed.
    """
    try:
        node = yaml.compose(content, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or str(error)
        raise DefinitionError([Problem("not_yaml", reason, f"{file}:{line}")]) from None
    if not isinstance(node, yaml.MappingNode):
        raise DefinitionError([Problem("not_a_mapping", "the file must hold a mapping", f"{file}:1")])
    block = _Builder(file).build(node)
    assert isinstance(block, Block)  # noqa: S101 - a mapping node builds a block
    return block


class _Builder:
    """Turns YAML nodes into plain values, refusing what is ambiguous."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.seen: set[int] = set()

    def build(self, node: yaml.Node) -> Any:
        if id(node) in self.seen:
            raise self._refuse("alias", "anchors and aliases are not used here", node)
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            self._plain_tag(node, "tag:yaml.org,2002:seq")
            return [self.build(child) for child in node.value]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode) -> Block:
        self._plain_tag(node, "tag:yaml.org,2002:map")
        block = Block(self.file, node.start_mark.line + 1)
        for key_node, value_node in node.value:
            if key_node.tag != "tag:yaml.org,2002:str" or not isinstance(key_node.value, str):
                raise self._refuse("key_not_text", f"the key {key_node.value!r} is not text; quote it", key_node)
            if key_node.value in block:
                raise self._refuse("duplicate_key", f"the key {key_node.value!r} stands here twice", key_node)
            block[key_node.value] = self.build(value_node)
            block.lines[key_node.value] = key_node.start_mark.line + 1
        return block

    def _scalar(self, node: yaml.Node) -> str | int | bool:
        kind, value = node.tag.rpartition(":")[2], node.value
        if node.tag == "tag:yaml.org,2002:str":
            return str(value)
        if kind == "int" and value.lstrip("-").isdecimal():
            return int(value)
        if kind == "bool" and value in ("true", "false"):
            return bool(value == "true")
        if kind == "null":
            raise self._refuse("empty_value", "the value is empty", node)
        raise self._refuse("ambiguous_value", f"{value!r} would be read as {kind}; quote it if it is text", node)

    def _plain_tag(self, node: yaml.Node, tag: str) -> None:
        if node.tag != tag:
            raise self._refuse("ambiguous_value", f"the tag {node.tag} is not used here", node)

    def _refuse(self, code: str, message: str, node: yaml.Node) -> DefinitionError:
        return DefinitionError([Problem(code, message, f"{self.file}:{node.start_mark.line + 1}")])

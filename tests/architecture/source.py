"""The project's own Python as syntax trees, for rules that are about code and not about words."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules(folder: str = "ipdesk") -> Iterator[tuple[str, ast.Module]]:
    """Path from the project's root and tree of each module under ``folder``."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), _tree(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    """Line, dotted name (``db.session.commit``) and node of each call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func), node


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a name or attribute; what cannot be said that way begins with a dot."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""

"""The table state × trigger × role of a workflow, and who sees which fact, as reviewed text.

Write it anew after a wanted change, and review the difference:

    .venv/bin/python -m tests.workflow.golden_table
"""

from pathlib import Path
from typing import Any

from ipdesk.core.workflow import Registry, Workflow, load

FOLDER = Path(__file__).with_name("golden")
NAMES = ("marketplace", "us_dmca", "notice", "right")

_HEAD = """\
# {name}, version {version}: who may take which step from which state. What is not listed is refused.
# Reviewed by hand; written by: .venv/bin/python -m tests.workflow.golden_table
"""


def table_of(workflow: Workflow) -> str:
    """One block for each state in the file's order; one line for each trigger that leaves it, sorted."""
    lines = [_HEAD.format(name=workflow.name, version=workflow.version)]
    for state in workflow.states.values():
        lines.append(f"{state.name}  [{state.waits_for}; {state.deadline or '-'}]")
        for edge in sorted(workflow.edges(state.name), key=lambda e: e.trigger):
            marks = [f"at most {edge.at_most}"] if edge.at_most else []
            marks += ["four eyes"] if edge.four_eyes else []
            marks += [f"on {edge.fired_by}"] if edge.fired_by else []
            note = f"  ({', '.join(marks)})" if marks else ""
            lines.append(f"    {edge.trigger} -> {edge.dest} : {', '.join(sorted(edge.who))}{note}")
        lines.append("")
    return "\n".join(lines)


def disclosure_of(registry: Registry) -> str:
    """One line for each fact: who may read it; who reads it only in some states, regimes or records is in brackets."""
    lines = ["# Who may read which fact. What is not listed, nobody reads.\n"
             "# Reviewed by hand; written by: .venv/bin/python -m tests.workflow.golden_table"]
    for kind, matrix in sorted(registry.table("disclosure").items()):
        lines += ["", kind, *(f"    {field} : {', '.join(_readers(cell)) or 'nobody'}" for field, cell in sorted(matrix.items()))]
    return "\n".join(lines) + "\n"


def _readers(cell: Any) -> list[str]:
    limited = {*cell.get("when", {}), *(name for own in cell.get("regimes", {}).values() for name in own),
               *(name for name, rule in cell.items() if isinstance(rule, (list, tuple)))}
    return [f"[{name}]" if name in limited else name for name in ("staff", "rights_holder", "seller") if cell.get(name) or name in limited]


def read_table(text: str) -> dict[tuple[str, str, str], str]:
    """(state, trigger, role) → target, read back from the text."""
    found: dict[tuple[str, str, str], str] = {}
    state = ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            state = line.split()[0]
            continue
        step, _, roles = line.strip().partition(" : ")
        trigger, _, dest = step.partition(" -> ")
        for role in roles.partition("  (")[0].split(", "):
            found[state, trigger, role] = dest
    return found


def main() -> None:
    """Write the golden files from the shipped workflows."""
    registry = load(Path(__file__).resolve().parents[2] / "workflows")
    for name in NAMES:
        (FOLDER / f"{name}.txt").write_text(table_of(registry.workflow(name)), encoding="utf-8")
    (FOLDER / "disclosure.txt").write_text(disclosure_of(registry), encoding="utf-8")


if __name__ == "__main__":
    main()

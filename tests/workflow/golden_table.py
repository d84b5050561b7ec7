"""The table state × trigger × role of a workflow as reviewed text.

Write it anew after a wanted change, and review the difference:

    .venv/bin/python -m tests.workflow.golden_table
"""

from pathlib import Path

from ipdesk.core.workflow import Workflow, load

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


if __name__ == "__main__":
    main()

"""Which role may call which route, as reviewed text.

Write it anew after a wanted change, and review the difference:

    .venv/bin/python -m tests.http.route_table
"""

import tempfile
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("routes.txt")
ROLES = ("guest", "rights_holder", "agent", "seller", "reviewer", "legal", "admin", "auditor")
OWN = {"HEAD", "OPTIONS"}  # answered by the framework wherever GET is

_HEAD = """\
# Who gets in: route, methods, roles. "everyone" includes guests; what a page then shows is decided case by case.
# Reviewed by hand; written by: .venv/bin/python -m tests.http.route_table
"""


def rows(app: Any) -> dict[tuple[str, str], frozenset[str]]:
    """(route, methods) → roles that its rule lets in."""
    from ipdesk.core.http.access import rule_of

    found = {}
    for rule in app.url_map.iter_rules():
        held = rule_of(app, rule.endpoint)
        let_in = frozenset(ROLES) if held.roles is None else held.roles & set(ROLES)
        found[rule.rule, " ".join(sorted(rule.methods - OWN))] = let_in
    return found


def table(app: Any) -> str:
    """The whole table as text, sorted by route."""
    lines = [
        f"{route:<70} {methods:<9} {'everyone' if len(roles) == len(ROLES) else ', '.join(r for r in ROLES if r in roles)}"
        for (route, methods), roles in sorted(rows(app).items())]
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write the table from the application as it is."""
    from ipdesk import create_app
    from ipdesk.config import load_settings

    with tempfile.TemporaryDirectory() as place:
        app = create_app(load_settings(Path(place), testing=True, marketplace_login_secret="x" * 32))
        FILE.write_text(table(app), encoding="utf-8")


if __name__ == "__main__":
    main()

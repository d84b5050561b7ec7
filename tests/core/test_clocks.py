"""Clocks under the names of the table."""

from types import SimpleNamespace

from ipdesk.core.casework import clocks
from ipdesk.core.casework.rules import rules


def test_a_clock_is_found_under_its_later_rows(app, monkeypatch):
    """A changed limit is a new row beside the old one, which old cases keep."""
    rows = {key: {} for key in ("response", "response.v2", "response.v10", "responses", "answer")}
    monkeypatch.setattr(rules, "workflows", SimpleNamespace(table=lambda name: rows))
    assert clocks.versions("response") == ["response", "response.v2", "response.v10"]
    assert clocks.versions("answer") == ["answer"]

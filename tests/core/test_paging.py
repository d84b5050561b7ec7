"""Keyset paging: nothing twice, nothing lost, whatever is written meanwhile; a broken cursor is the first page."""

import base64
import json
import random
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, select

from ipdesk.core.casework.models import Tally
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.idempotency import FormSubmission
from ipdesk.core.http.paging import fetch_page
from tests.visitors import START

ROWS = 57


def add(numbers):
    """Rows whose first key comes three at a time, so that pages end in the middle of equal values."""
    with unit_of_work():
        db.session.add_all(
            FormSubmission(key=f"{n:04}", sent_by="", location="", sent_at=START + timedelta(minutes=n // 3)) for n in numbers)


@pytest.fixture
def filled(app):
    with app.app_context():
        add(range(0, 2 * ROWS, 2))
        yield


def page(cursor="", *, descending=False, rows=10):
    keys = [FormSubmission.sent_at, FormSubmission.key]
    return fetch_page(select(*keys), keys=keys, cursor=cursor, descending=descending, rows=rows)


def walk(direction, cursor="", **how):
    """Every page from ``cursor`` on."""
    pages = [page(cursor, **how)]
    while cursor := getattr(pages[-1], direction):
        pages.append(page(cursor, **how))
        assert len(pages) <= 2 * ROWS, "it goes round in circles"
    return pages


def keys_of(pages):
    return [row.key for one in pages for row in one.rows]


ALL = [f"{n:04}" for n in range(0, 2 * ROWS, 2)]


@pytest.mark.parametrize("rows", [1, 7, 10, 56, 57, 58])
@pytest.mark.parametrize("descending", [False, True])
def test_forwards_every_row_comes_once_and_in_order(filled, rows, descending):
    pages = walk("after", rows=rows, descending=descending)
    assert keys_of(pages) == (ALL[::-1] if descending else ALL)
    assert pages[0].before == "" and pages[-1].after == ""
    assert all(len(one.rows) == rows for one in pages[:-1])


@pytest.mark.parametrize("descending", [False, True])
def test_backwards_the_same_pages_come_in_the_same_order(filled, descending):
    forwards = walk("after", descending=descending)
    backwards = walk("before", forwards[-1].before, descending=descending)
    assert [[row.key for row in one.rows] for one in backwards[::-1]] == [
        [row.key for row in one.rows] for one in forwards[:-1]]
    assert backwards[-1].before == "", "the first page has nothing before it"


@pytest.mark.parametrize("descending", [False, True])
def test_rows_that_come_while_one_reads_move_nothing(filled, descending):
    """What was there at the beginning is seen exactly once, wherever rows are added between two pages."""
    seen, cursor, between = [], "", list(range(1, 2 * ROWS, 2))
    random.Random(1).shuffle(between)
    for _ in range(ROWS):
        one = page(cursor, descending=descending)
        seen += [row.key for row in one.rows]
        add([between.pop() for _ in range(3)])
        if not (cursor := one.after):
            break
    old = [key for key in seen if key in set(ALL)]
    assert sorted(old) == ALL and len(set(seen)) == len(seen)
    assert all(a < b for a, b in pairwise(seen[::-1] if descending else seen))


def test_rows_that_go_while_one_reads_take_no_other_with_them(filled):
    first = page()
    with unit_of_work():
        for row in first.rows[-3:]:
            db.session.delete(db.session.get(FormSubmission, row.key))
    assert page(first.after).rows[0].key == ALL[10]


def cursor_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BROKEN = {
    "not a cursor": "nonsense", "not base 64": "!!!", "empty list": cursor_of([]), "text": cursor_of("after"),
    "a number": cursor_of(7), "null": cursor_of(None), "an object": cursor_of({"after": 1}),
    "no direction": cursor_of(["sideways", START.isoformat(), "0002"]),
    "too few values": cursor_of(["after", START.isoformat()]),
    "too many values": cursor_of(["after", START.isoformat(), "0002", 1]),
    "no instant": cursor_of(["after", "yesterday", "0002"]), "an instant without zone": cursor_of(["after", "2026-03-02T15:00:00", "0002"]),
    "a list for a text": cursor_of(["after", START.isoformat(), ["0002"]]),
    "a null for a key": cursor_of(["after", None, None]), "Chinese": "光标", "NUL": cursor_of(["after", START.isoformat(), "\x00"]),
    "very long": cursor_of(["after", START.isoformat(), "9" * 5000]), "not UTF-8": base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_cursor_shows_a_page_and_never_an_error(filled, kind):
    assert isinstance(page(BROKEN[kind]).rows, list)


@pytest.mark.parametrize("kind", ["not a cursor", "no direction", "too few values", "no instant", "an instant without zone", "not UTF-8"])
def test_a_cursor_that_means_nothing_is_the_first_page(filled, kind):
    assert keys_of([page(BROKEN[kind])]) == ALL[:10]


@pytest.mark.parametrize("number", ["9" * 30, 2**70, "1e5", 1.5, True, "NaN"])
def test_a_number_that_no_database_holds_is_no_place(app, number):
    from ipdesk.features.complaints.models import Complaint

    with app.app_context():
        found = fetch_page(select(Complaint.id), keys=[Complaint.id], cursor=cursor_of(["after", number]))
        assert list(found.rows) == []  # and no error


def test_an_empty_list_has_no_neighbours(app):
    with app.app_context():
        one = page()
        assert (list(one.rows), one.before, one.after) == ([], "", "")


def test_a_page_past_the_end_leads_back(filled):
    past = page(cursor_of(["after", (START + timedelta(days=9)).isoformat(), "z"]))
    assert list(past.rows) == []


def test_a_page_costs_one_query_however_far_it_lies(filled):
    cursor = walk("after")[4].after
    asked = []

    def note(_connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        page(cursor)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_keys_of_any_width(app):
    with app.app_context():
        with unit_of_work():
            db.session.add_all(Tally(scope="desk", key=f"k{n:02}", value=n % 2) for n in range(9))
        keys = [Tally.value, Tally.scope, Tally.key]
        found, cursor = [], ""
        while True:
            one = fetch_page(select(*keys), keys=keys, cursor=cursor, rows=2)
            found += [(row.value, row.key) for row in one.rows]
            if not (cursor := one.after):
                break
        assert found == sorted((n % 2, f"k{n:02}") for n in range(9))

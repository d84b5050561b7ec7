"""The sheet shows the count a person can check with a printed calendar."""

from ipdesk.core.deadlines.calendar import Computation, compute
from ipdesk.core.deadlines.sheet import sheet
from tests.tables.dates import day, moment
from tests.tables.test_deadline_dates import NEW_YORK, PUT_BACK


def put_back_sheet():
    return sheet(compute(PUT_BACK, moment("Thu 2026-07-02 16:00:00", NEW_YORK), zone=NEW_YORK))


def test_the_head_of_the_sheet():
    page = put_back_sheet()

    assert (page["earliest"], page["length"], page["unit"]) == (10, 14, "business days")
    assert (page["calendar"], page["zone"]) == ("US federal business days", NEW_YORK)
    assert page["basis"] == "17 U.S.C. § 512(g)(2)(C)"
    assert page["calendar_version"].startswith("holidays ")
    assert page["opens"]["utc"] == moment("Mon 2026-07-20 00:00:00", NEW_YORK)
    assert page["due"]["local"].isoformat() == "2026-07-23T23:59:59-04:00"


def test_every_day_has_its_weekday_and_its_reason():
    rows = put_back_sheet()["rows"]

    assert (rows[0]["weekday"], rows[0]["reason"], rows[0]["counted"]) == ("Thursday", "Day of the event, not counted", False)
    assert (rows[1]["weekday"], rows[1]["reason"], rows[1]["name"]) == ("Friday", "Public holiday", "Independence Day (observed)")
    assert (rows[4]["on"], rows[4]["number"], rows[4]["counted"], rows[4]["reason"]) == (day("Mon 2026-07-06"), 1, True, None)
    assert all(row["counted"] or row["reason"] for row in rows)


def test_the_days_on_which_something_happens_are_marked():
    marks = {row["on"].isoformat(): row["marks"] for row in put_back_sheet()["rows"] if row["marks"]}

    assert marks == {"2026-07-02": ["Event"], "2026-07-20": ["Opens", "The clock acts"], "2026-07-23": ["Ends"]}


def test_nobody_is_said_to_have_acted_on_a_day_on_which_nobody_did():
    """A court reads this table: a stopped clock never acted, and one that was late acted when it did."""
    computed = compute(PUT_BACK, moment("Thu 2026-07-02 16:00:00", NEW_YORK), zone=NEW_YORK)

    def marks(**how):
        return {row["on"].isoformat(): row["marks"] for row in sheet(computed, **how)["rows"] if row["marks"]}

    ended = moment("Tue 2026-07-21 11:00:00", NEW_YORK)
    assert marks(status="stopped", ended_at=ended) == {"2026-07-02": ["Event"], "2026-07-20": ["Opens"], "2026-07-23": ["Ends"]}
    assert marks(status="fired", ended_at=ended) == {
        "2026-07-02": ["Event"], "2026-07-20": ["Opens"], "2026-07-21": ["Acted on"], "2026-07-23": ["Ends"]}


def test_a_period_without_a_window_has_no_opening_of_its_own():
    rule = {"length": 3, "unit": "business_day", "calendar": "cn", "fires": "last_working_hour_before_close"}
    page = sheet(compute(rule, moment("Fri 2026-10-09 18:00:00", "Asia/Shanghai"), zone="Asia/Shanghai"))

    assert (page["earliest"], page["length"]) == (None, 3)
    assert [row["marks"] for row in page["rows"]] == [["Event"], [], [], [], ["The clock acts", "Ends"]]
    assert (page["rows"][1]["counted"], page["rows"][1]["reason"]) == (True, "Weekend day declared a working day")


def test_the_sheet_of_a_stored_deadline_is_the_same():
    fresh = compute(PUT_BACK, moment("Thu 2026-07-02 16:00:00", NEW_YORK), zone=NEW_YORK)

    assert sheet(Computation.from_dict(fresh.as_dict())) == sheet(fresh)


def test_hours_have_a_head_and_no_rows():
    page = sheet(compute({"length": 24, "unit": "hour"}, moment("Sat 2026-10-31 12:00:00", NEW_YORK), zone=NEW_YORK))

    assert (page["unit"], page["rows"]) == ("hours", [])
    assert page["due"]["local"].hour == 11

"""The lists of complaints: filters, pages that hold still, and what a broken query string does."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.decisions import work
from tests.http.test_staff_pages import text_of
from tests.journeys.test_put_back import sue


def references(response):
    """The complaints of a page, in its order."""
    return re.findall(r'href="/complaints/(C-[0-9A-Z-]+)" data-ipd-row', response.get_data(as_text=True))


def link(response, rel):
    found = re.search(rf'rel="{rel}" href="([^"]+)"', response.get_data(as_text=True))
    return found.group(1).replace("&amp;", "&") if found else None


@pytest.fixture
def many(floor):
    """27 complaints, the oldest first."""
    return [floor.file()[0].reference for _ in range(27)]


def test_pages_follow_each_other_without_gap_or_repetition_while_new_rows_come_in(floor, many):
    legal = floor.browser("legal")
    first = legal.get("/complaints")
    assert references(first) == many[::-1][:25]
    newer = [floor.file()[0].reference for _ in range(3)]
    second = legal.get(link(first, "next"))
    assert references(second) == many[::-1][25:]
    assert link(second, "next") is None
    back = legal.get(link(second, "prev"))
    assert references(back) == many[::-1][:25]
    assert references(legal.get("/complaints"))[:3] == newer[::-1]


def test_each_filter_narrows_and_all_of_them_together(floor):
    trade, other = floor.told("trademark", (0,))[0], floor.told("trademark", (1,))[0]
    dmca, screened = floor.told("copyright")[0], floor.file()[0]
    contested = floor.contested()
    legal = floor.browser("legal")

    def shown(query):
        return set(references(legal.get(f"/complaints?{query}")))

    assert shown("stage=received") == {screened.reference}
    assert shown("regime=us_dmca") == {dmca.reference}
    assert shown("waiting=staff") == {screened.reference, contested.reference}
    assert shown("waiting=seller") == {trade.reference, other.reference, dmca.reference}
    assert shown(f"store={floor.desk.stores[1].external_id}") == {other.reference}
    assert shown("store=Store B") == {other.reference}
    assert shown(f"q={trade.reference.lower()}") == {trade.reference}
    assert shown("right=123") & {trade.reference, other.reference, contested.reference}
    assert shown("stage=counter_notified&regime=marketplace&waiting=staff") == {contested.reference}
    assert shown("stage=counter_notified&regime=us_dmca") == set()
    assert shown("store=NOWHERE-1") == set()
    assert shown("right=no+such+right") == set()


def test_every_number_of_the_home_page_is_the_length_of_the_list_behind_it(floor):
    floor.file()
    floor.contested()
    floor.contested()
    floor.propose(floor.told()[0])
    sued = floor.contested("copyright")
    with floor.app.app_context():
        sue(floor.desk, sued, floor.claims(sued))
    for who in ("legal", "reviewer", "admin", "auditor"):
        browser = floor.browser(who)
        home = browser.get("/").get_data(as_text=True)
        tasks = re.findall(r'task-list__link" href="([^"]+)"[^>]*>([^<]+)</a>.*?govuk-tag">(\d+)<', home, re.DOTALL)
        assert {title for _, title, _ in tasks} == {
            "Notices to screen", "Decisions to make", "Court papers to examine", "Rights to verify",
            *(["Decisions that wait for a second person"] if who != "admin" else [])}
        for href, title, number in tasks:
            shown = browser.get(href.replace("&amp;", "&")).get_data(as_text=True)
            assert shown.count("data-ipd-row>") == int(number), (who, title)


def test_nobody_is_shown_a_proposal_of_a_step_that_is_not_theirs(floor):
    act_now, filed = floor.propose(floor.told()[0]), floor.contested()
    floor.propose(filed, trigger="uphold")
    reopen = floor.propose(filed, trigger="reopen")
    shown = {who: set(re.findall(r"/decisions/(D-[0-9A-Z-]+)", floor.browser(who).get("/proposals").get_data(as_text=True)))
             for who in ("reviewer", "legal_two", "admin", "auditor")}
    assert shown == {"reviewer": {act_now}, "legal_two": {act_now, reopen}, "admin": {reopen}, "auditor": {act_now, reopen}}
    for reference in (act_now, reopen):
        for who in shown:
            assert floor.browser(who).get(f"/decisions/{reference}").status_code == 200, (who, reference)


def test_the_queue_names_the_languages_of_both_sides_and_says_when_nothing_is_one_s_own(floor):
    filed = floor.contested()
    with floor.app.app_context(), unit_of_work():
        db.session.get(User, floor.desk.people["seller_a"].id).locale = "zh_CN"
    legal = floor.browser("legal")
    row = legal.get("/queue?kind=complaint").get_data(as_text=True).split(filed.reference)[2].split("</tr>")[0]
    assert "English, 简体中文" in row
    assert "You have taken no case" in legal.get("/queue?mine=1").get_data(as_text=True)


@pytest.mark.parametrize("query", [
    "stage=nonsense", "state=nonsense", "regime=1%27--", "waiting=%00", "cursor=garbage", "cursor=WyJhZnRlciJd", "stage=" + "x" * 5000])
def test_a_query_string_that_nobody_here_made_shows_the_whole_list(floor, query):
    filed = floor.told()[0]
    answer = floor.browser("legal").get(f"/complaints?{query}")
    assert answer.status_code == 200 and references(answer) == [filed.reference]


def test_a_filter_finds_nothing_of_others(floor):
    filed = floor.told()[0]
    for who, query in (("rival_holder", f"q={filed.reference}"), ("rival_holder", "right=123"),
                       ("seller_b", f"q={filed.reference}"),
                       ("seller_b", f"store={floor.desk.stores[0].external_id}")):
        answer = floor.browser(who).get(f"/complaints?{query}").get_data(as_text=True)
        assert f"/complaints/{filed.reference}" not in answer, (who, query)



def test_the_queue_pages_by_what_is_due(floor, many):
    legal = floor.browser("legal")
    first = legal.get("/queue")
    rows = re.findall(r"(N-[0-9A-Z]{4}-[0-9A-Z]{4})/screen", first.get_data(as_text=True))
    assert len(rows) == 25
    second = legal.get(link(first, "next")).get_data(as_text=True)
    more = re.findall(r"(N-[0-9A-Z]{4}-[0-9A-Z]{4})/screen", second)
    assert len(more) == 2 and not set(more) & set(rows)
    taken = legal.post("/queue/next").location
    assert rows[0] in taken
    mine = legal.get("/queue?mine=1").get_data(as_text=True)
    assert rows[0] in mine and rows[1] not in mine


def test_teams_are_made_shown_and_dissolved_by_the_administrator(floor):
    filed = floor.contested()
    floor.act(work.reassign, "admin", "complaint", filed.id, user_id=floor.desk.people["legal"].id)
    admin, legal = floor.browser("admin"), floor.browser("legal")
    assert "No teams yet" in text_of(admin.get("/supervision"))
    said = {"name": "Marks", "members": [floor.desk.people["legal"].id, floor.desk.people["legal_two"].id], "skills": ["marketplace"]}
    assert admin.post("/supervision/teams/new", data=said | {"form_key": "a"}).location.endswith("/supervision#teams")
    shown = text_of(floor.browser("auditor").get("/supervision")).split('id="teams"')[1].split('id="late"')[0]
    assert "Marks" in shown and floor.desk.people["legal_two"].name in shown and "/supervision/teams/" not in shown
    number = re.search(r"/supervision/teams/(\d+)", text_of(admin.get("/supervision"))).group(1)
    assert f"/queue?team={number}" in text_of(legal.get("/supervision"))
    held = text_of(floor.browser("legal_two").get(f"/queue?team={number}"))
    assert filed.reference in held and "Cases that team Marks holds." in held
    again = admin.post("/supervision/teams/new", data=said | {"form_key": "b"})
    assert again.status_code == 422 and "Another team has this name." in text_of(again) and 'value="Marks"' in text_of(again)
    assert admin.post(f"/supervision/teams/{number}", data=said | {"name": "", "form_key": "c"}).status_code == 422
    assert "checked" in text_of(admin.get(f"/supervision/teams/{number}"))
    assert legal.post(f"/supervision/teams/{number}/remove").status_code == 403
    assert admin.post(f"/supervision/teams/{number}/remove", data={"form_key": "d"}).status_code == 303
    assert "No teams yet" in text_of(admin.get("/supervision"))
    assert admin.get(f"/supervision/teams/{number}").status_code == 404
    assert filed.reference in text_of(legal.get("/queue?team=" + number)), "a team that is gone filters nothing"


# --- what a seller has to answer -----------------------------------------------------------------------


def to_answer(page):
    """The complaints of the upper list, in its order."""
    return re.findall(r'href="/complaints/(C-[0-9A-Z-]+)" data-ipd-row', page.get_data(as_text=True).split('id="history"')[0])


def test_what_is_due_first_stands_first_for_the_seller_and_what_has_no_limit_last(floor):
    sooner = floor.told()[0].reference
    floor.clock.advance(timedelta(days=1))
    later = floor.told()[0].reference
    on_its_way = floor.file()[0]
    with floor.app.app_context():
        floor.desk.accept([on_its_way])  # its delivery is not proven yet, so that no time runs
    assert to_answer(floor.browser("seller_a").get("/complaints")) == [sooner, later, on_its_way.reference]


def test_a_seller_with_many_complaints_pages_through_them_by_their_time_limits(floor):
    many = []
    for _ in range(27):
        many.append(floor.told()[0].reference)
        floor.clock.advance(timedelta(minutes=1))
    seller = floor.browser("seller_a")
    first = seller.get("/complaints")
    assert to_answer(first) == many[:25]
    second = seller.get(link(first, "next"))
    assert to_answer(second) == many[25:] and link(second, "next") is None
    assert to_answer(seller.get(link(second, "prev"))) == many[:25]


def test_the_list_of_a_seller_reads_no_more_than_it_shows(floor):
    """However many complaints a store has had: the open ones stand in an index in the order of their limits."""
    with floor.app.app_context():
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("set local enable_seqscan = off"))
        query = queries.complaint_list(Actor(at=floor.clock.now(), store_ids=frozenset({1})), waiting="seller").order_by(
            Complaint.respond_by, Complaint.id).limit(26)
        said = "explain query plan " if db.engine.dialect.name == "sqlite" else "explain "
        plan = "\n".join(str(row) for row in db.session.execute(text(said + str(
            query.compile(db.engine, compile_kwargs={"literal_binds": True})))))
    assert "ix_complaints_to_respond" in plan and "TEMP B-TREE" not in plan.upper() and "Sort" not in plan, plan

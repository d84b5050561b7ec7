"""A page says what is so although another case is the reason: a notice that was sent back, a listing in two complaints."""

import pytest
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.complaints import operations, queries
from tests.http.test_staff_pages import text_of


def page(floor, who, address):
    return " ".join(text_of(floor.browser(who).get(address)).split())


@pytest.fixture
def twice(floor):
    """One listing under two complaints: down on a copyright notice, and asked about under the marketplace's rules."""
    listing = floor.new_listings(0)
    with floor.app.app_context():
        copyright_ = floor.desk.file("copyright", listings=listing)[0]
        floor.desk.accept([copyright_])
        floor.desk.work()
        trademark = floor.desk.file("trademark", listings=listing)[0]
        floor.desk.accept([trademark])
        floor.desk.work()
    assert floor.states(copyright_) == ["delisted.open"] and floor.states(trademark) == ["pending_response.open"]
    return copyright_, trademark


def test_a_complaint_whose_notice_was_sent_back_waits_for_the_rights_holder(floor):
    filed = floor.file()[0]
    address = f"/complaints/{filed.reference}"
    assert "The marketplace’s staff" in page(floor, "rights_holder", "/complaints")
    with floor.app.app_context(), unit_of_work():
        operations.screen_notice(actor=floor.desk.actor("legal"), notice=rules.kinds["notice"].load(filed.notice_id),
                                 trigger="send_back", missing=["explanation"])
    said = page(floor, "rights_holder", address)
    assert "Sent back, something is missing" in said and "Who acts next</dt><dd><strong>You" in said.replace("> <", "><")
    assert "16 Mar 2026" in said, "ten business days from Mon 2 March"
    listed = page(floor, "rights_holder", "/complaints")
    assert "16 Mar 2026" in listed and "The marketplace’s staff" not in listed.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "The rights holder" in page(floor, "legal", address)


@pytest.mark.parametrize("who", ["rights_holder", "legal"])
def test_a_complaint_that_is_screened_names_one_time_limit_everywhere_on_its_page(floor, who):
    filed = floor.file()[0]
    shown = text_of(floor.browser(who).get(f"/complaints/{filed.reference}"))
    assert "Tue 3 Mar 2026, 10:00" in shown and "Screening of the notice" in shown and "No time limit runs" not in shown


def test_a_complaint_does_not_say_that_a_listing_is_up_which_another_one_took_down(floor, twice):
    _, trademark = twice
    for who in ("seller_a", "rights_holder"):
        assert "down for another reason than this complaint" in page(floor, who, f"/complaints/{trademark.reference}")
    with floor.app.app_context():
        (letter,) = db.session.execute(select(Outbox.body_text).where(
            Outbox.case_id == trademark.id, Outbox.message == "complaint_opened", Outbox.channel == "mail")).scalars()
    assert "Already restricted for another reason" in letter and "copyright" not in letter.lower()


def test_who_deletes_a_listing_is_told_of_the_other_complaint_about_it(floor, twice):
    copyright_, trademark = twice
    with floor.app.app_context():
        (listing,) = queries.listings_of(queries.claims_of(trademark.id)).values()
        screened = floor.desk.file("design", listings=[listing])[0]
    assert screened.reference not in page(floor, "seller_a", f"/complaints/{trademark.reference}/delete"), "nobody has told it yet"
    assert copyright_.reference in page(floor, "seller_a", f"/complaints/{trademark.reference}/delete")
    seller = floor.browser("seller_a")
    assert seller.post(f"/complaints/{trademark.reference}/delete", data={
        "claim_ids": floor.claims(trademark), "seen": floor.version("complaint", trademark.id), "form_key": "d"}).status_code == 303
    with floor.app.app_context():
        floor.desk.work()
    said = page(floor, "seller_a", f"/complaints/{copyright_.reference}")
    assert "deleted by its seller; nothing puts it back" in said


def test_a_time_after_which_the_seller_can_do_the_same_is_no_time_of_the_seller(floor, twice):
    """17 U.S.C. § 512(g)(3) sets no limit: the day on which a case moves to the history is none."""
    copyright_, _ = twice
    until = page(floor, "seller_a", f"/complaints/{copyright_.reference}").partition("Until when")[2][:120]
    assert "No time limit runs" in until
    assert "1 Apr 2026" in page(floor, "legal", f"/complaints/{copyright_.reference}").partition("Until when")[2][:200]
    with floor.app.app_context():
        (letter,) = db.session.execute(select(Outbox.body_text).where(
            Outbox.case_id == copyright_.id, Outbox.message == "listing_delisted", Outbox.channel == "mail")).scalars()
    assert "No deadline runs for you at present" in letter
    assert "What the complainant says" in letter and "These listings copy what we made" in " ".join(letter.split())

"""Bundles over HTTP: asked for, watched, stopped, taken along, and noted who did."""

import hashlib
import json
import re

import pytest
from sqlalchemy import func, select

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.jobs.kinds import LeaseLost, Task
from ipdesk.core.jobs.models import JobRequest
from ipdesk.gateways.bundles import jobs, queries
from ipdesk.gateways.bundles.models import Bundle
from ipdesk.gateways.bundles.verifying import verify_bundle


@pytest.fixture
def case(desk):
    """A complaint in the hands of the seller."""
    filed = desk.file(listings=desk.listings[:1])
    desk.accept(filed)
    desk.work()
    return filed[0]


def bundles_there() -> int:
    db.session.rollback()  # what the requests wrote, not what was there before them
    return db.session.scalar(select(func.count()).select_from(Bundle))


def asked(staff, case) -> str:
    response = staff.post(f"/complaints/{case.reference}/bundles", data={"language": "en"})
    assert response.status_code == 303, response.text
    return response.location


def test_a_bundle_is_asked_for_watched_and_taken_along(case, desk, browser):
    staff = browser("legal")
    place = asked(staff, case)
    page = staff.get(place)
    assert page.status_code == 200 and "Waiting" in page.text and 'http-equiv="refresh"' in page.text
    assert staff.get(f"{place}/file").status_code == 409, "not made yet"
    desk.work()
    page = staff.get(place)
    assert 'http-equiv="refresh"' not in page.text and "Download the PDF" in page.text
    answer = staff.get(f"{place}/file")
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
    assert f'filename={case.reference}-court.pdf' in answer.headers["Content-Disposition"]
    assert hashlib.sha256(answer.data).hexdigest() in staff.get(f"/complaints/{case.reference}/bundles").text
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.case_id == case.id).order_by(AuditEntry.number.desc())).first()
    body = json.loads(entry.body)
    assert entry.act == "bundle_downloaded" and body["actor_id"] == staff.user.id
    assert body["payload"]["sha256"] == hashlib.sha256(answer.data).hexdigest()


def test_the_record_is_taken_along_with_the_file_and_proves_it(case, desk, browser, tmp_path):
    staff = browser("legal")
    place = asked(staff, case)
    assert staff.get(f"{place}/record").status_code == 404, "not made yet"
    desk.work()
    assert f"{place}/record" in staff.get(place).text
    answer = staff.get(f"{place}/record")
    assert f'filename={case.reference}-court.json' in answer.headers["Content-Disposition"]
    (tmp_path / "a.json").write_bytes(answer.data)
    (tmp_path / "a.pdf").write_bytes(staff.get(f"{place}/file").data)
    key = re.search(r"\b[0-9a-f]{64}\b", staff.get("/legal-contacts").text)[0]
    found = verify_bundle(tmp_path / "a.pdf", tmp_path / "a.json", [bytes.fromhex(key)])
    assert found.faults == () and found.case == case.reference
    (queries.folder() / f"{place.rsplit('/', 1)[1]}.json").unlink()
    assert "/record" not in staff.get(place).text, "a bundle of an earlier version has none"


def test_the_page_that_follows_says_when_it_is_over(case, desk, browser):
    staff = browser("legal")
    place = asked(staff, case)
    assert "HX-Refresh" not in staff.get(f"{place}/progress").headers
    desk.work()
    assert staff.get(f"{place}/progress").headers["HX-Refresh"] == "true"


def test_asking_twice_while_one_is_on_its_way_makes_one(case, desk, browser):
    staff = browser("reviewer")
    assert asked(staff, case) == asked(staff, case)
    assert bundles_there() == 1


def test_what_waits_can_be_stopped_and_leaves_nothing(case, desk, browser):
    staff = browser("legal")
    place = asked(staff, case)
    assert staff.post(f"{place}/cancel").status_code == 303
    desk.work()
    assert "was stopped" in staff.get(place).text
    assert staff.get(f"{place}/file").status_code == 409
    assert list(queries.folder().glob(f"*{place.rpartition('/')[2]}*")) == []


def test_a_worker_that_lost_its_lease_puts_no_file_in_its_place(case, browser):
    """Another worker prints the same bundle by now; two hands on one file would leave a pair that does not belong together."""
    place = asked(browser("legal"), case)
    db.session.rollback()
    bundle = db.session.scalars(select(Bundle)).one()

    def lost():
        raise LeaseLost

    task = Task(id=bundle.job_id, args={}, token=1, progress=lambda done, total, step: None, require_lease=lost)
    task.results["print"] = jobs.print_bundle(task)
    with pytest.raises(LeaseLost):
        jobs.keep(task)
    db.session.rollback()
    assert not queries.file_of(db.session.get(Bundle, bundle.id)).exists()
    assert browser("legal").get(f"{place}/file").status_code == 409, "it is not made"


def test_who_is_no_longer_staff_gets_no_bundle(case, desk, browser):
    from ipdesk.core.db.unit_of_work import unit_of_work
    from ipdesk.features.accounts.models import User

    staff = browser("legal")
    place = asked(staff, case)
    with unit_of_work():
        db.session.get_one(User, staff.user.id).role_names = []
    desk.work()
    job = db.session.scalars(select(JobRequest)).one()
    assert job.status == "failed" and "no longer read" in job.error
    assert list(queries.folder().glob(f"{place.rpartition('/')[2]}.pdf")) == []


@pytest.mark.parametrize("role", ["seller", "rights_holder"])
def test_parties_do_not_reach_bundles(case, desk, browser, role):
    place = asked(browser("legal"), case)
    desk.work()
    other = browser(role)
    refused = {302, 303, 403, 404}
    for path in (place, f"{place}/file", f"{place}/progress", f"/complaints/{case.reference}/bundles"):
        assert other.get(path).status_code in refused, path
    assert other.post(f"/complaints/{case.reference}/bundles", data={"language": "en"}).status_code in refused
    assert other.post(f"{place}/cancel").status_code in refused


def test_an_auditor_reads_and_takes_along_but_asks_for_nothing(case, desk, browser):
    place = asked(browser("legal"), case)
    desk.work()
    auditor = browser("auditor")
    assert auditor.get(f"{place}/file").status_code == 200
    assert auditor.post(f"/complaints/{case.reference}/bundles", data={"language": "en"}).status_code == 403


def test_a_language_that_is_none_is_refused(case, desk, browser):
    staff = browser("legal")
    answer = staff.post(f"/complaints/{case.reference}/bundles", data={"language": "tlh"})
    assert answer.status_code == 422
    assert bundles_there() == 0


def test_the_case_page_of_staff_offers_the_bundle_and_that_of_parties_does_not(case, desk, browser):
    page = browser("legal").get(f"/complaints/{case.reference}").text
    assert re.search(rf'action="/complaints/{case.reference}/bundles"', page)
    seller = browser(user=desk.people["seller_a"])
    assert "/bundles" not in seller.get(f"/complaints/{case.reference}").text


def test_a_notice_has_a_bundle_of_all_its_complaints(desk, browser):
    filed = desk.file()
    desk.accept(filed)
    desk.work()
    staff = browser("legal")
    from ipdesk.features.complaints.models import Notice

    reference = db.session.get_one(Notice, filed[0].notice_id).reference
    answer = staff.post(f"/notices/{reference}/bundles", data={"language": "en"})
    assert answer.status_code == 303
    desk.work()
    assert staff.get(f"{answer.location}/file").status_code == 200

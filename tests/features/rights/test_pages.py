"""Rights over HTTP: registered, verified, corrected, renewed, removed; and who may not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights import operations
from ipdesk.features.rights.models import Right
from tests.features.complaints.conftest import RIGHT, errors_of, text_of, value_of
from tests.visitors import sign_in


@pytest.fixture
def owner(as_actor):
    return as_actor("rights_holder")


def register(client, **given):
    answer = client.post("/rights/new", data={**RIGHT, **given})
    assert answer.status_code == 303, errors_of(answer)
    return answer.location


def kept(app, *columns):
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(*columns).order_by(Right.id))]


def test_registered_with_its_certificate_and_listed(app, owner):
    begun = owner.post("/evidence/uploads", json={"name": "extract.txt", "size": 4}).json
    headers = {"Upload-Token": begun["token"], "Upload-Offset": "0"}
    owner.put(begun["href"], data=b"text", headers=headers)
    exhibit = owner.post(f"{begun['href']}/finish", headers=headers).json["reference"]
    path = register(owner, territory="us, de; us", certificates=[exhibit], classes="9, 25", valid_until="2030-01-01")
    page = text_of(owner.get(path))
    for said in ("AURORA", "United States, Germany", "9, 25", "Tue 1 Jan 2030", "Registered, not verified yet", "extract.txt",
                 "public@aurora.example"):
        assert said in page
    assert "AURORA" in text_of(owner.get("/rights")) and "AURORA" not in text_of(owner.get("/rights?state=verified"))
    with app.app_context():
        assert db.session.execute(select(Exhibit.visibility, Exhibit.role)).all() == [("platform_only", "right")]


@pytest.mark.parametrize(("wrong", "field", "said"), [
    ({"number": ""}, "number", "Only a copyright needs none"), ({"office": ""}, "office", "Enter the office"),
    ({"valid_until": "2026-03-01"}, "valid_until", "This right has ended"),
    ({"valid_from": "2027-01-01", "valid_until": "2026-12-01"}, "valid_until", "cannot end before it begins"),
    ({"territory": "Germany"}, "territory", "no country code"), ({"valid_until": "tomorrow"}, "valid_until", "Enter a date"),
    ({"title": "\u202e\u200b"}, "title", "Fill this in"), ({"owner": "o" * 20_000}, "owner", "Shorten this to 200"),
    ({"classes": "9, 46"}, "classes", "1 to 45"),
    ({"contact_email": "nobody"}, "contact_email", "Enter an e-mail address"), ({"kind": "smell"}, "kind", "Choose one"),
])
def test_bad_entries_are_named_beside_their_field_and_kept(app, owner, wrong, field, said):
    answer = owner.post("/rights/new", data={**RIGHT, "description": "kept", **wrong})
    assert answer.status_code == 422
    assert said in errors_of(answer)
    assert f'id="{field}-error"' in answer.text
    assert value_of(answer, "description") == "kept"
    if field not in ("kind",):
        assert value_of(answer, field) == wrong[field]
    assert kept(app, Right.id) == []


def test_what_is_missing_and_what_is_wrong_is_said_at_once(owner):
    answer = owner.post("/rights/new", data={
        **RIGHT, "number": "", "office": "", "title": "", "territory": "Germany", "valid_until": "2026-03-01"})
    for words in ("Only a copyright needs none", "Enter the office", "Fill this in", "no country code", "This right has ended"):
        assert words in errors_of(answer), words


def test_a_right_that_begins_later_says_from_when_notices_can_rest_on_it(owner):
    later = register(owner, valid_from="2026-04-01", valid_until="2030-01-01")
    page = text_of(owner.get(later))
    assert "from Wed 1 Apr 2026 on" in page and "from it now" not in page and "File a notice from this right" not in page
    start = text_of(owner.get("/notices/new"))
    assert "AURORA – valid from Wed 1 Apr 2026" in start and "valid until" not in start
    assert "from it now" in text_of(owner.get(register(owner, title="HELIOS")))


def test_the_last_day_of_validity_still_counts_where_the_desk_is(app, owner, clock):
    clock.set(clock.now().replace(day=3, hour=2))  # still 2 March in New York
    sign_in(owner, owner.user)
    register(owner, valid_until="2026-03-02")


def test_a_copyright_needs_neither_number_nor_office(owner):
    register(owner, kind="copyright", number="", office="")


def test_staff_verify_with_the_papers_beside_the_entries(app, owner, as_actor):
    path = register(owner)
    legal = as_actor("legal")
    page = text_of(legal.get(f"{path}/judge"))
    assert "Entries" in page and "Papers" in page and "gives priority and nothing more" in page
    assert legal.post(f"{path}/judge", data={"trigger": "verify_right", "seen": "2"}).status_code == 303
    assert kept(app, Right.state, Right.verified_by) == [("verified", legal.user.id)]
    assert "Verified" in text_of(owner.get(path))
    assert letters(app) == ["right_verified"]


def letters(app):
    with app.app_context():
        return list(db.session.execute(select(Outbox.message).where(Outbox.channel == "mail")).scalars())


def test_a_rejection_has_reasons_and_leads_to_a_correction(app, owner, as_actor):
    path = register(owner)
    legal = as_actor("reviewer")
    empty = legal.post(f"{path}/judge", data={
        "trigger": "reject_right", "reasons": " ", **legal.seen(f"{path}/judge")})
    assert empty.status_code == 422 and "Say which entry" in errors_of(empty)
    legal.post(f"{path}/judge", data={
        "trigger": "reject_right", "reasons": "The register names another owner.", **legal.seen(f"{path}/judge")})
    page = text_of(owner.get(path))
    assert "The register names another owner." in page and "Correct the entries" in page
    form = owner.get(f"{path}/correct")
    assert value_of(form, "owner") == "Aurora Ltd" and "The register names another owner." in text_of(form)
    assert owner.post(f"{path}/correct", data={**RIGHT, "owner": "Aurora Holding", "seen": "3"}).status_code == 303
    assert kept(app, Right.state, Right.owner) == [("submitted", "Aurora Holding")]


def test_a_stale_judgement_is_refused(app, owner, as_actor):
    path = register(owner)
    legal, other = as_actor("legal"), as_actor("legal")
    legal.post(f"{path}/judge", data={"trigger": "verify_right", "seen": "2"})
    answer = other.post(f"{path}/judge", data={"trigger": "reject_right", "reasons": "No.", "seen": "2"})
    assert answer.status_code == 409
    assert kept(app, Right.state) == [("verified",)]


def test_an_expired_right_is_renewed(app, owner, clock):
    path = register(owner, valid_until="2026-03-05")
    clock.advance(timedelta(days=5))
    with app.app_context(), unit_of_work():
        row = rules.kinds["right"].load(db.session.execute(select(Right.id)).scalar_one())
        advance(actor=clock_actor(clock.now()), row=row, trigger="right_lapsed")
    sign_in(owner, owner.user)
    assert "Renew" in text_of(owner.get(path))
    still = owner.post(f"{path}/correct", data={**RIGHT, "valid_until": "2026-03-05"})
    assert still.status_code == 422 and "This right has ended" in errors_of(still)
    assert owner.post(f"{path}/correct", data={
        **RIGHT, "valid_until": "2036-03-05", **owner.seen(f"{path}/correct")}).status_code == 303
    assert kept(app, Right.state) == [("submitted",)]


def test_a_slip_in_a_verified_right_is_corrected_and_the_right_verified_again(app, owner, clock):
    path = register(owner)
    with app.app_context(), unit_of_work():
        row = rules.kinds["right"].load(db.session.execute(select(Right.id)).scalar_one())
        operations.judge_right(actor=Actor(at=clock.now(), roles=frozenset({"legal"}), user_id=owner.user.id), right=row,
                               trigger="verify_right")
    assert kept(app, Right.state, Right.verified_at.is_not(None)) == [("verified", True)]
    page = owner.get(f"{path}/correct")
    assert "verifies the right again" in text_of(page) and f"{path}/correct" in owner.get(path).text
    assert owner.post(f"{path}/correct", data={**RIGHT, "number": "98765", **owner.seen(f"{path}/correct")}).status_code == 303
    assert kept(app, Right.state, Right.number, Right.verified_at) == [("submitted", "98765", None)]


def test_removed_after_one_screen(app, owner):
    path = register(owner)
    assert "Complaints that were filed go on" in text_of(owner.get(f"{path}/withdraw"))
    assert owner.post(f"{path}/withdraw", data=owner.seen(f"{path}/withdraw")).status_code == 303
    assert kept(app, Right.state) == [("withdrawn",)]
    assert "AURORA" not in text_of(owner.get("/notices/new"))


@pytest.mark.parametrize("page", ["", "/correct", "/withdraw"])
def test_anothers_right_is_not_there(app, owner, as_actor, page):
    path = register(owner)
    other = as_actor("agent")
    assert other.get(path + page).status_code == 404
    assert page == "" or other.post(path + page, data=RIGHT if page == "/correct" else {}).status_code == 404
    assert "AURORA" not in text_of(other.get("/rights"))
    assert kept(app, Right.state) == [("submitted",)]


def test_a_right_sent_twice_is_registered_once(app, owner):
    said = {**RIGHT, "form_key": "the same page"}
    assert owner.post("/rights/new", data=said).location == owner.post("/rights/new", data=said).location
    assert len(kept(app, Right.id)) == 1

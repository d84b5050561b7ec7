"""A notice without account: two pages, one filing, a link by mail that confirms and follows."""

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations
from ipdesk.features.complaints.answers import Entry
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right
from tests import make
from tests.features.complaints.conftest import STATEMENTS, Filer, errors_of, hidden, text_of, upload, value_of

SAID = {
    "step": "check", "kind": "copyright", "title": "Aurora over the harbour", "owner": "Nia Novak", "number": "", "office": "",
    "description": "", "pasted": "LX000 LX002 NOPE", "reason_code": "copied_picture", "explanation": "My photograph.",
    "acting_as": "owner", "name": "Nia Novak", "company": "", "email": "Nia@Novak.example", "address": "Street 1", "phone": "123"}
PAGE = "/notices/new-guest"


@pytest.fixture
def guest(scene):
    return scene.app.test_client()


def file(guest, regime="us_dmca", **changed):
    """Write, read through, sign."""
    page = guest.post(PAGE, data={**SAID, **changed})
    assert page.status_code == 200, errors_of(page)
    return guest.post(PAGE, data=signed(page, regime))


def signed(page, regime="us_dmca"):
    return {**hidden(page), "signed_name": "Nia Novak", **{f"statement_{code}": "true" for code in STATEMENTS[regime]}}


def letters(scene, message):
    return [row for row in scene.rows(select(Outbox.message, Outbox.to_address, Outbox.body_text)) if row[0] == message]


def link_in(text):
    return re.search(r"https://desk\.example(/links/\S+)", text).group(1)


def test_nothing_is_chosen_for_a_guest(scene, guest):
    page = BeautifulSoup(guest.get(PAGE).text, "html.parser")
    assert not page.select("main [checked], main option[selected]")
    answer = guest.post(PAGE, data={**SAID, "kind": "", "acting_as": "", "reason_code": ""})
    assert errors_of(answer).count("Choose one.") == 3


def test_filed_in_two_pages_and_followed_in_the_same_browser(scene, guest):
    answer = file(guest)
    assert answer.status_code == 303
    receipt = text_of(guest.get(answer.location))
    assert "2 accepted, 1 not accepted" in receipt and "Nia@Novak.example" in receipt
    assert scene.rows(select(Notice.regime, Notice.organisation_id, Notice.filed_by, Notice.guest_confirmed_at)) == [
        ("us_dmca", None, None, None)]
    assert scene.rows(select(Complaint.state)) == [("received.screening",)] * 2
    ((_, address, _),) = letters(scene, "notice_receipt")
    assert address == "Nia@Novak.example"
    page = text_of(guest.get(answer.location.removesuffix("/filed")))
    assert "is not confirmed yet" in page and "Aurora over the harbour" in page


def test_what_each_store_gets_stands_above_the_signature(guest):
    page = text_of(guest.post(PAGE, data=SAID))
    assert page.index("Store Alpha") < page.index("Store Bravo") < page.index("under penalty of perjury")
    seen, _, unseen = page.partition("What no store will see")
    assert "Street 1" not in seen and "Street 1" in unseen, "the address stays with the marketplace"
    assert 'hreflang="zh-CN"' not in page, "no link leads away from what was written"
    assert re.search(r"Contact of the right\s+Nia Novak, Nia@Novak.example", page), "whoever has no account is its public contact"
    assert "1 row will not be filed" in page


@pytest.mark.parametrize(("kind", "reason", "regime"), [
    ("copyright", "copied_picture", "us_dmca"), ("trademark", "counterfeit", "marketplace")])
def test_the_right_stands_in_the_filed_notice_as_it_was_signed(scene, guest, kind, reason, regime):
    told = {"number": "VA 2-345-678", "office": "USCO", "description": "A photograph of a harbour"}
    page = guest.post(PAGE, data={**SAID, **told, "kind": kind, "reason_code": reason})
    assert all(text in text_of(page) for text in told.values())
    assert guest.post(PAGE, data=signed(page, regime)).status_code == 303
    ((facts, right),) = scene.rows(select(Notice.right_facts, Right).join(Right, Right.id == Notice.right_id))
    assert {name: facts[name] for name in told} == told
    assert (right.number, right.office, right.description) == tuple(told.values())


def test_files_that_a_guest_sends_at_the_same_time_are_all_its_own(guest):
    """The page that offers the upload gives the key, so that no upload has to wait for the cookie of another one."""
    def key():
        with guest.session_transaction() as session:
            return session.get("guest_key")

    assert key() is None
    guest.get(PAGE)
    given = key()
    assert given
    assert guest.post("/evidence/uploads", json={"name": "a.jpg", "size": 3}).status_code == 201
    assert key() == given


def test_the_link_confirms_the_address_and_follows_the_notice(scene, guest):
    location = file(guest).location.removesuffix("/filed")
    ((_, _, text),) = letters(scene, "confirm_address")
    elsewhere = scene.app.test_client()
    assert elsewhere.get(location).status_code == 404
    path = link_in(text)
    assert "Opening it confirms that the e-mail address in the notice is yours" in text_of(elsewhere.get(path))
    assert scene.rows(select(Notice.guest_confirmed_at)) == [(None,)], "looking at a link uses nothing up"
    assert elsewhere.post(path).location == location
    assert scene.rows(select(Notice.guest_confirmed_at.is_not(None))) == [(True,)]
    assert "is not confirmed" not in text_of(elsewhere.get(location))
    assert scene.app.test_client().post(path).status_code == 409, "it works once"
    again = text_of(scene.app.test_client().post(path + "/again"))
    assert "The last letter with a link to this case was sent a few minutes ago" in again and "new link was sent" not in again


def test_the_browser_that_filed_reads_receipt_and_state_and_nothing_of_the_seller(scene, guest):
    location = file(guest).location.removesuffix("/filed")
    ((reference, _),) = scene.notices()
    scene.screen(reference, "send_back", missing=["signature"])
    page = guest.get(location)
    assert page.status_code == 200 and "Sent back" in text_of(page) and "/complaints/" not in page.text
    for path in ("/withdraw", "/complete"):
        assert guest.get(location + path).status_code == 403
        assert guest.post(location + path, data={}).status_code == 403
    complaints = scene.rows(select(Case.reference).where(Case.kind == "complaint"))
    assert {guest.get(f"/complaints/{one}").status_code for one, in complaints} == {404}
    by_mail = scene.app.test_client()
    by_mail.post(link_in(letters(scene, "confirm_address")[0][2]))
    assert {by_mail.get(f"/complaints/{one}").status_code for one, in complaints} == {200}
    assert by_mail.get(location + "/withdraw").status_code == 200
    assert {guest.get(f"/complaints/{one}").status_code for one, in complaints} == {404}, (
        "the address is somebody's, perhaps not this browser's")


def test_an_unconfirmed_address_is_marked_for_staff_and_stops_nothing(scene, guest):
    file(guest)
    ((reference, _),) = scene.notices()
    assert "the e-mail address is not confirmed" in text_of(scene.as_actor("legal").get(f"/notices/{reference}/screen"))
    scene.screen(reference, "accept")
    assert scene.rows(select(Complaint.state)) == [("delisted.open",)] * 2


def test_a_new_link_goes_to_the_address_of_the_notice_only(scene, guest):
    file(guest)
    ((reference, _),) = scene.notices()
    answers = [scene.app.test_client().post("/notices/follow", data={"reference": reference.lower(), "email": address})
               for address in ("other@novak.example", "nia@novak.example")]
    assert {answer.location for answer in answers} == {"/notices/follow"}
    assert len(letters(scene, "confirm_address")) == 2, "one from the filing, one asked for by the right address"
    assert scene.app.test_client().post("/notices/follow", data={
        "reference": "N-0000-0000", "email": "nia@novak.example"}).location == "/notices/follow"


@pytest.mark.parametrize(("changed", "said"), [
    ({"pasted": "x" * 20_000}, "20000 characters"), ({"pasted": "NOPE"}, "None of these listings"),
    ({"pasted": " ".join(f"LX{n}" for n in range(11))}, "at most ten"), ({"email": "nobody"}, "Enter an e-mail address"),
    ({"title": "\u200b"}, "Fill this in"),
    ({"kind": "trademark", "reason_code": "counterfeit"}, "Fill this in"), ({"reason_code": "uses_patent"}, "does not fit"),
    ({"explanation": "z" * 20_000}, "Shorten this to 10000"), ({"kind": "secret"}, "Choose one"),
])
def test_bad_input_is_named_beside_its_field_and_kept(scene, guest, changed, said):
    answer = guest.post(PAGE, data={**SAID, **changed})
    assert answer.status_code == 422
    assert said in errors_of(answer)
    for name, typed in {"owner": "Nia Novak", **changed}.items():
        if name not in ("kind", "reason_code"):
            assert value_of(answer, name) == typed
    assert scene.notices() == []


def test_one_way_to_reach_the_notifier_is_enough_for_the_statute(scene, guest):
    assert file(guest, phone="", address="").status_code == 303
    ((reference, _),) = scene.notices()
    scene.screen(reference, "accept")
    assert scene.rows(select(Complaint.state)) == [("delisted.open",)] * 2


def test_unsigned_it_is_not_filed(scene, guest):
    page = guest.post(PAGE, data=SAID)
    said = signed(page)
    del said["statement_good_faith"]
    answer = guest.post(PAGE, data={**said, "signed_name": ""})
    assert answer.status_code == 422
    assert "Tick this" in errors_of(answer) and "Fill this in" in errors_of(answer)
    assert scene.notices() == []
    assert guest.post(PAGE, data=signed(answer)).status_code == 303, "nothing had to be typed again"


def test_what_was_read_is_what_is_signed(scene, guest):
    said = signed(guest.post(PAGE, data=SAID))
    answer = guest.post(PAGE, data={**said, "explanation": "Something else."})
    assert answer.status_code == 422 and "Read it again" in errors_of(answer)
    assert scene.notices() == []


def test_gone_back_to_everything_is_there(guest):
    page = guest.post(PAGE, data=SAID)
    back = guest.post(PAGE, data={**hidden(page, last_form=False)})
    assert back.status_code == 200
    assert value_of(back, "explanation") == "My photograph." and value_of(back, "email") == "Nia@Novak.example"


def test_sent_twice_it_is_filed_once(scene, guest):
    said = signed(guest.post(PAGE, data=SAID))
    first, second = guest.post(PAGE, data=said), guest.post(PAGE, data=said)
    assert first.location == second.location
    assert len(scene.notices()) == 1
    assert guest.get(second.location).status_code == 200


def test_a_trademark_needs_its_number_and_follows_the_marketplaces_rules(scene, guest):
    answer = file(guest, "marketplace", kind="trademark", number="1", office="USPTO", reason_code="counterfeit",
                  address="", phone="")
    assert answer.status_code == 303
    assert scene.rows(select(Notice.regime)) == [("marketplace",)]
    assert scene.rows(select(Right.number, Right.organisation_id, Right.registered_by)) == [("1", None, None)]


def test_files_are_shared_with_the_stores(scene, guest):
    exhibit = upload(Filer(scene.app, guest), b"mine", "mine.txt")
    answer = file(guest, exhibits=[exhibit])
    assert scene.rows(select(Exhibit.visibility, Exhibit.filed_at.is_not(None))) == [("share", True)]
    assert "mine.txt" in guest.get(answer.location.removesuffix("/filed")).text
    assert scene.app.test_client().get(f"/evidence/exhibits/{exhibit}/original").status_code == 404


def test_another_guest_sees_nothing_of_it(scene, guest):
    location = file(guest).location.removesuffix("/filed")
    other = scene.app.test_client()
    file(other, pasted="LX001")
    for path in ("", "/filed", "/complete", "/withdraw"):
        assert other.get(location + path).status_code == 404
    assert scene.app.test_client().get(location).status_code == 404


def test_a_guest_takes_its_notice_back(scene, guest):
    location = file(guest).location.removesuffix("/filed")
    guest.post(link_in(letters(scene, "confirm_address")[0][2]))
    page = f"{location}/withdraw"
    assert guest.post(page).status_code == 422, "which state of the case it shows is not said"
    assert guest.post(page, data=guest.seen(page)).status_code == 303
    assert [state for _, state in scene.notices()] == ["withdrawn"]


def test_too_many_filings_in_an_hour_are_refused(scene, guest):
    statuses = []
    for n in range(12):
        make.listing(store=scene.stores[0], external_id=f"MANY{n}", url=f"https://market.example/item/MANY{n}")
        statuses.append(file(guest, pasted=f"MANY{n}").status_code)
    assert statuses == [303] * 10 + [429] * 2
    assert guest.post(PAGE, data=SAID).status_code == 200, "reading through is still allowed"


def test_people_with_an_account_file_with_it(scene):
    assert scene.as_actor("rights_holder").get(PAGE).location == "/notices/new"
    seller = scene.as_actor("seller")
    assert "sign out" in text_of(seller.get(PAGE))
    assert "sign out" in text_of(seller.post(PAGE, data=SAID))
    assert scene.notices() == []


def test_filing_needs_the_token_of_the_page(guest):
    assert guest.post(PAGE, data=SAID, csrf=False).status_code == 400


def test_the_verb_itself_knows_how_many_a_guest_may_name(scene):
    with scene.app.app_context(), pytest.raises(Invalid, match="listings"), unit_of_work():
        operations.file_as_guest(
            actor=Actor(at=scene.app.extensions["ipdesk.clock"].now()), right={}, entries=[Entry("LX000")] * 11,
            marketplace=db.session.get(Marketplace, scene.market.id))


def test_the_same_registered_mark_filed_twice_is_handled_already(scene, guest):
    mark = {"kind": "trademark", "reason_code": "counterfeit", "number": "12345", "office": "USPTO", "pasted": "LX000"}
    assert file(guest, "marketplace", **mark).status_code == 303
    assert file(scene.app.test_client(), "marketplace", **{**mark, "owner": "Somebody Else"}).status_code == 303, "another owner"
    again = file(scene.app.test_client(), "marketplace", **{**mark, "owner": "NIA NOVAK", "office": "uspto"})
    assert again.status_code == 422
    assert len(scene.notices()) == 2


def test_two_works_without_number_are_two_works(scene, guest):
    assert file(guest).status_code == 303
    assert file(scene.app.test_client(), title="Another picture").status_code == 303
    assert len(scene.notices()) == 2


def test_a_draft_that_was_thrown_away_is_not_for_staff(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.discard()
    ((reference, state),) = scene.notices()
    assert state == "withdrawn"
    staff = scene.as_actor("legal")
    assert reference not in staff.get("/notices").text
    assert staff.get(f"/notices/{reference}/screen").status_code == 404

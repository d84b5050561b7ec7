"""What the bundle of a real case says, where, and what it must never say."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.complaints import elements, operations, queries
from ipdesk.features.complaints.models import Notice
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices.queries import court_notices_of
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.gateways.bundles import gather, papers, records
from ipdesk.gateways.bundles.render import render
from ipdesk.gateways.bundles.words import Words
from tests.papers import text_of, text_of_pages
from tests.walks import at_state

SAID = "我在2019年拍摄了这张照片 📷 صورتي"
SECRET_NOTE = "Between us: the seller's uncle runs the warehouse."


def paper(word: str) -> bytes:
    """A PDF of one page that says ``word``."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(595, 842))
    font = made.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica))
    made.pages[0].obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    made.pages[0].obj.Contents = made.make_stream(f"BT /F1 14 Tf 72 700 Td ({word}) Tj ET".encode())
    from io import BytesIO

    out = BytesIO()
    made.save(out, deterministic_id=True)
    return out.getvalue()


def uploaded(desk, who: str, word: str, name: str):
    return evidence.take_in(actor=desk.actor(who), file=intake().take([paper(word)], name=name))


@pytest.fixture
def contested(desk):
    """A copyright complaint with a counter-notification, a court action, a private note and three exhibits."""
    filed = desk.file(kind="copyright", listings=desk.listings[:1])[0]
    desk.accept([filed])
    desk.work()
    with unit_of_work():
        row = queries.complaint(desk.actor("legal"), filed.reference)
        operations.write_note(actor=desk.actor("legal"), case_id=row.id, text=SECRET_NOTE)
    desk.clock.advance(timedelta(days=1))
    with unit_of_work():
        row = queries.complaint(desk.actor("seller_a"), filed.reference)
        answers.file_counter_notice(
            actor=desk.actor("seller_a"), complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)], grounds=["own_right"],
            explanation=SAID, contact={"name": "李伟", "address": "Shed 9, Eastport", "phone": "+1 555 0190", "email": "li@shop.example"},
            signed_name="李伟", exhibits={uploaded(desk, "seller_a", "negative of the photograph", "原片 <b>.pdf"): "platform_only"},
            statements=[line["code"] for line in elements.statements("us_dmca", "counter_notice")])
    desk.work()
    desk.clock.advance(timedelta(days=2))
    with unit_of_work():
        row = queries.complaint(desk.actor("rights_holder"), filed.reference)
        answers.tell_court_action(
            actor=desk.actor("rights_holder"), complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)],
            forum="District Court", docket="26-cv-7", filed_on=desk.clock.now().date(), filed_by_notifier=True, names_subscriber=True,
            seeks_restraint=True, signed_name="Ada Example",
            documents=[uploaded(desk, "rights_holder", "complaint of the plaintiff", "complaint.pdf")],
            statements=[line["code"] for line in elements.statements("us_dmca", "court_action")])
    desk.work()
    return filed


def contents(desk, filed, who: str = "legal", **more):
    db.session.rollback()
    actor = desk.actor(who)
    return gather.contents_of(actor, queries.complaint(actor, filed.reference), **more)


def page_saying(pages: list[str], *words: str) -> int:
    """The number of the only page after the index that says all of this."""
    found = [n for n, page in enumerate(pages, 1) if all(word in page for word in words)]
    assert len(found) == 1, (words, found)
    return found[0]


def test_the_bundle_of_a_contested_case(desk, contested, tmp_path):
    made = contents(desk, contested)
    report = render(made, tmp_path / "a.pdf")
    pages = text_of_pages(tmp_path / "a.pdf")
    everything = "\n".join(pages)
    assert len(pages) == report.pages and all(f"Page {n} of {report.pages}" in page for n, page in enumerate(pages, 1))
    for section in ("The parties", "The right relied on", "The listings and their outcome", "Statutory elements",
                    "Computation of deadlines", "Chronology", "Notice of a court action", "Counter-notification",
                    "Correspondence and proof of delivery", "Entries of the audit log", "Hash manifest"):
        assert section in everything
    assert "我在2019年拍摄了这张照片" in everything and "李伟" in everything
    assert SECRET_NOTE not in everything and "uncle" not in everything
    assert {exhibit.id: exhibit.kept_back for exhibit in made.exhibits} == {"S-1": True, "RH-1": False}
    assert everything.count("for the marketplace only, not shared with the other side") == 1, "in the index, beside S-1"
    shown = {exhibit.id: exhibit for exhibit in report.exhibits}
    assert "negative of the photograph" in pages[shown["S-1"].shown[0] - 1]
    assert "complaint of the plaintiff" in pages[shown["RH-1"].shown[0] - 1]
    for exhibit in made.exhibits:
        assert hashlib.sha256(b"".join(exhibit.source())).hexdigest() == exhibit.sha256
        assert exhibit.sha256[:32] in pages[-1] and exhibit.sha256[32:] in pages[-1], "the manifest names every file"


def test_page_references_of_the_checklists_lead_to_what_proves_the_element(desk, contested, tmp_path):
    made = contents(desk, contested)
    render(made, tmp_path / "a.pdf")
    pages = text_of_pages(tmp_path / "a.pdf")
    counter = page_saying(pages, "In the words of the party", "我在2019年拍摄了这张照片")
    notice = page_saying(pages, "In the words of the party", "These listings copy what we made")
    listing = page_saying(pages, "The listings and their outcome", "What this means")
    checklist = pages[page_saying(pages, "Statutory elements", "Signature of the subscriber") - 1]
    rows = [line.split() for line in checklist.splitlines() if " yes " in line]
    by_article = {"".join(part for part in row if "512" in part): int(row[-1]) for row in rows}
    assert by_article["512(g)(3)(A)"] == by_article["512(g)(3)(D)"] == counter
    assert by_article["512(c)(3)(A)(v)"] == by_article["512(c)(3)(A)(vi)"] == notice
    assert by_article["512(c)(3)(A)(iii)"] == by_article["512(g)(3)(B)"] == listing


def test_elements_are_shown_only_when_they_are(desk, contested):
    made = contents(desk, contested)
    notice, counter, court = made.element_checklists
    assert len(notice.elements) == 6 and len(counter.elements) == 4
    assert all(e.satisfied for e in (*notice.elements, *counter.elements))
    assert [e.satisfied for e in court.elements] == [None] * 3, "nobody has examined the court paper yet"
    with unit_of_work():
        row = queries.complaint(desk.actor("legal"), contested.reference)
        answers.reject_court_action(
            actor=desk.actor("legal"), complaint=row, notice=court_notices_of(row.id)[-1], reasons="It names another seller.")
    court = contents(desk, contested).element_checklists[-1]
    assert [e.satisfied for e in court.elements] == [False] * 3


def test_deadlines_of_every_fate_are_there_with_their_days(desk, contested):
    sheets = {sheet.name: sheet for sheet in contents(desk, contested).deadlines}
    put_back = sheets["Put-back after the counter-notification"]
    assert put_back.outcome.startswith("Stopped on")
    assert sheets["Time to examine the court paper"].outcome == "Still running"
    assert [step.count for step in put_back.steps if step.count != "–"] == [str(n) for n in range(1, 15)]
    assert any("Weekend" in step.reason for step in put_back.steps)


def test_the_chronology_leads_to_the_papers(desk, contested):
    made = contents(desk, contested)
    assert list(made.chronology) == sorted(made.chronology, key=lambda event: event.at)
    targets = [event.target for event in made.chronology if event.target]
    assert targets == ["notice", "counter:1", "court:1"]
    assert any("512(g)" in event.basis for event in made.chronology)


def test_twice_the_same_case_gives_the_same_bytes(desk, contested, tmp_path):
    first = render(contents(desk, contested), tmp_path / "a.pdf")
    desk.clock.advance(timedelta(hours=5))  # time alone changes nothing
    second = render(contents(desk, contested), tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes() and first.sha256 == second.sha256


def test_the_bundle_speaks_chinese(desk, contested, tmp_path):
    render(contents(desk, contested, language="zh_CN"), tmp_path / "z.pdf")
    pages = text_of_pages(tmp_path / "z.pdf")
    everything = "".join(pages).replace(" ", "")
    for words in ("证据卷宗", "当事人", "期限计算", "大事记", "往来函件与送达证明", "哈希清单", f"第1页，共{len(pages)}页"):
        assert words in everything
    assert "Statutoryelements" not in everything and "Page1of" not in everything


def test_a_statute_is_cited_only_where_it_applies(desk):
    filed = desk.file(listings=desk.listings[:1])[0]
    desk.accept([filed])
    made = contents(desk, filed)
    assert [event.basis for event in made.chronology if event.basis]
    assert not [event.basis for event in made.chronology if "U.S.C." in event.basis]


def test_a_one_time_link_is_not_printed(desk):
    line = "Open the case: https://desk.example/links/abcDEF123_-abcDEF123xyz\nThank you"
    assert records.without_keys(line) == "Open the case: https://desk.example/links/[…]\nThank you"


def test_no_letter_of_an_unclaimed_store_prints_its_link(desk, tmp_path):
    from tests import make

    unclaimed = make.store(marketplace_id=desk.listings[0].marketplace_id, name="Nobody's")
    filed = desk.file(listings=[make.listing(store=unclaimed)])
    desk.accept(filed)
    desk.work()
    made = contents(desk, filed[0])
    letters = [letter.text for letter in made.correspondence]
    assert any("/links/[…]" in text for text in letters), "the letter that holds the link is there"
    assert all("/links/" not in text.replace("/links/[…]", "") for text in letters)


def test_the_bundle_of_one_store_says_nothing_of_the_other(desk, tmp_path):
    with unit_of_work():
        notice_exhibits = {uploaded(desk, "rights_holder", "only for the second store", "second-store.pdf"): [desk.listings[2].external_id]}
    filed = desk.file(exhibits=notice_exhibits)
    desk.accept(filed)
    desk.work()
    render(contents(desk, filed[0]), tmp_path / "a.pdf")
    said = text_of(tmp_path / "a.pdf")
    other = desk.listings[2]
    for secret in ("Store B", other.external_id, other.title, other.url, filed[1].reference, "second-store"):
        assert secret not in said, secret
    mine = contents(desk, filed[1])
    assert [exhibit.original_name for exhibit in mine.exhibits if exhibit.id.startswith("RH")] == ["second-store.pdf"]


def test_a_notice_has_all_its_stores_and_is_for_staff_only(desk):
    filed = desk.file()
    desk.accept(filed)
    desk.work()
    db.session.rollback()
    notice = db.session.get_one(Notice, filed[0].notice_id)
    made = gather.contents_of_notice(desk.actor("legal"), notice)
    assert made.reference == notice.reference and len(made.claims) == 3
    assert [party.name for party in made.parties if party.role == "Seller"] == ["Store A", "Store B"]
    with pytest.raises(NotVisible):
        gather.contents_of_notice(desk.actor("rights_holder"), notice)


def test_a_party_gets_what_the_matrix_lets_it_read(desk, contested):
    staff = contents(desk, contested)
    seller, holder = contents(desk, contested, "seller_a"), contents(desk, contested, "rights_holder")
    assert not seller.court_notices and staff.court_notices, "nothing for the seller before the paper was examined"
    assert [exhibit.id for exhibit in holder.exhibits if exhibit.id.startswith("S-")] == []
    assert holder.counter_notifications[0].text == "", "the statute gives the elements and nothing else"
    assert seller.counter_notifications[0].text == SAID
    own = {"Time after which an uncontested takedown moves to the history", "Put-back after the counter-notification"}
    desks = {"Screening of the notice", "Time to examine the court paper"}
    assert {sheet.name for sheet in staff.deadlines} == own | desks
    assert {sheet.name for sheet in seller.deadlines} == {sheet.name for sheet in holder.deadlines} == own
    with pytest.raises(NotVisible):
        contents(desk, contested, "seller_b")


def test_a_party_gets_its_own_letters_and_no_hold(desk, contested):
    staff = contents(desk, contested)
    both = {letter.text for letter in staff.correspondence}
    own = {who: {letter.text for letter in contents(desk, contested, who).correspondence} for who in ("seller_a", "rights_holder")}
    assert {letter.recipient.partition(" <")[0] for letter in contents(desk, contested, "seller_a").correspondence} == {"Store A"}
    assert own["seller_a"] and own["rights_holder"] and own["seller_a"] | own["rights_holder"] == both
    assert own["seller_a"].isdisjoint(own["rights_holder"])
    held = {who: [fact for sheet in contents(desk, contested, who).claims for fact in sheet.facts if "still in force" in fact.value]
            for who in ("legal", "seller_a", "rights_holder")}
    assert {who: len(found) for who, found in held.items()} == {"legal": 1, "seller_a": 0, "rights_holder": 0}


def test_nothing_in_the_sellers_bundle_tells_of_a_court_paper_that_nobody_has_examined(desk, contested):
    seller = contents(desk, contested, "seller_a")
    put_back, = [sheet for sheet in seller.deadlines if sheet.name == "Put-back after the counter-notification"]
    assert put_back.outcome == "Still running", "not stopped by a paper that the seller does not know of"
    told = [event.what for event in seller.chronology] + [entry.act for entry in seller.log]
    assert not [line for line in told if "court" in line.lower()], told
    assert [event for event in contents(desk, contested).chronology if "court" in event.what.lower()], "staff read of it"
    assert len(seller.log) == len(records.entries_of(contested.id)), "the chain is whole all the same"


def test_a_file_that_is_gone_from_the_store_is_on_a_slip_sheet(desk, contested, tmp_path):
    made = contents(desk, contested)
    from ipdesk.features.evidence.store import Damaged

    def gone():
        raise Damaged("x")
        yield b""

    broken = replace(made, exhibits=tuple(
        replace(exhibit, source=gone) if exhibit.id == "S-1" else exhibit for exhibit in made.exhibits))
    report = render(broken, tmp_path / "a.pdf")
    assert {e.id: bool(e.slip) for e in report.exhibits}["S-1"]
    assert [e.id for e in report.exhibits if e.slip] == ["S-1"]


def test_a_notice_that_is_signed_by_another_name_says_so_beside_its_element(desk, contested, tmp_path):
    """A court asks who signed: the desk does not call a signature that of the notifier when it is not."""
    before = contents(desk, contested)
    remarks = {e.code: e.remark for one in before.element_checklists for e in one.elements}
    assert not any("another name" in remark for remark in remarks.values())
    said = {"reference": "N-1", "received_at": desk.clock.now(), "signed_name": "Grace Other", "contact": {"name": "Ada Example"},
            "reason_code": "unauthorised_copy", "acting_as": "owner", "explanation": "x", "right": {"title": "x"}, "statements": []}
    (signature,) = [e for e in papers.notice_checklist(Words("en", "UTC"), "us_dmca", said, [1]).elements if "another name" in e.remark]
    assert signature.satisfied and "ignature" in signature.label
    assert any("another name" in fact.value for fact in papers.notice(Words("en", "UTC"), said, ["L-1"], ()).facts)


def test_elements_are_called_statutory_only_where_a_statute_asks_for_them(desk, contested, tmp_path):
    house = desk.file()[0]
    desk.accept([house])
    for filed, title, other in ((house, "Elements that the house rules ask for", "Statutory elements"),
                                (contested, "Statutory elements", "house rules ask for")):
        render(contents(desk, filed), tmp_path / "a.pdf")
        everything = text_of(tmp_path / "a.pdf")
        assert title in everything and other not in everything


def test_what_the_marketplace_confirmed_is_no_act_of_the_desks_clock(desk, tmp_path):
    filed = at_state(desk, "us_dmca", "counter_notified.restoring")
    desk.work()
    last = [event for event in contents(desk, filed).chronology if "is back" in event.what]
    assert [event.actor for event in last] == ["Marketplace, by its system"]

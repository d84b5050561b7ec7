"""Visibility, previews and originals: who may open what, and how it is served."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token
from ipdesk.features.evidence import operations, queries
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.evidence.pages import attachment
from tests.features.evidence.conftest import Desk, pdf, photo_with_place, picture

HOLDER = {"user_id": 1, "roles": frozenset({"rights_holder"}), "organisation_id": 10}
COLLEAGUE = {"user_id": 2, "roles": frozenset({"rights_holder"}), "organisation_id": 10}
STRANGER = {"user_id": 3, "roles": frozenset({"rights_holder"}), "organisation_id": 11}
SELLER_A = {"user_id": 4, "roles": frozenset({"seller"}), "store_ids": frozenset({100})}
SELLER_B = {"user_id": 5, "roles": frozenset({"seller"}), "store_ids": frozenset({200})}
SELLER_A2 = {"user_id": 6, "roles": frozenset({"seller"}), "store_ids": frozenset({100, 300})}
LEGAL = {"user_id": 8, "roles": frozenset({"legal"})}
AUDITOR = {"user_id": 9, "roles": frozenset({"auditor"})}
GUEST: dict[str, Any] = {}
EVERYONE = {"holder": HOLDER, "colleague": COLLEAGUE, "stranger": STRANGER, "seller_a": SELLER_A, "seller_b": SELLER_B,
            "seller_a2": SELLER_A2, "legal": LEGAL, "auditor": AUDITOR, "guest": GUEST}


def exhibit(desk: Desk, owner: dict[str, Any], case_id: int | None = None, *, content: bytes = b"proof", name: str = "a.txt",
            visibility: str = "platform_only", filed: bool = True, **attach: Any) -> str:
    """An exhibit made through the real operations; returns its reference."""
    actor = desk.who(**owner)
    file = desk.tools.take([content], name=name)
    with unit_of_work():
        made = operations.take_in(actor=actor, file=file)
        if case_id is not None:
            operations.attach(actor=actor, exhibit=made, case_id=case_id, role="notice", rules=desk.tools.rules,
                              visibility=visibility, **attach)
            if filed:
                operations.file_exhibits(actor=actor, exhibits=[made])
        return made.reference


def seen_by(desk: Desk, reference: str) -> set[str]:
    """Who gets the original over HTTP; everybody else must get 404, and queries must agree."""
    found = set()
    for name, who in EVERYONE.items():
        desk.as_(**who)
        client = desk.app.test_client()
        statuses = {client.get(f"/evidence/exhibits/{reference}/{way}").status_code for way in ("original", "text")}
        assert statuses in ({200}, {404}), (name, statuses)
        listed = db.session.scalar(queries.visible_to(desk.who(**who)).where(Exhibit.reference == reference))
        assert (listed is not None) == (statuses == {200}), name
        if statuses == {200}:
            found.add(name)
    return found


def test_a_draft_is_seen_by_its_own_side_only(desk: Desk, case_id: int) -> None:
    assert seen_by(desk, exhibit(desk, HOLDER)) == {"holder", "colleague"}
    assert seen_by(desk, exhibit(desk, SELLER_A)) == {"seller_a"}
    assert seen_by(desk, exhibit(desk, SELLER_A, case_id, filed=False, store_id=100)) == {"seller_a", "seller_a2"}


@pytest.mark.parametrize("visibility", ["platform_only", "share", "staff_only"])
def test_a_filed_exhibit_is_seen_by_its_side_and_the_staff(desk: Desk, case_id: int, visibility: str) -> None:
    own_and_staff = {"holder", "colleague", "legal", "auditor"}
    assert seen_by(desk, exhibit(desk, HOLDER, case_id, visibility=visibility)) == own_and_staff


def test_a_shared_exhibit_is_seen_by_the_store_it_was_disclosed_to_and_by_no_other(desk: Desk, case_id: int) -> None:
    reference = exhibit(desk, HOLDER, case_id, visibility="share")
    with unit_of_work():
        row = queries.find(desk.who(**HOLDER), reference)
        for _twice in range(2):
            operations.disclose(actor=desk.who(), exhibit=row, case_id=case_id, store_id=100)
    assert seen_by(desk, reference) == {"holder", "colleague", "legal", "auditor", "seller_a", "seller_a2"}
    assert db.session.scalar(text("select count(*) from exhibit_disclosures")) == 1


def test_a_sellers_shared_exhibit_is_disclosed_to_the_other_organisation(desk: Desk, case_id: int) -> None:
    reference = exhibit(desk, SELLER_A, case_id, visibility="share", store_id=100)
    with unit_of_work():
        operations.disclose(actor=desk.who(), exhibit=queries.find(desk.who(**LEGAL), reference), case_id=case_id,
                            organisation_id=10)
    assert seen_by(desk, reference) == {"seller_a", "seller_a2", "holder", "colleague", "legal", "auditor"}


@pytest.mark.parametrize(("visibility", "filed"), [("platform_only", True), ("staff_only", True), ("share", False)])
def test_what_was_not_shared_or_not_filed_cannot_be_disclosed(desk: Desk, case_id: int, visibility: str, filed: bool) -> None:
    reference = exhibit(desk, HOLDER, case_id, visibility=visibility, filed=filed)
    with pytest.raises(Refusal, match="not_shared"), unit_of_work():
        operations.disclose(actor=desk.who(), exhibit=queries.find(desk.who(**HOLDER), reference), case_id=case_id,
                            store_id=100)
    assert "seller_a" not in seen_by(desk, reference)


def test_even_a_disclosure_row_shows_nothing_that_is_not_shared(desk: Desk, case_id: int) -> None:
    reference = exhibit(desk, HOLDER, case_id, visibility="platform_only")
    with unit_of_work():
        db.session.execute(text(
            "insert into exhibit_disclosures (exhibit_id, case_id, store_id, disclosed_at) "
            "select id, case_id, 100, '2026-11-23 09:00:00' from exhibits"))
    assert seen_by(desk, reference) == {"holder", "colleague", "legal", "auditor"}


def test_who_leaves_a_side_loses_its_exhibits_own_uploads_included(desk: Desk, case_id: int) -> None:
    by_organisation = exhibit(desk, HOLDER, case_id)
    by_store = exhibit(desk, SELLER_A, case_id, store_id=100)
    left = {"user_id": 1, "roles": frozenset({"rights_holder"}), "organisation_id": None}
    without_store = {"user_id": 4, "roles": frozenset({"seller"})}
    for who, reference in ((left, by_organisation), (without_store, by_store)):
        with pytest.raises(NotVisible):
            queries.find(desk.who(**who), reference)


def test_a_guest_is_known_by_a_key_alone(desk: Desk, case_id: int) -> None:
    mine, other = hash_token("mine"), hash_token("other")
    file = desk.tools.take([b"guest"], name="g.txt")
    with unit_of_work():
        reference = operations.take_in(actor=desk.who(), file=file, key_hash=mine).reference
    assert queries.find(desk.who(), reference, mine).reference == reference
    for who, key in (({}, None), ({}, other), (STRANGER, None)):
        with pytest.raises(NotVisible):
            queries.find(desk.who(**who), reference, key)
    shared = exhibit(desk, SELLER_A, case_id, visibility="share", store_id=100)
    with unit_of_work():
        operations.disclose(actor=desk.who(), exhibit=queries.find(desk.who(**LEGAL), shared), case_id=case_id, key_hash=mine)
    assert queries.find(desk.who(), shared, mine)
    with pytest.raises(NotVisible):
        queries.find(desk.who(), shared, other)


def test_the_link_of_a_guest_opens_what_is_filed_in_its_own_notice_and_nothing_else(desk: Desk, case_id: int) -> None:
    def guests(*, filed: bool) -> str:
        with unit_of_work():
            made = operations.take_in(actor=desk.who(), file=desk.tools.take([b"guest"], name="g.txt"), key_hash=hash_token("mine"))
            operations.attach(actor=desk.who(), exhibit=made, case_id=case_id, role="notice", rules=desk.tools.rules)
            if filed:
                operations.file_exhibits(actor=desk.who(), exhibits=[made])
            return made.reference

    draft, filed = guests(filed=False), guests(filed=True)
    of_holder = exhibit(desk, HOLDER, case_id)
    by_link = desk.who(links=frozenset({("guest", case_id)}))
    assert {one.reference for one in db.session.scalars(queries.visible_to(by_link))} == {filed}
    for other in (desk.who(links=frozenset({("guest", case_id + 1)})), desk.who()):
        assert not list(db.session.scalars(queries.visible_to(other)))
    assert {draft, of_holder}.isdisjoint({filed})


def test_nobody_files_what_is_not_theirs(desk: Desk, case_id: int) -> None:
    foreign, own = exhibit(desk, STRANGER), exhibit(desk, HOLDER)
    assert [row.reference for row in queries.own_drafts(desk.who(**HOLDER), [own, own])] == [own]
    for references in ([foreign], [own, foreign], ["E-NONE-0000"]):
        with pytest.raises(NotVisible):
            queries.own_drafts(desk.who(**HOLDER), references)
    filed = exhibit(desk, HOLDER, case_id)
    for who in (HOLDER, LEGAL):
        with pytest.raises(NotVisible):
            queries.own_drafts(desk.who(**who), [filed])
    with pytest.raises(NotVisible), unit_of_work():
        operations.attach(actor=desk.who(**SELLER_A), exhibit=queries.own_drafts(desk.who(**HOLDER), [own])[0],
                          case_id=case_id, role="notice", rules=desk.tools.rules, store_id=200)


def test_exhibits_of_a_case_for_some_claims(desk: Desk, case_id: int) -> None:
    for_all = exhibit(desk, HOLDER, case_id, position=2)
    for_one = exhibit(desk, HOLDER, case_id, claim_ids=[51], position=1)
    for_other = exhibit(desk, HOLDER, case_id, claim_ids=[52, 53], position=3)

    def found(**which: Any) -> list[str]:
        return [row.reference for row in queries.of_case(desk.who(**LEGAL), case_id, **which)]

    assert found() == [for_one, for_all, for_other]
    assert found(claim_ids=[51]) == [for_one, for_all]
    assert found(claim_ids=[53]) == [for_all, for_other]
    assert found(claim_ids=[99]) == [for_all]
    assert found(role="court") == []
    assert list(queries.of_case(desk.who(**SELLER_B), case_id)) == []


def test_what_is_filed_stays_as_it_is(desk: Desk, case_id: int) -> None:
    reference = exhibit(desk, HOLDER, case_id)
    for act in (
        lambda row: operations.attach(actor=desk.who(**HOLDER), exhibit=row, case_id=case_id, role="court",
                                      rules=desk.tools.rules),
        lambda row: operations.file_exhibits(actor=desk.who(**HOLDER), exhibits=[row]),
        lambda row: operations.remove(actor=desk.who(**HOLDER), exhibit=row),
    ):
        with pytest.raises(Refusal, match="already_filed"), unit_of_work():
            act(queries.find(desk.who(**HOLDER), reference))


@pytest.mark.parametrize("change", ["role = 'other'", "visibility = 'public'", "filed_at = '2026-11-23', case_id = null",
                                    "blob_sha256 = 'absent'"])
def test_the_database_repeats_what_matters(desk: Desk, case_id: int, change: str) -> None:
    exhibit(desk, HOLDER, case_id)
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.execute(text(f"update exhibits set {change}"))  # noqa: S608 - the test's own words


# --- how it is served --------------------------------------------------------------------------

@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    desk.as_(**HOLDER)
    return desk.app.test_client()


def sealed(response: Any) -> bool:
    headers = response.headers
    return (headers["Content-Security-Policy"] == "default-src 'none'; sandbox" and headers["X-Content-Type-Options"] == "nosniff"
            and headers["Cache-Control"].startswith("private") and headers["Cross-Origin-Resource-Policy"] == "same-origin")


def test_the_original_comes_back_byte_for_byte_as_an_attachment_only(desk: Desk, client: FlaskClient) -> None:
    content = photo_with_place() + b"<script>alert(1)</script>"
    reference = exhibit(desk, HOLDER, content=content, name="photo.jpg")
    response = client.get(f"/evidence/exhibits/{reference}/original")
    assert response.data == content
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert sealed(response)


def test_a_preview_is_new_pixels_without_place(desk: Desk, client: FlaskClient) -> None:
    content = photo_with_place()
    reference = exhibit(desk, HOLDER, content=content, name="photo.jpg")
    for kind in ("thumb", "view", "view/0"):
        response = client.get(f"/evidence/exhibits/{reference}/{kind}")
        assert (response.status_code, response.mimetype, sealed(response)) == (200, "image/webp", True)
        assert b"CanaryCamera" not in response.data and b"EXIF" not in response.data
        assert response.data not in content
    assert client.get(f"/evidence/exhibits/{reference}/view/1").status_code == 404
    assert client.get(f"/evidence/exhibits/{reference}/other").status_code == 404
    assert client.get(f"/evidence/exhibits/{reference}/text").status_code == 404


def test_every_page_of_a_pdf_can_be_seen(desk: Desk, client: FlaskClient) -> None:
    reference = exhibit(desk, HOLDER, content=pdf(3), name="a.pdf")
    assert [client.get(f"/evidence/exhibits/{reference}/view/{page}").status_code for page in range(4)] == [200, 200, 200, 404]


def test_a_lost_preview_is_made_again(desk: Desk, client: FlaskClient) -> None:
    reference = exhibit(desk, HOLDER, content=picture("PNG"), name="a.png")
    before = client.get(f"/evidence/exhibits/{reference}/thumb").data
    desk.tools.store.drop_derived(desk.stored()[0])
    assert client.get(f"/evidence/exhibits/{reference}/thumb").data == before


def test_text_is_text_and_never_a_page(desk: Desk, client: FlaskClient) -> None:
    reference = exhibit(desk, HOLDER, content=b"see <script>alert(1)</script>", name="a.txt")
    response = client.get(f"/evidence/exhibits/{reference}/text")
    assert (response.mimetype, response.data, sealed(response)) == ("text/plain", b"see <script>alert(1)</script>", True)


@pytest.mark.parametrize(("asked", "status", "body", "content_range"), [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    ("bytes=-2", 206, b"89", "bytes 8-9/10"), ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
    ("bytes=10-", 416, b"", "bytes */10"), ("bytes=0-1,3-4", 200, b"0123456789", None), ("lines=1-2", 200, b"0123456789", None),
    ("nonsense", 200, b"0123456789", None),
])
def test_ranges_of_an_original(
    desk: Desk, client: FlaskClient, asked: str, status: int, body: bytes, content_range: str | None
) -> None:
    reference = exhibit(desk, HOLDER, content=b"0123456789")
    response = client.get(f"/evidence/exhibits/{reference}/original", headers={"Range": asked})
    assert (response.status_code, response.data, response.headers.get("Content-Range")) == (status, body, content_range)


def test_a_range_of_another_version_gets_the_whole(desk: Desk, client: FlaskClient) -> None:
    reference = exhibit(desk, HOLDER, content=b"0123456789")
    url = f"/evidence/exhibits/{reference}/original"
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(url, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_damaged_bytes_are_never_served_as_good(desk: Desk, client: FlaskClient) -> None:
    reference = exhibit(desk, HOLDER, content=b"0123456789")
    path = next(path for path in desk.files() if "sha256" in path.parts)
    path.chmod(0o600)
    path.write_bytes(b"0123x56789")
    response = client.get(f"/evidence/exhibits/{reference}/original")
    assert response.status_code == 500
    assert b"0123" not in response.data
    path.unlink()
    assert client.get(f"/evidence/exhibits/{reference}/original").status_code == 500


@pytest.mark.parametrize(("name", "plain"), [
    ("a.pdf", "a.pdf"), ('q"uote\\.pdf', "q_uote_.pdf"), ("商标.pdf", "__.pdf"), ("a%41.pdf", "a_41.pdf"), ("a;b=c.pdf", "a;b=c.pdf"),
])
def test_the_name_of_a_download_is_one_header_that_every_reader_reads_alike(name: str, plain: str) -> None:
    from urllib.parse import quote

    from werkzeug.http import parse_options_header
    header = attachment(name)
    assert header.isascii() and "\n" not in header and "\r" not in header
    assert f'filename="{plain}"' in header
    assert header.endswith(f"filename*=UTF-8''{quote(name, safe='')}")
    kind, read = parse_options_header(header)
    assert (kind, read["filename"]) == ("attachment", name)


def test_one_file_handed_in_by_two_sides_is_stored_once_and_seen_apart(desk: Desk) -> None:
    ours, theirs = exhibit(desk, HOLDER, content=b"same"), exhibit(desk, SELLER_A, content=b"same")
    assert len(desk.stored()) == 1
    assert seen_by(desk, ours) == {"holder", "colleague"}
    assert seen_by(desk, theirs) == {"seller_a"}
    assert len(set(db.session.scalars(select(Exhibit.blob_sha256)))) == 1

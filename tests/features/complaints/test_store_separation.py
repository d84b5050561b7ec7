"""Whatever store Alpha can reach is searched for anything that belongs only to store Bravo, and the other way round."""

import pytest
from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.features.complaints.models import Complaint
from tests import make
from tests.features.complaints.conftest import CONTACT, upload
from tests.visitors import sign_in

# Words that occur in the part of one store only.
ALPHA = ("Store Alpha", "LX000", "LX001", "Amber goods", "alpha-comparison.txt", "Alpha alone did this", "ALPHA-BUY", "Alpha findings")
BRAVO = ("Store Bravo", "LX002", "Basalt goods", "bravo-comparison.txt", "Bravo alone did this", "BRAVO-BUY", "Bravo findings")
# Nobody but the notifier and the desk.
NOBODY = ("secret-notes.txt", "ALPHA-BUY", "BRAVO-BUY", "Hidden findings", CONTACT["phone"], CONTACT["address"], "NOPE-77")


@pytest.fixture
def filed(scene):
    """A notice about both stores with exhibits, purchases and explanations of each, accepted."""
    filer = scene.filer().begin().fill("LX000", "LX001", "LX002", "NOPE-77")
    for place, (name, said) in {0: ("alpha", "Alpha alone did this"), 2: ("bravo", "Bravo alone did this")}.items():
        filer.step("reasons/listings", rows=[str(place)], own_explanation=said, act="set")
        exhibit = upload(filer, name.encode(), f"{name}-comparison.txt")
        filer.step("exhibits", exhibits=[exhibit])
        filer.step(f"exhibits/{exhibit}", visibility="share", stores="some", rows=[str(place)])
        filer.step("purchases", row=str(place), order_number=f"{name.upper()}-BUY", visibility="share",
                   findings=f"{name.title()} findings")
    secret = upload(filer, b"secret", "secret-notes.txt")
    filer.step("exhibits", exhibits=[secret])
    filer.step(f"exhibits/{secret}", visibility="platform_only", stores="all")
    filer.step("exhibits", exhibits=[upload(filer, b"for all", "for-everybody.txt")])
    filer.step("purchases", row="0", findings="Hidden findings")
    filer.preview = filer.get(f"/notices/{filer.reference}/draft/preview").text
    assert filer.sign().status_code == 303
    scene.screen(filer.reference, "accept")
    return filer


def complaints(scene):
    return [reference for (reference,) in scene.rows(
        select(Case.reference).join(Complaint, Complaint.id == Case.id).order_by(Complaint.id))]


def reachable(client, start):
    """Every page that leads on from ``start`` inside the desk, with its address: path → text."""
    found, open_ = {}, [start]
    while open_:
        path = open_.pop()
        if path in found:
            continue
        answer = client.get(path)
        found[path] = f"{path} {dict(answer.headers)} {answer.get_data(as_text=True)}"
        if answer.status_code == 200 and answer.mimetype == "text/html":
            open_ += [link for link in _links(answer.text) if link not in found]
    return found


def _links(page):
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    links = [tag.get("href") or tag.get("src") for tag in soup.select("a[href], img[src]")]
    return [link.split("#")[0] for link in links if link.startswith("/") and not link.startswith(
        ("/static", "/language", "/sign-", "/register", "/reset"))]


@pytest.mark.parametrize(("store", "own", "others"), [(0, ALPHA, BRAVO), (1, BRAVO, ALPHA)])
def test_every_page_that_a_store_can_reach(scene, filed, store, own, others):
    seller = sign_in(scene.app.test_client(), make.seller(store=scene.stores[store]))
    pages = reachable(seller, "/complaints")
    mine = complaints(scene)[store]
    assert f"/complaints/{mine}" in pages
    everything = "\n".join(pages.values())
    missing = [word for word in (*own, "for-everybody.txt") if word not in everything and not word.endswith("-BUY")]
    assert missing == [], "its own part is there, so the search means something"
    leaks = [(word, path) for word in (*others, *NOBODY) for path, text in pages.items() if word in text]
    assert leaks == []


@pytest.mark.parametrize(("store", "others"), [(0, BRAVO), (1, ALPHA)])
def test_every_letter_to_a_store(scene, filed, store, others):
    letters = [text for address, text in scene.letters() if address == scene.stores[store].contact_email]
    assert letters
    assert [word for word in (*others, *NOBODY) for text in letters if word in text] == []


@pytest.mark.parametrize("store", [0, 1])
def test_the_other_stores_complaint_and_exhibits_do_not_exist_for_it(scene, filed, store):
    from ipdesk.features.evidence.models import Exhibit

    seller = sign_in(scene.app.test_client(), make.seller(store=scene.stores[store]))
    other = complaints(scene)[1 - store]
    assert seller.get(f"/complaints/{other}").status_code == 404
    names = {name: reference for reference, name in scene.rows(select(Exhibit.reference, Exhibit.name))}
    allowed = {"for-everybody.txt", ("alpha", "bravo")[store] + "-comparison.txt"}
    for name, reference in names.items():
        for part in ("original", "text"):
            status = seller.get(f"/evidence/exhibits/{reference}/{part}").status_code
            assert (status == 200) == (name in allowed), (name, part, status)
    assert seller.get(f"/notices/{filed.reference}").status_code == 404, "the notice is whole: it names every store"


def test_the_preview_shows_each_store_its_part_and_nothing_of_the_other(filed):
    from bs4 import BeautifulSoup

    parts = [one.get_text(" ") for one in BeautifulSoup(filed.preview, "html.parser").select("main section.ipd-letter")]
    assert len(parts) == 2
    for part, own, others in ((parts[0], ALPHA, BRAVO), (parts[1], BRAVO, ALPHA)):
        assert [word for word in (*own, "for-everybody.txt") if word not in part and not word.endswith("-BUY")] == []
        assert [word for word in (*others, *NOBODY) if word in part] == []


def test_nothing_is_disclosed_before_the_notice_is_accepted(scene):
    filer = scene.filer().begin().fill("LX000")
    filer.step("exhibits", exhibits=[upload(filer)])
    filer.sign()
    seller = sign_in(scene.app.test_client(), make.seller(store=scene.stores[0]))
    pages = reachable(seller, "/complaints")
    assert complaints(scene)[0] not in "\n".join(pages.values())
    assert scene.letters() == []


def test_each_part_of_a_split_notice_shows_its_stores_their_exhibits(scene, monkeypatch):
    from ipdesk.features.complaints.operations import filing

    given = filing.limit
    monkeypatch.setattr(filing, "limit", lambda name: 2 if name == "listings_per_notice" else given(name))
    filer = scene.filer().begin().fill("LX000", "LX001", "LX002")
    filer.step("exhibits", exhibits=[upload(filer, b"all", "for-everybody.txt")])
    filer.sign()
    for reference, _ in scene.notices():
        scene.screen(reference, "accept")
    for store in (0, 1):
        seller = sign_in(scene.app.test_client(), make.seller(store=scene.stores[store]))
        assert "for-everybody.txt" in "\n".join(reachable(seller, "/complaints").values())

"""What a bundle says, in which order, and that every number and link in it is right."""

import hashlib
import re
from dataclasses import replace

import pdf_sample as sample
import pikepdf
import pytest

from ipdesk.gateways.bundles.render import render
from tests.papers import fonts_of, is_sound, text_of, text_of_page, text_of_pages


def outline(path) -> list[tuple[str, int, list]]:
    """Bookmarks as (title, page number, children)."""
    with pikepdf.open(path) as pdf:
        numbers = {page.objgen: n for n, page in enumerate(pdf.pages, 1)}

        def read(item):
            return item.title, numbers[item.destination[0].objgen], [read(child) for child in item.children]

        with pdf.open_outline() as root:
            return [read(item) for item in root.root]


def links(pdf, page: int) -> list[tuple[float, int]]:
    """(height, page number it leads to) of every inner link, from the top of the page down."""
    numbers = {p.objgen: n for n, p in enumerate(pdf.pages, 1)}
    notes = pdf.pages[page - 1].obj.get("/Annots", [])
    return sorted(((float(n.Rect[3]), numbers[n.Dest[0].objgen]) for n in notes if "/Dest" in n), reverse=True)


def test_sections_come_in_the_order_of_a_case_file(whole):
    path, _, _ = whole
    everything = text_of(path)
    order = [
        "Evidence bundle",
        "The parties\n",
        "The right relied on\n",
        "The listings and their outcome\n",
        "Statutory elements\n",
        "Computation of deadlines\n",
        "Chronology\n",
        "In the words of the party",
        "Counter-notification for L-1002",
        "Decision D-22KM-7TTA",
        "certificate page 1",
        "invoice page 2",
        "sha256sum",
    ]
    body = everything[everything.index("The parties", everything.index("Hash manifest")) :]
    places = [body.find(words) for words in order[1:]]
    assert -1 not in places, order[1 + places.index(-1)]
    assert places == sorted(places)
    assert everything.lstrip().startswith("Market Example")


def test_every_page_carries_its_own_number_of_all_the_reference_or_exhibit_and_the_bundle_id(whole):
    path, report, _ = whole
    pages = text_of_pages(path)
    assert len(pages) == report.pages
    for number, page in enumerate(pages, 1):
        foot = page.rstrip().splitlines()[-1]
        assert foot.endswith(f"Page {number} of {report.pages}")
        assert f"Bundle {report.bundle_id}" in foot
    first, last = report.exhibits[0].shown
    assert "Exhibit RH-1 Page 3 of 3" in re.sub(r" +", " ", pages[last - 1].rstrip().splitlines()[-1])
    assert last - first == 2


def test_exhibits_stand_where_the_report_says(whole):
    path, report, _ = whole
    first, _last = report.exhibits[0].shown
    assert [f"certificate page {k}" in text_of_page(path, first + k - 1) for k in (1, 2, 3)] == [True] * 3
    assert "invoice page 1" in text_of_page(path, report.exhibits[3].shown[0])
    mail = text_of_page(path, report.exhibits[2].shown[0])
    assert "The sole of the shoe bears the mark." in mail and "<b>not bold</b>" in mail and "receipt.bin" in mail
    video = text_of_page(path, report.exhibits[4].shown[0])
    assert "Slip sheet for exhibit S-2" in video and report.exhibits[4].sha256[:8] in video and "4,012 bytes" in video


def test_index_prints_the_pages_of_each_exhibit_and_links_to_its_first_page(whole):
    path, report, contents = whole
    index = text_of_page(path, 2) + text_of_page(path, 3)
    for exhibit, shown in zip(contents.exhibits, report.exhibits, strict=True):
        pages = str(shown.shown[0]) if shown.shown[0] == shown.shown[1] else f"{shown.shown[0]}–{shown.shown[1]}"
        assert re.search(rf"{exhibit.id} .* {pages}\n", index), exhibit.id
    with pikepdf.open(path) as pdf:
        targets = {target for page in (2, 3) for _, target in links(pdf, page)}
    assert targets >= {shown.shown[0] for shown in report.exhibits}


def test_statutory_elements_name_the_page_that_proves_them(whole):
    path, report, _ = whole
    pages = text_of_pages(path)
    sheet = next(n for n, page in enumerate(pages, 1) if "The exact electronic location" in page)
    notice = next(n for n, page in enumerate(pages, 1) if "Notice N-4QRT-81ZW" in page)
    assert re.search(rf"substantiated.*Art\. 16\(2\)\(a\) +yes +{notice}\n", pages[sheet - 1])
    assert re.search(rf"Evidence of the right.* not examined +{report.exhibits[0].shown[0]}\n", pages[sheet - 1])
    assert re.search(r"A sworn translation .* no\n", pages[sheet - 1])
    with pikepdf.open(path) as pdf:
        assert {notice, report.exhibits[0].shown[0]} <= {target for _, target in links(pdf, sheet)}


def test_bookmarks_are_nested_name_pages_and_lead_there(whole):
    path, report, _contents = whole
    marks = outline(path)
    assert [title for title, _, _ in marks][:3] == ["Cover · p. 1", "Index · p. 2–3", "1 The parties · p. 4"]
    for title, page, children in marks:
        assert re.search(r"p\. (\d+)", title)[1] == str(page)
        for child_title, child_page, _ in children:
            assert re.search(r"p\. (\d+)", child_title)[1] == str(child_page)
    exhibits = next(children for title, _, children in marks if "Exhibits" in title)
    assert [page for _, page, _ in exhibits] == [e.shown[0] for e in report.exhibits]
    assert exhibits[1][0].startswith("RH-2 Photograph of the goods as delivered 商品照片")


def test_manifest_lists_the_hash_of_every_file(whole):
    path, report, contents = whole
    manifest = re.sub(r"\s+", " ", "".join(p for p in text_of_pages(path) if "sha256sum" in p))
    for exhibit in contents.exhibits:
        digest = hashlib.sha256(exhibit.source()).hexdigest()
        assert digest[:32] in manifest and digest[32:] in manifest, exhibit.id
    assert report.manifest_sha256.startswith(report.bundle_id.replace("-", ""))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == report.sha256


def test_document_opens_at_full_size_with_title_language_labels_and_nothing_that_runs(whole):
    path, report, _ = whole
    with pikepdf.open(path) as pdf:
        root = pdf.Root
        assert str(root.Lang) == "en" and root.ViewerPreferences.DisplayDocTitle
        assert root.OpenAction[1] == "/XYZ" and root.OpenAction[4] == 1
        assert root.OpenAction[0].objgen == pdf.pages[0].objgen
        assert [page.label for page in pdf.pages] == [str(n) for n in range(1, report.pages + 1)]
        assert str(pdf.docinfo.Title) == "C-7K3M-9Q2X Lumen v. Northwind"
        with pdf.open_metadata() as xmp:
            assert xmp["dc:title"] == "C-7K3M-9Q2X Lumen v. Northwind" and xmp["xmp:CreateDate"] == "2026-11-22T09:00:00Z"
        assert not {"/Names", "/AcroForm", "/AA"} & set(root.keys())
        # the page of letters is gone from page tree and structure tree alike
        alive = {page.objgen for page in pdf.pages}
        assert all(k.Pg.objgen in alive for k in root.StructTreeRoot.K[0].K if "/Pg" in k)


def test_public_checkers_find_nothing(whole):
    path, _, _ = whole
    assert is_sound(path)
    fonts = fonts_of(path, 13)
    assert fonts and set(fonts.values()) == {(True, True, True)}, fonts


def test_same_contents_give_the_same_bytes_and_others_another_id(tmp_path, whole):
    path, report, _contents = whole
    again = render(sample.whole_case(), tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == path.read_bytes()
    assert again.bundle_id == report.bundle_id
    other = sample.bundle(title="Lumen v. Northwind!")
    assert render(other, tmp_path / "a.pdf").bundle_id != render(replace(other, title="Lumen v. Northwind"), tmp_path / "b.pdf").bundle_id


def test_a_bundle_without_exhibits_says_so(tmp_path):
    report = render(sample.bundle(), tmp_path / "b.pdf")
    assert report.exhibits == () and "This bundle has no exhibits." in text_of(tmp_path / "b.pdf")


def test_exhibit_1_never_shows_the_pages_of_exhibit_11(tmp_path):
    exhibits = [sample.exhibit(f"A-{n}", sample.pdf(1, f"document{n}only"), f"{n}.pdf") for n in range(1, 13)]
    report = render(sample.bundle(*exhibits), tmp_path / "b.pdf")
    for n, shown in enumerate(report.exhibits, 1):
        assert f"document{n}only page 1" in text_of_page(tmp_path / "b.pdf", shown.shown[0])


def test_long_index_keeps_links_and_numbers(tmp_path):
    one = sample.pdf(1)
    report = render(
        sample.bundle(*(sample.exhibit(f"A-{n}", one, f"{n}.pdf", title=f"Paper {n} of many") for n in range(1, 451))), tmp_path / "b.pdf"
    )
    pages = text_of_pages(tmp_path / "b.pdf")
    for n in (1, 200, 201, 450):
        row = next(page for page in pages if re.search(rf"A-{n} +Paper {n} of many +{report.exhibits[n - 1].shown[0]}\n", page))
        assert row


def test_progress_tells_each_step_to_the_end(tmp_path):
    steps = []
    render(
        sample.bundle(sample.exhibit("A-1", sample.pdf(), "a.pdf")),
        tmp_path / "b.pdf",
        lambda done, total, what: steps.append((done, total, what)),
    )
    assert steps == [(1, 3, "a.pdf"), (2, 3, "typeset"), (3, 3, "bound")]


def test_only_the_finished_file_is_left_behind(tmp_path):
    render(sample.bundle(), tmp_path / "b.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["b.pdf"]


@pytest.mark.parametrize("wrong", ["", "A 1", "<b>", "x" * 21, "展"])
def test_exhibit_ids_that_cannot_be_stamped_are_refused(wrong):
    with pytest.raises(ValueError, match="stamp"):
        sample.exhibit(wrong, b"x", "x")


def test_two_exhibits_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two exhibits"):
        sample.bundle(sample.exhibit("A", b"x", "x"), sample.exhibit("A", b"y", "y"))

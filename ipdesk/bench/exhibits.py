"""A complaint with many exhibits, filed through the real operations."""

import io
from typing import Any

import pikepdf

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.demo.story import Stage
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import elements, operations, queries
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake

PAGES, LINES = 10, 46


def complaint_with_exhibits(stage: Stage, number: int) -> str:
    """The reference of a new complaint whose notice came with ``number`` exhibits of ten text pages."""
    papers = [intake().take([paper(place)], name=f"exhibit-{place:03}.pdf") for place in range(number)]
    with unit_of_work():
        actor = stage.actor("holder")
        right = rules.kinds["right"].load(stage.rights["mark"])
        market = db.session.get_one(Marketplace, stage.market_id)
        notice = operations.start_notice(actor=actor, marketplace=market, right=right)
        handed: dict[Any, list[str]] = {}
        for place, file in enumerate(papers):
            exhibit = evidence.take_in(actor=actor, file=file)
            handed[evidence.attach(
                actor=actor, exhibit=exhibit, case_id=notice.id, role="notice", rules=intake().rules,
                visibility="share", title=f"Exhibit paper {place + 1}", position=place)] = []
        filed = operations.file_notice(actor=actor, notice=notice, content=Content(
            right=right, reason_code="counterfeit", explanation="Every paper shows another point of difference.",
            entries=[Entry(stage.listing("S-1004", 3))], signed_name="Ines Vantour", exhibits=handed,
            contact={"name": "Ines Vantour", "company": "Aurora Audio Ltd", "email": "rights@aurora.example",
                     "address": "14 Quay Street, Portmouth", "phone": "+1 555 0142"},
            statements=[line["code"] for line in elements.statements("marketplace")]))
        return queries.complaints_of(filed[0].id)[0].reference


def paper(seed: int) -> bytes:
    """A PDF of ten pages of text in a standard font; each seed gives other words."""
    with pikepdf.new() as made:
        font = made.make_indirect(pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica))
        for page in range(PAGES):
            made.add_blank_page(page_size=(595, 842))
            made.pages[-1].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            made.pages[-1].Contents = made.make_stream(_page_of_text(seed, page))
        content = io.BytesIO()
        made.save(content)
        return content.getvalue()


def _page_of_text(seed: int, page: int) -> bytes:
    lines = [f"Paper {seed + 1}, page {page + 1}, line {line + 1}: unit {seed * 7 + page * 3 + line} of the series "
             "differs from the genuine goods in hinge and print." for line in range(LINES)]
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    return f"BT /F1 10 Tf 15 TL 60 780 Td {shown} ET".encode()

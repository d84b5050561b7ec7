"""The statement of reasons speaks the languages of both sides."""

import re

from ipdesk.core.db.core import db
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints import queries
from ipdesk.features.decisions.statement import statement_of_reasons
from tests.journeys.conftest import desk  # noqa: F401 - the fixture

REASONS = {"facts": "The hinge differs.", "ground": "Use of an identical mark.", "basis": ""}


def statement(desk, complaint):  # noqa: F811
    from ipdesk.core.casework.rules import rules

    row = rules.kinds["complaint"].load(complaint.id)
    text = statement_of_reasons(row, queries.claims_of(row.id), "uphold", REASONS, desk.clock.now())
    db.session.rollback()
    return text


def test_between_english_readers_it_is_english_only(desk):  # noqa: F811
    text = statement(desk, desk.file()[0])
    assert "Facts:\nThe hinge differs." in text
    assert not re.search("[\u3400-\u9fff]", text)


def test_a_chinese_seller_reads_the_desk_s_words_in_chinese_too(desk):  # noqa: F811
    complaint = desk.file()[0]
    user = db.session.get(User, desk.people["seller_a"].id)
    user.locale = "zh_CN"
    db.session.commit()
    text = statement(desk, complaint)
    assert "The hinge differs." in text
    assert "事实" in text and "Facts" in text

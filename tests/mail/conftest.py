"""Letters in tests: sample facts for every key, a fixed clock, a database of its own."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from ipdesk.core.casework import models as _casework  # noqa: F401 - outbox points to cases
from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.core.outbox import models as _outbox  # noqa: F401
from ipdesk.core.outbox.headers import MailIdentity
from ipdesk.core.outbox.render import LetterBook
from ipdesk.core.outbox.senders import Parcel

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday

SAMPLES = {
    "audience": "seller",
    "recipient_name": "Harbour Goods",
    "reference": "C-7K3M-9Q2X",
    "desk_name": "Example IP Desk",
    "case_url": "https://desk.example/c/C-7K3M-9Q2X",
    "now": "Mon 23 Nov 2026, 20:00 Shanghai time",
    "deadline": {
        "due_text": "Thu 26 Nov 2026, 23:59 Shanghai time",
        "days_text": "in 3 business days",
        "silence_text": "SILENCE-SENTENCE",
    },
    "audit_head": "4711 9f2ab1c0",
    "right": {
        "title": "ACME & <Sons>", "type": "Trade mark", "number": "018000001", "owner": "Acme AG",
    },
    "listings": [
        {"title": "Lamp A", "listing_id": "L-100", "url": "https://shop.example/i/100"},
        {"title": "Lamp B", "listing_id": "L-101", "url": "https://shop.example/i/101"},
    ],
    "complainant": {"name": "Acme AG", "contact": "ip@acme.example"},
    "store": {"name": "Harbour Store"},
    "received_text": "Mon 23 Nov 2026, 19:30 Shanghai time",
    "row_answers": ["L-100: accepted", "L-300: not publicly found at this time"],
    "missing": ["a signature of the person who complains"],
    "remark": "REMARK-OF-STAFF",
    "restricted": True,
    "reasons": "REASONS-WRITTEN-BY-A-PERSON",
    "redress_text": "REDRESS-SENTENCE",
    "withdrawn_text": "Mon 23 Nov 2026",
    "explanation": "EXPLANATION first line\nsecond line",
    "reason_text": "REASON-OF-NOTICE",
    "cause": "silence",
    "measure": {
        "ground_text": "GROUND", "scope_text": "SCOPE", "since_text": "SINCE", "automated": False,
    },
    "statutory": True,
    "elements": [
        {"label": "Signature", "text": "/s/ Li Wei"},
        {"label": "Address", "text": "1 Harbour Road\nShenzhen\n+86 000 0000"},
    ],
    "exhibits": ["EXHIBIT-NAME.pdf"],
    "put_back": {"earliest_text": "EARLIEST-DATE", "latest_text": "LATEST-DATE", "over": False},
    "forwarded": True,
    "answer": "ANSWER-OF-COMPLAINANT",
    "arrived_text": "",
    "restored_text": "RESTORED-DATE",
    "cause_text": "CAUSE-SENTENCE",
    "still_restricted": ["L-101"],
    "deleted_text": "DELETED-DATE",
    "action": {"court": "COURT", "case_number": "1:26-cv-1", "filed_text": "FILED-DATE"},
    "outcome_text": "OUTCOME-SENTENCE",
    "can_answer": True,
    "can_tell_again": True,
    "before": False, "in_writing": False, "lapsed": False, "by_court": False, "lifted": True,
    "contest_text": "CONTEST-SENTENCE",
    "expires_text": "EXPIRES-DATE",
    "delivered_text": "DELIVERED-DATE",
    "response_due_text": "RESPONSE-DUE",
    "inviter_name": "INVITER",
    "organisation_name": "ORGANISATION",
    "within_text": "WITHIN",
    "role_text": "ROLE",
    "lapses_text": "LAPSES-DATE",
    "letter_text": "SUBJECT-OF-A-LETTER",
    "clock_text": "CLOCK-LABEL",
    "since_text": "SINCE-DATE",
}


@pytest.fixture(scope="session")
def book():
    return LetterBook()


@pytest.fixture
def facts(book):
    """facts(message, **changes): the sample facts that a letter declares, and no other."""
    def build(message, **changes):
        return {key: (SAMPLES | changes)[key] for key in book.letters[message].keys}
    return build


@pytest.fixture
def identity():
    return MailIdentity("desk@desk.example", "Example IP Desk", "desk.example")


@pytest.fixture
def parcel():
    """parcel(**changes): one mail as a sender gets it."""
    def build(**changes):
        return Parcel(**({
            "month": 202611, "id": 1, "lease_token": 1, "attempts": 1, "channel": "mail",
            "message": "complaint_opened", "to_address": "seller@store.example",
            "thread_key": "C-7K3M-9Q2X", "subject": "A complaint", "body_text": "Hello.\n",
            "body_html": "<p>Hello.</p>", "mail_key": "202611.1.abcdef012345",
            "enqueued_at": NOON,
        } | changes))
    return build


@pytest.fixture
def clock():
    return FixedClock(NOON)


@pytest.fixture
def desk_db(tmp_path):
    """An application context on a database file with all known tables."""
    app = Flask("outbox-tests")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'desk.db'}"
    db.init_app(app)
    with app.app_context():
        db.create_all()
        yield db
        db.session.remove()
        db.engine.dispose()

"""Every complaint and notice of the demo marketplace can be gathered; bundles of its odd ones print."""

import pytest
from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.demo.story import ensure_demo
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.fsck import content_faults
from ipdesk.gateways.bundles.gather import case_of, contents_of_case
from ipdesk.gateways.bundles.render import render

# Passed through within a minute: the demo's mail and marketplace answer at once.
PASSING = {"pending_response.sending", "counter_notified.restoring", "counter_notified.restoring_paper"}


@pytest.mark.slow
def test_every_case_of_the_demo_has_a_bundle(app, clock, tmp_path):
    with app.app_context():
        ensure_demo(app.extensions["ipdesk.settings"])
        staff = Actor(at=clock.now(), roles=frozenset({"legal"}))
        drafts = select(Notice.id).where(Notice.state == "draft")
        references = db.session.scalars(
            select(Case.reference).where(Case.kind.in_(("complaint", "notice")), Case.id.not_in(drafts)).order_by(Case.id)).all()
        assert len(references) > 50
        for law in rules.workflows.workflows("complaint"):
            stands = set(db.session.scalars(select(Claim.state).join(Complaint, Complaint.id == Claim.complaint_id).where(
                Complaint.regime == law.name)))
            assert set(law.states) - stands <= PASSING, f"{law.name}: the demo shows every state that stays"
        assert list(content_faults()) == [], "every way that the demo takes is one that the log vouches for"
        made = {reference: contents_of_case(staff, case_of(staff, reference)) for reference in references}
        for contents in made.values():
            assert contents.notice and contents.parties and contents.claims and contents.log and contents.chronology
            known = {exhibit.id for exhibit in contents.exhibits}
            papers = (contents.notice, *contents.counter_notifications, *contents.answers, *contents.court_notices)
            assert {number for paper in papers for number in paper.exhibits} <= known
        by_papers = max(made.values(), key=lambda contents: (len(contents.court_notices), len(contents.decisions)))
        by_claims = max(made.values(), key=lambda contents: len(contents.claims))
        for n, contents in enumerate((by_papers, by_claims)):
            report = render(contents, tmp_path / f"{n}.pdf")
            assert not any(exhibit.slip for exhibit in report.exhibits)

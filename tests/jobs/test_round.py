"""The worker's round: what waits for somebody outside does not keep the clocks waiting."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from ipdesk import worker
from ipdesk.core.jobs.loop import Worker


def test_deadlines_are_looked_at_after_every_wait_for_somebody_outside(app, clock, monkeypatch):
    swept = []

    def wait(*_args, **_more):
        clock.advance(timedelta(seconds=25))  # a relay, then a marketplace, that hangs
        return Counter()

    def letters(*args, **more):
        wait()
        return 0

    monkeypatch.setattr(worker, "sweep", lambda now: swept.append(clock.now()) or 0)
    monkeypatch.setattr(worker, "deliver_due", letters)
    monkeypatch.setattr(worker, "carry_out_due", wait)
    with app.app_context():
        working = Worker(worker.jobs(app.extensions["ipdesk.settings"], clock), clock)
        for _ in range(3):
            working.round()
    assert len(swept) >= 7
    assert max(later - earlier for earlier, later in pairwise(swept)) <= timedelta(seconds=26)

"""kill -9 in the middle of a bundle: another process finishes it, and there is exactly one file with its one record."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.jobs import work
from ipdesk.core.jobs.models import JobRequest
from ipdesk.gateways.bundles import operations, queries
from ipdesk.gateways.bundles.gather import case_of
from ipdesk.gateways.bundles.models import Bundle
from tests.journeys.conftest import desk as desk

DYING = Path(__file__).with_name("dying_worker.py")


@pytest.mark.faults
@pytest.mark.skipif(os.environ.get("IPDESK_TEST_DATABASE") == "postgresql", reason="the killed process opens the file by itself")
def test_a_bundle_survives_the_death_of_its_worker(desk, place):
    filed = desk.file(listings=desk.listings[:1])
    desk.accept(filed)
    desk.work()
    with unit_of_work():
        row = case_of(desk.actor("legal"), filed[0].reference)
        reference = operations.request_bundle(actor=desk.actor("legal"), row=row, language="en").reference
    db.session.remove()

    died = subprocess.run([sys.executable, str(DYING), str(place)], timeout=120, capture_output=True, text=True,
                          env={**os.environ, "IPDESK_DATABASE_URL": str(desk.app.config["SQLALCHEMY_DATABASE_URI"])})
    assert died.returncode == -signal.SIGKILL, died.stderr
    job = db.session.scalars(select(JobRequest)).one()
    assert (job.status, job.lease_token) == ("running", 1)
    assert not queries.folder().joinpath(f"{reference}.pdf").exists()
    assert job.lease_until - datetime.now(UTC) < timedelta(seconds=25), "taken over within half a minute"

    assert desk.work() == 0, "while the lease lasts nobody touches it"
    with unit_of_work():  # instead of waiting for it to run out
        db.session.scalars(select(JobRequest)).one().lease_until = datetime.now(UTC) - timedelta(seconds=1)
    started = time.monotonic()
    desk.work()
    work.close()
    assert time.monotonic() - started < 30

    job, bundle = db.session.scalars(select(JobRequest)).one(), db.session.scalars(select(Bundle)).one()
    assert (job.status, job.lease_token) == ("done", 2)
    assert {path.name for path in queries.folder().iterdir() if reference in path.name} == {f"{reference}.pdf", f"{reference}.json"}
    assert hashlib.sha256(queries.file_of(bundle).read_bytes()).hexdigest() == bundle.sha256 == job.result["sha256"]

"""The benchmarks at a small size: the filled database is a sound one, and each case prints its figures.

Each run is a process of its own, because a bench joins the law's names to an installation of its own.
"""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FILLED = """
import json
from sqlalchemy import func, select
from ipdesk.bench import fill, measure
from ipdesk.core.db.core import db
from ipdesk.features.accounts.models import Organisation, StoreBinding, User
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints.models import Complaint
from ipdesk.fsck import faults

def count(*where):
    return db.session.execute(select(func.count()).select_from(Complaint).where(*where)).scalar_one()

with measure.desk() as (app, settings, stage):
    filled = fill.fill(stage, 150)
    small = select(StoreBinding.store_id).join(User).where(User.email == fill.SMALL_SELLER)
    print(json.dumps({
        "said": filled.complaints, "there": count(), "faults": list(faults(settings))[:5],
        "of_agent": count(Complaint.organisation_id == stage.people["agent"]["organisation"]),
        "of_small_seller": count(Complaint.store_id.in_(small)),
        "stages": sorted(db.session.execute(select(Complaint.stage_name).distinct()).scalars())}))
"""


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IPDESK_")}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, timeout=300)


def _bench(*words: str) -> dict[str, Any]:
    done = _run("-m", "ipdesk", "bench", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_filled_database_holds_what_it_says_and_proves_itself() -> None:
    done = _run("-c", FILLED)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == []
    assert found["said"] == found["there"] == 150
    assert found["of_small_seller"] == 3
    assert 45 <= found["of_agent"] <= 105
    assert found["stages"] == ["closed", "counter_notified", "delisted", "pending_response", "received"]


def test_pages_are_measured_over_http() -> None:
    figures = _bench("dashboard", "--size", "60")
    assert figures["case"] == "dashboard" and figures["size"] == 60 and figures["database"] == "sqlite"
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["p50_ms"] == max(figures["p50_ms_of_each"].values())
    assert figures["peak_rss_mb"] > 20 and figures["fsync_ms"] > 0


def test_the_sweep_acts_on_every_deadline() -> None:
    figures = _bench("sweep", "--size", "7")
    assert figures["deadlines"] >= 7
    assert figures["seconds"] > 0 and figures["per_second"] > 0


def test_a_database_with_tables_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "own.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table mine (id integer)")
        connection.execute("insert into mine values (7)")
    done = _run("-m", "ipdesk", "bench", "list", "--size", "5", "--database", f"sqlite:///{file}")
    assert done.returncode == 1
    assert "has tables already" in done.stderr
    with sqlite3.connect(file) as connection:
        assert connection.execute("select id from mine").fetchall() == [(7,)]

"""The measured cases. Each gives one plain object: case, size, database and the figures that apply.

HTTP figures are of 200 requests over loopback by one signed-in client that keeps its connection,
after 40 warm-ups, against one web worker; those of ``file`` by four clients at once.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask

from ipdesk import create_app
from ipdesk.bench import exhibits, fill
from ipdesk.bench.server import Client, NotAnswered, serve
from ipdesk.config import Settings, load_settings
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.clock import SystemClock
from ipdesk.demo.people import PASSWORD
from ipdesk.demo.story import Stage
from ipdesk.features.catalogue.models import Listing, Marketplace
from ipdesk.features.complaints import drafts, elements, operations
from ipdesk.features.rights.models import Right

Figures = dict[str, Any]
Say = Callable[[str], None]

# What each case is measured at unless the command says otherwise: complaints, deadlines or exhibits.
CASES = {"list": 100_000, "case": 100_000, "dashboard": 100_000, "file": 100_000, "bundle": 50, "sweep": 10_000}
_ON_THE_MARKET = ("list", "case", "dashboard", "file")
WARM_UPS, REQUESTS = 40, 200
FILERS, FILED_BY_EACH = 4, 100
BUNDLE_RUNS = 3


def run(cases: Sequence[str], *, size: int | None, database: str, say: Say = lambda text: None) -> Iterator[Figures]:
    """Measure ``cases``; ``database`` is the URL of an empty database, or empty for SQLite in a folder of its own.

    Cases of one size share one filled database. Everything made is removed afterwards. Raises
    ``fill.NotEmpty`` and ``NotAnswered``.
    """
    market = [case for case in cases if case in _ON_THE_MARKET]
    for wanted in sorted({size or CASES[case] for case in market}):
        here = [case for case in market if (size or CASES[case]) == wanted]
        with desk(database) as (_app, settings, stage):
            say(f"filling {wanted} complaints")
            filled = fill.fill(stage, wanted)
            for case in here:
                say(f"measuring {case}")
                yield _figures(case, filled.complaints, settings, _MARKET_CASES[case](settings, stage, filled))
    for case in cases:
        if case not in _ON_THE_MARKET:
            with desk(database) as (_app, settings, stage):
                say(f"measuring {case}")
                count = size or CASES[case]
                yield _figures(case, count, settings, _OWN_CASES[case](settings, stage, count))


def _figures(case: str, size: int, settings: Settings, found: Figures) -> Figures:
    kind = settings.database.split(":", 1)[0].split("+")[0]
    return {"case": case, "size": size, "database": kind, **found,
            "fsync_ms": fsync_ms(settings.instance), "load": round(os.getloadavg()[0], 2)}


@contextmanager
def desk(database: str = "") -> Iterator[tuple[Flask, Settings, Stage]]:
    """An installation in a folder of its own with the demo's people and cases."""
    with tempfile.TemporaryDirectory(prefix="ipdesk-bench-") as folder:
        settings = replace(load_settings(Path(folder)), database_url=database, demo=False)
        app = create_app(settings, SystemClock())
        with app.app_context(), fill.throw_away_database():
            yield app, settings, fill.play_demo(settings)


def fsync_ms(folder: Path, times: int = 50) -> float:
    """The median time in which the disk under ``folder`` makes 4 KiB durable."""
    found = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            found.append(time.perf_counter() - began)
    return round(median(found) * 1000, 3)


def _percentile(times: Sequence[float], share: float) -> float:
    """Milliseconds; ``share`` of the times are not longer."""
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


# --- pages -------------------------------------------------------------------------------------------


def _timed(client: Client, path: str) -> list[float]:
    client.connection.close()  # the server ended one that waited for its turn; the next request opens another
    for _ in range(WARM_UPS):
        client.get(path)
    times = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - began)
    return times


def _pages(settings: Settings, views: Mapping[str, tuple[str, str]]) -> Figures:
    """The figures of the slowest of ``views`` (name → who, path), with the median of each."""
    with serve(settings) as server:
        clients = {who: Client(server.port).sign_in(who, PASSWORD) for who in {who for who, _ in views.values()}}
        times = {name: _timed(clients[who], path) for name, (who, path) in views.items()}
        peak = round(server.peak_rss_mb, 1)
    medians = {name: _percentile(found, 0.5) for name, found in times.items()}
    worst = max(medians, key=lambda name: medians[name])
    return {"p50_ms": medians[worst], "p95_ms": _percentile(times[worst], 0.95), "peak_rss_mb": peak,
            "slowest": worst, "p50_ms_of_each": medians}


def measure_list(settings: Settings, stage: Stage, filled: fill.Filled) -> Figures:
    """The list of complaints, 25 rows, by who reads it and what is asked."""
    return _pages(settings, {
        "staff, stage + regime + waiting": (
            fill.STAFF, "/complaints?stage=counter_notified&regime=marketplace&waiting=staff"),
        "staff, stage + regime + store": (fill.STAFF, "/complaints?stage=closed&regime=marketplace&store=S-1001"),
        "staff, stage + regime + right": (fill.STAFF, "/complaints?stage=closed&regime=marketplace&right=90412774"),
        "staff, no filter": (fill.STAFF, "/complaints"),
        "agent with half of all": (fill.AGENT, "/complaints"),
        "agent, stage + regime + waiting": (
            fill.AGENT, "/complaints?stage=counter_notified&regime=us_dmca&waiting=complainant"),
        "seller with 3": (fill.SMALL_SELLER, "/complaints"),
        "seller with 3 % of all": (fill.LARGE_SELLER, "/complaints"),
    })


def measure_case(settings: Settings, stage: Stage, filled: fill.Filled) -> Figures:
    """The complaint with the longest record, as each side reads it."""
    path = f"/complaints/{filled.richest}"
    return _pages(settings, {
        "staff": (fill.STAFF, path), "rights holder": (fill.HOLDER, path), "seller": (fill.LARGE_SELLER, path)})


def measure_dashboard(settings: Settings, stage: Stage, filled: fill.Filled) -> Figures:
    """The home pages with their counts."""
    return _pages(settings, {"staff": (fill.STAFF, "/"), "agent with half of all": (fill.AGENT, "/")})


# --- filing ------------------------------------------------------------------------------------------


def measure_file(settings: Settings, stage: Stage, filled: fill.Filled) -> Figures:
    """Signing and filing a prepared notice of one listing, by four clients at once."""
    forms = _drafts(stage, filled, WARM_UPS + FILERS * FILED_BY_EACH)
    with serve(settings) as server:
        clients = [Client(server.port).sign_in(fill.HOLDER, PASSWORD) for _ in range(FILERS)]
        for place in range(WARM_UPS):
            _file(clients[place % FILERS], forms.pop())
        times: list[float] = []
        began = time.perf_counter()
        _at_once(lambda place: times.extend(
            _file(clients[place], form) for form in forms[place::FILERS]))
        seconds = time.perf_counter() - began
        peak = round(server.peak_rss_mb, 1)
    return {"p50_ms": _percentile(times, 0.5), "p95_ms": _percentile(times, 0.95), "p99_ms": _percentile(times, 0.99),
            "per_second": round(len(times) / seconds, 1), "clients": FILERS, "peak_rss_mb": peak}


def _at_once(work: Callable[[int], None]) -> None:
    """Run ``work`` for each client in a thread of its own; raises the first error."""
    errors: list[BaseException] = []

    def guarded(place: int) -> None:
        try:
            work(place)
        except BaseException as error:  # it is raised below, in the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(place,)) for place in range(FILERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _file(client: Client, form: tuple[str, Mapping[str, str]]) -> float:
    path, values = form
    began = time.perf_counter()
    status, location = client.post(path, values)
    if status != 303 or "/filed" not in location:
        raise NotAnswered(f"POST {path}: {status} {location}")
    return time.perf_counter() - began


def _drafts(stage: Stage, filled: fill.Filled, number: int) -> list[tuple[str, dict[str, str]]]:
    """Drafts that lack nothing but the signature: path and form of the last step of each."""
    stage.clock.set(SystemClock().now())
    made = []
    with unit_of_work():
        actor = stage.actor("holder")
        market = db.session.get_one(Marketplace, filled.market_id)
        right = db.session.get_one(Right, filled.right_id)
        store = stage.stores["S-1004"]
        for place in range(number):
            listing = Listing(
                marketplace_id=market.id, store_id=store, external_id=f"F{place:06}", images=[],
                url=f"{market.url}/item/F{place:06}", title=f"Aurora Audio headphones, lot {place}", price="19.90",
                currency="USD", description="New, in the original box.", changed_at=actor.at)
            db.session.add(listing)
            db.session.flush()
            notice = operations.start_notice(actor=actor, marketplace=market, right=right)
            operations.save_draft(actor=actor, notice=notice, draft={
                "rows": [{"entered": listing.external_id, "reason_code": "", "explanation": ""}],
                "reason_code": "counterfeit", "acting_as": "owner",
                "explanation": "The goods bear our mark but were not made by us: hinge and print differ.",
                "contact": {"name": "Ines Vantour", "company": "Aurora Audio Ltd", "email": "rights@aurora.example",
                            "address": "14 Quay Street, Portmouth", "phone": "+1 555 0142"}})
            said = drafts.Draft.load(notice, actor).said({})
            made.append((f"/notices/{notice.reference}/draft/preview", {
                "signed_name": "Ines Vantour", "shown": said.digest(), "seen": str(notice.version_id),
                "form_key": f"bench-{place}",
                **{f"statement_{line['code']}": "1" for line in elements.statements(said.regime.regime)}}))
    return made


# --- deadlines and bundles ---------------------------------------------------------------------------


def measure_sweep(settings: Settings, stage: Stage, count: int) -> Figures:
    """Deadlines due in one second, drained by the worker: acts and letters, but no sending."""
    at = fill.fill_silent(stage, count)
    found = _measured(
        [sys.executable, "-m", "ipdesk.bench.drain", str(settings.instance), settings.database, at.isoformat()])
    done = json.loads(found.pop("output"))
    return {"seconds": round(done["seconds"], 2), "per_second": round(done["deadlines"] / done["seconds"], 1),
            "deadlines": done["deadlines"], **found}


def measure_bundle(settings: Settings, stage: Stage, count: int) -> Figures:
    """The bundle of a complaint with ``count`` exhibits of ten text pages, made by the command; the median run."""
    reference = exhibits.complaint_with_exhibits(stage, count)
    out = settings.instance / "out"
    runs = []
    for _ in range(BUNDLE_RUNS):
        found = _measured(
            [sys.executable, "-m", "ipdesk", "--instance", str(settings.instance), "bundle", reference,
             "--out", str(out), "--json"], database=settings.database)
        made = json.loads(found.pop("output"))
        runs.append({"seconds": made["seconds"], "pages": made["pages"], **found})
    return sorted(runs, key=lambda one: one["seconds"])[len(runs) // 2]


def _measured(command: Sequence[str], database: str = "") -> Figures:
    """What a program of the desk printed, how long it ran with its start, and the most memory that it had."""
    environment = {**os.environ, **({"IPDESK_DATABASE_URL": database} if database else {})}
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, env=environment)  # noqa: S603 - the desk's own program
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            raise NotAnswered(f"{' '.join(command)}: exit {process.returncode}")
        return {"output": output.read(), "seconds_with_start": round(seconds, 2),
                "peak_rss_mb": round(usage.ru_maxrss / 1024, 1)}


_MARKET_CASES: Mapping[str, Callable[[Settings, Stage, fill.Filled], Figures]] = {
    "list": measure_list, "case": measure_case, "dashboard": measure_dashboard, "file": measure_file}
_OWN_CASES: Mapping[str, Callable[[Settings, Stage, int], Figures]] = {"sweep": measure_sweep, "bundle": measure_bundle}


def as_text(figures: Figures) -> str:
    """The figures of one case for people."""
    head = f"{figures['case']} at {figures['size']} on {figures['database']}"
    lines = [f"  {name:18} {value}" for name, value in figures.items()
             if name not in ("case", "size", "database", "p50_ms_of_each")]
    lines += [f"    {name:40} {value} ms" for name, value in figures.get("p50_ms_of_each", {}).items()]
    return "\n".join([head, *lines])

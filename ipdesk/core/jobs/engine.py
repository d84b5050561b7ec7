"""The durable engine: DBOS, known to this file only and imported by the worker alone.

It remembers which steps of a piece of work are finished and what they returned, in a database of its own. It
does not decide who works on what: a row of ours and its lease do (``work.py``), so losing its whole
database loses nothing. Measured with 3.4.0: an executor's work stays pending for ever after ``kill -9`` unless
somebody resumes it, and it is resumed by whoever asks; hence ``resume``.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos._serialization import Serializer
from sqlalchemy import create_engine

_installed: "Engine | None" = None
# Raised only when the steps of a kind change in order or number: work from before is then begun anew.
STEPS_VERSION = "1"
_NEVER_SECONDS = 86_400.0
_UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")


class _Json(Serializer):
    """Plain JSON: nothing that is stored can run code when it is read."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    def deserialize(cls, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "ipdesk_json"


class Engine:
    """One per process. ``work(key)`` does a piece of work, calling :meth:`step` for each of its steps.

    ``url`` is an SQLAlchemy address; ``executor`` names this process.
    """

    def __init__(self, url: str, executor: str, work: Callable[[str], None]) -> None:
        global _installed
        self.work = work
        _installed = self
        if url.startswith("sqlite"):
            _use_wal(url)
        # Its hints about a paid console are not for our log.
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(config={
            "name": "ipdesk", "system_database_url": url, "serializer": _Json(), "executor_id": executor,
            "application_version": STEPS_VERSION, "run_admin_server": False, "enable_otlp": False, "log_level": "WARNING",
            "max_executor_threads": 4, "scheduler_polling_interval_sec": _NEVER_SECONDS,
        })
        DBOS.launch()

    def start(self, key: str) -> None:
        """Begin the work ``key``; nothing happens when it was begun before."""
        with SetWorkflowID(key):
            DBOS.start_workflow(_work, key)

    def resume(self, key: str) -> None:
        """Go on after the last finished step; begin where nothing is known of ``key``.

        What the engine takes for finished is begun anew: our row, which says otherwise, is right.
        """
        known = DBOS.list_workflows(workflow_ids=[key], load_input=False, load_output=False)
        if known and known[0].status in _UNFINISHED:
            DBOS.resume_workflow(key)
            return
        if known:
            DBOS.delete_workflow(key)
        self.start(key)

    @staticmethod
    def step(name: str, function: Callable[[], Any]) -> Any:
        """The result of ``function``, or what it returned when this step was finished before."""
        return DBOS.run_step({"name": name}, function)

    @staticmethod
    def close() -> None:
        """Let go of the database; what is unfinished stays as it is."""
        global _installed
        DBOS.destroy()
        _installed = None


@DBOS.workflow(name="work")
def _work(key: str) -> None:
    if _installed is not None:
        _installed.work(key)


def _use_wal(url: str) -> None:
    """The mode is kept in the file, so that setting it once is enough."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()

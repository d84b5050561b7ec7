"""Joins evidence to one installation: its store, its limits, its sentences."""

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http import problems
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.features.evidence import intake, operations
from ipdesk.features.evidence.preview import Previews
from ipdesk.features.evidence.store import EvidenceStore
from ipdesk.features.evidence.texts import REFUSALS


def setup(app: Flask) -> None:
    """Read the upload rules and open the store.

    Settings: ``evidence_url`` (``s3://bucket/prefix``; empty means ``instance/evidence``), the
    table ``[extra.evidence]`` with obstore's options for it, ``max_upload``.
    """
    settings: Any = app.extensions["ipdesk.settings"]
    store = EvidenceStore(settings.instance / "evidence", settings.evidence_url or None,
                          settings.extra.get("evidence"))
    intake.install(intake.Intake(
        store=store, previews=Previews(), most=settings.max_upload,
        rules=intake.read_rules(settings.workflows / "tables")))
    app.extensions["ipdesk.keep_picture"] = keep_picture
    problems.register_refusals({code: lazy_gettext(text) for code, text in REFUSALS.items()})


def keep_picture(path: Path, at: datetime) -> str:
    """Take a picture that lies on this machine into the store, judged by its content alone; returns its SHA-256.

    ``at``: aware UTC. Raises `Refusal` for what is no picture or too large.
    """
    with path.open("rb") as file:
        checked = intake.current().take_picture(iter(lambda: file.read(1 << 20), b""))
    with unit_of_work():
        return operations.keep_blob(actor=clock_actor(at), file=checked).sha256

"""Joins evidence to one installation: its store, its limits, its sentences."""

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext

from ipdesk.core.http import problems
from ipdesk.features.evidence import intake
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
    problems.register_refusals({code: lazy_gettext(text) for code, text in REFUSALS.items()})

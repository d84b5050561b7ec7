"""A small desk that has evidence and nothing above it."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pillow_heif
import pytest
from flask import Flask
from flask_babel import Babel
from PIL import Image

import ipdesk.core.casework.models
import ipdesk.features.accounts.models
import ipdesk.features.catalogue.models  # noqa: F401
from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http import access, headers
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.evidence import intake, pages, setup

ROOT = Path(__file__).parents[3]
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
pillow_heif.register_heif_opener()


def picture(form: str, *, size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """A picture with content in ``form`` (Pillow's name)."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, form, **options)
    return out.getvalue()


def photo_with_place(size: tuple[int, int] = (640, 480)) -> bytes:
    """A camera's JPEG: turned by EXIF, with a GPS position and an XMP-like comment."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    exif[0x010F] = "CanaryCamera"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (48.0, 51.0, 29.0), "E", (2.0, 17.0, 40.0)
    return picture("JPEG", size=size, exif=exif, comment=b"canary comment")


def pdf(pages: int = 2, **options: Any) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    out = io.BytesIO()
    document.save(out, **options)
    return out.getvalue()


def locked_pdf() -> bytes:
    return pdf(encryption=pikepdf.Encryption(owner="o", user="u"))


def nested_forms(light_pages: int = 0) -> bytes:
    """A PDF of 2 kB whose last page draws one line a thousand million times."""
    document = pikepdf.new()
    form = document.make_stream(b"0 0 m 600 600 l S")
    for _ in range(9):
        inner, form = form, document.make_stream(b"/F Do " * 10)
        form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=inner))
        for one in (inner, form):
            one.Type, one.Subtype, one.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, pikepdf.Array([0, 0, 600, 600])
    for _ in range(light_pages):
        document.add_blank_page(page_size=(595, 842))
    heavy = document.add_blank_page(page_size=(600, 600))
    heavy.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
    heavy.Contents = document.make_stream(b"/F Do")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pixel_flood() -> bytes:
    """A PNG of 12 000 × 12 000 pixels in about 18 kB."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    side = 12_000
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@dataclass
class Desk:
    """The application, its clock and who is at the keyboard."""

    app: Flask
    clock: FixedClock
    instance: Path
    actor: dict[str, Any] = field(default_factory=dict)

    def who(self, **actor: Any) -> Actor:
        return Actor(at=self.clock.now(), **actor)

    def as_(self, **actor: Any) -> None:
        """From the next request on this person is signed in; nothing means a guest."""
        self.actor = actor

    @property
    def tools(self) -> intake.Intake:
        return intake.current()

    def stored(self) -> list[str]:
        return sorted(digest for digest, _size, _at in self.tools.store.listed())

    def files(self) -> list[Path]:
        """Every file under the evidence folder, whatever it is."""
        return [path for path in (self.instance / "evidence").rglob("*") if path.is_file()]


@dataclass(frozen=True)
class _Settings:
    instance: Path
    workflows: Path = ROOT / "workflows"
    evidence_url: str = ""
    max_upload: int = 2_000_000_000
    extra: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = Flask("desk", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "ipdesk" / "static"))
    app.config.update(SECRET_KEY="secret", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}",
                      MAX_CONTENT_LENGTH=24_000_000)
    app.extensions["ipdesk.settings"] = _Settings(tmp_path)
    made = Desk(app, FixedClock(NOW), tmp_path)
    db.init_app(app)
    Babel(app)
    headers.install(app, behind_https=False)
    access.install(app, lambda: made.who(**made.actor))
    app.register_error_handler(NotVisible, lambda _error: ("", 404))
    setup.setup(app)
    app.register_blueprint(pages.blueprint)
    with app.app_context():
        db.create_all()
        yield made
        db.session.remove()
        db.engine.dispose()
        intake.current().previews.close()


@pytest.fixture
def case_id(desk: Desk) -> int:
    with unit_of_work():
        case = Case(kind="notice", reference="N-TEST-0001", workflow="notice", workflow_version=1,
                    workflow_digest="0" * 64, opened_at=NOW)
        db.session.add(case)
        db.session.flush()
        return case.id

"""The demo is loaded whole: what a kill leaves behind is known by its mark, opened by nobody, and begun anew."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from ipdesk.config import Settings, mark_of
from ipdesk.core.db.core import db

_FILE = "demo-unfinished"


def is_unfinished(settings: Settings) -> bool:
    """Whether the loading of the demo into this very database was begun and has not ended."""
    file = settings.instance / _FILE
    return file.exists() and file.read_text() == mark_of(settings.database_url)


@contextmanager
def only_loader(settings: Settings) -> Iterator[None]:
    """The place of the one process that may load the demo; ``BlockingIOError`` when it is taken."""
    file = settings.instance / _FILE
    with file.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            # Nothing was begun, or it was ended; another process that came just before may have taken the file away.
            if file.exists() and not file.read_text():
                file.unlink()


@contextmanager
def whole(settings: Settings) -> Iterator[None]:
    """Load the demo inside; unless the block ends well, `is_unfinished` says so from then on."""
    file = settings.instance / _FILE
    file.write_text(mark_of(settings.database_url))
    yield
    file.write_text("")


def clear(settings: Settings) -> None:
    """Take away the database of an unfinished demo, which nobody has worked in; needs an application context."""
    db.session.remove()
    if db.engine.dialect.name == "sqlite":
        db.engine.dispose()
        file = Path(make_url(settings.database).database or "")
        for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        return
    from ipdesk.core.db.migrations import take_down  # not at the top: every command asks this module whether the demo is whole

    take_down()

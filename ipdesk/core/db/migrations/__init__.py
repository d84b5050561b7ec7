"""The schema's history. ``upgrade`` brings a database to this version; it loses nothing."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table

from ipdesk.core.db.core import db

_HERE = Path(__file__).parent


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(target: str = "head") -> None:
    """Run what is missing, in one transaction; needs an application context."""
    with db.engine.begin() as connection:
        command.upgrade(_config(connection), target)


def take_down() -> None:
    """Take away every table of the desk with what is in it; needs an application context."""
    with db.engine.begin() as connection:
        db.metadata.drop_all(connection)
        Table("alembic_version", MetaData()).drop(connection, checkfirst=True)


def revise(message: str) -> None:
    """Write a new step from the difference between the models and the database."""
    with db.engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


def differences() -> list[Any]:
    """What the models have that the database has not, or the other way round; empty when equal."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": own_name})
        return list(compare_metadata(context, db.metadata))


def own_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Search indexes are made by statements of their own, which no model describes."""
    if name is None:
        return True
    if kind == "table":
        return "_fts" not in name and not name.startswith("sqlite_")
    return not (kind == "index" and name.endswith("_search"))

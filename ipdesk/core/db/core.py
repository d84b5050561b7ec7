"""The one SQLAlchemy object and the engine settings both databases need."""

import sqlite3
from contextvars import ContextVar
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import BigInteger, Engine, Integer, MetaData, event
from sqlalchemy.orm import DeclarativeBase

# Names of constraints are fixed so that a migration can drop what another one made.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class _OneDatabase(Session):
    """A session that asks once which database is meant: there is one, and a page asks fifty times."""

    _engine: Engine | None = None

    def get_bind(self, *_asked: Any, bind: Any = None, **_more: Any) -> Any:
        """The connection or engine that is given, else the engine of the desk."""
        if bind is not None:
            return bind
        if self._engine is None:
            self._engine = self._db.engine
        return self._engine


class _Database(SQLAlchemy):
    """Prepares the connections of its own engines only: the durable engine of jobs has one that is not ours."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine = super()._make_engine(bind_key, options, app)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


db = _Database(model_class=Base, session_options={"class_": _OneDatabase})

# SQLite numbers rows by itself only for a column declared INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")

# True while a unit of work is open: SQLite must then take the write lock at BEGIN,
# because a deferred read that turns into a write after a rival's commit fails at once.
writing: ContextVar[bool] = ContextVar("writing", default=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # the driver must not begin by itself
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000",
        "temp_store=MEMORY", "cache_size=-32000", "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")

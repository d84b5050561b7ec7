"""``ipdesk import``: the catalogue from files."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask_babel import force_locale
from tqdm import tqdm

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.installation import clock
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.catalogue import imports, operations, queries
from ipdesk.features.catalogue.listing_csv import BrokenHeader
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.catalogue.schemas import MarketplaceSchema

NOTHING_IMPORTED, SOME_REJECTED, STILL_GOING_IN = 1, 3, 4


@click.group("import")
def import_group() -> None:
    """Take files into the catalogue."""


@import_group.command("listings")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--marketplace", "code", help="Code of the marketplace; may be left out when there is only one.")
@click.option("--marketplace-url", "url", help="Address of the marketplace, which is then added if it is not there yet.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path),
              help="Where refused rows go (default: FILE.rejects.csv in this directory).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences; no progress bar.")
def import_listings(file: Path, code: str | None, url: str | None, rejects: Path | None, as_json: bool) -> None:
    """Add or change listings and their stores from FILE (CSV, UTF-8, columns by name).

    \b
    Needed:   listing_id, store_id, store_name, title, url
    Optional: brand, price, currency, category, description, contact_email,
              locale, country, image_1 ... image_12

    The file is read and checked to its end before anything goes in. What is cut off
    until then has imported nothing; what is cut off later goes in whole all the same:
    the worker or the next import carries it to its end. Running a file again changes
    nothing that is there already.

    \b
    Exit: 0 every row was taken   1 nothing was imported (broken header, or stopped)
          2 wrong use             3 some rows were refused; see the rejects file
          4 stopped while the checked file went in: the worker puts in the rest
    """
    marketplace = _marketplace(code, url)
    rejects = rejects or Path(f"{file.stem}.rejects.csv")
    if rejects.resolve() == file.resolve():
        raise click.UsageError("The rejects file would overwrite FILE: name another one with --rejects.")
    started = time.monotonic()
    try:
        result = _with_progress(file, marketplace, rejects, quiet=as_json)
    except BrokenHeader as error:
        _say_broken(file, str(error), as_json=as_json)
        raise SystemExit(NOTHING_IMPORTED) from None
    except KeyboardInterrupt:
        raise SystemExit(_say_stopped(file, as_json=as_json)) from None
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps({
            "file": str(file), "marketplace": marketplace.code, **result.as_dict(),
            "rejects": str(rejects) if result.rejected else None, "seconds": round(seconds, 3)}))
    else:
        click.echo(f"{result.rows} rows in {seconds:.1f} s: {result.added} added, {result.changed} changed, "
                   f"{result.unchanged} unchanged, {result.rejected} refused")
        if result.rejected:
            click.echo(f"What was refused and why: {rejects}", err=True)
    if result.rejected:
        raise SystemExit(SOME_REJECTED)


def _say_broken(file: Path, why: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"file": str(file), "error": why}))
    else:
        click.echo(f"Nothing was imported. {file}: {why}", err=True)


def _say_stopped(file: Path, *, as_json: bool) -> int:
    """Say plainly what of a stopped import is in; the exit code."""
    if not queries.is_going_in(file.name):
        _say_broken(file, "stopped before it was checked to its end", as_json=as_json)
        return NOTHING_IMPORTED
    said = "stopped after it was checked: part of it is in, and the worker or the next import puts in the rest"
    click.echo(json.dumps({"file": str(file), "error": said}) if as_json else f"{file}: {said}.", err=not as_json)
    return STILL_GOING_IN


def _with_progress(file: Path, marketplace: Marketplace, rejects: Path, *, quiet: bool) -> imports.ImportResult:
    with _stopping() as stop_if_asked, tqdm(
            total=file.stat().st_size, unit="B", unit_scale=True, desc=file.name, disable=quiet or None) as bar:
        def progress(rows: int, read: int) -> None:
            bar.set_postfix(rows=rows, refresh=False)
            bar.update(min(read, bar.total) - bar.n)
            stop_if_asked()

        def going_in(done: int, total: int) -> None:
            bar.set_postfix_str(f"going in: {done} of {total} changes")
            if done < total:
                stop_if_asked()

        return imports.import_listings(
            file, marketplace=marketplace, rejects=rejects, now=clock().now, progress=progress, going_in=going_in,
            keep_picture=current_app.extensions["ipdesk.keep_picture"])


@contextmanager
def _stopping() -> Iterator[Callable[[], None]]:
    """Ctrl-C ends the block where it asks for it, between two transactions; a second one ends it at once.

    In the middle of a statement it would leave a connection that nobody can use or close, and that holds the lock.
    """
    def remember(_number: int, _frame: object) -> None:
        asked.append(1)
        signal.signal(signal.SIGINT, before)

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    asked: list[int] = []
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)


def _marketplace(code: str | None, url: str | None) -> Marketplace:
    """The marketplace meant by the options; a missing one is added when its address is given."""
    there = queries.marketplaces()
    if code is None:
        if len(there) == 1:
            return there[0]
        if there or not url:
            known = ", ".join(found.code for found in there) or "none yet; add --marketplace-url for the first"
            raise click.UsageError(f"Say which marketplace with --marketplace CODE ({known}).")
        code = "main"
    found = queries.marketplace_by_code(code)
    if found is not None:
        return found
    if not url:
        raise click.UsageError(f"There is no marketplace {code!r}; --marketplace-url adds it.")
    return _added(code, url)


def _added(code: str, url: str) -> Marketplace:
    with force_locale("en"):  # the command line speaks English; there is no request to take a language from
        errors: dict[str, Any] = MarketplaceSchema().validate({"code": code, "name": code, "url": url, "market": "*"})
        if errors:
            raise click.UsageError("; ".join(f"{name}: {texts[0]}" for name, texts in errors.items()))
    # Whoever may run commands on this machine is the operator.
    operator = Actor(at=clock().now(), roles=frozenset({"admin"}), name="command line")
    with unit_of_work():
        row_id = operations.add_marketplace(actor=operator, code=code, name=code, url=url).id
    return db.session.get_one(Marketplace, row_id)


commands = [import_group]

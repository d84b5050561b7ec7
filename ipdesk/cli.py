"""The command ``ipdesk``: everything an operator does from a shell."""

import gc
import json
import logging
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import DatabaseError, OperationalError

from ipdesk.config import NoInstallation, Settings, load_settings, mark_as_demo, place_of
from ipdesk.core.kernel.clock import SystemClock

# Exit codes that scripts may rely on.
FAILED, USAGE = 1, 2


class Refused(click.ClickException):
    """Asked for what is not possible here; nothing was done."""

    exit_code = USAGE


@contextmanager
def _nothing_let_go() -> Iterator[None]:
    """Loading makes hundreds of thousands of objects that all stay: looking for garbage among them costs a tenth of a start."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _settings(context: click.Context, *, must_exist: bool = False) -> Settings:
    try:
        found = load_settings(context.obj.get("instance"), must_exist=must_exist)
    except NoInstallation as error:
        raise Refused(str(error)) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    address = context.obj.get("demo_address")
    return replace(found, base_url=address) if found.demo and address else found


def _app(context: click.Context, settings: Settings) -> Any:
    from ipdesk import create_app, wiring

    try:
        with _nothing_let_go():
            return create_app(settings, clock_of(settings))
    except wiring.CannotStart as error:
        raise click.ClickException(str(error)) from None


def _existing(context: click.Context) -> tuple[Settings, Any]:
    """Settings and application of an installation that is there; nothing is made where there is none."""
    from sqlalchemy import inspect

    from ipdesk.core.casework.models import Case
    from ipdesk.core.db.core import db

    settings = _whole(_settings(context, must_exist=True))
    app = _app(context, settings)
    with app.app_context():
        if not inspect(db.engine).has_table(Case.__tablename__):
            raise Refused(f"The database of {settings.instance} is empty. Make its tables: ipdesk migrate")
    return settings, app


@contextmanager
def _refusals() -> Iterator[None]:
    """What keeps the desk from starting, as a sentence."""
    from ipdesk.running import CannotRun

    try:
        yield
    except CannotRun as error:
        raise Refused(str(error)) from None


def clock_of(settings: Settings) -> Any:
    """The installation's clock; only a demo installation has one that can be moved."""
    if not settings.demo:
        return SystemClock()
    from ipdesk.demo.clock import DemoClock

    return DemoClock(settings.instance)


class Desk(click.Group):
    """The group that also knows the commands of the features, loaded when asked for."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except DatabaseError as error:
            if type(error) not in (DatabaseError, OperationalError):
                raise  # the desk's own mistake: its trace is wanted
            logging.getLogger(__name__).info("the database failed", exc_info=True)
            raise click.ClickException(f"The database does not work: {error.orig}") from None

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *self._of_features()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return super().get_command(context, name) or self._of_features().get(name)

    @staticmethod
    def _of_features() -> dict[str, click.Command]:
        found = {}
        with _nothing_let_go():
            from ipdesk import wiring

            for module in wiring.parts("commands"):
                for command in module.commands:
                    found[command.name] = with_app(command)
        return found


def with_app(command: click.Command) -> click.Command:
    """``command`` run inside the application's context."""
    if isinstance(command, click.Group):
        for name, inner in list(command.commands.items()):
            command.commands[name] = with_app(inner)
        return command
    callback = command.callback
    if getattr(callback, "in_app", False):
        return command

    def run(*args: Any, **kwargs: Any) -> Any:
        _, app = _existing(click.get_current_context().find_root())
        with app.app_context():
            return callback(*args, **kwargs)

    run.in_app = True  # type: ignore[attr-defined]
    command.callback = run
    return command


@click.group(cls=Desk, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--instance", type=click.Path(path_type=Path), help="Folder of the installation.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.pass_context
def desk(context: click.Context, instance: Path | None, verbose: bool) -> None:
    """A desk for intellectual-property complaints on marketplaces."""
    os.umask(0o077)  # what an installation writes is for its owner alone
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING,
                        format="%(levelname)s %(name)s: %(message)s")
    context.obj = {"instance": instance}


@desk.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """Create the database, or bring it up to this version."""
    _made_ready(context)
    click.echo("The database is up to date.")


def _made_ready(context: click.Context) -> Settings:
    """The settings of an installation whose database is of this version."""
    from ipdesk.running import bring_up_to_date

    settings = _whole(_settings(context))
    with _app(context, settings).app_context():
        bring_up_to_date(settings)
    return settings


def _whole(settings: Settings) -> Settings:
    """The same; refused where a demo was not loaded to its end."""
    from ipdesk.demo.loading import is_unfinished

    if is_unfinished(settings):
        raise Refused(f"The demo in {settings.instance} was not loaded to its end. Load it anew: ipdesk demo. "
                      "Or name another folder: --instance")
    return settings


def _made_demo(context: click.Context) -> Settings:
    """The same with the demo marketplace in it, loaded if there is nothing at all; what a kill left of one is begun anew."""
    from ipdesk.demo.loading import clear, is_unfinished, only_loader
    from ipdesk.demo.story import is_empty
    from ipdesk.running import bring_up_to_date

    settings = _settings(context)
    try:
        with only_loader(settings):
            with _app(context, settings).app_context():
                if is_unfinished(settings):
                    clear(settings)
                bring_up_to_date(settings)
                nothing_there = is_empty()
            if nothing_there:
                _load_demo(context, settings)
    except BlockingIOError:
        raise Refused(f"The demo is being loaded into {settings.instance} by another process.") from None
    return _settings(context)


def _load_demo(context: click.Context, settings: Settings) -> None:
    from ipdesk.demo.loading import whole
    from ipdesk.demo.story import ensure_demo

    with whole(settings):
        mark_as_demo(settings)
        settings = _settings(context)  # now with the demo's operator and clock
        click.echo("Loading the demo marketplace; this takes a little …")
        with _app(context, settings).app_context():
            ensure_demo(settings)


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per problem.")
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Prove the workflow files and tables. Exit code 1 when something is wrong."""
    from ipdesk import wiring

    settings = _settings(context)
    wiring.parts("models")
    problems = wiring.check_law(settings, clock_of(settings).now().date())
    for problem in problems:
        click.echo(json.dumps({"place": problem.place, "code": problem.code,
                               "message": problem.message})
                   if as_json else f"{problem.place}: {problem.code}: {problem.message}")
    if problems:
        raise SystemExit(FAILED)
    if not as_json:
        click.echo("The workflow files and tables hold.")


@desk.command()
@click.argument("regime")
@click.option("--from", "state", help="Begin in this state instead of the first one.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
              help="When it begins, in the desk's zone; now by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per step.")
@click.pass_context
def simulate(context: click.Context, regime: str, state: str | None, start: datetime | None,
             as_json: bool) -> None:
    """What happens under REGIME if nobody answers, with dates."""
    from ipdesk.core.deadlines.calendar import compute
    from ipdesk.core.deadlines.wording import moment_text
    from ipdesk.core.workflow import simulate as replay

    settings = _settings(context)
    law, registry = _workflow(settings, regime)
    _refuse_unknown_state(law, state, "--from")
    begin = (start.replace(tzinfo=ZoneInfo(settings.zone)).astimezone(UTC) if start
             else clock_of(settings).now())
    for step in replay.simulate(
        law, registry, start=begin, zone=settings.zone, state=state,
        compute=lambda row, at, zone: compute(row, at, zone=zone),
    ):
        due = step.counted.until_at if step.counted else None
        if as_json:
            click.echo(json.dumps({
                "at": step.at.isoformat(), "done": step.done, "state": step.state.name,
                "waits_for": step.state.waits_for, "deadline": step.deadline,
                "due_at": due.isoformat() if due else None}))
            continue
        click.echo(f"{moment_text(step.at, settings.zone, 'en')}  {step.done or 'It begins'}")
        click.echo(f"    {step.state.label} ({step.state.name}), waits for {step.state.waits_for}"
                   + (f", until {moment_text(due, settings.zone, 'en')}" if due else ""))


@desk.command()
@click.argument("regime")
@click.option("--format", "form", type=click.Choice(["svg", "mermaid"]), default="svg", show_default=True)
@click.option("--lit", help="Draw this state as the present one.")
@click.pass_context
def diagram(context: click.Context, regime: str, form: str, lit: str | None) -> None:
    """Draw the workflow file of REGIME (also: notice, right) to standard output."""
    from ipdesk.core.workflow import diagram as drawing

    law, _ = _workflow(_settings(context), regime)
    _refuse_unknown_state(law, lit, "--lit")
    click.echo(drawing.mermaid(law, lit) if form == "mermaid" else drawing.svg(law, lit))


def _refuse_unknown_state(law: Any, state: str | None, option: str) -> None:
    if state is not None and state not in law.states:
        raise click.BadParameter(f"{law.name} has no state {state}; it has {', '.join(law.states)}", param_hint=option)


def _workflow(settings: Settings, name: str) -> tuple[Any, Any]:
    from ipdesk.core.workflow import load

    registry = load(settings.workflows)
    known = sorted({law.name for law in registry.workflows()})
    if name not in known:
        raise click.BadParameter(f"there is no workflow {name}; there are {', '.join(known)}",
                                 param_hint="REGIME")
    return registry.workflow(name), registry


@desk.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--threads", default=12, show_default=True, help="Threads of the one web process.")
@click.option("--demo", is_flag=True, help="Be the demo marketplace: loaded if nothing is there, refused if something else is.")
@click.option("--demo-if-empty", "if_empty", is_flag=True, help="The same, but start an installation that is in use as it is.")
@click.pass_context
def run(context: click.Context, host: str, port: int, threads: int, demo: bool, if_empty: bool) -> None:
    """Migrate, then start web and worker together. Ctrl-C stops both."""
    from ipdesk.backup import refuse_unconfirmed
    from ipdesk.running import refuse_taken_port, run_desk

    with _refusals():
        refuse_taken_port(host, port)
        refuse_unconfirmed(_settings(context))
        context.obj["demo_address"] = f"http://{host}:{port}"
        settings = _made_demo(context) if demo or if_empty else _made_ready(context)
        if demo and not settings.demo:
            raise Refused(_NOT_THE_DEMO.format(settings.instance))
        if if_empty and not settings.demo:
            click.echo(f"{settings.instance} is in use and not the demo: it starts as it is.", err=True)
        run_desk(settings, host=host, port=port, threads=threads)


_NOT_THE_DEMO = "{} is in use and not the demo, and never becomes one; nothing was changed. Name another folder: --instance"


@desk.command()
@click.option("--until-idle", is_flag=True, help="Stop when nothing is due.")
@click.pass_context
def worker(context: click.Context, until_idle: bool) -> None:
    """Run the worker: deadlines, letters, instructions to the marketplace, the log."""
    from ipdesk.backup import refuse_unconfirmed
    from ipdesk.core.jobs import work
    from ipdesk.core.jobs.loop import Worker
    from ipdesk.running import only_worker
    from ipdesk.worker import jobs

    settings, app = _existing(context)
    with _refusals(), only_worker(settings), app.app_context():
        refuse_unconfirmed(settings)
        clock = app.extensions["ipdesk.clock"]
        working = Worker(jobs(settings, clock), clock)
        if until_idle:
            click.echo(f"{working.until_idle()} done")
            work.close()
            return
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: working.stop())
        working.forever()
        work.close()


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per fault.")
@click.pass_context
def fsck(context: click.Context, as_json: bool) -> None:
    """Verify the audit log, the stored summaries, the counts and the evidence. Exit code 1 on a fault."""
    found = _faults(context, quiet=as_json)
    for fault in found:
        click.echo(json.dumps({"fault": fault}) if as_json else fault)
    if found:
        raise SystemExit(FAILED)
    if not as_json:
        click.echo("No fault found.")


SIGNER_UNKNOWN = 3
_KEY = "Public key of the desk's log, 64 hex digits, or a file with it; may be given again after a change of keys."


@desk.command()
@click.argument("pdf", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--record", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The bundle's record, if it is not beside the PDF.")
@click.option("--key", "keys", multiple=True, metavar="HEX|FILE", help=_KEY)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def verify(pdf: Path, record: Path | None, keys: tuple[str, ...], as_json: bool) -> None:
    """Prove the bundle PDF against its signed record. Needs neither the desk nor its database.

    \b
    Exit: 0 all holds, and the key given with --key signed it   1 something does not   2 wrong use, or no record
          3 all holds, and without --key nothing says whose signature it is
    """
    from ipdesk.gateways.bundles.record import record_beside
    from ipdesk.gateways.bundles.verifying import NotARecord, verify_bundle

    place = record or record_beside(pdf)
    if not place.exists():
        raise Refused(f"There is no record {place}. Download it from the page of the bundle, or name it: --record")
    try:
        found = verify_bundle(pdf, place, [_public_key(text) for text in keys])
    except NotARecord as error:
        raise Refused(str(error)) from None
    click.echo(json.dumps(asdict(found)) if as_json else _as_sentences(found))
    if found.faults or not found.pinned:
        raise SystemExit(FAILED if found.faults else SIGNER_UNKNOWN)


def _public_key(text: str) -> bytes:
    try:
        text = Path(text).read_text() if Path(text).is_file() else text
        key = bytes.fromhex(text.strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise click.BadParameter("a public key is 64 hex digits, or a file with them", param_hint="--key")
    return key


def _as_sentences(found: Any) -> str:
    lines = list(found.faults) or [f"{found.case}: the PDF is the one of its record, with {found.exhibits} exhibits."]
    lines.append(f"Log: {found.sealed} entries proven in the log signed at {found.signed_at}, {found.unsealed} not yet signed then, "
                 f"{found.untold} held by their hash only.")
    lines.append(f"Signed with the key {found.key}" + ("." if found.pinned else
                 ",\nwhich the record itself brings along, so that anybody could have signed it: compare all 64 digits with the "
                 "desk's page Legal contacts, or give that key with --key."))
    return "\n".join(lines)


def _faults(context: click.Context, *, quiet: bool) -> list[str]:
    """What ``fsck`` finds, with a bar for each thing that is proven."""
    from tqdm import tqdm

    from ipdesk.fsck import faults

    def watch(name: str, rows: Iterable[Any], total: int) -> Iterable[Any]:
        return tqdm(rows, total=total, desc=name, leave=False, disable=quiet or None)

    settings, app = _existing(context)
    with app.app_context():
        return list(faults(settings, watch))


@desk.command("backup")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--without-database", is_flag=True, help="The PostgreSQL database is dumped already: write the rest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences; no progress bar.")
@click.pass_context
def write_backup(context: click.Context, out: Path, without_database: bool, as_json: bool) -> None:
    """Write database, evidence, bundles, keys and settings to the file OUT (or a new file in the folder OUT).

    The desk may go on meanwhile. The file holds the keys: keep it as you keep them.

    \b
    Exit: 0 written   1 could not be written, nothing was left   2 wrong use
    """
    from ipdesk import backup

    settings, _ = _existing(context)
    is_elsewhere = not settings.database.startswith("sqlite")
    if is_elsewhere and not without_database:
        raise Refused("PostgreSQL copies itself. First run this, then this command again with --without-database:\n"
                      + backup.dump_command(settings))
    if without_database and not is_elsewhere:
        raise click.BadParameter("the database lies in the installation and is part of the backup", param_hint="--without-database")
    now = clock_of(settings).now()
    out = out / f"ipdesk-{now:%Y%m%d-%H%M%S}.tar" if out.is_dir() else out
    try:
        with _bytes_bar(backup.size_of(settings), out.name, quiet=as_json) as bar:
            made = backup.write(settings, out, at=now, progress=bar.update)
    except backup.BackupFailed as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(backup.plain(made, file=str(out))))
        return
    click.echo(f"{out}: {len(made.members)} files, {made.size} bytes")
    if settings.evidence_url:
        click.echo(f"The evidence in {settings.evidence_url} is not in it.", err=True)


# Restored, and fsck found faults in it.
RESTORED_WITH_FAULTS = 3


@desk.command("restore")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--confirm", "is_confirmed", is_flag=True, help="Let the restored installation work: letters, deadlines, instructions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences; no progress bar.")
@click.pass_context
def restore_backup(context: click.Context, file: Path | None, is_confirmed: bool, as_json: bool) -> None:
    """Make an installation from the backup FILE in an empty folder, and prove it as fsck does.

    It is held until you say --confirm: no worker starts, so that nothing is sent twice while the old
    installation may still be running.

    \b
    Exit: 0 restored and proven   1 the file is damaged, nothing was restored
          2 wrong use, or the folder is not empty   3 restored, but fsck found faults
    """
    from ipdesk import backup

    if (file is None) != is_confirmed:
        raise click.UsageError("Name a FILE to restore, or say --confirm afterwards.")
    if file is None:
        backup.confirm(_settings(context, must_exist=True))
        click.echo("Confirmed: the worker may start.")
        return
    try:
        with _refusals(), _bytes_bar(file.stat().st_size, file.name, quiet=as_json) as bar:
            made = backup.restore(file, place_of(context.obj["instance"]), progress=bar.update)
    except backup.BackupFailed as error:
        raise click.ClickException(str(error)) from None
    found = _faults(context, quiet=as_json) if made.database == "sqlite" else []
    if as_json:
        click.echo(json.dumps(backup.plain(made, faults=found)))
    else:
        click.echo(f"Restored as it was at {made.made_at}: {len(made.members)} files, {len(found)} faults.")
        for fault in found:
            click.echo(fault)
        if made.database != "sqlite":
            click.echo("Its database is not in the file: restore that with pg_restore, then prove all with ipdesk fsck.", err=True)
        click.echo("It is held. When the old installation is off: ipdesk restore --confirm", err=True)
    if found:
        raise SystemExit(RESTORED_WITH_FAULTS)


def _bytes_bar(total: int, name: str, *, quiet: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=quiet or None)


@desk.command()
@click.option("--advance", metavar="SPAN", help="Move the demo's clock forward: 4d, 36h or 90m.")
@click.pass_context
def demo(context: click.Context, advance: str | None) -> None:
    """Load the demo marketplace into an empty installation, or move its clock."""
    from ipdesk.demo.people import accounts_text

    if advance:
        _advance(context, advance)
        return
    settings = _made_demo(context)
    if not settings.demo:
        raise Refused(_NOT_THE_DEMO.format(settings.instance))
    click.echo(accounts_text())


def _advance(context: click.Context, text: str) -> None:
    from ipdesk import wiring
    from ipdesk.demo.clock import advance_clock, span_text

    settings = _whole(_settings(context, must_exist=True))
    if not settings.demo:
        raise Refused(f"Only the demo has a clock that can be moved, and {settings.instance} is not the demo.")
    try:
        span = _span(text)
        if wiring.check_law(settings, (clock_of(settings).now() + span).date()):
            raise ValueError("the calendars of the workflow files end before that day")
        total = advance_clock(settings.instance, span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--advance") from None
    except OverflowError:
        raise click.BadParameter("no calendar reaches so far", param_hint="--advance") from None
    click.echo(f"The demo's clock is {span_text(total)} ahead. A running worker acts on it at once; "
               "without one, run: ipdesk worker --until-idle")
    if span.total_seconds() > settings.session_idle:
        click.echo("To the desk everybody was away for that long: sign in again.")


def _span(text: str) -> timedelta:
    unit = {"d": "days", "h": "hours", "m": "minutes"}.get(text[-1:])
    if unit is None or not text[:-1].isdecimal():
        raise ValueError("say a span like 4d, 36h or 90m")
    return timedelta(**{unit: int(text[:-1])})


_BENCH_CASES = ("list", "case", "dashboard", "file", "bundle", "sweep")


@desk.command()
@click.argument("case", type=click.Choice([*_BENCH_CASES, "all"]))
@click.option("--size", type=click.IntRange(1), help="Complaints (sweep: deadlines; bundle: exhibits). Default: the full size.")
@click.option("--database", default="", metavar="URL", help="An EMPTY database to fill; everything in it is removed at the end. "
              "Default: SQLite in a folder of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per case.")
def bench(case: str, size: int | None, database: str, as_json: bool) -> None:
    """Measure CASE on a throw-away database that the command fills itself (docs/benchmarks.md)."""
    from ipdesk import bench as measured

    cases = _BENCH_CASES if case == "all" else (case,)
    try:
        for figures in measured.run(cases, size=size, database=database,
                                    say=lambda text: click.echo(text, err=True)):
            click.echo(json.dumps(figures) if as_json else measured.as_text(figures))
    except (measured.NotEmpty, measured.NotAnswered) as error:
        raise click.ClickException(str(error)) from None


def main() -> None:
    """Entry point of the command ``ipdesk``."""
    desk()



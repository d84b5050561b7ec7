"""``ipdesk bundle``: the bundle of a case as a file."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from tqdm import tqdm

from ipdesk.core.casework.rules import rules
from ipdesk.core.http.installation import clock
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.gateways.bundles.contents import BundleContents
from ipdesk.gateways.bundles.fonts import FontsMissing
from ipdesk.gateways.bundles.gather import case_of, contents_of_case
from ipdesk.gateways.bundles.models import LANGUAGES
from ipdesk.gateways.bundles.record import put_in_place, record_beside, record_of
from ipdesk.gateways.bundles.render import BundleFailed, BundleReport, render

NOT_MADE, NO_SUCH_CASE = 1, 3


@click.command("bundle")
@click.argument("case")
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the PDF; it is made if it is not there.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Language of the desk's own pages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences; no progress bar.")
def bundle(case: str, folder: Path, language: str, as_json: bool) -> None:
    """Make the evidence bundle of CASE (C-… a complaint, N-… a notice with all its complaints).

    Beside the PDF lies its signed record, for `ipdesk verify`.

    The same case at the same head of the audit log gives the same bytes. An exhibit that cannot be
    shown is on a slip sheet; it is never left out.

    \b
    Exit: 0 made   1 could not be made, no file was left   2 wrong use   3 no such case
    """
    # Whoever may run commands on this machine is the operator and reads what legal staff read.
    operator = Actor(at=clock().now(), roles=frozenset({"legal"}), name="command line")
    try:
        row = case_of(operator, case)
    except NotVisible:
        _say({"case": case, "error": "no such case"}, f"There is no case {case}.", as_json=as_json)
        raise SystemExit(NO_SUCH_CASE) from None
    out = folder / f"{row.reference}-court.pdf"
    try:
        contents = contents_of_case(operator, row, language=language)
        report = _made(contents, out, quiet=as_json)
    except (BundleFailed, FontsMissing, OSError) as error:
        _say({"case": row.reference, "error": str(error)}, f"The bundle could not be made: {error}", as_json=as_json)
        raise SystemExit(NOT_MADE) from None
    if as_json:
        click.echo(json.dumps(_plain(row.reference, out, report)))
        return
    pages, exhibits = _count(report.pages, "page"), _count(len(report.exhibits), "exhibit")
    click.echo(f"{out}: {pages}, {exhibits}, {report.seconds:.1f} s\nSHA-256 {report.sha256}\n"
               f"Its signed record: {record_beside(out)}; ipdesk verify {out} proves one against the other")
    for exhibit in report.exhibits:
        if exhibit.slip:
            click.echo(f"{exhibit.id} {exhibit.file}: not shown ({exhibit.slip}), slip sheet on page {exhibit.shown[0]}", err=True)


def _made(contents: BundleContents, out: Path, *, quiet: bool) -> BundleReport:
    """Print beside the place and move both files there at the end: an older pair stays whole when something fails."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".bundle-", dir=out.parent) as folder:
        printed = Path(folder) / out.name
        report = _with_progress(contents, printed, quiet=quiet)
        record_beside(printed).write_bytes(record_of(contents, report, rules.settings["log_signer"]))
        put_in_place(printed, out)
    return report


def _count(n: int, what: str) -> str:
    """``1 exhibit``, ``7 exhibits``."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _say(plain: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(plain) if as_json else sentence, err=not as_json)


def _with_progress(contents: Any, out: Path, *, quiet: bool) -> BundleReport:
    with tqdm(total=len(contents.exhibits) + 2, unit="step", desc=contents.reference, disable=quiet or None) as bar:
        def progress(done: int, total: int, step: str) -> None:
            bar.set_postfix_str(step[:40], refresh=False)
            bar.update(done - bar.n)

        return render(contents, out, progress)


def _plain(reference: str, out: Path, report: BundleReport) -> dict[str, Any]:
    return {
        "case": reference, "file": str(out), "record": str(record_beside(out)), "pages": report.pages, "sha256": report.sha256,
        "size": out.stat().st_size,
        "bundle_id": report.bundle_id, "manifest_sha256": report.manifest_sha256, "seconds": round(report.seconds, 3),
        "exhibits": [
            {"id": e.id, "file": e.file, "sha256": e.sha256, "shown": {"from": e.shown[0], "to": e.shown[1]},
             **({"slip_sheet": e.slip} if e.slip else {}), "remarks": list(e.remarks)}
            for e in report.exhibits],
    }


commands = [bundle]

"""All workflows and tables of one folder, by name and version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ipdesk.core.workflow.definition import Workflow, workflow_from
from ipdesk.core.workflow.strict_yaml import Block, DefinitionError, Problem, read
from ipdesk.core.workflow.tables import SCHEMAS, Table, table_from

TABLES_FOLDER = "tables"


@dataclass(frozen=True)
class Registry:
    """What ``load`` found. Workflows and tables are read-only and shared by all threads."""

    versions: Mapping[tuple[str, int], Workflow]
    tables: Mapping[str, Table]

    def workflow(self, name: str, version: int | None = None) -> Workflow:
        """One version of a workflow, the newest without ``version``. ``KeyError`` when there is none."""
        if version is None:
            version = max((v for n, v in self.versions if n == name), default=0)
        return self.versions[name, version]

    def workflows(self, kind: str | None = None) -> tuple[Workflow, ...]:
        """The newest version of every workflow (of one ``kind``), sorted by name."""
        names = sorted({name for name, _ in self.versions})
        newest = (self.workflow(name) for name in names)
        return tuple(w for w in newest if kind is None or w.kind == kind)

    def table(self, name: str) -> Table:
        """A table by the name of its file. ``KeyError`` when there is none."""
        return self.tables[name]

    def row(self, table: str, row: str) -> Mapping[str, Any]:
        """One row of a table. ``KeyError`` when there is none."""
        found: Mapping[str, Any] = self.tables[table][row]
        return found

    def deadline(self, name: str) -> Mapping[str, Any]:
        """The row of a deadline, ready for ``deadlines.calendar.compute``."""
        return self.row("deadlines", name)

    def document(self, table: str, regime: str, document: str) -> Mapping[str, Any]:
        """The newest row of ``statements`` or ``elements`` for a document of a regime. ``KeyError``."""
        rows = [row for row in self.tables[table].values()
                if row["regime"] == regime and row["document"] == document]
        if not rows:
            raise KeyError((table, regime, document))
        newest: Mapping[str, Any] = max(rows, key=lambda row: row["version"])
        return newest

    def missing(self, in_use: Iterable[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
        """Of (name, version, digest) triples stored with cases, those that no file answers to.

        Start-up refuses when this is not empty: a running case keeps the very rules it was opened under.
        """
        return [
            (name, version, digest) for name, version, digest in in_use
            if (name, version) not in self.versions or self.versions[name, version].digest != digest
        ]


def load(folder: Path) -> Registry:
    """Everything in ``folder`` (``*.yaml``, ``complaint/*.yaml``, ``tables/*.yaml``).

    Raises ``DefinitionError`` with every file that cannot be read; ``check`` says whether what was read may be used.
    """
    problems: list[Problem] = []
    versions: dict[tuple[str, int], Workflow] = {}
    tables: dict[str, Table] = {}
    for path in sorted(folder.rglob("*.yaml")):
        file = path.relative_to(folder).as_posix()
        try:
            block = read(path.read_text(encoding="utf-8"), file)
            if path.parent.name == TABLES_FOLDER:
                tables[path.stem] = table_from(path.stem, block)
            else:
                workflow = _named(workflow_from(block), block, path)
                versions[workflow.name, workflow.version] = workflow
        except DefinitionError as error:
            problems.extend(error.problems)
        except UnicodeDecodeError:
            problems.append(Problem("not_yaml", "the file is not UTF-8", f"{file}:1"))
    problems.extend(
        Problem("missing_table", f"the table {name} is missing", f"{TABLES_FOLDER}/{name}.yaml:1")
        for name in SCHEMAS if name not in tables and not any(p.place.startswith(f"{TABLES_FOLDER}/{name}.") for p in problems)
    )
    if problems:
        raise DefinitionError(problems)
    rows = tables["deadlines"]
    whole = {key: replace(law, clocks={name: rows[name] for name in sorted(law.clock_names) if name in rows})
             for key, law in versions.items()}
    return Registry(MappingProxyType(whole), MappingProxyType(tables))


def _named(workflow: Workflow, block: Block, path: Path) -> Workflow:
    """Refuse a file whose name is not ``<workflow>[.v<N>].yaml`` for what it holds."""
    expected = workflow.name if workflow.version == 1 else f"{workflow.name}.v{workflow.version}"
    if path.stem != expected:
        raise block.refuse("wrong_file_name", f"version {workflow.version} of {workflow.name} belongs in {expected}.yaml", "version")
    return workflow

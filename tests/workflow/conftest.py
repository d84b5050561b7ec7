"""The shipped workflow files, and copies of them broken in one place."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ipdesk.core.workflow import KnownNames, Registry, load, names_used

SHIPPED = Path(__file__).resolve().parents[2] / "workflows"


@pytest.fixture(scope="session")
def shipped_folder() -> Path:
    return SHIPPED


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load(SHIPPED)


@pytest.fixture(scope="session")
def known(registry: Registry) -> KnownNames:
    """The names the shipped files use, as if the program had registered exactly these."""
    return names_used(registry)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """``changed(file, old, new)``: a copy of the folder in which ``old`` (found exactly once) became ``new``."""
    folder = tmp_path / "workflows"
    shutil.copytree(SHIPPED, folder)

    def change(file: str, old: str, new: str) -> Path:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} holds {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return change

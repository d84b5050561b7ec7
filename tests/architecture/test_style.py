"""What `make lint` looks at holds in the tree as it is; the direction of imports has a file of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("words", [["ruff", "check", "--no-cache", "."], ["mypy"]], ids=["style", "types"])
def test_nothing_is_found(words: list[str]) -> None:
    tool = Path(sys.executable).with_name(words[0])
    run = subprocess.run([tool, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

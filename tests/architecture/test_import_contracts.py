"""The direction of imports holds, and every feature stands under the contract of its files."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contracts():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract for contract in settings["contracts"]}


def test_every_contract_is_kept():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_feature_is_held_to_the_order_of_its_files(contracts):
    features = {f"ipdesk.features.{path.parent.name}" for path in ROOT.glob("ipdesk/features/*/__init__.py")}
    assert set(contracts["feature-files"]["containers"]) == features


def test_every_part_of_the_core_but_jobs_is_kept_from_the_queue_engine(contracts):
    parts = {f"ipdesk.core.{path.parent.name}" for path in ROOT.glob("ipdesk/core/*/__init__.py")}
    assert parts - {"ipdesk.core.jobs"} <= set(contracts["one-queue"]["source_modules"])

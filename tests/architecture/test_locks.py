"""What is installed is pinned with hashes, and no committed file names a package registry."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements-build.lock", "requirements.lock", "requirements-test.lock"]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;]+)", re.MULTILINE)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> set[tuple[str, str]]:
    return {(canonical(m["name"]), m["version"]) for m in PIN.finditer((ROOT / lock).read_text())}


def requirements(declared: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=~! ]", one, maxsplit=1)[0]) for one in declared}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_or_a_hash(lock):
    for line in (ROOT / lock).read_text().splitlines():
        assert re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) or PIN.match(line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock):
    lines = (ROOT / lock).read_text().splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if PIN.match(line):
            assert line.endswith("\\"), line
            assert following.startswith("    --hash=sha256:"), line


@pytest.mark.parametrize("lock", [*LOCKS, "pyproject.toml"])
def test_python_requirements_name_no_place(lock):
    assert "://" not in (ROOT / lock).read_text()


def test_npm_lock_names_no_place_to_fetch_from():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for path, package in lock["packages"].items():
        assert "resolved" not in package, path
        if path:
            assert package["integrity"].startswith("sha512-"), path
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text()


def test_npm_versions_are_exact():
    asked = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in asked.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_the_test_lock_contains_the_runtime_lock():
    assert pins("requirements.lock") <= pins("requirements-test.lock")


def test_the_locks_hold_everything_that_is_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = requirements(project["project"]["dependencies"])
    test = requirements(project["dependency-groups"]["test"])
    assert requirements(project["dependency-groups"]["build"]) <= {name for name, _ in pins("requirements-build.lock")}
    assert runtime <= {name for name, _ in pins("requirements.lock")}
    assert runtime | test <= {name for name, _ in pins("requirements-test.lock")}
    assert not test & {name for name, _ in pins("requirements.lock")}, "a test tool is not shipped"

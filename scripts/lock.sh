#!/usr/bin/env bash
# Writes requirements-build.lock, requirements.lock and requirements-test.lock from pyproject.toml: every version, every hash, no place named.
# `scripts/lock.sh --upgrade` takes newer versions; without it only what pyproject.toml no longer allows moves.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"
}
compile --group build --output-file requirements-build.lock "$@"
compile pyproject.toml --output-file requirements.lock "$@"
compile pyproject.toml --group test --constraint requirements.lock --output-file requirements-test.lock "$@"

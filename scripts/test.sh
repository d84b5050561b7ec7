#!/usr/bin/env bash
# Runs `ipdesk check` and the tests: `scripts/test.sh [pytest arguments]`. pytest's summary is the last line.
#
# Without arguments what depends on the database runs on PostgreSQL first (a server that the tests start
# themselves), then everything on SQLite, so that the last line is about the whole. With arguments: what
# they say, on SQLite, or on PostgreSQL with IPDESK_TEST_DATABASE=postgresql.
set -euo pipefail
cd "$(dirname "$0")/.."

if IPDESK_CHROMIUM=$(scripts/chromium.sh); then
    export IPDESK_CHROMIUM
else
    unset IPDESK_CHROMIUM
    echo "ipdesk: ================================================================" >&2
    echo "ipdesk: NO CHROMIUM: THE BROWSER TESTS WILL BE SKIPPED. Install one:" >&2
    echo "ipdesk:     sudo apt-get install chromium" >&2
    echo "ipdesk: ================================================================" >&2
fi
# Where nobody reads the skips, a missing browser is a failure.
if [ "${CI:-}" = true ]; then
    export IPDESK_REQUIRE_BROWSER=1
fi

on_postgresql="tests/core tests/journeys tests/features/complaints tests/features/counter_notices tests/features/decisions
    tests/features/holds"

.venv/bin/ipdesk check
run_tests="-m pytest -n ${IPDESK_TEST_WORKERS:-2} --dist loadfile"
if [ $# -eq 0 ] && [ -z "${IPDESK_TEST_DATABASE:-}" ]; then
    IPDESK_TEST_DATABASE=postgresql .venv/bin/python $run_tests $on_postgresql
fi
exec .venv/bin/python $run_tests "$@"

#!/usr/bin/env bash
# Runs `ipdesk check` and the tests: `scripts/test.sh [pytest arguments]`. pytest's summary is the last line.
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

.venv/bin/ipdesk check
exec .venv/bin/python -m pytest -n "${IPDESK_TEST_WORKERS:-2}" --dist loadfile "$@"

#!/usr/bin/env bash
# Prints the path of a Chromium that starts: one that is there, else Debian's, else Playwright's own. Returns 1 when there is none.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/apt.sh
. scripts/apt.sh

starts() { [ -n "$1" ] && timeout 30 "$1" --version >/dev/null 2>&1; }

playwrights_own() {
    .venv/bin/python -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)' 2>/dev/null
}

find_one() {
    local candidate
    for candidate in "${IPDESK_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable "$(playwrights_own)"; do
        # Ubuntu's chromium-browser may be a stub that only asks for a snap: what counts is that it starts.
        if starts "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

mkdir -p .tools
exec 8>.tools/chromium.lock
flock 8

find_one && exit 0
echo "ipdesk: no Chromium found; installing one for the browser tests" >&2
apt_install chromium 8>&- 2>/dev/null && find_one && exit 0
.venv/bin/python -m playwright install chromium >&2 8>&- && find_one

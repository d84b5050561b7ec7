#!/usr/bin/env bash
# Rebuilds ipdesk/static and templates/components/shapes.html. Needs Node 20 or newer; running the desk needs none.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; then
    echo "ipdesk: Node 20 or newer is needed to rebuild the assets: sudo apt-get install nodejs npm" >&2
    exit 1
fi
mkdir -p .tools
exec 7>.tools/assets.lock
flock 7
npm ci --ignore-scripts --no-progress --loglevel=error
npm run --silent build

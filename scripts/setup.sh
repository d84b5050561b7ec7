#!/usr/bin/env bash
# Prepares .venv/ from a lock file: `scripts/setup.sh runtime` or `scripts/setup.sh test`.
#
# Safe to call at any time and by several processes at once: one lock, and a stamp that is written last. The stamp holds the
# digest of everything that decides what is installed, so that a second call has nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-runtime}
case $kind in
    runtime) lock=requirements.lock ;;
    test)    lock=requirements-test.lock ;;
    *)       echo "usage: scripts/setup.sh runtime|test" >&2; exit 2 ;;
esac

# What WeasyPrint (Pango, HarfBuzz) and the type sniffer (libmagic) load at run time, and the Debian packages that hold it.
libraries="libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0 libmagic.so.1"
packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libmagic1"

say() { printf 'ipdesk: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# shellcheck source=scripts/apt.sh
. scripts/apt.sh

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed and none was found (looked for python3, python3.14 … python3.11).
        Debian, Ubuntu: sudo apt-get install python3 python3-venv     or name one: make setup PYTHON=/path/to/python3.12"
}

libraries_load() {
    "$1" - $libraries <<'PY' 2>/dev/null
import ctypes, sys
for name in sys.argv[1:]:
    ctypes.CDLL(name)
PY
}

ensure_libraries() {
    libraries_load "$1" && return
    say "installing the system libraries for PDF and file types: $packages"
    if ! apt_install $packages || ! libraries_load "$1"; then
        die "system libraries are missing. Please run:
        sudo apt-get update && sudo apt-get install -y $packages
        (on other systems: Pango, HarfBuzz with its subset library, and libmagic), then try again."
    fi
}

ensure_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! apt_install "python$version-venv" || ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        die "this Python has no venv module. Please run:
        sudo apt-get update && sudo apt-get install -y python$version-venv"
    fi
}

# A half-made, moved or outdated environment: its scripts name another folder, or its pip or Python does not start.
venv_is_sound() {
    [ -x .venv/bin/pip ] && grep -qF "$PWD/.venv/" .venv/bin/pip \
        && .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

digest() {
    { printf '%s\n' "$PWD"; cat pyproject.toml requirements*.lock scripts/setup.sh; } | sha256sum | cut -d' ' -f1
}

is_ready() {
    local wanted
    wanted=$(digest)
    [ -x .venv/bin/ipdesk ] || return 1
    # The test lock contains the runtime lock (tests/architecture/test_locks.py), so either stamp will do for the runtime.
    [ "$(cat .venv/.stamp-test 2>/dev/null)" = "$wanted" ] && return
    [ "$kind" = runtime ] && [ "$(cat .venv/.stamp-runtime 2>/dev/null)" = "$wanted" ]
}

mkdir -p .tools
exec 9>.tools/setup.lock
if ! flock --nonblock 9; then
    say "another set-up is running in this folder; waiting for it"
    flock 9
fi

is_ready && exit 0

python=$(find_python)
ensure_libraries "$python"
if ! venv_is_sound; then
    ensure_venv_module "$python"
    say "creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

say "installing the packages of $lock, each checked against its hash (some minutes the first time)"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
install() { .venv/bin/python -m pip install --quiet --no-deps --use-pep517 --no-build-isolation "$@" 9>&-; }
install --require-hashes -r requirements-build.lock
install --require-hashes -r "$lock"
install -e .

digest > ".venv/.stamp-$kind.new"
mv ".venv/.stamp-$kind.new" ".venv/.stamp-$kind"
say "ready: .venv/bin/ipdesk"

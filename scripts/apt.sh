# Sourced by the other scripts.

# apt_install PACKAGE… : installs Debian packages when that needs no question, else returns 1 and changes nothing.
apt_install() {
    command -v apt-get >/dev/null || return 1
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    # Descriptor 9 is the set-up's lock: a service that a package starts must not inherit it.
    # Errors of `update` are not final: one unreachable source must not hide the package lists that are there.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 9>&- || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 9>&-
}

"""Web addresses of listings, so that two ways of writing one place are one."""

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# Parameters that say where a visitor came from, never which listing is meant.
_TRACKING = re.compile(
    r"(?i)utm_.*|algo_.*|aff_.*|pd_rd_.*|pf_rd_.*|mc_[ce]id|[gy]clid|d?clid|fbclid|msclkid|igshid|_ga|_gl|"
    r"spm|scm|pvid|ref_?|referrer|source|src|share|qid|sr|tracking(_?id)?"
)
_WITHOUT_SCHEME = re.compile(r"(?i)(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?[/?#]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def address_key(text: str) -> str | None:
    """``host/path?query`` of a web address, or ``None`` for text that is none.

    Equal keys mean the same place: the scheme, ``www.`` and ``m.``, the case of the host, its
    default port, a trailing slash, the fragment, tracking parameters and the order of
    the others do not count. A path keeps its case.
    """
    text = text.strip()
    if _WITHOUT_SCHEME.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = plain_host(parts.hostname)
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    path = parts.path.rstrip("/")
    if "%" in path or not path.isascii():
        path = quote(unquote(path), safe="/:@!$&'()*+,;=~-._")
    if not parts.query:
        return host + path
    kept = sorted((name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
                  if not _TRACKING.fullmatch(name))
    return f"{host}{path}?{urlencode(kept)}" if kept else host + path


def plain_host(host: str) -> str:
    """``host`` in lower case without ``www.`` or ``m.``, which lead to the same marketplace."""
    host = host.lower().rstrip(".")
    for prefix in ("www.", "m."):
        if host.startswith(prefix) and host.count(".") > 1:
            return host.removeprefix(prefix)
    return host


def host_of(key: str) -> str:
    """The host of a key that `address_key` made."""
    return re.split(r"[/?]", key, maxsplit=1)[0]

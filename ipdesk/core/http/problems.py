"""Errors as people and machines read them: a page, or ``application/problem+json``."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible, Refusal, Stale

_REFUSALS: dict[str, Any] = {
    "transition_not_allowed": _l("This can no longer be done: the case has moved on."),
    "role_not_allowed": _l("This step is somebody else's to take."),
    "form_belongs_to_another": _l("This form was opened by somebody else. Reload the page and try again."),
}
_MOVED = "transition_not_allowed"
_PAGES = {
    400: (_l("This request could not be read"), _l("Go back, reload the page and try again.")),
    403: (_l("This is not yours to do"),
          _l("You are signed in, but your account has no access to this page.")),
    404: (_l("Nothing here"), _l("The page does not exist, or it belongs to somebody else.")),
    405: (_l("This cannot be done here"), _l("Go back and use the buttons of the page.")),
    409: (_l("This moved while you were reading"),
          _l("Somebody else, or the clock, acted in the meantime. Nothing of yours was done. "
             "Look at the case again and decide anew.")),
    413: (_l("That is too large"), _l("Send smaller files, or fewer of them at a time.")),
    429: (_l("Too many tries"), _l("Wait a little, then try again.")),
    500: (_l("Something went wrong on our side"),
          _l("Nothing was half-done. Try again; if it happens again, tell the desk the code below.")),
}


def register_refusals(texts: Mapping[str, Any]) -> None:
    """Add the sentence a person reads for each refusal code of a feature."""
    _REFUSALS.update(texts)


def refusal_text(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """The sentence for a refusal code, with its facts filled in."""
    text = _REFUSALS.get(code)
    if text is None:
        return gettext("This cannot be done now (%(code)s).", code=code)
    return str(text) % facts if facts else str(text)


def moved_text() -> str:
    """What a person reads whose page showed a version that is no longer the case's."""
    title, advice = _PAGES[409]
    return f"{title}. {advice}"


def wants_json() -> bool:
    return request.path.startswith("/api/")


def problem(status: int, title: str, detail: str = "", **more: Any) -> Response:
    """A problem document (RFC 9457)."""
    body = {"status": status, "title": title, "detail": detail, **more}
    response = jsonify({key: value for key, value in body.items() if value not in ("", None)})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def page(status: int, detail: str = "", *, heading: str = "", onwards: str = "",
         written: Sequence[tuple[str, str]] = (), **more: Any) -> Response:
    """The same as a page.

    ``onwards`` is where the person goes from here; ``written`` (label, text) is what they typed and what would be lost.
    """
    title, advice = _PAGES.get(status, _PAGES[400])
    if wants_json():
        return problem(status, heading or str(title), detail or str(advice), **more)
    body = render_template("public/problem.html", status=status, title=heading or title, advice=detail or advice,
                           onwards=onwards, written=written, code=getattr(g, "request_id", ""))
    return make_response(body, status)


def refused(refusal: Refusal, *, onwards: str = "", labels: Mapping[str, Any] | None = None) -> Response:
    """The page of a refusal. ``labels`` names the fields whose text is shown again, so that it can be copied."""
    return page(
        409, refusal_text(refusal.code, refusal.facts), onwards=onwards,
        heading="" if refusal.code == _MOVED else gettext("This cannot be done now"),  # nothing need have moved
        written=[(str(label), request.form[name]) for name, label in (labels or {}).items()
                 if request.form.get(name, "").strip()],
        code=refusal.code)


def install(app: Flask) -> None:
    """Answer every error of the desk's own kinds and of HTTP in one way."""
    app.register_error_handler(NotVisible, lambda error: page(404))
    app.register_error_handler(Forbidden, lambda error: page(403))
    app.register_error_handler(Stale, lambda error: page(409, seen=error.seen, current=error.current))
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(
        Invalid, lambda error: page(422 if wants_json() else 400, errors=error.errors))
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)


def _stale_form(error: CSRFError) -> Any:
    """A page that stayed open longer than its session, or than its token is good for."""
    return send_again() or _http(error)


def send_again() -> Response | None:
    """What was sent by nobody any more, whole and to be sent again; ``None`` where nothing was typed.

    Only for a form of this desk's own pages: another site's must not come back with a good token in it. Passwords are
    never carried.
    """
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "form_key")]
    own_page = request.headers.get("Origin", "").rstrip("/") == request.host_url.rstrip("/")
    if not own_page or wants_json() or str(request.endpoint).startswith("security.") or not any(value.strip() for _, value in typed):
        return None
    if "actor" not in g:  # the token is looked at before anything else
        g.actor = current_app.extensions["ipdesk.access.load_actor"]()
    body = render_template(
        "public/send_again.html", action=request.full_path.rstrip("?"), fields=[*typed, ("form_key", request.form.get("form_key", ""))],
        texts=[value for _, value in typed if " " in value.strip()],
        sign_in=url_for("security.login") if g.actor.user_id is None else "")
    return make_response(body, 401)


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if error.code >= 500:
        return page(500)
    response = page(error.code if error.code in _PAGES else 400)
    response.status_code = error.code
    for name, value in error.get_headers():
        if name.lower() in {"retry-after", "allow"}:
            response.headers[name] = value
    return response

"""Headers that every answer carries."""

from flask import Flask, Response, g, request

from ipdesk.core.kernel.ids import new_token

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def install(app: Flask, *, behind_https: bool) -> None:
    """Close what a browser leaves open; number each request for logs and error pages."""

    @app.before_request
    def number() -> None:
        g.request_id = new_token()[:12]

    @app.after_request
    def close(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(), microphone=()")
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        if behind_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

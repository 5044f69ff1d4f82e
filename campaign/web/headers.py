"""Security headers on every answer: nothing inline, nothing foreign, nothing framed."""

from flask import Flask, Response, request

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
NOT_KEPT = ("Cache-Control", "no-store")


def add_headers(answer: Response) -> Response:
    """Fill in what a view has not set itself. Pages are not kept: a shared phone must not show them later."""
    for name, value in ALWAYS.items():
        answer.headers.setdefault(name, value)
    if "Cache-Control" not in answer.headers:
        answer.headers[NOT_KEPT[0]] = NOT_KEPT[1]
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return answer


def register(app: Flask) -> None:
    """Put the headers on every answer of the app, errors too."""
    app.after_request(add_headers)

"""Errors as answers: application/problem+json for programs, a page for people."""

import json
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from campaign.gate.limits import seconds_left
from campaign.gate.wording import in_words
from campaign.kit.errors import DomainError, Invalid, Unauthenticated

log = structlog.get_logger(__name__)

ErrorPage = Callable[[int, str, str], Response]


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """One problem+json answer (RFC 9457) with our stable `code`."""
    body = {"type": f"urn:xinji-live:problem:{code}", "title": detail, "status": status, "detail": detail}
    body |= {"code": code} | members
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")


def problem_of(error: DomainError) -> Response:
    """Word a domain error in the reader's language and keep its code, fields and extra members."""
    members = error.extra()
    for conflict in members.get("conflicts", ()):
        conflict["message"] = in_words(conflict["code"], conflict["params"])
    for entry in (*members.get("entries", ()), *members.get("dates", ())):
        entry["message"] = in_words(entry["code"], entry["params"])
        for part in (*entry["conflicts"], *entry.get("errors", ())):
            part["message"] = in_words(part["code"], part["params"])
    if isinstance(error, Invalid):
        members["errors"] = [
            {"field": fault.field, "code": fault.code, "message": in_words(fault.code, fault.params)}
            for fault in error.errors
        ]
    response = problem(error.status, error.error_code, in_words(error.error_code, error.params), **members)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def wants_problem() -> bool:
    """Programs get problem+json: everything under /api/."""
    return request.path.startswith("/api/")


def handle_errors(app: Flask, page: ErrorPage) -> None:
    """Register the handlers. `page` draws an error page from (status, code, words)."""

    def of_domain(error: DomainError) -> Response:
        if wants_problem():
            return problem_of(error)
        answer = page(error.status, error.error_code, in_words(error.error_code, error.params))
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    def of_http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400 and error.response is not None:
            return error.get_response()  # type: ignore[return-value]
        code = _HTTP_CODES.get(status, "http_error")
        words = in_words(code, {"status": status})
        response = problem(status, code, words) if wants_problem() else page(status, code, words)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        if status == 429:
            response.headers.setdefault("Retry-After", str(seconds_left()))
        return response

    def of_fault(error: Exception) -> Response:
        log.exception("unhandled", path=request.path, method=request.method, error=type(error).__name__)
        words = in_words("fault", {})
        return problem(500, "fault", words) if wants_problem() else page(500, "fault", words)

    app.register_error_handler(DomainError, of_domain)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_fault)


_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "wrong_media_type",
    429: "too_many_requests",
}

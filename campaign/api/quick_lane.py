"""Pushes by a key that go well, answered before Flask is asked: a single event costs a third of it.

What does not go well (a body that cannot be read, a key that may not, events to reject, a database that is away) goes
on to the view with what was found, and is worded there. So there is one way in and one set of answers.
"""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from flask import Flask

from campaign.gate.identity import bearer
from campaign.kit.errors import DomainError
from campaign.kit.numbers import whole
from campaign.sales.batches import LARGEST_PUSH, Batch, read_batch
from campaign.sales.intake import Intake, TooManyPushes
from campaign.sales.taking import Taken

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/v1/ingest/events"
_FOUND = "campaign.push"


class QuickLane:
    """WSGI before WSGI. `headers` stand on every answer."""

    def __init__(self, app: Flask, headers: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._behind: WSGIApplication = app.wsgi_app
        self._headers = [*headers, ("Content-Type", "application/json")]

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer, or let the application answer."""
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "POST":
            answer = self._answered(environ)
            if answer is not None:
                start("200 OK", [*self._headers, ("Content-Length", str(len(answer)))])
                return (answer,)
        return self._behind(environ, start)

    def _answered(self, environ: dict[str, Any]) -> bytes | None:
        key = bearer(environ.get("HTTP_AUTHORIZATION", ""))
        length = whole(environ.get("CONTENT_LENGTH"))
        if not key or length is None or length > LARGEST_PUSH:
            return None
        intake: Intake = self._app.extensions["intake"]
        if intake.is_full:
            environ[_FOUND] = TooManyPushes()
            return None
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            batch = read_batch(body, environ.get("CONTENT_TYPE", ""))
        except DomainError:
            return None
        found = _taken(intake, key, batch)
        if isinstance(found, Taken) and not found.rejected:
            return b'{"accepted":%d,"duplicates":%d,"quarantined":%d,"rejected":[]}' % (
                found.accepted,
                found.duplicates,
                found.quarantined,
            )
        environ[_FOUND] = found
        return None


def _taken(intake: Intake, key: str, batch: Batch) -> Taken | Exception:
    try:
        return intake.take_in(key, batch)
    except Exception as fault:  # noqa: BLE001 - raised again in the view, where it is worded or logged
        return fault


def found_by(environ: dict[str, Any]) -> Taken | Exception | None:
    """What became of the push of this request, where the lane took it."""
    return cast("Taken | Exception | None", environ.get(_FOUND))

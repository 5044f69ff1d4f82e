"""The signed cookie in which Flask keeps what a form needs to come back safely."""

from typing import cast

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

_WITHOUT = "/api/v1/ingest/"


class PageSessions(SecureCookieSessionInterface):
    """For whatever a browser asks. Pushes come by the hundred in a second and have no cookies to unseal."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(_WITHOUT):
            return cast(SecureCookieSession, self.make_null_session(app))
        return super().open_session(app, request)

"""The hub's time zone for a page, asked once a minute."""

import time
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request

from campaign.gate.door import opened
from campaign.kit.actor import SYSTEM
from campaign.parties.queries import zone_of_hub

_KEPT_SECONDS = 60.0
_WITHOUT = (None, "assets", "account_login", "theme", "account_language")


def find_zone() -> None:
    """Put the zone where templates look for it. The API, assets and the login form need none."""
    if request.blueprint in _WITHOUT or request.endpoint is None or request.path.startswith("/api/"):
        return
    kept: tuple[float, ZoneInfo] | None = current_app.extensions.get("hub_zone")
    if kept is None or time.monotonic() - kept[0] > _KEPT_SECONDS:
        with opened(SYSTEM, readonly=True) as db:
            kept = (time.monotonic(), zone_of_hub(db, SYSTEM))
        current_app.extensions["hub_zone"] = kept
    g.hub_zone = kept[1]


def register(app: Flask) -> None:
    """Ask before each page, after the actor is known."""
    app.before_request(find_zone)

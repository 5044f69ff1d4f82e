"""The feed itself: no sign-in, the address is the secret. Unchanged, it is answered without its body."""

import hashlib

from flask import Blueprint, Response, request
from flask_babel import force_locale

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit.actor import SYSTEM
from campaign.kit.ical import calendar_text
from campaign.schedule.feeds import changed_at, read_token, sessions_of, viewer_of
from campaign.web.feeds.entries import entry_of
from campaign.web.show import named, zone

pages = Blueprint("calendar_feed", __name__, url_prefix="/ical")


@pages.get("/<token>.ics")
@public
def show(token: str) -> Response:
    """text/calendar with ETag and Last-Modified; 304 to who has it already."""
    with opened(SYSTEM, readonly=True) as db:
        feed = read_token(db, parts().settings.secret_key, token)
    viewer = viewer_of(feed)
    # Read as the party itself: row-level security is the second wall.
    with opened(viewer, readonly=True) as db:
        sessions = sessions_of(db, viewer, feed)
        changed = changed_at(db, feed, sessions)
    with force_locale(feed.language):
        content = calendar_text(named(feed.party), zone().key, [entry_of(feed, one) for one in sessions])  # type: ignore[arg-type]
    answer = Response(content, mimetype="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'inline; filename="schedule.ics"'
    # Kept by whoever fetches it, asked for again each time.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
    answer.last_modified = changed
    return answer.make_conditional(request)  # type: ignore[return-value]

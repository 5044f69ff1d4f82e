"""The bell beside the menu: how many notices this reader has not seen, asked once per page."""

from flask import Flask, g, request

from campaign.accounts.policy import allows
from campaign.delivery.notices.queries import count_unread
from campaign.gate.door import opened
from campaign.gate.identity import find_actor
from campaign.gate.notices import say
from campaign.outbox.notices import Notice
from campaign.web import show

_WITHOUT = (None, "assets", "theme", "account_language")


def count() -> None:
    """Count before the page opens its own transaction: two at once would be two connections a request."""
    g.unread = None
    actor = find_actor()
    if actor is None or request.method != "GET" or request.path.startswith("/api/"):
        return
    if request.blueprint in _WITHOUT or not allows(actor, "notices.read"):
        return
    with opened(actor, readonly=True) as db:
        g.unread = count_unread(db, actor)


def unread() -> int | None:
    """How many are unread; None where nobody has notices."""
    found = g.get("unread")
    return found if isinstance(found, int) else None


def notice_words(notice: Notice) -> str:
    """A notice in the reader's language and the hub's time."""
    return say(notice.kind, notice.params, show.zone(), notice.audience)


def register(app: Flask) -> None:
    """Count before each page; give templates the count and the words."""
    app.before_request(count)
    app.jinja_env.globals["unread"] = unread
    app.jinja_env.filters["notice_words"] = notice_words

"""A host's own calendar address, opened from the card."""

from flask import Blueprint, Response, redirect, url_for

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit.actor import SYSTEM
from campaign.live.links import host_of_card
from campaign.web.feeds import sharing

pages = Blueprint("host_calendar", __name__)


@pages.get("/card/<token>/calendar")
@public
def show(token: str) -> str:
    """The link to subscribe to; whoever holds the card holds it too."""
    with opened(SYSTEM, readonly=True) as db:
        host = host_of_card(db, parts().settings.secret_key, token)
        return sharing.page(
            db,
            SYSTEM,
            "host",
            host,
            renew=url_for("host_calendar.renew", token=token),
            back=url_for("host_card.show", token=token),
        )


@pages.post("/card/<token>/calendar")
@public
def renew(token: str) -> Response:
    """Void it."""
    with opened(SYSTEM) as db:
        host = host_of_card(db, parts().settings.secret_key, token)
        sharing.replace(db, SYSTEM, "host", host.id)
    return redirect(url_for("host_calendar.show", token=token), 303)  # type: ignore[return-value]

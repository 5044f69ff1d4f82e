"""A feed's address as its page shows it: the link, the same as a code to scan, and a button that voids it."""

from dataclasses import dataclass
from typing import Any

import segno
from flask import flash, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.gate.locale import pick_locale
from campaign.kit.actor import Actor
from campaign.schedule.feeds import feed_token, renew_feed


@dataclass(frozen=True)
class Address:
    """Where the feed is, in the reader's language, and as an SVG code."""

    link: str
    code: str


def address_of(db: Session, actor: Actor, kind: str, party_id: int) -> Address:
    """Raises NotFound where the party is not the actor's to see."""
    settings = parts().settings
    token = feed_token(db, actor, settings.secret_key, kind, party_id, pick_locale())
    link = f"{settings.base_url}/ical/{token}.ics"
    return Address(
        link, segno.make(link, error="m").svg_inline(scale=5, border=2, svgclass="qr", lineclass=None)
    )


def page(
    db: Session, actor: Actor, kind: str, party: Any, *, renew: str | None, back: str | None = None
) -> str:
    """The page; `renew` is where the button posts to, None where the reader may not press it."""
    address = address_of(db, actor, kind, party.id)
    return render_template(
        "feeds/address.html", kind=kind, party=party, address=address, renew=renew, back=back
    )


def replace(db: Session, actor: Actor, kind: str, party_id: int) -> None:
    """Void the address and say so."""
    renew_feed(db, actor, kind, party_id)
    flash(_("There is a new address. The old one opens nothing any more."), "ok")

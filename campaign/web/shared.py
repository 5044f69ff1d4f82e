"""A shared summary: no sign-in, the address is the secret. It shows one summary and leads nowhere else."""

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import opened, public
from campaign.insight.curves import curves_of
from campaign.insight.sharing import Share, share_of_token
from campaign.insight.summary import brand_summary, groups_of
from campaign.insight.tallies import Scope
from campaign.kit.actor import SYSTEM, Actor
from campaign.parties.models import Brand
from campaign.parties.queries import get

pages = Blueprint("shared", __name__, url_prefix="/s")


@pages.get("/<token>")
@public
def show(token: str) -> Response:
    """The summary of a link; not found where it is over, revoked or was never made."""
    with opened(SYSTEM, readonly=True) as db:
        found = share_of_token(db, token)
    # Read as the brand itself: row-level security is the second wall.
    viewer = Actor(kind="link", role="brand", name="link", brand_id=found.brand_id)
    with opened(viewer, readonly=True) as db:
        answer = make_response(_page(db, viewer, found))
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _page(db: Session, viewer: Actor, found: Share) -> str:
    days = (found.first_day, found.last_day)
    summary = brand_summary(db, viewer, found.brand_id, *days, basis=found.basis)
    scope = Scope(brand_id=found.brand_id, first=days[0], last=days[1], basis=found.basis)
    return render_template(
        "brand/shared.html",
        brand=get(db, viewer, Brand, found.brand_id),
        summary=summary,
        group=found.group_by,
        groups=groups_of(db, viewer, scope, found.group_by),
        whole={total.currency: total.paid_gmv_fen for total in summary.totals},
        curves=curves_of(summary.minutes, least_step=summary.minute_step),
        until=found.expires_at,
    )

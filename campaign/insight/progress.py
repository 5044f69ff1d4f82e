"""A campaign's target against what its sessions sold."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign
from campaign.insight.figures import Group, Totals
from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import get


@dataclass(frozen=True)
class Progress:
    """Targets in minor units of `currency` beside the totals per currency; by business day and by brand.

    Cohort figures: a refund counts against the session that sold the line.
    """

    campaign_id: int
    as_of: datetime
    currency: str
    target_paid_fen: int | None
    target_net_fen: int | None
    totals: tuple[Totals, ...]
    days: tuple[Group, ...]
    brands: tuple[Group, ...]


def campaign_progress(db: Session, actor: Actor, campaign_id: int) -> Progress:
    """How far a campaign has got, as much of it as the actor may see. Raises NotFound."""
    campaign = get(db, actor, Campaign, campaign_id)
    scope = Scope(campaign_id=campaign.id)
    by_brand = totals_by(db, actor, scope, "brand")
    return Progress(
        campaign_id=campaign.id,
        as_of=clock.now(db),
        currency=campaign.currency,
        target_paid_fen=campaign.target_paid_fen,
        target_net_fen=campaign.target_net_fen,
        totals=tuple(totals_by(db, actor, scope).get("", ())),
        days=tuple(
            Group(day, day, day, tuple(totals))
            for day, totals in sorted(totals_by(db, actor, scope, "day").items())
        ),
        brands=_brands(db, by_brand),
    )


def _brands(db: Session, found: dict[str, list[Totals]]) -> tuple[Group, ...]:
    wanted = [int(key) for key in found if key != "0"]
    rows = db.execute(select(Brand.id, Brand.name, Brand.name_en).where(Brand.id.in_(wanted)))
    names = {row.id: (row.name, row.name_en) for row in rows}
    return tuple(
        Group(
            "" if key == "0" else ids.public("brd", int(key)), *names.get(int(key), ("", "")), tuple(totals)
        )
        for key, totals in sorted(found.items(), key=lambda one: -one[1][0].paid_gmv_fen)
    )

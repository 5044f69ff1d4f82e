"""A campaign's targets against what is planned and what its sessions sold, through the tree below it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign
from campaign.catalog.queries import branch_of, forest, goals_of
from campaign.catalog.tree import Goal, Node
from campaign.insight.figures import Totals
from campaign.insight.pacing import Pace, Planned, pace, spread
from campaign.insight.planned import planned_by
from campaign.insight.tallies import Scope, heads, totals_by
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.money import divided
from campaign.parties.models import Brand
from campaign.parties.queries import today


@dataclass(frozen=True)
class Measured:
    """One part of a campaign (a day, a brand, a campaign below): its goal, what is planned, what was sold.

    goal of a day: the whole's spread over the days by planned hours. totals: a row per currency.
    """

    key: str
    label: str
    label_en: str
    goal: Goal
    planned: Planned
    totals: tuple[Totals, ...]

    def actual(self, currency: str) -> Totals:
        """What was sold in the currency of the targets."""
        return next((one for one in self.totals if one.currency == currency), Totals(currency))


@dataclass(frozen=True)
class Progress:
    """Targets in minor units of `currency` beside the totals; by business day, by brand and by what is below.

    Cohort figures: a refund counts against the session that sold the line. All of it as far as it is the
    actor's to see: a brand is measured by its own goal.
    """

    campaign: Campaign
    as_of: datetime
    goal: Goal
    planned: Planned
    totals: tuple[Totals, ...]
    days: tuple[Measured, ...]
    brands: tuple[Measured, ...]
    children: tuple[Measured, ...]
    paid: Pace | None
    net: Pace | None


def campaign_progress(db: Session, actor: Actor, campaign_id: int) -> Progress:
    """How far a campaign has got with all below it. Raises NotFound."""
    node = branch_of(db, actor, campaign_id)
    campaign, goal = node.campaign, node.rolled
    scope = Scope(campaign_ids=tuple(node.ids))
    totals = tuple(totals_by(db, actor, scope).get("", ()))
    by_campaign = planned_by(db, actor, node.ids, "campaign")
    planned = _sum(by_campaign.values())
    actual = next((one for one in totals if one.currency == campaign.currency), Totals(campaign.currency))
    days = (campaign.starts_on, campaign.ends_on)
    span = (days[0], days[1]) if days[0] and days[1] else None
    on = today(db, actor)
    return Progress(
        campaign=campaign,
        as_of=clock.now(db),
        goal=goal,
        planned=planned,
        totals=totals,
        days=_days(db, actor, node, goal, span),
        brands=_brands(db, actor, node),
        children=_children(db, actor, node, by_campaign),
        paid=pace(goal.paid_fen, actual.paid_gmv_fen, planned, span, on),
        net=pace(goal.net_fen, actual.net_gmv_fen, planned, span, on),
    )


def _sum(parts: Iterable[Planned]) -> Planned:
    return sum(parts, Planned())


def _days(
    db: Session, actor: Actor, node: Node[Campaign], goal: Goal, span: tuple[date, date] | None
) -> tuple[Measured, ...]:
    sold = totals_by(db, actor, Scope(campaign_ids=tuple(node.ids)), "day")
    planned = planned_by(db, actor, node.ids, "day")
    minutes = {date.fromisoformat(day): one.minutes for day, one in planned.items()}
    paid, net = spread(goal.paid_fen, minutes, span), spread(goal.net_fen, minutes, span)
    keys = {*sold, *planned, *(day.isoformat() for day in (*paid, *net))}
    return tuple(
        Measured(
            day,
            day,
            day,
            Goal(paid.get(date.fromisoformat(day)), net.get(date.fromisoformat(day))),
            planned.get(day, Planned()),
            tuple(sold.get(day, ())),
        )
        for day in sorted(keys)
    )


def _brands(db: Session, actor: Actor, node: Node[Campaign]) -> tuple[Measured, ...]:
    sold = totals_by(db, actor, Scope(campaign_ids=tuple(node.ids)), "brand")
    planned = planned_by(db, actor, node.ids, "brand")
    goals = _brand_goals(db, actor, node)
    keys = {*sold, *planned, *(str(brand_id) for brand_id in goals)}
    rows = db.execute(
        select(Brand.id, Brand.name, Brand.name_en).where(Brand.id.in_([int(key) for key in keys]))
    )
    names = {row.id: (row.name, row.name_en) for row in rows}
    found = [
        Measured(
            "" if key == "0" else ids.public("brd", int(key)),
            *names.get(int(key), ("", "")),
            goals.get(int(key), Goal()),
            planned.get(key, Planned()),
            tuple(sold.get(key, ())),
        )
        for key in keys
    ]
    currency = node.campaign.currency
    return tuple(sorted(found, key=lambda one: (-one.actual(currency).paid_gmv_fen, one.key)))


def _brand_goals(db: Session, actor: Actor, node: Node[Campaign]) -> dict[int, Goal]:
    """Brand id → its goal: as set here for it, else what is set for it below."""
    goals = goals_of(db, actor, node.ids)
    found: dict[int, Goal] = {}
    named = {brand_id for _, brand_id in goals if brand_id is not None}
    alone = {one.campaign.brand_ids[0] for one in node.walk() if len(one.campaign.brand_ids) == 1}
    for brand_id in named | alone:
        found[brand_id] = _of_brand(node, goals, brand_id).rolled
    return found


def _of_brand(
    node: Node[Campaign], goals: Mapping[tuple[int, int | None], Goal], brand_id: int
) -> Node[Campaign]:
    """The same tree with one brand's goals; a group of that brand alone has its whole goal for it."""
    own = goals.get((node.campaign.id, brand_id))
    if own is None and node.campaign.brand_ids == [brand_id]:
        own = goals.get((node.campaign.id, None))
    below = [_of_brand(child, goals, brand_id) for child in node.children]
    return Node(node.campaign, own or Goal(), below, node.depth)


def _children(
    db: Session, actor: Actor, node: Node[Campaign], planned: Mapping[str, Planned]
) -> tuple[Measured, ...]:
    """The campaigns right below, each with all that is below it."""
    if not node.children:
        return ()
    head = {one: child.campaign.id for child in node.children for one in child.ids}
    sold = totals_by(db, actor, Scope(campaign_ids=tuple(head)), heads(head))
    return tuple(
        Measured(
            ids.public("cmp", child.campaign.id),
            child.campaign.name,
            child.campaign.name_en,
            child.rolled,
            _sum(planned.get(str(one), Planned()) for one in child.ids),
            tuple(sold.get(str(child.campaign.id), ())),
        )
        for child in node.children
    )


@dataclass(frozen=True)
class Standing:
    """One line of the tree: a campaign, how deep it stands, and how far it has got with all below it."""

    campaign: Campaign
    depth: int
    goal: Goal
    planned: Planned
    totals: Totals

    @property
    def reached(self) -> int | None:
        """Paid over its target, as a rate."""
        return divided(self.totals.paid_gmv_fen * 10_000, self.goal.paid_fen or 0)


def forest_progress(db: Session, actor: Actor) -> list[Standing]:
    """Every campaign in use, parents first: a fixed number of statements for any number of them."""
    nodes = [node for root in forest(db, actor) for node in root.walk()]
    ids_ = [node.campaign.id for node in nodes]
    if not ids_:
        return []
    planned = planned_by(db, actor, ids_, "campaign")
    sold = totals_by(db, actor, Scope(campaign_ids=tuple(ids_)), "campaign")
    return [
        Standing(
            node.campaign,
            node.depth,
            node.rolled,
            _sum(planned.get(str(one), Planned()) for one in node.ids),
            _money([total for one in node.ids for total in sold.get(str(one), ())], node.campaign.currency),
        )
        for node in nodes
    ]


def _money(parts: Iterable[Totals], currency: str) -> Totals:
    """Paid and refunds added up in one currency; distinct counts do not add and stay out."""
    own = [one for one in parts if one.currency == currency]
    return Totals(
        currency,
        paid_gmv_fen=sum(one.paid_gmv_fen for one in own),
        refund_pre_ship_fen=sum(one.refund_pre_ship_fen for one in own),
        refund_post_ship_fen=sum(one.refund_post_ship_fen for one in own),
        refund_post_receipt_fen=sum(one.refund_post_receipt_fen for one in own),
        uncancelled_fen=sum(one.uncancelled_fen for one in own),
        orders=None,
    )

"""What a session is to become: a change worked out against what stands, before anything is touched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.parties.queries import zone_of_hub
from campaign.schedule import booking, crew, references, standing
from campaign.schedule.models import LineupItem, LiveSession, Participant
from campaign.schedule.references import Faults, LineupPlan
from campaign.schedule.rules.plan import Plan
from campaign.schedule.schemas import ChannelIn, SessionChange
from campaign.schedule.spans import Span, moved_shift
from campaign.schedule.stepping import people_of


@dataclass(frozen=True)
class Target:
    """A change of one session: the row and people it starts from, the plan that stood and the one that is to stand."""

    row: LiveSession
    given: SessionChange
    people: Sequence[Participant]
    plan: Plan
    before: Plan
    channels: Sequence[ChannelIn]
    brand_ids: Sequence[int]
    lineup: Sequence[LineupPlan] | None


def target_of(db: Session, actor: Actor, row: LiveSession, given: SessionChange) -> Target:
    """What a change would make of a session. Raises Invalid for values that cannot be."""
    faults = Faults()
    before = Span(row.starts_at, row.ends_at)
    after = Span(given.starts_at or row.starts_at, given.ends_at or row.ends_at)
    references.check_span(after.starts_at, after.ends_at, faults)
    faults.raise_any()
    brand_ids = given.brand_ids or row.brand_ids
    if given.brand_ids:
        references.check_brands(db, actor, given.brand_ids, faults)
    if "campaign_id" in given.model_fields_set and given.campaign_id != row.campaign_id:
        references.check_campaign(db, actor, given.campaign_id, faults)
    channels_before = standing.channels_of(db, row)
    channels = given.channels or channels_before
    if given.channels:
        references.check_channels(db, actor, given.channels, faults)
    people = people_of(db, actor, row)
    people_before = standing.people_of_plan(db, people)
    if given.participants:
        planned = references.plan_people(db, actor, given.participants, after, faults)
    else:
        zone = zone_of_hub(db, actor)
        # What was handed over before the planned start or past the planned end is a fact, and stays where it is.
        planned = [
            replace(person, shift=moved_shift(person.shift, before, after, zone))
            if before.holds(person.shift)
            else person
            for person in people_before
        ]
    products_before = _kept_lineup(db, row, brand_ids, faults)
    lineup, products = None, products_before
    if given.lineup is not None:
        lineup = references.plan_lineup(db, actor, given.lineup, brand_ids, faults)
        products = [item.product_id for item in lineup]
    studio = references.get_studio(db, actor, given.studio_id or row.studio_id, faults)
    stood = Plan(
        session_id=row.id,
        session=before,
        studio=booking.place_of(db.get_one(Studio, row.studio_id)),
        people=people_before,
        outlets=booking.outlets_of(channels_before),
        brand_ids=row.brand_ids,
        product_ids=products_before,
        crew=crew.needs_of(db, actor, row.id),
        title=row.title,
    )
    needs = stood.crew if given.crew is None else references.plan_crew(db, actor, given.crew, faults)
    faults.raise_any()
    plan = replace(
        stood,
        session=after,
        studio=booking.place_of(studio),
        people=planned,
        outlets=booking.outlets_of(channels),
        brand_ids=brand_ids,
        product_ids=products,
        crew=needs,
    )
    return Target(row, given, people, plan, stood, channels, brand_ids, lineup)


def _kept_lineup(db: Session, row: LiveSession, brand_ids: Sequence[int], faults: Faults) -> list[int]:
    """The products that stay lined up; a brand cannot leave while its goods are on the line-up."""
    items = db.execute(
        select(LineupItem.product_id, LineupItem.brand_id).where(LineupItem.session_id == row.id)
    ).all()
    if not {item.brand_id for item in items} <= set(brand_ids):
        faults.add("brand_ids", "brand_in_lineup")
    return [item.product_id for item in items]


def turn_of(row: LiveSession, plan: Plan) -> tuple[bool, float]:
    """Sorts sessions that move together: later ones first where they move on, earlier first where they move back.

    So none meets its neighbour where that one still was.
    """
    back = plan.session.starts_at - row.starts_at <= timedelta(0)
    at = row.starts_at.timestamp()
    return back, at if back else -at

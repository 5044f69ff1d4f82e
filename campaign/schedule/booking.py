"""Booking: a session with all its claims, or a refusal that says what is in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.schedule import claims, crew, judging, references
from campaign.schedule.alternatives import Slot
from campaign.schedule.closing import lapse_expired
from campaign.schedule.models import LineupItem, LiveSession, Participant, SessionBrand, SessionChannel
from campaign.schedule.reading import views_of
from campaign.schedule.references import Faults, LineupPlan
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.plan import Outlet, PersonPlan, Place, Plan
from campaign.schedule.schemas import ChannelIn, SessionIn
from campaign.schedule.spans import Span
from campaign.schedule.stepping import first_look, record
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Check:
    """What a booking would meet: hard conflicts refuse it, soft ones want a reason."""

    hard: tuple[Conflict, ...]
    soft: tuple[Conflict, ...]
    alternatives: tuple[Slot, ...]


def book(db: Session, actor: Actor, given: SessionIn) -> SessionView:
    """Book a draft. Raises Invalid, Conflicting (with alternatives) or NeedsOverride; then nothing stands."""
    plan, lineup = _planned(db, actor, given)
    findings = judging.findings_of(db, actor, plan)
    judging.refuse_hard(db, actor, plan, findings)
    now = clock.now(db)
    row = LiveSession(
        title=given.title,
        studio_id=given.studio_id,
        state="draft",
        version=1,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        campaign_id=given.campaign_id,
        notes=given.notes,
        hold_until=given.hold_until,
        brand_ids=list(given.brand_ids),
        agency_ids=[],
        host_ids=sorted({person.host_id for person in plan.people}),
        created_at=now,
        updated_at=now,
    )
    row.due_at = first_look(row)
    db.add(row)
    db.flush()
    claim_all(db, actor, row, plan, expires_at=given.hold_until)
    row.warnings = judging.kept_warnings(findings, given.override.reason if given.override else None)
    set_brands(db, actor, row, given.brand_ids, new=True)
    set_channels(db, actor, row, given.channels, new=True)
    db.add_all(person_row(row.id, person) for person in plan.people)
    set_lineup(db, actor, row, lineup, new=True)
    crew.set_needs(db, actor, row, plan.crew, new=True)
    db.flush()
    record(db, actor, row, "book", None, detail={"warnings": [w["rule"] for w in row.warnings]})
    return views_of(db, actor, [row])[0]


def check(db: Session, actor: Actor, given: SessionIn) -> Check:
    """What booking this would meet, without booking it. Raises Invalid for faults of shape."""
    plan, _ = _planned(db, actor, given)
    taken = judging.in_the_way(db, actor, plan)
    found = judging.findings_of(db, actor, plan, taken=taken)
    slots = judging.find_alternatives(db, actor, plan) if found.hard else []
    return Check(found.hard, found.soft, tuple(slots))


def _planned(db: Session, actor: Actor, given: SessionIn) -> tuple[Plan, list[LineupPlan]]:
    faults = Faults()
    references.check_span(given.starts_at, given.ends_at, faults)
    faults.raise_any()
    session = Span(given.starts_at, given.ends_at)
    references.check_brands(db, actor, given.brand_ids, faults)
    references.check_campaign(db, actor, given.campaign_id, faults)
    references.check_channels(db, actor, given.channels, faults)
    people = references.plan_people(db, actor, given.participants, session, faults)
    lineup = references.plan_lineup(db, actor, given.lineup, given.brand_ids, faults)
    if given.hold_until is not None and given.hold_until <= clock.now(db):
        faults.add("hold_until", "already_past")
    needs = references.plan_crew(db, actor, given.crew, faults)
    studio = references.get_studio(db, actor, given.studio_id, faults)
    plan = Plan(
        session_id=0,
        session=session,
        studio=place_of(studio),
        people=people,
        outlets=outlets_of(given.channels),
        brand_ids=given.brand_ids,
        product_ids=[item.product_id for item in lineup],
        crew=needs,
        title=given.title,
    )
    return plan, lineup


def place_of(studio: Studio) -> Place:
    """A studio as the rules see it."""
    return Place(studio.id, studio.name, studio.setup_minutes, studio.teardown_minutes)


def outlets_of(channels: Sequence[ChannelIn]) -> list[Outlet]:
    """Channels as the rules see them."""
    return [Outlet(channel.platform, channel.platform_account_id) for channel in channels]


def claim_all(
    db: Session, actor: Actor, row: LiveSession, plan: Plan, *, expires_at: datetime | None
) -> None:
    """Claim what the plan needs, sweeping expired holds out of the way first. Raises Conflicting."""
    wanted, now = plan.wanted(), clock.now(db)
    known = claims.resource_ids(db, actor, wanted)
    pools = crew.resources_of(db, actor, plan.crew)
    lapse_expired(db, actor, claims.expired_on(db, actor, [*known.values(), *pools], now=now))
    taken = claims.take(db, actor, row.id, wanted, now=now, expires_at=expires_at, known=known)
    if taken is None and plan.crew:
        taken = crew.take(db, actor, row.id, plan.session, plan.crew, now=now, expires_at=expires_at) or None
    if taken is not None:
        # What we did get of it is ours and in nobody's way.
        judging.refuse(db, actor, replace(plan, session_id=row.id), taken)


def set_brands(
    db: Session, actor: Actor, row: LiveSession, brand_ids: Sequence[int], *, new: bool = False
) -> None:
    """Replace a session's brands, in the order given."""
    if not new:
        db.execute(delete(SessionBrand).where(SessionBrand.session_id == row.id))
    db.add_all(
        SessionBrand(session_id=row.id, brand_id=brand_id, position=at)
        for at, brand_id in enumerate(brand_ids, start=1)
    )


def set_channels(
    db: Session, actor: Actor, row: LiveSession, channels: Sequence[ChannelIn], *, new: bool = False
) -> None:
    """Replace a session's channels."""
    if not new:
        db.execute(delete(SessionChannel).where(SessionChannel.session_id == row.id))
    db.add_all(
        SessionChannel(
            session_id=row.id,
            platform=channel.platform,
            platform_account_id=channel.platform_account_id,
            room_ids=list(dict.fromkeys(channel.room_ids)),
        )
        for channel in channels
    )


def set_lineup(
    db: Session, actor: Actor, row: LiveSession, lineup: Sequence[LineupPlan], *, new: bool = False
) -> None:
    """Replace a session's line-up."""
    if not new:
        db.execute(delete(LineupItem).where(LineupItem.session_id == row.id))
    db.add_all(
        LineupItem(
            session_id=row.id,
            position=item.position,
            product_id=item.product_id,
            brand_id=item.brand_id,
            live_price_fen=item.live_price_fen,
            currency=item.currency,
        )
        for item in lineup
    )


def person_row(session_id: int, person: PersonPlan) -> Participant:
    """A participant who has not been asked yet."""
    return Participant(
        session_id=session_id,
        host_id=person.host_id,
        role=person.role,
        agency_id=person.agency_id,
        starts_at=person.shift.starts_at,
        ends_at=person.shift.ends_at,
    )

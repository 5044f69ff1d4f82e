"""Booking: a session with all its claims, or a refusal that says what is in the way."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.names import name_of
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
    plan, lineup = planned(db, actor, given)
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
    reason = given.override.reason if given.override else None
    if reason:
        row.warnings = judging.kept_warnings(findings, reason)
    db.add(row)
    db.flush()
    claim_all(db, actor, row, plan, expires_at=given.hold_until)
    if not reason:
        # That a place is taken is told before a reason is asked for.
        judging.kept_warnings(findings, None)
    _write_parts(db, row, plan, given, lineup)
    record(db, actor, row, "book", None, detail={"warnings": [w["rule"] for w in row.warnings]})
    return views_of(db, actor, [row])[0]


# What belongs to a session that is being made, by one statement: a round trip for each row would be half of the
# time. Ids rise in the order given.
_PARTS = text("""
    WITH brands AS (
        INSERT INTO session_brand (session_id, brand_id, position)
        SELECT CAST(:id AS bigint), brand_id, position
        FROM unnest(CAST(:brands AS bigint[])) WITH ORDINALITY AS given (brand_id, position)
    ), channels AS (
        INSERT INTO session_channel (session_id, platform, platform_account_id, room_ids)
        SELECT CAST(:id AS bigint), given.* FROM jsonb_to_recordset(CAST(:channels AS jsonb))
            AS given (platform text, platform_account_id bigint, room_ids text[])
    ), people AS (
        INSERT INTO participant (session_id, host_id, role, agency_id, starts_at, ends_at)
        SELECT CAST(:id AS bigint), given.* FROM jsonb_to_recordset(CAST(:people AS jsonb))
            AS given (host_id bigint, role text, agency_id bigint, starts_at timestamptz, ends_at timestamptz)
    ), lineup AS (
        INSERT INTO lineup_item (session_id, position, product_id, brand_id, live_price_fen, currency)
        SELECT CAST(:id AS bigint), given.* FROM jsonb_to_recordset(CAST(:lineup AS jsonb))
            AS given (position integer, product_id bigint, brand_id bigint, live_price_fen bigint, currency text)
    )
    INSERT INTO session_crew (session_id, crew_pool_id, units)
    SELECT CAST(:id AS bigint), given.* FROM jsonb_to_recordset(CAST(:crew AS jsonb))
        AS given (crew_pool_id bigint, units smallint)
""")


def _write_parts(
    db: Session, row: LiveSession, plan: Plan, given: SessionIn, lineup: Sequence[LineupPlan]
) -> None:
    channels = [
        {
            "platform": one.platform,
            "platform_account_id": one.platform_account_id,
            "room_ids": list(dict.fromkeys(one.room_ids)),
        }
        for one in given.channels
    ]
    people = [
        {
            "host_id": person.host_id,
            "role": person.role,
            "agency_id": person.agency_id,
            "starts_at": person.shift.starts_at.isoformat(),
            "ends_at": person.shift.ends_at.isoformat(),
        }
        for person in plan.people
    ]
    needs = [{"crew_pool_id": need.pool_id, "units": need.units} for need in plan.crew]
    db.execute(
        _PARTS,
        {
            "id": row.id,
            "brands": list(given.brand_ids),
            "channels": json.dumps(channels),
            "people": json.dumps(people),
            "lineup": json.dumps([asdict(item) for item in lineup]),
            "crew": json.dumps(needs),
        },
    )


def check(db: Session, actor: Actor, given: SessionIn) -> Check:
    """What booking this would meet, without booking it. Raises Invalid for faults of shape."""
    plan, _ = planned(db, actor, given)
    taken = judging.in_the_way(db, actor, plan)
    found = judging.findings_of(db, actor, plan, taken=taken)
    slots = judging.find_alternatives(db, actor, plan) if found.hard else []
    return Check(found.hard, found.soft, tuple(slots))


def planned(db: Session, actor: Actor, given: SessionIn) -> tuple[Plan, list[LineupPlan]]:
    """A booking as the rules see it, with its line-up. Raises Invalid."""
    faults = Faults()
    references.check_span(given.starts_at, given.ends_at, faults)
    faults.raise_any()
    session = Span(given.starts_at, given.ends_at)
    known = references.look_up(
        db,
        actor,
        brand_ids=given.brand_ids,
        channels=given.channels,
        people=given.participants,
        lineup=given.lineup,
        at=given.starts_at,
    )
    references.check_brands(db, actor, given.brand_ids, faults, known)
    references.check_campaign(db, actor, given.campaign_id, faults)
    references.check_channels(db, actor, given.channels, faults, known)
    people = references.plan_people(db, actor, given.participants, session, faults, known)
    lineup = references.plan_lineup(db, actor, given.lineup, given.brand_ids, faults, known)
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
    return Place(studio.id, name_of(studio), studio.setup_minutes, studio.teardown_minutes)


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


def set_brands(db: Session, actor: Actor, row: LiveSession, brand_ids: Sequence[int]) -> None:
    """Replace a session's brands, in the order given."""
    db.execute(delete(SessionBrand).where(SessionBrand.session_id == row.id))
    db.add_all(
        SessionBrand(session_id=row.id, brand_id=brand_id, position=at)
        for at, brand_id in enumerate(brand_ids, start=1)
    )


def set_channels(db: Session, actor: Actor, row: LiveSession, channels: Sequence[ChannelIn]) -> None:
    """Replace a session's channels."""
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


def set_lineup(db: Session, actor: Actor, row: LiveSession, lineup: Sequence[LineupPlan]) -> None:
    """Replace a session's line-up."""
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

"""Gathering sessions into views: a fixed number of statements however many there are, reduced by role."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, select, text, true
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.schedule.models import LiveSession
from campaign.schedule.spans import LONGEST
from campaign.schedule.views import ChannelView, CrewView, LineupView, Named, ParticipantView, SessionView

# Columns in the order of the views' fields. Ids travel as one array: the statement is the same for any number.
_BRANDS = text("""
    SELECT b.session_id, brand.id, brand.name, brand.name_en
    FROM session_brand b JOIN brand ON brand.id = b.brand_id
    WHERE b.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY b.position, brand.id
""")
_CHANNELS = text("""
    SELECT c.session_id, c.id, c.platform, c.platform_account_id, a.name, c.room_ids
    FROM session_channel c LEFT JOIN platform_account a ON a.id = c.platform_account_id
    WHERE c.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY c.id
""")
_PEOPLE = text("""
    SELECT p.session_id, p.id, p.host_id, h.name, h.name_en, h.kind, p.role, p.agency_id, a.name, a.name_en,
           p.starts_at, p.ends_at, p.acceptance, p.reason, p.asked_at, p.answered_at, p.arrived_at, p.round
    FROM participant p JOIN host h ON h.id = p.host_id LEFT JOIN agency a ON a.id = p.agency_id
    WHERE p.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY p.starts_at, p.id
""")
_LINEUPS = text("""
    SELECT l.session_id, l.id, l.position, l.product_id, p.sku, p.name, p.name_en, l.brand_id,
           l.live_price_fen, l.currency
    FROM lineup_item l JOIN product p ON p.id = l.product_id
    WHERE l.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY l.position, l.id
""")
_CREWS = text("""
    SELECT s.session_id, c.id, c.name, c.name_en, s.units
    FROM session_crew s JOIN crew_pool c ON c.id = s.crew_pool_id
    WHERE s.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY c.sort_key, c.id
""")


def visible(actor: Actor) -> ColumnElement[bool]:
    """Which sessions the actor may see at all; row-level security says the same once more."""
    if actor.is_hub:
        return true()
    if actor.role == "brand" and actor.brand_id is not None:
        return LiveSession.brand_ids.contains([actor.brand_id])
    if actor.role == "agency" and actor.agency_id is not None:
        return LiveSession.agency_ids.contains([actor.agency_id])
    if actor.role == "host" and actor.host_id is not None:
        # A draft is not yet anybody's appointment.
        return LiveSession.host_ids.contains([actor.host_id]) & (LiveSession.state != "draft")
    return false()


def overlapping(from_at: datetime | None, to_at: datetime | None) -> ColumnElement[bool]:
    """Sessions whose planned span overlaps [from_at, to_at). None sides are open."""
    parts: list[ColumnElement[bool]] = []
    if from_at is not None:
        # No session is longer than LONGEST, so the index on starts_at bounds the search on both sides.
        parts += [LiveSession.ends_at > from_at, LiveSession.starts_at > from_at - LONGEST]
    if to_at is not None:
        parts.append(LiveSession.starts_at < to_at)
    return and_(true(), *parts)


def views_of(
    db: Session, actor: Actor, rows: Sequence[LiveSession], *, lineup: bool = True
) -> list[SessionView]:
    """Views of rows the actor may see, in their order: six statements for any number of rows.

    `lineup` False leaves line-ups empty, for lists that do not show them.
    """
    if not rows:
        return []
    wanted = [row.id for row in rows]
    db.flush()  # statements of our own do not
    studios = {
        studio.id: studio
        for studio in db.scalars(select(Studio).where(Studio.id.in_({row.studio_id for row in rows})))
    }
    brands, channels = _brands(db, wanted), _channels(db, wanted)
    people = _people(db, actor, wanted)
    lineups = _lineups(db, wanted) if lineup else defaultdict(list)
    views = [
        _view(row, studios[row.studio_id], brands[row.id], channels[row.id], people[row.id], lineups[row.id])
        for row in rows
    ]
    if lineup and actor.is_hub:
        crews = _crews(db, wanted)
        views = [replace(view, crew=tuple(crews[view.id])) for view in views]
    return [_reduced(actor, view) for view in views]


def _crews(db: Session, session_ids: list[int]) -> dict[int, list[CrewView]]:
    found: dict[int, list[CrewView]] = defaultdict(list)
    for session_id, *values in db.execute(_CREWS, {"ids": session_ids}):
        found[session_id].append(CrewView(*values))
    return found


def _view(
    row: LiveSession,
    studio: Studio,
    brands: list[Named],
    channels: list[ChannelView],
    people: list[ParticipantView],
    lineup: list[LineupView],
) -> SessionView:
    return SessionView(
        id=row.id,
        title=row.title,
        state=row.state,
        version=row.version,
        studio_id=studio.id,
        studio_name=studio.name,
        studio_name_en=studio.name_en,
        setup_minutes=studio.setup_minutes,
        teardown_minutes=studio.teardown_minutes,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        actual_starts_at=row.actual_starts_at,
        actual_ends_at=row.actual_ends_at,
        start_evidence=row.start_evidence,
        end_evidence=row.end_evidence,
        campaign_id=row.campaign_id,
        notes=row.notes,
        review=row.review,
        review_well=row.review_well,
        review_improve=row.review_improve,
        hold_until=row.hold_until,
        offer_deadline_at=row.offer_deadline_at,
        cancel_code=row.cancel_code,
        warnings=tuple(row.warnings),
        brands=tuple(brands),
        other_brands=max(0, len(row.brand_ids) - len(brands)),
        channels=tuple(channels),
        participants=tuple(people),
        lineup=tuple(lineup),
        last_sign_at=row.last_sign_at,
        overrunning_at=row.overrunning_at,
        off_air_seconds=row.off_air_seconds,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _brands(db: Session, session_ids: list[int]) -> dict[int, list[Named]]:
    found: dict[int, list[Named]] = defaultdict(list)
    for session_id, *values in db.execute(_BRANDS, {"ids": session_ids}):
        found[session_id].append(Named(*values))
    return found


def _channels(db: Session, session_ids: list[int]) -> dict[int, list[ChannelView]]:
    found: dict[int, list[ChannelView]] = defaultdict(list)
    for row in db.execute(_CHANNELS, {"ids": session_ids}):
        found[row.session_id].append(
            ChannelView(row.id, row.platform, row.platform_account_id, row.name, tuple(row.room_ids))
        )
    return found


def _people(db: Session, actor: Actor, session_ids: list[int]) -> dict[int, list[ParticipantView]]:
    found: dict[int, list[ParticipantView]] = defaultdict(list)
    for session_id, *values in db.execute(_PEOPLE, {"ids": session_ids}):
        found[session_id].append(_reduced_person(actor, ParticipantView(*values)))
    return found


def _lineups(db: Session, session_ids: list[int]) -> dict[int, list[LineupView]]:
    found: dict[int, list[LineupView]] = defaultdict(list)
    for session_id, *values in db.execute(_LINEUPS, {"ids": session_ids}):
        found[session_id].append(LineupView(*values))
    return found


def reduced(actor: Actor, view: SessionView) -> SessionView:
    """A whole view as another actor may read it."""
    people = tuple(_reduced_person(actor, person) for person in view.participants)
    return _reduced(actor, replace(view, participants=people))


def by_name_only(person: ParticipantView) -> ParticipantView:
    """A co-host as other parties may know of it."""
    hidden: dict[str, Any] = dict.fromkeys(
        ("id", "host_id", "host_kind", "agency_id", "agency_name", "agency_name_en", "starts_at", "ends_at")
        + ("acceptance", "asked_at", "answered_at", "arrived_at")
    )
    return replace(person, **hidden, reason="", round=0)


def _reduced_person(actor: Actor, person: ParticipantView) -> ParticipantView:
    if actor.is_hub:
        return person
    if actor.role == "brand":
        # Who stood before the camera, but not who represents them nor how they answered.
        hidden: dict[str, Any] = dict.fromkeys(
            ("id", "host_kind", "agency_id", "agency_name", "agency_name_en", "acceptance")
            + ("asked_at", "answered_at", "arrived_at")
        )
        return replace(person, **hidden, reason="", round=0)
    own_agency = actor.agency_id is not None and person.agency_id == actor.agency_id
    own_self = actor.host_id is not None and person.host_id == actor.host_id
    return person if own_agency or own_self else by_name_only(person)


def _reduced(actor: Actor, view: SessionView) -> SessionView:
    """What is the hub's alone is taken out: notes, review, warnings, holds; prices for agencies."""
    if actor.is_hub:
        return view
    view = replace(view, notes="", warnings=(), hold_until=None, campaign_id=None)
    view = replace(view, review="", review_well="", review_improve="")
    if actor.role == "brand":
        own = [brand for brand in view.brands if brand.id == actor.brand_id]
        lineup = [item for item in view.lineup if item.brand_id == actor.brand_id]
        others = view.other_brands + len(view.brands) - len(own)
        return replace(
            view, brands=tuple(own), other_brands=others, lineup=tuple(lineup), offer_deadline_at=None
        )
    if actor.role == "agency":
        return replace(view, lineup=tuple(replace(item, live_price_fen=None) for item in view.lineup))
    return view

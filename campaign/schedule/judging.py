"""Putting a planned session to the rules: soft ones from its surroundings, hard ones in words, and a way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.parties.queries import get_hub, zone_of_hub
from campaign.schedule import alternatives, claims, conflicts
from campaign.schedule.alternatives import Slot
from campaign.schedule.claims import Taken
from campaign.schedule.conflicts import Conflict, RestRules, Shift
from campaign.schedule.errors import Conflicting, NeedsOverride, written_conflict
from campaign.schedule.models import LiveSession, Participant, SessionChannel
from campaign.schedule.references import PersonPlan
from campaign.schedule.spans import Span, Wanted, claims_of
from campaign.schedule.states import HOLDING

_NEAR = timedelta(hours=36)


@dataclass(frozen=True)
class Plan:
    """A session as it is to stand: what the rules look at. session_id is 0 for one that is being made."""

    session_id: int
    session: Span
    studio: Studio
    people: Sequence[PersonPlan]
    account_ids: Sequence[int]
    platforms: Sequence[str]
    products: int

    def wanted(self) -> list[Wanted]:
        """The claims it needs."""
        return claims_of(
            self.session,
            studio_id=self.studio.id,
            setup_minutes=self.studio.setup_minutes,
            teardown_minutes=self.studio.teardown_minutes,
            hosts=[(person.host_id, person.shift) for person in self.people],
            account_ids=self.account_ids,
        )


def soft_conflicts(db: Session, actor: Actor, plan: Plan, before: Span | None = None) -> list[Conflict]:
    """What wants a reason. `before`: the span it had; what is no news of it is not asked again."""
    found = list(conflicts.platform_limits(plan.session, plan.platforms, plan.products))
    if before is None or before.starts_at != plan.session.starts_at:
        found += conflicts.past_start(plan.session, clock.now(db))
    if before != plan.session:
        hub, zone = get_hub(db, actor), zone_of_hub(db, actor)
        found += conflicts.opening_hours(plan.session, hub.opens, hub.closes, zone)
    return found + _rest(db, actor, plan)


def _rest(db: Session, actor: Actor, plan: Plan) -> list[Conflict]:
    """Rest is no overlap, so no constraint guards it: bookings of one host take turns on a lock."""
    host_ids = sorted({person.host_id for person in plan.people})
    for host_id in host_ids:
        db.execute(select(func.pg_advisory_xact_lock(host_id)))
    others = _other_shifts(db, actor, plan, host_ids)
    rules, zone = RestRules.of(get_hub(db, actor).settings), zone_of_hub(db, actor)
    found: list[Conflict] = []
    for host_id in host_ids:
        mine = [person for person in plan.people if person.host_id == host_id]
        shifts = [person.shift for person in mine]
        found += conflicts.host_rest(host_id, mine[0].name, shifts, others.get(host_id, []), rules, zone)
    return found


def _other_shifts(db: Session, actor: Actor, plan: Plan, host_ids: list[int]) -> dict[int, list[Shift]]:
    statement = (
        select(Participant.host_id, Participant.session_id, Participant.starts_at, Participant.ends_at)
        .join(LiveSession, LiveSession.id == Participant.session_id)
        .where(
            Participant.host_id.in_(host_ids),
            Participant.session_id != plan.session_id,
            LiveSession.state.in_(HOLDING),
            Participant.starts_at < plan.session.ends_at + _NEAR,
            Participant.starts_at > plan.session.starts_at - _NEAR - conflicts.LONGEST,
            Participant.ends_at > plan.session.starts_at - _NEAR,
        )
    )
    found: dict[int, list[Shift]] = {}
    for row in db.execute(statement):
        found.setdefault(row.host_id, []).append(Shift(row.session_id, Span(row.starts_at, row.ends_at)))
    return found


_SAME = ("rule", "resource_id", "starts_at", "ends_at")


def judge(
    db: Session,
    actor: Actor,
    soft: Sequence[Conflict],
    reason: str | None,
    known: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Soft conflicts as warnings to keep, where a reason lets them through; raises NeedsOverride else.

    `known` are warnings that have their reason already: the same one is not asked for twice.
    """
    reasons = {tuple(warning[name] for name in _SAME): warning["reason"] for warning in known}
    kept, asking = [], []
    for conflict in soft:
        warning = written_conflict(conflict)
        why = reason or reasons.get(tuple(warning[name] for name in _SAME))
        kept.append(warning | {"reason": why})
        if why is None:
            asking.append(conflict)
    if asking:
        raise NeedsOverride(asking)
    return kept


def refuse(db: Session, actor: Actor, plan: Plan, taken: Sequence[Taken]) -> None:
    """Raise Conflicting, naming what is in the way and where it would fit instead."""
    raise Conflicting(hard_conflicts(db, actor, plan, taken), find_alternatives(db, actor, plan))


def hard_conflicts(db: Session, actor: Actor, plan: Plan, taken: Sequence[Taken]) -> list[Conflict]:
    """Overlapping claims in the terms of rules and people."""
    zone = zone_of_hub(db, actor)
    names = _names(db, actor, plan)

    def local(at: datetime) -> str:
        return at.astimezone(zone).strftime("%m-%d %H:%M")

    found = [
        Conflict(
            rule=conflicts.overlap_rule(other.kind),
            resource_type=other.kind,
            resource_id=other.thing_id,
            starts_at=other.span.starts_at,
            ends_at=other.span.ends_at,
            session_id=other.session_id,
            params={
                "name": names.get((other.kind, other.thing_id), ""),
                "title": other.title,
                "from": local(other.session.starts_at),
                "to": local(other.session.ends_at),
            },
        )
        for other in taken
    ]
    # The other booking may have gone between our claim and this look: still refused, said plainly.
    return found or [Conflict("just_taken", "session", None, plan.session.starts_at, plan.session.ends_at)]


def _names(db: Session, actor: Actor, plan: Plan) -> dict[tuple[str, int], str]:
    accounts = db.execute(
        text("SELECT id, name FROM platform_account WHERE id = ANY (CAST(:ids AS bigint[]))"),
        {"ids": list(plan.account_ids)},
    )
    return {
        ("studio", plan.studio.id): plan.studio.name,
        **{("host", person.host_id): person.name for person in plan.people},
        **{("platform_account", row.id): row.name for row in accounts},
    }


def find_alternatives(db: Session, actor: Actor, plan: Plan) -> list[Slot]:
    """Up to five places where all of the plan would fit, near in time."""
    now = clock.now(db)
    within = Span(
        plan.session.starts_at - alternatives.REACH - timedelta(days=1),
        plan.session.ends_at + alternatives.REACH + timedelta(days=1),
    )
    studios = db.execute(
        select(Studio.id, Studio.setup_minutes, Studio.teardown_minutes)
        .where(Studio.archived_at.is_(None))
        .order_by(Studio.sort_key, Studio.id)
    ).all()
    wanted = plan.wanted()
    by_kind = claims.things(wanted) | {"studio": [studio.id for studio in studios]}
    taken = claims.taken_near(db, actor, by_kind, within, now=now, but=plan.session_id)
    rooms = alternatives.by_studio(
        {thing: spans for (kind, thing), spans in taken.items() if kind == "studio"},
        [(studio.id, studio.setup_minutes, studio.teardown_minutes) for studio in studios],
    )
    people = [
        (want.span, taken.get((want.kind, want.thing_id), [])) for want in wanted if want.kind != "studio"
    ]
    return alternatives.near(plan.session, plan.studio.id, rooms, people, not_before=now)


def wanted_of(db: Session, actor: Actor, row: LiveSession) -> list[Wanted]:
    """The claims a session as it stands would need: to take them again where they were released."""
    studio = db.get(Studio, row.studio_id)
    people = db.scalars(select(Participant).where(Participant.session_id == row.id))
    accounts = db.scalars(
        select(SessionChannel.platform_account_id).where(
            SessionChannel.session_id == row.id, SessionChannel.platform_account_id.is_not(None)
        )
    )
    return claims_of(
        Span(row.starts_at, row.ends_at),
        studio_id=row.studio_id,
        setup_minutes=studio.setup_minutes if studio else 0,
        teardown_minutes=studio.teardown_minutes if studio else 0,
        hosts=[(person.host_id, Span(person.starts_at, person.ends_at)) for person in people],
        account_ids=[account_id for account_id in accounts if account_id is not None],
    )

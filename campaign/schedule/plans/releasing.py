"""Releasing a plan: every entry stands, or none does and each that is in the way is named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.schedule import answering, booking, changing, claims, closing
from campaign.schedule.errors import NobodyToAsk
from campaign.schedule.events import Digest
from campaign.schedule.models import LiveSession
from campaign.schedule.plans import drafting, telling
from campaign.schedule.plans.errors import PlanEmpty, ReleaseNeedsReason, ReleaseRefused, Trouble
from campaign.schedule.plans.models import PlanEntry, WeekPlan
from campaign.schedule.plans.preparing import Prepared, prepare
from campaign.schedule.plans.queries import entries_of
from campaign.schedule.plans.schemas import PlanCancelIn, ReleaseIn
from campaign.schedule.plans.telling import Touched
from campaign.schedule.reading import views_of
from campaign.schedule.rules.plan import Plan
from campaign.schedule.schemas import OverrideIn, SessionChange, SessionIn
from campaign.schedule.stepping import locked_sessions
from campaign.schedule.targets import turn_of
from campaign.schedule.views import SessionView

Given = TypeVar("Given", SessionIn, SessionChange)


@dataclass
class _Release:
    """One release on its way: what it tells, whose reason it carries, what stood in its way."""

    given: ReleaseIn
    digest: Digest
    troubles: list[Trouble]


def release(
    db: Session, actor: Actor, plan_id: int, given: ReleaseIn, *, expected_rev: int | None = None
) -> WeekPlan:
    """All of it in this transaction, and one digest for each party it touches.

    Raises ReleaseRefused or ReleaseNeedsReason with every entry in the way, PlanEmpty, Stale, WrongState; then
    nothing stands and nobody hears of it.
    """
    plan = drafting.locked(db, actor, plan_id, "release", expected_rev)
    entries = entries_of(db, actor, plan.id)
    if not entries:
        raise PlanEmpty
    rows = locked_sessions(db, [entry.session_id for entry in entries if entry.session_id is not None])
    before = {view.id: view for view in views_of(db, actor, list(rows.values()))}
    told_before = {row.id: frozenset(row.agency_ids) for row in rows.values()}
    found = prepare(db, actor, entries, rows, before)
    going = _Release(given, Digest(), [_trouble(one, one.error) for one in found if one.error is not None])
    good = [one for one in found if one.error is None]
    _make_room(db, actor, good)
    stood = _apply_all(db, actor, good, going)
    _refuse(entries, going)
    for entry in entries:
        entry.session_id = stood[entry.id]
    plan.state, plan.released_at, plan.released_by = "released", clock.now(db), actor.name
    drafting.touched(db, plan)
    touched = [
        Touched(before.get(view.id), view, told_before.get(view.id, frozenset()))
        for view in _views(db, actor, stood.values())
    ]
    batch = telling.Batch("pln", plan.id, plan.rev, plan.first_day, plan.last_day)
    telling.tell_release(db, actor, batch, touched, going.digest)
    detail = {"name": plan.name, "sessions": len(touched), "reason": given.reason or ""}
    audit.note(db, actor, "plan.released", "week_plan", plan.id, detail)
    return plan


def _views(db: Session, actor: Actor, session_ids: Iterable[int]) -> list[SessionView]:
    rows = db.scalars(
        select(LiveSession).where(LiveSession.id.in_(list(session_ids))).order_by(LiveSession.starts_at)
    )
    return views_of(db, actor, rows.all())


def _make_room(db: Session, actor: Actor, found: Sequence[Prepared]) -> None:
    """One turn for all that is needed or held, then what moves gives up its places: none stands in another's way."""
    things = {thing for one in found if one.plan is not None for thing in one.plan.things}
    claims.take_turns(db, actor, things, session_ids=[one.row.id for one in found if one.row is not None])
    for one in found:
        given = one.given
        if one.row is not None and isinstance(given, SessionChange) and changing.takes_claims_anew(given):
            claims.drop_all(db, actor, one.row.id)


def _apply_all(db: Session, actor: Actor, found: Sequence[Prepared], going: _Release) -> dict[int, int]:
    """Entry → session. Each in a savepoint of its own, so that the next is looked at where one is refused."""
    plans = {one.entry.id: one.plan for one in found if one.plan is not None and one.row is not None}
    done: dict[int, int] = {}
    for one in sorted(found, key=_turn):
        beside = [plan for entry_id, plan in plans.items() if entry_id != one.entry.id]
        try:
            with db.begin_nested():
                done[one.entry.id] = _apply(db, actor, one, beside, going)
        except DomainError as error:
            going.troubles.append(_trouble(one, error))
    return done


def _turn(one: Prepared) -> tuple[int, bool, float]:
    """Called off first, then moved (later ones first where they move on), then new: none meets an old neighbour."""
    kind = ("cancel", "change", "book").index(one.entry.kind)
    if one.plan is None or one.row is None:
        return kind, False, one.entry.id
    return kind, *turn_of(one.row, one.plan)


def _apply(db: Session, actor: Actor, one: Prepared, beside: Sequence[Plan], going: _Release) -> int:
    given, digest = one.given, going.digest
    if isinstance(given, PlanCancelIn) and one.row is not None:
        closing.cancel(db, actor, one.row.id, code=given.code, reason=given.reason, digest=digest)
        return one.row.id
    if one.target is not None:
        target = replace(one.target, given=_with_reason(one.target.given, going))
        changing.make(db, actor, target, beside=beside, digest=digest)
        return target.row.id
    if not isinstance(given, SessionIn):
        raise TypeError(given)
    made = booking.book(db, actor, _with_reason(given, going))
    if going.given.offer and given.hold_until is None:
        _offer(db, actor, made.id, digest)
    return made.id


def _offer(db: Session, actor: Actor, session_id: int, digest: Digest) -> None:
    """Ask who must be asked; where nobody must, it is confirmed."""
    try:
        answering.offer(db, actor, session_id, digest=digest)
    except NobodyToAsk:
        answering.confirm(db, actor, session_id, digest=digest)


def _with_reason(given: Given, going: _Release) -> Given:
    if going.given.reason is None:
        return given
    return given.model_copy(update={"override": OverrideIn(reason=going.given.reason)})


def _trouble(one: Prepared, error: DomainError) -> Trouble:
    return Trouble(one.entry.id, one.entry.session_id, one.title, error)


def _refuse(entries: Sequence[PlanEntry], going: _Release) -> None:
    if not going.troubles:
        return
    places = {entry.id: at for at, entry in enumerate(entries)}
    troubles = sorted(going.troubles, key=lambda one: places[one.entry_id])
    raise (ReleaseNeedsReason if all(one.soft for one in troubles) else ReleaseRefused)(troubles)

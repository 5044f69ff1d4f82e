"""Changing a session: times, place, people and all else in one transaction, with whom it touches asked again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.schedule import acceptance, booking, claims, crew, judging, standing
from campaign.schedule.answering import ask, due_at, persons
from campaign.schedule.due import READY_BEFORE
from campaign.schedule.errors import NotWhileLive
from campaign.schedule.events import Digest, announce, shown
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.references import Faults
from campaign.schedule.rules.plan import PersonPlan, Plan
from campaign.schedule.schemas import ChannelIn, OverrideIn, SessionChange
from campaign.schedule.spans import Span
from campaign.schedule.stepping import locked, step
from campaign.schedule.targets import Target, target_of
from campaign.schedule.views import SessionView

_LIVE_FIELDS = frozenset({"channels", "lineup", "ends_at"})
_PLACING = frozenset({"starts_at", "ends_at", "studio_id", "participants", "channels", "crew"})
_PLAIN = ("title", "notes", "campaign_id")


def move(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    studio_id: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    override_reason: str | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """Another time or studio, as by a drag on the board: without ends_at it keeps its length."""
    row = locked(db, actor, session_id, "move", expected_version=expected_version)
    if starts_at is not None and ends_at is None:
        ends_at = starts_at + (row.ends_at - row.starts_at)
    given: dict[str, Any] = {"studio_id": studio_id, "starts_at": starts_at, "ends_at": ends_at}
    given = {name: value for name, value in given.items() if value is not None}
    if override_reason:
        given["override"] = OverrideIn(reason=override_reason)
    return shown(db, actor, row, make(db, actor, target_of(db, actor, row, SessionChange(**given))))


def change(
    db: Session,
    actor: Actor,
    session_id: int,
    given: SessionChange,
    *,
    expected_version: int | None = None,
    beside: Sequence[Plan] = (),
    digest: Digest | None = None,
) -> SessionView:
    """Apply the fields given. Raises NotWhileLive, Invalid, Conflicting, NeedsOverride, Stale; then nothing stands.

    `beside`: other sessions as they are about to become in the same transaction. `digest`: tell nobody, keep it there.
    """
    row = locked(db, actor, session_id, "change", expected_version=expected_version)
    target = target_of(db, actor, row, given)
    return shown(db, actor, row, make(db, actor, target, beside=beside, digest=digest))


def make(
    db: Session, actor: Actor, target: Target, *, beside: Sequence[Plan] = (), digest: Digest | None = None
) -> SessionView | None:
    """Make a locked session what its target says; raises as `change` does. Gives the view others were told of."""
    row, given = target.row, target.given
    fields = given.model_fields_set - {"override"}
    if row.state == "live":
        _refuse_live(db, actor, row, target, fields)
    values: dict[str, Any] = {name: getattr(given, name) for name in _PLAIN if name in fields}
    if fields & _PLACING or "lineup" in fields:
        findings = judging.findings_of(db, actor, target.plan, target.before, beside=beside)
        if row.state == "live":
            # What is on air is a fact: closures and leave want a reason, only what is taken stands in the way.
            findings = findings.softened()
        judging.refuse_hard(db, actor, target.plan, findings)
        reason = given.override.reason if given.override else None
        values["warnings"] = judging.kept_warnings(findings, reason, row.warnings)
    if "brand_ids" in fields:
        values["brand_ids"] = list(target.brand_ids)
    _hold(db, actor, row, given, values)
    if fields & _PLACING:
        claims.drop_all(db, actor, row.id)
        held = values.get("hold_until", row.hold_until)
        booking.claim_all(db, actor, row, target.plan, expires_at=held)
        values |= _placed(target, row)
    _write_parts(db, actor, row, target, fields)
    touched = sync_people(db, actor, row, target.people, target.plan.people, settled=row.state == "live")
    return _apply(db, actor, target, touched, values, fields, digest)


def takes_claims_anew(given: SessionChange) -> bool:
    """Whether a change gives up what its session holds and claims it again."""
    return bool(given.model_fields_set & _PLACING)


def _refuse_live(
    db: Session, actor: Actor, row: LiveSession, target: Target, fields: set[str] | frozenset[str]
) -> None:
    """While live only room ids, line-up and end may change."""

    def outs(channels: Sequence[ChannelIn]) -> set[tuple[str, int | None]]:
        return {(channel.platform, channel.platform_account_id) for channel in channels}

    if fields - _LIVE_FIELDS or outs(target.channels) != outs(standing.channels_of(db, row)):
        raise NotWhileLive(fields=", ".join(sorted(fields - _LIVE_FIELDS)))


def _hold(db: Session, actor: Actor, row: LiveSession, given: SessionChange, values: dict[str, Any]) -> None:
    if "hold_until" not in given.model_fields_set:
        return
    faults = Faults()
    if given.hold_until is not None and row.state != "draft":
        faults.add("hold_until", "only_drafts_lapse")
    elif given.hold_until is not None and given.hold_until <= clock.now(db):
        faults.add("hold_until", "already_past")
    faults.raise_any()
    values["hold_until"] = given.hold_until
    if given.hold_until is None:
        claims.settle(db, actor, row.id)
    else:
        claims.hold(db, actor, row.id, given.hold_until)


def _placed(target: Target, row: LiveSession) -> dict[str, Any]:
    values: dict[str, Any] = {
        "starts_at": target.plan.session.starts_at,
        "ends_at": target.plan.session.ends_at,
        "studio_id": target.plan.studio.id,
        "host_ids": sorted({person.host_id for person in target.plan.people}),
    }
    if row.state == "live":
        values["overrunning_at"] = None
    return values


def _write_parts(
    db: Session, actor: Actor, row: LiveSession, target: Target, fields: set[str] | frozenset[str]
) -> None:
    if "channels" in fields:
        booking.set_channels(db, actor, row, target.channels)
    if "brand_ids" in fields:
        booking.set_brands(db, actor, row, target.brand_ids)
    if target.lineup is not None:
        booking.set_lineup(db, actor, row, target.lineup)
    if "crew" in fields:
        crew.set_needs(db, actor, row, target.plan.crew)
    db.flush()


@dataclass(frozen=True)
class Touched:
    """Whom a change touched, and what it made of the people."""

    people: list[Participant]
    changed: list[Participant]
    left: list[Participant]
    replaced: bool


def sync_people(
    db: Session,
    actor: Actor,
    row: LiveSession,
    rows: Sequence[Participant],
    plans: Sequence[PersonPlan],
    *,
    settled: bool = False,
) -> Touched:
    """Make the participants what is planned; those whose shift or agency is new have not agreed to it.

    `settled`: the show is on, or was: who is known keeps answer and arrival.
    """
    left = list(rows)
    people: list[Participant] = []
    changed: list[Participant] = []
    replaced = False
    for plan in plans:
        known = _match(left, plan)
        if known is None:
            known = booking.person_row(row.id, plan)
            db.add(known)
            changed.append(known)
            replaced = True
        else:
            left.remove(known)
            same_shift = (known.starts_at, known.ends_at) == (plan.shift.starts_at, plan.shift.ends_at)
            if not (same_shift and known.agency_id == plan.agency_id):
                changed.append(known)
            replaced = replaced or known.agency_id != plan.agency_id or known.role != plan.role
            known.role, known.agency_id = plan.role, plan.agency_id
            known.starts_at, known.ends_at = plan.shift.starts_at, plan.shift.ends_at
        people.append(known)
    for person in left:
        db.delete(person)
    for person in changed:
        if not settled or person not in rows:
            person.acceptance, person.answered_at, person.arrived_at = "not_asked", None, None
    db.flush()
    return Touched(people, changed, left, replaced or bool(left))


def _match(rows: Sequence[Participant], plan: PersonPlan) -> Participant | None:
    """The row of the same host, the one with the same shift first."""
    own = [row for row in rows if row.host_id == plan.host_id]
    exact = [row for row in own if (row.starts_at, row.ends_at) == (plan.shift.starts_at, plan.shift.ends_at)]
    return next(iter(exact or own), None)


def _apply(
    db: Session,
    actor: Actor,
    target: Target,
    touched: Touched,
    values: dict[str, Any],
    fields: set[str] | frozenset[str],
    digest: Digest | None = None,
) -> SessionView | None:
    """The step itself: who must be asked again, the state that makes, and who hears of it."""
    row, before, now = target.row, target.before.session, clock.now(db)
    told, studio_before, state_before = set(row.agency_ids), row.studio_id, row.state
    after = Span(values.get("starts_at", row.starts_at), values.get("ends_at", row.ends_at))
    moved = after != before or values.get("studio_id", studio_before) != studio_before
    to = _ask_again(db, actor, row, touched, after, now, values)
    present = {person.agency_id for person in touched.people if person.agency_id is not None}
    asked = {p.agency_id for p in touched.people if p.acceptance == "asked" and p.agency_id is not None}
    values["agency_ids"] = sorted((told & present) | asked)
    detail: dict[str, Any] = {"fields": sorted(fields)}
    if moved:
        detail["before"] = [written(before.starts_at), written(before.ends_at), studio_before]
    verb = "move" if moved and not touched.replaced else "change"
    step(db, actor, row, verb, to=to, detail=detail, **values)
    # The clock said ready, but the start is far off again: accepted, with nobody left to ask.
    if state_before == "ready" and after.starts_at - now > READY_BEFORE and row.state == "ready":
        step(db, actor, row, "change", to="offered", detail={"why": "start_moved_away"})
        step(db, actor, row, "confirm", to="accepted", offer_deadline_at=None)
    view = _tell(db, actor, row, told, moved, touched, fields, digest)
    if state_before == "offered" and row.state == "accepted":
        view = announce(db, actor, row, "session.accepted", digest=digest)
    return view


def _ask_again(
    db: Session,
    actor: Actor,
    row: LiveSession,
    touched: Touched,
    after: Span,
    now: datetime,
    values: dict[str, Any],
) -> str | None:
    """Ask those a change touches, once the session was offered; gives the state that follows, None for the same."""
    if row.state not in ("offered", "accepted", "ready"):
        return None
    if touched.changed:
        ask(db, actor, touched.changed, now)
    waiting = acceptance.to_ask(persons(db, actor, touched.people))
    if any(person.acceptance == "asked" for person in waiting):
        if touched.changed:
            values["offer_deadline_at"] = due_at(db, actor, now, after.starts_at)
        return "offered"
    if waiting or row.state != "offered":
        return None
    values["offer_deadline_at"] = None
    return "accepted"


_SILENT = frozenset({"notes", "campaign_id", "hold_until", "crew"})


def _tell(
    db: Session,
    actor: Actor,
    row: LiveSession,
    told: set[int],
    moved: bool,
    touched: Touched,
    fields: set[str] | frozenset[str],
    digest: Digest | None,
) -> SessionView | None:
    """One event per change: moved, people_changed or updated; a first session.offered for agencies new to it."""
    view = None
    parted = told - set(row.agency_ids)
    if touched.replaced:
        view = announce(db, actor, row, "session.people_changed", told=told, parted=parted, digest=digest)
    elif moved:
        view = announce(db, actor, row, "session.moved", told=told, digest=digest)
    elif fields - _SILENT:
        view = announce(db, actor, row, "session.updated", told=told, digest=digest)
    new = set(row.agency_ids) - told
    if new:
        view = announce(db, actor, row, "session.offered", told=new, digest=digest)
    return view

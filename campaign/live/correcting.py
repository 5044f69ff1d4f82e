"""Setting right what was tapped or guessed wrong, and the review after the show."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, WrongState
from campaign.kit.instants import parse
from campaign.live.alerts import close_of
from campaign.live.breaks import seconds_off_air
from campaign.live.handing_over import withdraw_handover
from campaign.live.running import claim_anew, free_rest, get_locked
from campaign.schedule import booking, claims, references
from campaign.schedule.changing import change, sync_people
from campaign.schedule.errors import TooLate
from campaign.schedule.events import announce
from campaign.schedule.models import LiveSession, SessionHistory
from campaign.schedule.reading import views_of
from campaign.schedule.references import Faults
from campaign.schedule.schemas import CorrectionIn, OverrideIn, SessionChange
from campaign.schedule.spans import Span
from campaign.schedule.states import CORRECTIONS, may
from campaign.schedule.stepping import locked, people_of, step
from campaign.schedule.views import SessionView

UNDO_WITHIN = timedelta(minutes=10)


def correct(
    db: Session,
    actor: Actor,
    session_id: int,
    given: CorrectionIn,
    *,
    expected_version: int | None = None,
) -> SessionView:
    """Set right times, host, studio, room ids or a state tapped wrong, with a reason; sales are attributed again.

    Raises Invalid for times that do not fit, WrongState for a state that cannot become the one given.
    """
    row = locked(db, actor, session_id, "correct", expected_version=expected_version)
    to = given.state or ("ended" if row.state in ("draft", "offered", "cancelled") else row.state)
    if to not in CORRECTIONS[row.state]:  # type: ignore[index]
        raise WrongState(verb="correct", state=row.state)
    values = _times(db, row, given, to)
    if actor.is_hub:  # others do not see what rooms said; what they take back moves no gap
        values["off_air_seconds"] = seconds_off_air(
            db, row.id, values["actual_starts_at"], values["actual_ends_at"]
        )
    told = set(row.agency_ids)
    _write_parts(db, actor, row, given, values)
    if row.state == "cancelled":
        values["cancel_code"] = None
    if row.state in ("draft", "offered"):
        values |= {"hold_until": None, "offer_deadline_at": None}
    fields = sorted(given.model_fields_set - {"reason"})
    before, detail = row.state, {"fields": fields, "before": _written_times(row)}
    step(db, actor, row, "correct", to=to, reason=given.reason, detail=detail, **values)
    _claims_after(db, actor, row, before)
    close_of(db, actor, row.id)
    announce(
        db,
        actor,
        row,
        "session.corrected",
        told=told | set(row.agency_ids),
        # Whose host did not stand there after all hears that, not who did.
        parted=told - set(row.agency_ids),
        fields=fields,
        reason=given.reason,
    )
    return views_of(db, actor, [row])[0]


def _times(db: Session, row: LiveSession, given: CorrectionIn, to: str) -> dict[str, Any]:
    """Actual times and their evidence as the corrected state has them."""
    starts_at = given.actual_starts_at or row.actual_starts_at
    ends_at = given.actual_ends_at or row.actual_ends_at
    if to == "ended" and row.state not in ("ended", "live"):
        starts_at, ends_at = starts_at or row.starts_at, ends_at or row.ends_at
    if to == "ended" and row.state == "live":
        ends_at = ends_at or clock.now(db)
    if to in ("ready", "no_show"):
        starts_at = ends_at = None
    if to == "live":
        ends_at = None
    _check_times(db, starts_at, ends_at)
    started = starts_at != row.actual_starts_at
    ended = ends_at != row.actual_ends_at
    return {
        "actual_starts_at": starts_at,
        "actual_ends_at": ends_at,
        "start_evidence": ("corrected" if starts_at else None) if started else row.start_evidence,
        "end_evidence": ("corrected" if ends_at else None) if ended else row.end_evidence,
    }


def _check_times(db: Session, starts_at: datetime | None, ends_at: datetime | None) -> None:
    now = clock.now(db)
    faults = Faults()
    if starts_at is not None and starts_at > now:
        faults.add("actual_starts_at", "still_ahead")
    if ends_at is not None and ends_at > now:
        faults.add("actual_ends_at", "still_ahead")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        faults.add("actual_ends_at", "ends_before_start")
    faults.raise_any()


def _write_parts(
    db: Session, actor: Actor, row: LiveSession, given: CorrectionIn, values: dict[str, Any]
) -> None:
    faults = Faults()
    if given.studio_id is not None:
        values["studio_id"] = references.get_studio(db, actor, given.studio_id, faults).id
    if given.channels is not None:
        references.check_channels(db, actor, given.channels, faults)
        faults.raise_any()
        booking.set_channels(db, actor, row, given.channels)
    if given.participants is not None:
        session = Span(row.starts_at, row.ends_at)
        plans = references.plan_people(
            db, actor, given.participants, session, faults, reach=_reach(db, actor, row)
        )
        faults.raise_any()
        touched = sync_people(db, actor, row, people_of(db, actor, row), plans, settled=True)
        for person in touched.changed:
            # Who did stand there need not be asked whether they would.
            person.acceptance, person.answered_at = "accepted", clock.now(db)
        values["host_ids"] = sorted({person.host_id for person in touched.people})
        values["agency_ids"] = sorted({p.agency_id for p in touched.people if p.agency_id is not None})
    db.flush()


def _reach(db: Session, actor: Actor, row: LiveSession) -> Span:
    """From the first to the last that was planned, on air or somebody's shift: a show runs over, and so do they."""
    people = people_of(db, actor, row)
    starts = [row.starts_at, row.actual_starts_at, *(person.starts_at for person in people)]
    ends = [row.ends_at, row.actual_ends_at, *(person.ends_at for person in people)]
    return Span(min(at for at in starts if at), max(at for at in ends if at))


def _claims_after(db: Session, actor: Actor, row: LiveSession, before: str) -> None:
    """Claims follow what is now said to have been, as far as they are free: no other booking is undone."""
    now = clock.now(db)
    if row.state == "no_show":
        claims.release(db, actor, row.id, now, studio_until=now)
        return
    claim_anew(db, actor, row, now)
    if row.actual_ends_at is not None:
        free_rest(db, actor, row, row.actual_ends_at)


def undo(db: Session, actor: Actor, session_id: int) -> SessionView:
    """Take back the last tap within ten minutes: a start or end, an arrival, a hand-over, a longer end.

    Raises TooLate else.
    """
    row = get_locked(db, actor, session_id)
    newest = db.scalars(
        select(SessionHistory).where(
            SessionHistory.session_id == row.id, SessionHistory.version == row.version
        )
    ).first()
    if newest is not None and clock.now(db) - newest.at <= UNDO_WITHIN:
        if newest.verb == "arrive":
            return _gone_again(db, actor, row, newest.detail["participants"])
        if newest.verb == "hand_over":
            if not actor.is_hub:
                raise TooLate
            withdraw_handover(db, actor, row.id, newest.detail["handover"], reason="undo")
            return views_of(db, actor, [row])[0]
        if _made_longer(newest):
            return change(
                db, actor, row.id, SessionChange(ends_at=parse(newest.detail["before"][1]), override=_UNDO)
            )
    if not may("correct", row.state):
        raise WrongState(verb="undo", state=row.state)
    last = db.scalars(
        select(SessionHistory)
        .where(SessionHistory.session_id == row.id, SessionHistory.verb.in_(("start", "end")))
        .order_by(SessionHistory.version.desc())
        .limit(1)
    ).first()
    tapped = last is not None and last.evidence == "tap" and last.to_state == row.state
    if last is None or not tapped or clock.now(db) - last.at > UNDO_WITHIN:
        raise TooLate
    to = "ready" if row.state == "live" else "live"
    return correct(db, actor, session_id, CorrectionIn(state=to, reason="undo"), expected_version=row.version)


_UNDO = OverrideIn(reason="undo")


def may_undo(db: Session, actor: Actor, session_id: int) -> bool:
    """Whether the last thing that happened to a session was a tap young enough to be taken back."""
    last = db.scalars(
        select(SessionHistory)
        .where(SessionHistory.session_id == session_id)
        .order_by(SessionHistory.version.desc())
        .limit(1)
    ).first()
    if last is None or clock.now(db) - last.at > UNDO_WITHIN:
        return False
    tapped = last.verb in ("start", "end") and last.evidence == "tap"
    handed = last.verb == "hand_over" and actor.is_hub
    return tapped or handed or _made_longer(last) or last.verb == "arrive"


def _made_longer(step: SessionHistory) -> bool:
    """Whether a step put the end of a show on air elsewhere: an end that was sent again as it was moved nothing."""
    return step.to_state == "live" and step.detail.get("fields") == ["ends_at"] and "before" in step.detail


def _gone_again(db: Session, actor: Actor, row: LiveSession, participant_ids: list[int]) -> SessionView:
    """An arrival tapped by mistake."""
    for person in people_of(db, actor, row):
        if person.id in participant_ids:
            person.arrived_at = None
    db.flush()
    step(db, actor, row, "change", reason="undo", detail={"not_arrived": participant_ids})
    return views_of(db, actor, [row])[0]


def review(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    text: str = "",
    went_well: str = "",
    to_improve: str = "",
    expected_version: int | None = None,
) -> SessionView:
    """The hub's review (复盘) of an ended session: what went well, what to improve, and in free words.

    Written again it takes the place of the one that stood, which stays in the history. Raises Invalid when it
    says nothing.
    """
    parts: dict[str, Any] = {
        "review": text.strip(),
        "review_well": went_well.strip(),
        "review_improve": to_improve.strip(),
    }
    if not any(parts.values()):
        raise Invalid([FieldError("review", "missing")])
    row = locked(db, actor, session_id, "review", expected_version=expected_version)
    before = {name: getattr(row, name) for name in parts}
    if row.state == "reviewed" and before == parts:
        return views_of(db, actor, [row])[0]
    detail = {"before": before} if row.state == "reviewed" else {}
    step(db, actor, row, "review", to="reviewed", detail=detail, **parts)
    return views_of(db, actor, [row])[0]


def _written_times(row: LiveSession) -> dict[str, str | None]:
    names = ("actual_starts_at", "actual_ends_at")
    return {name: value.isoformat() if (value := getattr(row, name)) else None for name in names}

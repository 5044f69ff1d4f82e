"""A session goes on air and off again: by a tap, by the platform's word, or inferred."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live.alerts import close_of, ring
from campaign.parties.models import Studio
from campaign.schedule import acceptance, claims, crew
from campaign.schedule.answering import persons
from campaign.schedule.changing import change
from campaign.schedule.due import Times, quiet_since
from campaign.schedule.errors import NothingToAnswer, PeopleMissing, TooEarly
from campaign.schedule.events import announce
from campaign.schedule.judging import wanted_of
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import views_of
from campaign.schedule.rules.facts import Taken
from campaign.schedule.schemas import OverrideIn, SessionChange
from campaign.schedule.spans import Span
from campaign.schedule.stepping import locked, people_of, step
from campaign.schedule.views import SessionView

EARLIEST_TAP = timedelta(hours=2)


def make_ready(
    db: Session, actor: Actor, session_id: int, *, expected_version: int | None = None
) -> SessionView:
    """All is in place. Raises PeopleMissing while somebody who must answer has not agreed."""
    row = locked(db, actor, session_id, "ready", expected_version=expected_version)
    if not all_answered(db, actor, row):
        raise PeopleMissing
    ready_row(db, actor, row)
    return views_of(db, actor, [row])[0]


def all_answered(db: Session, actor: Actor, row: LiveSession) -> bool:
    """Whether everybody who must agree has, and nobody has stayed away."""
    return acceptance.nobody_missing(persons(db, actor, people_of(db, actor, row)))


def ready_row(db: Session, actor: Actor, row: LiveSession) -> None:
    step(db, actor, row, "ready", to="ready")
    announce(db, actor, row, "session.ready")


def arrive(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    participant_id: int | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """A host is here: its own tap, or the hub's for one participant. A second tap changes nothing."""
    row = locked(db, actor, session_id, "arrive", expected_version=expected_version)
    own = [
        person
        for person in people_of(db, actor, row)
        if (person.host_id == actor.host_id or actor.is_hub) and participant_id in (None, person.id)
    ]
    if not own:
        raise NothingToAnswer
    new = [person for person in own if person.arrived_at is None]
    if new:
        for person in new:
            person.arrived_at = clock.now(db)
        db.flush()
        step(db, actor, row, "arrive", detail={"participants": [person.id for person in new]})
    return views_of(db, actor, [row])[0]


def go_live(
    db: Session, actor: Actor, session_id: int, *, expected_version: int | None = None
) -> SessionView:
    """On air by one tap. Raises TooEarly when a host taps more than two hours before the planned start."""
    row = locked(db, actor, session_id, "start", expected_version=expected_version)
    now = clock.now(db)
    if not actor.is_hub and now < row.starts_at - EARLIEST_TAP:
        raise TooEarly
    start_row(db, actor, row, now, "tap")
    return views_of(db, actor, [row])[0]


def end(db: Session, actor: Actor, session_id: int, *, expected_version: int | None = None) -> SessionView:
    """Off air by one tap."""
    row = locked(db, actor, session_id, "end", expected_version=expected_version)
    end_row(db, actor, row, clock.now(db), "tap")
    return views_of(db, actor, [row])[0]


def extend(
    db: Session, actor: Actor, session_id: int, *, minutes: int = 15, expected_version: int | None = None
) -> SessionView:
    """Put the planned end off while on air. Raises Conflicting where the next one is in the way."""
    row = locked(db, actor, session_id, "end", expected_version=expected_version)
    # Rest and hours were weighed when it was planned; on air only what is taken can stand in the way.
    given = SessionChange(
        ends_at=row.ends_at + timedelta(minutes=minutes), override=OverrideIn(reason="extend")
    )
    return change(db, actor, session_id, given, expected_version=row.version)


def start_row(db: Session, actor: Actor, row: LiveSession, at: datetime, evidence: str) -> None:
    """A locked session is on air since `at`. One that had been given up takes what claims are still free."""
    now = clock.now(db)
    late = row.state == "no_show"
    step(
        db,
        actor,
        row,
        "start",
        to="live",
        evidence=evidence,
        actual_starts_at=min(at, now),
        actual_ends_at=None,
        start_evidence=evidence,
        last_sign_at=max(at, row.last_sign_at or at),
    )
    if late:
        _claim_what_is_free(db, actor, row, now)
    announce(db, actor, row, "session.started", evidence=evidence)


def _claim_what_is_free(db: Session, actor: Actor, row: LiveSession, now: datetime) -> None:
    """No other booking is undone for a late start: where one came in between, an alert says so."""
    taken = claim_anew(db, actor, row, now)
    if taken:
        others = sorted({other.session_id for other in taken})
        ring(db, actor, "without_claims", f"session:{row.id}", session_id=row.id, others=others)


def claim_anew(db: Session, actor: Actor, row: LiveSession, now: datetime) -> list[Taken]:
    """Claims as the session stands now, its crews among them, as far as they are free; gives what is in the way."""
    wanted, needs = wanted_of(db, actor, row), crew.needs_of(db, actor, row.id)
    things = [*(want.thing_id for want in wanted), *(need.pool_id for need in needs)]
    claims.take_turns(db, actor, things, session_ids=[row.id])
    claims.drop_all(db, actor, row.id)
    taken = claims.take(db, actor, row.id, wanted, now=now) or []
    planned = Span(row.starts_at, row.ends_at)
    return taken + crew.take(db, actor, row.id, planned, needs, now=now, expires_at=None)


def end_row(db: Session, actor: Actor, row: LiveSession, at: datetime, evidence: str) -> None:
    """A locked session on air is over since `at`; what it no longer needs of its claims is free."""
    ended_at = max(min(at, clock.now(db)), row.actual_starts_at or at)
    step(
        db,
        actor,
        row,
        "end",
        to="ended",
        evidence=evidence,
        actual_ends_at=ended_at,
        end_evidence=evidence,
    )
    free_rest(db, actor, row, ended_at)
    announce(db, actor, row, "session.ended", evidence=evidence)


def free_rest(db: Session, actor: Actor, row: LiveSession, ended_at: datetime) -> None:
    """Give back what comes after the end; the studio keeps its tear-down."""
    studio = db.get(Studio, row.studio_id)
    teardown = timedelta(minutes=studio.teardown_minutes if studio else 0)
    claims.release(db, actor, row.id, ended_at, studio_until=ended_at + teardown)


def infer_end(db: Session, row: LiveSession) -> None:
    """Nothing was heard of a locked session since its planned end or its last sign of life."""
    end_row(db, SYSTEM, row, quiet_since(times_of(row)), "inferred")


def miss(db: Session, row: LiveSession) -> None:
    """Nobody came: a locked session is given up, and what is left of its claims with it."""
    now = clock.now(db)
    step(db, SYSTEM, row, "no_show", to="no_show")
    claims.release(db, SYSTEM, row.id, now, studio_until=now)
    announce(db, SYSTEM, row, "session.no_show")


def overrun(db: Session, row: LiveSession) -> None:
    """A locked session is still on air past its planned end: said once."""
    step(db, SYSTEM, row, "overrun", overrunning_at=clock.now(db))
    announce(db, SYSTEM, row, "session.overrunning")


def end_as_planned(db: Session, actor: Actor, row: LiveSession) -> None:
    """Sales imported after a no-show are evidence that it took place: ended at the planned times."""
    step(
        db,
        actor,
        row,
        "end",
        to="ended",
        evidence="inferred",
        actual_starts_at=row.starts_at,
        actual_ends_at=row.ends_at,
        start_evidence="inferred",
        end_evidence="inferred",
    )
    close_of(db, actor, row.id)
    announce(db, actor, row, "session.ended", evidence="inferred")


def times_of(row: LiveSession) -> Times:
    """What the clock's pure part needs of a session."""
    return Times(**{name: getattr(row, name) for name in Times.__dataclass_fields__})


def get_locked(db: Session, actor: Actor, session_id: int) -> LiveSession:
    """A session locked for whatever its state allows. Raises NotFound."""
    row = db.get(LiveSession, session_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    return row

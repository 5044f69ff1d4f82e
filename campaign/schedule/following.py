"""What a show that is late or runs over does to those that follow, and one press to make room for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound, WrongState
from campaign.parties.models import Studio
from campaign.schedule import claims, judging
from campaign.schedule.changing import move
from campaign.schedule.models import LiveSession, Participant, SessionChannel
from campaign.schedule.reading import views_of, visible
from campaign.schedule.rules.facts import Taken
from campaign.schedule.spans import Span, Wanted, claims_of, moved_shift
from campaign.schedule.states import BEFORE_AIR
from campaign.schedule.views import SessionView

STEP = timedelta(minutes=5)
MOST_STUDIOS = 3
MOST_EFFECTS = 10


@dataclass(frozen=True)
class Hit:
    """A session that is met: by what (studio, host, platform_account), how far it would have to move, where it
    could go at its own time (studio ids; only where the studio alone is in the way).
    """

    session: SessionView
    because: tuple[str, ...]
    shift_minutes: int
    studios: tuple[int, ...] = ()


@dataclass(frozen=True)
class Effect:
    """late_minutes after its planned start, over_minutes past its planned end, and what it meets until ends_at."""

    late_minutes: int
    over_minutes: int
    ends_at: datetime
    hits: tuple[Hit, ...]


def effect_of(db: Session, actor: Actor, session_id: int, *, over_minutes: int | None = None) -> Effect:
    """What a session meets if it ends `over_minutes` late; left out: as late as it is now, or keeping its length
    when it has not begun. Raises NotFound.
    """
    row = db.scalars(select(LiveSession).where(LiveSession.id == session_id, visible(actor))).one_or_none()
    if row is None:
        raise NotFound
    now = clock.now(db)
    late, over = delays(row.state, Span(row.starts_at, row.ends_at), row.actual_starts_at, now)
    if over_minutes is not None:
        over = timedelta(minutes=over_minutes)
    until = row.ends_at + over
    hits: tuple[Hit, ...] = ()
    if over > timedelta(0):
        wanted = _wanted_until(db, row, until)
        hits = _hits(db, actor, row, claims.in_the_way(db, actor, row.id, wanted, now=now), wanted)
    minute = timedelta(minutes=1)
    return Effect(late // minute, over // minute, until, hits)


# Who may be met at all: on what the late one holds, something begins before it would be through.
_MEETING = text("""
    SELECT DISTINCT c.session_id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:overs AS interval[])) AS late (session_id, over)
    JOIN claim c ON c.session_id = late.session_id
    JOIN resource r ON r.id = c.resource_id AND r.crew_pool_id IS NULL
    JOIN claim o ON o.resource_id = c.resource_id AND o.starts_at >= c.ends_at AND o.starts_at < c.ends_at + late.over
    WHERE o.expires_at IS NULL OR o.expires_at > CAST(:now AS timestamptz)
""")


def effects_of(db: Session, actor: Actor, views: Sequence[SessionView]) -> dict[int, Effect]:
    """Session id → effect, of those that are late or run over: two statements, and more for those that meet
    something (the first ten of them; the others' pages tell).
    """
    now, minute = clock.now(db), timedelta(minutes=1)
    found: dict[int, Effect] = {}
    overs: dict[int, timedelta] = {}
    for view in views:
        planned = Span(view.starts_at, view.ends_at)
        late, over = delays(view.state, planned, view.actual_starts_at, now)
        if over > timedelta(0):
            overs[view.id] = over
            found[view.id] = Effect(late // minute, over // minute, view.ends_at + over, ())
    if not overs:
        return found
    values = {"ids": list(overs), "overs": list(overs.values()), "now": now}
    meeting = set(db.scalars(_MEETING, values))
    for at, one in enumerate([one for one in overs if one in meeting]):
        if at < MOST_EFFECTS:
            found[one] = effect_of(db, actor, one)
        else:
            del found[one]
    return found


def delays(
    state: str, planned: Span, actual_starts_at: datetime | None, now: datetime
) -> tuple[timedelta, timedelta]:
    """(late at the start, past the end) of a session as it is at `now`. One that has not begun keeps its length."""
    nothing = timedelta(0)
    if state == "live":
        started = actual_starts_at or planned.starts_at
        return max(nothing, started - planned.starts_at), max(nothing, now - planned.ends_at)
    if state in ("accepted", "ready"):
        late = max(nothing, now - planned.starts_at)
        return late, late
    return nothing, nothing


def shifts_needed(taken: Iterable[Taken], wanted: Sequence[Wanted]) -> Mapping[int, int]:
    """Session id → minutes, in steps of five, by which it must start later to be out of the way. Pure."""
    until: dict[tuple[str, int], datetime] = {}
    for want in wanted:
        key = (want.kind, want.thing_id)
        until[key] = max(until.get(key, want.span.ends_at), want.span.ends_at)
    found: dict[int, int] = {}
    for other in taken:
        by = until[other.kind, other.thing_id] - other.span.starts_at
        steps = -(-by // STEP)
        found[other.session_id] = max(found.get(other.session_id, 0), steps * (STEP // timedelta(minutes=1)))
    return found


def push(
    db: Session,
    actor: Actor,
    session_id: int,
    follower_id: int,
    *,
    over_minutes: int | None = None,
    override_reason: str | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """Move a follower on by what it needs, and no more; it keeps its length. `expected_version` is the follower's.

    Raises Invalid when it is not in the way, WrongState when it can no longer move, Conflicting, Stale.
    """
    hit = _hit_of(effect_of(db, actor, session_id, over_minutes=over_minutes), follower_id)
    if hit.session.state not in BEFORE_AIR:
        raise WrongState(verb="move", state=hit.session.state)
    return move(
        db,
        actor,
        follower_id,
        starts_at=hit.session.starts_at + timedelta(minutes=hit.shift_minutes),
        override_reason=override_reason or RUNS_OVER,
        expected_version=expected_version,
    )


def make_room(
    db: Session,
    actor: Actor,
    session_id: int,
    follower_id: int,
    *,
    studio_id: int | None = None,
    over_minutes: int | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """Put a follower into another studio at its own time: the one named, else the first that is free."""
    hit = _hit_of(effect_of(db, actor, session_id, over_minutes=over_minutes), follower_id)
    if studio_id is None and not hit.studios:
        raise Invalid([FieldError("studio_id", "no_studio_free")])
    return move(
        db,
        actor,
        follower_id,
        studio_id=studio_id or hit.studios[0],
        override_reason=RUNS_OVER,
        expected_version=expected_version,
    )


RUNS_OVER = "runs_over"
"""The reason kept with soft rules that a push bends: the show before runs over."""


def _hit_of(effect: Effect, follower_id: int) -> Hit:
    for hit in effect.hits:
        if hit.session.id == follower_id:
            return hit
    raise Invalid([FieldError("follower_id", "not_in_the_way")])


def _wanted_until(db: Session, row: LiveSession, until: datetime) -> list[Wanted]:
    """What a session claims if it ends at `until`: those who are on to its end stay to that end."""
    studio = db.get_one(Studio, row.studio_id)
    before, after = Span(row.starts_at, row.ends_at), Span(row.starts_at, until)
    people = db.scalars(select(Participant).where(Participant.session_id == row.id))
    accounts = db.scalars(
        select(SessionChannel.platform_account_id).where(SessionChannel.session_id == row.id)
    )
    return claims_of(
        after,
        studio_id=row.studio_id,
        setup_minutes=studio.setup_minutes,
        teardown_minutes=studio.teardown_minutes,
        hosts=[
            (person.host_id, moved_shift(Span(person.starts_at, person.ends_at), before, after))
            for person in people
        ],
        account_ids=[one for one in accounts if one is not None],
    )


def _hits(
    db: Session, actor: Actor, row: LiveSession, taken: Sequence[Taken], wanted: Sequence[Wanted]
) -> tuple[Hit, ...]:
    needed = shifts_needed(taken, wanted)
    rows = db.scalars(
        select(LiveSession).where(LiveSession.id.in_(needed)).order_by(LiveSession.starts_at, LiveSession.id)
    )
    because = {one: tuple(sorted({t.kind for t in taken if t.session_id == one})) for one in needed}
    return tuple(
        Hit(
            view,
            because[view.id],
            needed[view.id],
            _free_studios(db, actor, view) if because[view.id] == ("studio",) else (),
        )
        for view in views_of(db, actor, rows.all(), lineup=False)
    )


def _free_studios(db: Session, actor: Actor, view: SessionView) -> tuple[int, ...]:
    """Other studios that are free, open and turned round in time for a session where it stands."""
    if view.state not in BEFORE_AIR:
        return ()
    studios = db.scalars(
        select(Studio)
        .where(Studio.archived_at.is_(None), Studio.id != view.studio_id)
        .order_by(Studio.sort_key, Studio.id)
    ).all()
    day = timedelta(days=1)
    near = Span(view.starts_at - day, view.ends_at + day)
    ids = [studio.id for studio in studios]
    taken = claims.taken_near(
        db, actor, claims.things([]) | {"studio": ids}, near, now=clock.now(db), but=view.id
    )
    shut = judging.shut_spans(db, actor, [], ids, near)
    free = []
    for studio in studios:
        around = Span(
            view.starts_at - timedelta(minutes=studio.setup_minutes),
            view.ends_at + timedelta(minutes=studio.teardown_minutes),
        )
        busy = [*taken.get(("studio", studio.id), []), *shut.get(("studio", studio.id), [])]
        if not any(span.overlaps(around) for span in busy):
            free.append(studio.id)
    return tuple(free[:MOST_STUDIOS])

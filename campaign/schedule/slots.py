"""Free places for a session, best first, for those who plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Forbidden, Invalid
from campaign.parties.models import Studio
from campaign.parties.queries import get_hub, zone_of_hub
from campaign.schedule import alternatives, claims, judging, ranking
from campaign.schedule.ranking import Fit, Prime, Ranked, Scene
from campaign.schedule.rules.settings import RestRules
from campaign.schedule.spans import Span

LONGEST_SEARCH = timedelta(days=31)
_DAY = timedelta(days=1)
_LOOKED_BACK = timedelta(days=180)

# By host and day, which row-level security lets an index answer: arrays it does not.
_SOLD = text("""
    SELECT p.host_id, count(*) FILTER (WHERE s.brand_ids && CAST(:brands AS bigint[])) AS brand,
           count(*) FILTER (WHERE EXISTS (
               SELECT 1 FROM lineup_item l JOIN product g ON g.id = l.product_id
               WHERE l.session_id = s.id AND g.category <> '' AND g.category IN (
                   SELECT category FROM product WHERE brand_id = ANY (CAST(:brands AS bigint[]))))) AS category
    FROM participant p JOIN live_session s ON s.id = p.session_id
    WHERE p.host_id = ANY (CAST(:hosts AS bigint[])) AND p.starts_at > CAST(:since AS timestamptz)
      AND s.state IN ('ended', 'reviewed')
    GROUP BY p.host_id
""")


@dataclass(frozen=True)
class Search:
    """What is looked for: all of the hosts, any of the studios (of all, when none is named)."""

    within: Span
    length: timedelta
    studio_ids: Sequence[int] = ()
    host_ids: Sequence[int] = ()
    brand_ids: Sequence[int] = ()


def free_slots(
    db: Session,
    actor: Actor,
    from_at: datetime,
    to_at: datetime,
    minutes: int,
    *,
    studio_ids: Sequence[int] = (),
    host_ids: Sequence[int] = (),
    brand_ids: Sequence[int] = (),
    limit: int = 50,
) -> list[Ranked]:
    """Slots of `minutes` where a studio and all the hosts are free and nothing is closed, best first.

    Starts lie on the half hour, or where a gap begins, from now on. Raises Invalid for a search of more than 31 days.
    """
    if not actor.is_hub:
        raise Forbidden
    if not timedelta(0) < to_at - from_at <= LONGEST_SEARCH:
        raise Invalid([FieldError("to", "search_span", {"days": LONGEST_SEARCH.days})])
    starts_at = ranking.half_hour(max(from_at, clock.now(db)))
    if starts_at >= to_at:
        return []
    wanted = Search(Span(starts_at, to_at), timedelta(minutes=minutes), studio_ids, host_ids, brand_ids)
    return ranked(db, actor, wanted, most=limit)


def ranked(db: Session, actor: Actor, wanted: Search, *, most: int, but: int = 0) -> list[Ranked]:
    """The best places for a search. `but`: a session whose own claims do not count."""
    hub, zone, within = get_hub(db, actor), zone_of_hub(db, actor), wanted.within
    statement = select(Studio.id, Studio.setup_minutes, Studio.teardown_minutes).where(
        Studio.archived_at.is_(None)
    )
    if wanted.studio_ids:
        statement = statement.where(Studio.id.in_(wanted.studio_ids))
    studios = db.execute(statement.order_by(Studio.sort_key, Studio.id)).all()
    studio_ids = [row.id for row in studios]
    around = Span(within.starts_at - _DAY, within.ends_at + _DAY)
    taken = claims.taken_near(
        db,
        actor,
        {"studio": studio_ids, "host": list(wanted.host_ids), "platform_account": []},
        around,
        now=clock.now(db),
        but=but,
    )
    shut = judging.shut_spans(db, actor, wanted.host_ids, studio_ids, around)
    rooms = alternatives.by_studio(
        {one: taken.get(("studio", one), []) + shut.get(("studio", one), []) for one in studio_ids},
        [(row.id, row.setup_minutes, row.teardown_minutes) for row in studios],
    )
    closed = shut.get(("hub", 0), []) + ranking.closed(hub.opens, hub.closes, around, zone)
    away = [span for one in wanted.host_ids for span in shut.get(("host", one), [])]
    scene = Scene(
        prime=Prime.of(hub.settings).spans(around, zone),
        busy=[span for one in wanted.host_ids for span in taken.get(("host", one), [])],
        rest=timedelta(minutes=RestRules.of(hub.settings).break_minutes),
        fit=fit_of(db, actor, wanted.host_ids, wanted.brand_ids),
    )
    return ranking.best(within, wanted.length, rooms, scene, closed + away, most=most)


def fit_of(db: Session, actor: Actor, host_ids: Sequence[int], brand_ids: Sequence[int]) -> Fit | None:
    """How well these hosts know these brands; None where one side is not named."""
    if not (host_ids and brand_ids):
        return None
    known = fits_of(db, actor, host_ids, brand_ids)
    every = [known.get(one, Fit()) for one in host_ids]
    return Fit(min(one.brand for one in every), min(one.category for one in every))


def fits_of(db: Session, actor: Actor, host_ids: Sequence[int], brand_ids: Sequence[int]) -> dict[int, Fit]:
    """Host id → how often it sold these brands, or goods of their kinds, in the last half year."""
    rows = db.execute(
        _SOLD,
        {"hosts": list(host_ids), "brands": list(brand_ids), "since": clock.now(db) - _LOOKED_BACK},
    )
    return {row.host_id: Fit(row.brand, row.category) for row in rows}

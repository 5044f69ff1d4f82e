"""The board's reading: sessions of a span in few words, by studio and by host. Four statements, however many rows.

Views (views.py) hold all of a session; a board of 600 needs a tenth of that, and must be drawn within 200 ms.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden
from campaign.parties.models import Hub
from campaign.parties.queries import get_hub, zone_of_hub
from campaign.schedule import gathering
from campaign.schedule.spans import LONGEST, Span
from campaign.schedule.windows import Shut


class Called(NamedTuple):
    """A party by id and names."""

    id: int
    name: str
    name_en: str


class BlockPerson(NamedTuple):
    """Who takes part, from when to when, and whether they are here."""

    id: int
    host_id: int
    name: str
    name_en: str
    agency_id: int | None
    agency_name: str | None
    agency_name_en: str | None
    role: str
    starts_at: datetime
    ends_at: datetime
    acceptance: str
    arrived_at: datetime | None


class BoardBlock(NamedTuple):
    """A session as boards, walls and door sheets show it: no prices, no sales, no notes."""

    id: int
    title: str
    state: str
    version: int
    studio_id: int
    starts_at: datetime
    ends_at: datetime
    actual_starts_at: datetime | None
    actual_ends_at: datetime | None
    overrunning_at: datetime | None
    campaign: Called | None
    setup_minutes: int
    teardown_minutes: int
    brands: tuple[Called, ...]
    platforms: tuple[str, ...]
    people: tuple[BlockPerson, ...]

    @property
    def setup_at(self) -> datetime:
        """When its studio is first needed."""
        return self.starts_at - timedelta(minutes=self.setup_minutes)


class StudioLine(NamedTuple):
    """A studio in use, with its turnaround."""

    id: int
    name: str
    name_en: str
    setup_minutes: int
    teardown_minutes: int


class Board(NamedTuple):
    """What stands between two instants. `shut`: ("studio" | "host", id) and ("hub", 0) → closures and leave."""

    from_at: datetime
    to_at: datetime
    studios: tuple[StudioLine, ...]
    blocks: tuple[BoardBlock, ...]
    shut: Mapping[tuple[str, int], list[Shut]]


# Sessions begin at most LONGEST before what they reach into: the index on starts_at bounds the search on both sides.
_WITHIN = """
    WHERE ((s.starts_at < CAST(:to_at AS timestamptz) AND s.starts_at > CAST(:since AS timestamptz)
            AND s.ends_at > CAST(:from_at AS timestamptz))
           OR (s.state = 'live' AND s.starts_at < CAST(:to_at AS timestamptz)
               AND CAST(:now AS timestamptz) >= CAST(:from_at AS timestamptz)))
      AND (s.state <> 'cancelled' OR CAST(:cancelled AS boolean))
      AND (cardinality(CAST(:studios AS bigint[])) = 0 OR s.studio_id = ANY (CAST(:studios AS bigint[])))
    ORDER BY s.starts_at, s.id
"""
_SESSIONS = text(f"""
    SELECT s.id, s.title, s.state, s.version, s.studio_id, s.starts_at, s.ends_at, s.actual_starts_at,
           s.actual_ends_at, s.overrunning_at, s.campaign_id, c.name, c.name_en
    FROM live_session s LEFT JOIN campaign c ON c.id = s.campaign_id
    {_WITHIN}
""")
_PEOPLE = text("""
    SELECT p.session_id, p.id, p.host_id, h.name, h.name_en, p.agency_id, a.name, a.name_en, p.role,
           p.starts_at, p.ends_at, p.acceptance, p.arrived_at
    FROM participant p JOIN host h ON h.id = p.host_id LEFT JOIN agency a ON a.id = p.agency_id
    WHERE p.session_id = ANY (CAST(:ids AS bigint[])) ORDER BY p.starts_at, p.id
""")
_WITH = text("""
    SELECT b.session_id, b.brand_id, brand.name, brand.name_en, NULL AS platform, b.position::bigint AS place
    FROM session_brand b JOIN brand ON brand.id = b.brand_id WHERE b.session_id = ANY (CAST(:ids AS bigint[]))
    UNION ALL
    SELECT c.session_id, c.id, NULL, NULL, c.platform, c.id
    FROM session_channel c WHERE c.session_id = ANY (CAST(:ids AS bigint[]))
    ORDER BY session_id, place
""")
_STUDIOS = text("""
    SELECT id, name, name_en, setup_minutes, teardown_minutes, archived_at FROM studio
    ORDER BY sort_key, name, id
""")
_HOSTS = text("""
    SELECT id, name, name_en FROM host WHERE archived_at IS NULL ORDER BY sort_key, name, id LIMIT :most
""")


def read_board(
    db: Session,
    actor: Actor,
    from_at: datetime,
    to_at: datetime,
    *,
    cancelled: bool = False,
    studio_ids: Sequence[int] = (),
) -> Board:
    """What overlaps [from_at, to_at) and what is still on air, by start; studios in use even where they are empty.

    The hub's view: raises Forbidden for others (the system reads it for walls and door sheets).
    """
    if not (actor.is_hub or actor.role == "system"):
        raise Forbidden
    values = {"from_at": from_at, "to_at": to_at, "since": from_at - LONGEST, "now": clock.now(db)}
    rows = db.execute(_SESSIONS, values | {"cancelled": cancelled, "studios": list(studio_ids)}).all()
    wanted = {"ids": [row.id for row in rows]}
    people = _grouped(db.execute(_PEOPLE, wanted) if rows else (), lambda row: BlockPerson(*row[1:]))
    brands, platforms = _brands_and_platforms(db.execute(_WITH, wanted) if rows else ())
    used = {row.studio_id for row in rows}
    studios = {
        row.id: StudioLine(*row[:5])
        for row in db.execute(_STUDIOS)
        if (row.archived_at is None or row.id in used) and (not studio_ids or row.id in studio_ids)
    }
    blocks = tuple(
        BoardBlock._make(
            (
                *row[:10],
                Called(*row[10:13]) if row.campaign_id is not None else None,
                studios[row.studio_id].setup_minutes,
                studios[row.studio_id].teardown_minutes,
                brands.get(row.id, ()),
                platforms.get(row.id, ()),
                tuple(people.get(row.id, ())),
            )
        )
        for row in rows
    )
    hosts = sorted({person.host_id for block in blocks for person in block.people})
    shut = shut_of(db, actor, hosts, list(studios), Span(from_at, to_at))
    return Board(from_at, to_at, tuple(studios.values()), blocks, shut)


class Item(NamedTuple):
    """A session as programs see a board: ids and times, no names."""

    id: int
    title: str
    state: str
    version: int
    studio_id: int
    starts_at: datetime
    ends_at: datetime
    actual_starts_at: datetime | None
    actual_ends_at: datetime | None
    brand_ids: Sequence[int]
    host_ids: Sequence[int]
    platforms: Sequence[str]


# Row by row over an index: a week of 50 studios is 1,750 sessions.
_ITEMS = text(f"""
    SELECT s.id, s.title, s.state, s.version, s.studio_id, s.starts_at, s.ends_at, s.actual_starts_at,
           s.actual_ends_at, s.brand_ids,
           ARRAY(SELECT p.host_id FROM participant p WHERE p.session_id = s.id ORDER BY p.starts_at, p.id),
           ARRAY(SELECT c.platform FROM session_channel c WHERE c.session_id = s.id GROUP BY 1 ORDER BY min(c.id))
    FROM live_session s
    {_WITHIN}
""")


def read_items(
    db: Session, actor: Actor, from_at: datetime, to_at: datetime, *, studio_ids: Sequence[int] = ()
) -> tuple[list[int], list[Item]]:
    """Studios in use by name, and what overlaps [from_at, to_at) by start, without what was cancelled.

    As read_board, in two statements; raises Forbidden for others than the hub.
    """
    if not actor.is_hub:
        raise Forbidden
    values = {"from_at": from_at, "to_at": to_at, "since": from_at - LONGEST, "now": clock.now(db)}
    rows = db.execute(_ITEMS, values | {"cancelled": False, "studios": list(studio_ids)}).all()
    used = {row.studio_id for row in rows}
    studios = [
        row.id
        for row in db.execute(_STUDIOS)
        if (row.archived_at is None or row.id in used) and (not studio_ids or row.id in studio_ids)
    ]
    return studios, [Item._make(row) for row in rows]


def shut_of(
    db: Session, actor: Actor, host_ids: Sequence[int], studio_ids: Sequence[int], within: Span
) -> dict[tuple[str, int], list[Shut]]:
    """Closures of the hub and of studios, leave of hosts, within a span."""
    zone = zone_of_hub(db, actor)
    windows = gathering.windows_of(db, actor, host_ids, studio_ids, within)
    return {key: one.shut(within, zone) for key, one in windows.items()}


def hosts_in_use(db: Session, actor: Actor, *, most: int) -> list[Called]:
    """Hosts by their names, at most so many: rows to drop a session on."""
    if not actor.is_hub:
        raise Forbidden
    return [Called(*row) for row in db.execute(_HOSTS, {"most": most})]


def hub_of(db: Session, actor: Actor) -> Hub:
    """Opening hours and zone for the board's head."""
    return get_hub(db, actor)


def _grouped(rows: Iterable[Any], made: Callable[[Any], BlockPerson]) -> dict[int, list[BlockPerson]]:
    found: dict[int, list[BlockPerson]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(made(row))
    return found


def _brands_and_platforms(
    rows: Iterable[Any],
) -> tuple[dict[int, tuple[Called, ...]], dict[int, tuple[str, ...]]]:
    brands: dict[int, tuple[Called, ...]] = {}
    platforms: dict[int, tuple[str, ...]] = {}
    for session_id, thing_id, name, name_en, platform, _place in rows:
        if platform is None:
            brands[session_id] = (*brands.get(session_id, ()), Called(thing_id, name, name_en))
        elif platform not in platforms.get(session_id, ()):
            platforms[session_id] = (*platforms.get(session_id, ()), platform)
    return brands, platforms

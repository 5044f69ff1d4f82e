"""Everything one board page shows, read in a fixed number of statements and drawn."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.wording import in_words
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.instants import on_wall
from campaign.parties.models import Hub
from campaign.schedule.boards import Board, Called, hosts_in_use, hub_of, read_board
from campaign.schedule.spans import board_day, board_day_of
from campaign.schedule.states import STATES
from campaign.web.figures import money_of
from campaign.web.hub.board_query import BoardQuery, first_of_week, spelt
from campaign.web.hub.board_rows import Drawn, Frame, Item, drawn, items_of, lines_of
from campaign.web.hub.layout import slot_of
from campaign.web.hub.options import PLATFORMS, Option
from campaign.web.show import long_day, named, zone

# So few hosts are all shown; of more, those with sessions, and the others on demand.
FEW_HOSTS = 80
MOST_HOSTS = 3000


@dataclass(frozen=True)
class BoardPage:
    """A board ready for its template and its script."""

    query: BoardQuery
    day: date
    days: tuple[date, ...]
    span: tuple[datetime, datetime]
    now_slot: int | None
    hub: Hub
    rows: list[Drawn]
    items: list[Item]
    counts: Mapping[str, int]
    choices: Mapping[str, list[Option]]
    may_plan: bool
    more_hosts: bool


def read_page(db: Session, actor: Actor, query: BoardQuery) -> BoardPage:
    """The board of a day or week as asked for."""
    now = clock.now(db)
    day = query.day or board_day_of(now, zone())
    days = _days_of(query, day)
    span = board_day(days[0], zone())[0], board_day(days[-1], zone())[1]
    board = read_board(db, actor, *span, cancelled=query.cancelled == "1")
    studios = {one.id: Called(one.id, one.name, one.name_en) for one in board.studios}
    hub, may_plan = hub_of(db, actor), allows(actor, "sessions.plan")
    free, more = _free_hosts(db, actor, query)
    live = [one.id for one in board.blocks if one.state == "live"]
    money = money_of(db, actor, live) if query.view == "day" else {}
    frame = Frame(query, days, span, now, _open_minutes(hub, days), may_plan, money)
    shown = tuple(one for one in board.blocks if query.shows(one, studios[one.studio_id]))
    return BoardPage(
        query=query,
        day=day,
        days=days,
        span=span,
        now_slot=slot_of(now, span) if query.view == "day" else None,
        hub=hub,
        rows=drawn(lines_of(board, query, free), frame, studios),
        items=items_of(shown, studios, frame),
        counts=Counter(one.state for one in shown),
        choices=_choices(board, studios),
        may_plan=may_plan,
        more_hosts=more,
    )


def _days_of(query: BoardQuery, day: date) -> tuple[date, ...]:
    if query.view == "day":
        return (day,)
    monday = first_of_week(day)
    return tuple(monday + timedelta(days=by) for by in range(7))


def _free_hosts(db: Session, actor: Actor, query: BoardQuery) -> tuple[list[Called], bool]:
    """Hosts that get a row though they have nothing, and whether there are more of them."""
    if query.by != "host":
        return [], False
    most = MOST_HOSTS if query.every == "1" else FEW_HOSTS + 1
    found = hosts_in_use(db, actor, most=most)
    if query.every == "0" and len(found) > FEW_HOSTS:
        return [], True
    return found, False


def _choices(board: Board, studios: Mapping[int, Called]) -> dict[str, list[Option]]:
    """What can be filtered by: what stands on this board, by name."""
    brands: dict[int, Called] = {}
    hosts: dict[int, Called] = {}
    agencies: dict[int, Called] = {}
    campaigns: dict[int, Called] = {}
    platforms: set[str] = set()
    for block in board.blocks:
        brands |= {one.id: one for one in block.brands}
        platforms |= set(block.platforms)
        if block.campaign is not None:
            campaigns[block.campaign.id] = block.campaign
        for person in block.people:
            hosts[person.host_id] = Called(person.host_id, person.name, person.name_en)
            if person.agency_id is not None:
                agencies[person.agency_id] = Called(
                    person.agency_id, person.agency_name or "", person.agency_name_en or ""
                )
    return {
        "studio": _options("std", studios.values()),
        "host": _sorted(_options("hst", hosts.values())),
        "agency": _sorted(_options("agc", agencies.values())),
        "brand": _sorted(_options("brd", brands.values())),
        "campaign": _sorted(_options("cmp", campaigns.values())),
        "state": [(one, in_words(f"state.{one}", {})) for one in STATES],
        "platform": [(one, in_words(f"platform.{one}", {})) for one in PLATFORMS if one in platforms],
    }


def _options(prefix: str, things: Iterable[Called]) -> list[Option]:
    return [(ids.public(prefix, one.id), named(one)) for one in things]


def _sorted(options: list[Option]) -> list[Option]:
    return sorted(options, key=lambda one: spelt([one[1]]).partition(" ")[2] or one[1].lower())


def _open_minutes(hub: Hub, days: Sequence[date]) -> int:
    """Length of a day's opening hours, of several days their mean; the same time twice means around the clock."""
    over = timedelta(days=hub.closes <= hub.opens)
    open_for = [
        on_wall(datetime.combine(day + over, hub.closes), zone())
        - on_wall(datetime.combine(day, hub.opens), zone())
        for day in days
    ]
    return sum(open_for, timedelta()) // timedelta(minutes=len(days))


def hours_of(span: tuple[datetime, datetime]) -> list[str]:
    """The axis of a day: its hours by the wall from 06:00 on; one that comes twice stands there twice."""
    hours = (span[1] - span[0]) // timedelta(hours=1)
    return [(span[0] + timedelta(hours=hour)).astimezone(zone()).strftime("%H:%M") for hour in range(hours)]


def heading(page: BoardPage) -> str:
    """The day, or the first and last day of the week."""
    if len(page.days) == 1:
        return long_day(page.day)
    return f"{long_day(page.days[0])} – {long_day(page.days[-1])}"

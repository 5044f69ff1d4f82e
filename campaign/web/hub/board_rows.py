"""Rows of the board as pages and its script take them: each drawn once, with a sum that says whether it changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast
from zlib import crc32
from zoneinfo import ZoneInfo

from flask import get_template_attribute, url_for
from flask_babel import gettext as _

from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.instants import written
from campaign.schedule.boards import BlockPerson, Board, BoardBlock, Called
from campaign.schedule.spans import board_day_of
from campaign.schedule.states import BEFORE_AIR
from campaign.schedule.windows import Shut
from campaign.web.hub.board_query import BoardQuery, found_by
from campaign.web.hub.layout import Block, Row, rows_of, strip_of
from campaign.web.show import DASH, day, language, named, zone


class Part(NamedTuple):
    """A session as one row shows it: whole in its studio's, a person's shift in a host's."""

    session: BoardBlock
    state: str
    starts_at: datetime
    ends_at: datetime
    actual_starts_at: datetime | None
    actual_ends_at: datetime | None
    setup_minutes: int
    teardown_minutes: int
    whole: bool


@dataclass
class Line:
    """One row: a studio or a host with what it has. `key` is its public id."""

    key: str
    name: str
    sessions: list[Part]
    shut: Sequence[Shut] = ()


class Drawn(NamedTuple):
    """One row in HTML, with a sum over it."""

    key: str
    sum: str
    html: str


class Frame(NamedTuple):
    """What all rows of one page have in common."""

    query: BoardQuery
    days: tuple[date, ...]
    span: tuple[datetime, datetime]
    now: datetime
    open_minutes: int
    may_plan: bool
    money: Mapping[int, str]


class Item(NamedTuple):
    """One session in the list that phones show instead of the board."""

    ref: str
    day: str
    when: str
    studio: str
    state: str
    state_word: str
    text: str
    movable: bool


def items_of(blocks: Iterable[BoardBlock], studios: Mapping[int, Called], frame: Frame) -> list[Item]:
    """The list, by start."""
    words: Callable[[str], str] = lru_cache(maxsize=32)(lambda one: in_words(f"state.{one}", {}))
    at, day_of = _clock_in(zone()), lru_cache(maxsize=None)(day)
    week, called = frame.query.view == "week", _caller()
    return [
        Item(
            ids.public("ses", one.id),
            day_of(one.starts_at.astimezone(zone()).date()) if week else "",
            f"{at(one.starts_at)}–{at(one.ends_at)}",
            called([studios[one.studio_id]]),
            one.state,
            words(one.state),
            f"{called(one.brands)} · {called(one.people)}",
            frame.may_plan and one.state in BEFORE_AIR,
        )
        for one in blocks
    ]


def _caller() -> Callable[[Sequence[Called | BlockPerson]], str]:
    """names() for thousands of calls: the language is asked for once."""
    english = language() == "en"
    between = ", " if english else "、"
    return lambda things: (
        between.join(one.name_en if english and one.name_en else one.name for one in things) or DASH
    )


def _clock_in(local: ZoneInfo) -> Callable[[datetime], str]:
    return lambda at: at.astimezone(local).strftime("%H:%M")


def lines_of(board: Board, query: BoardQuery, free_hosts: Iterable[Called]) -> list[Line]:
    """Rows by studio or by host with the sessions that pass the filters; empty ones only where nothing is filtered."""
    studios = {one.id: Called(one.id, one.name, one.name_en) for one in board.studios}
    shown = [block for block in board.blocks if query.shows(block, studios[block.studio_id])]
    lines = _by_host(board, shown, free_hosts) if query.by == "host" else _by_studio(board, studios, shown)
    if not query.filtered:
        return lines
    # The studio or host that was asked for stays, to be booked and dropped on.
    asked = ids.public_or_none(*(("hst", query.host) if query.by == "host" else ("std", query.studio)))
    return [line for line in lines if line.sessions or line.key == asked]


def _by_studio(board: Board, studios: Mapping[int, Called], shown: Iterable[BoardBlock]) -> list[Line]:
    parts: dict[int, list[Part]] = defaultdict(list)
    for one in shown:
        parts[one.studio_id].append(
            Part(
                one, one.state, one.starts_at, one.ends_at, one.actual_starts_at, one.actual_ends_at,
                one.setup_minutes, one.teardown_minutes, True,
            )
        )  # fmt: skip
    return [
        Line(ids.public("std", one.id), named(one), parts[one.id], board.shut.get(("studio", one.id), ()))
        for one in studios.values()
    ]


def _by_host(board: Board, shown: Iterable[BoardBlock], free: Iterable[Called]) -> list[Line]:
    parts: dict[int, list[Part]] = defaultdict(list)
    hosts: dict[int, Called] = {one.id: one for one in free}
    for one in shown:
        for person in one.people:
            hosts.setdefault(person.host_id, Called(person.host_id, person.name, person.name_en))
            whole = (person.starts_at, person.ends_at) == (one.starts_at, one.ends_at)
            actual = (one.actual_starts_at, one.actual_ends_at) if whole else (None, None)
            parts[person.host_id].append(
                Part(one, one.state, person.starts_at, person.ends_at, *actual, 0, 0, whole)
            )
    return [
        Line(ids.public("hst", one.id), named(one), parts[one.id], board.shut.get(("host", one.id), ()))
        for one in hosts.values()
    ]


def drawn(lines: Sequence[Line], frame: Frame, studios: Mapping[int, Called]) -> list[Drawn]:
    """Every row in HTML."""
    pen = _Pen(frame, studios)
    if frame.query.view == "week":
        made = [pen.week_row(line) for line in lines]
    else:
        rows = rows_of(lines, frame.span, frame.now, frame.open_minutes)
        made = [pen.day_row(line, row) for line, row in zip(lines, rows, strict=True)]
    return [
        Drawn(line.key, f"{crc32(html.encode()):x}", html) for line, html in zip(lines, made, strict=True)
    ]


class _Pen:
    """Draws rows; holds what is the same for all of them."""

    def __init__(self, frame: Frame, studios: Mapping[int, Called]) -> None:
        self.frame = frame
        self.studios = studios
        self.address = url_for("hub_sessions.show", session_id="ses_").removesuffix("ses_")
        self.state_word: Callable[[str], str] = lru_cache(maxsize=32)(
            lambda one: in_words(f"state.{one}", {})
        )
        # 1,750 blocks a week: what repeats is worded once.
        self.called = _caller()
        self.clock = lru_cache(maxsize=None)(_clock_in(zone()))
        self._day = get_template_attribute("hub/board_rows.html", "day_row")
        self._week = get_template_attribute("hub/board_rows.html", "week_row")
        self.new = url_for("hub_booking.form") if frame.may_plan and frame.query.by == "studio" else ""

    def day_row(self, line: Line, row: Row) -> str:
        """One row of a column each five minutes."""
        cells = [self._cell(cast(Part, block.session), block) for block in row.blocks]
        shut = [
            (strip_of(one.span.starts_at, one.span.ends_at, self.frame.span), one.reason) for one in line.shut
        ]
        used = f"{row.used / 100:.0f}%"
        closed = [(strip.css, reason) for strip, reason in shut if strip is not None]
        return str(self._day(line, row.lanes, used, cells, closed, self._new_href(line), _("Closed or away")))

    def week_row(self, line: Line) -> str:
        """One row of seven days, each with its sessions by start."""
        days: list[list[dict[str, Any]]] = [[] for _day in self.frame.days]
        for part in sorted(line.sessions, key=lambda one: one.starts_at):
            at = (board_day_of(part.starts_at, zone()) - self.frame.days[0]).days
            days[min(max(at, 0), len(days) - 1)].append(self._cell(part, None))
        booked = sum(
            (part.ends_at - part.starts_at).total_seconds()
            for part in line.sessions
            if part.state not in ("cancelled", "no_show")
        )
        used = f"{min(booked / 60 / (self.frame.open_minutes * len(days)), 1):.0%}"
        cells = [(one.isoformat(), found) for one, found in zip(self.frame.days, days, strict=True)]
        return str(self._week(line, used, cells, self._new_href(line)))

    def _new_href(self, line: Line) -> str:
        return f"{self.new}?studio_id={line.key}&day={self.frame.days[0].isoformat()}" if self.new else ""

    def _cell(self, part: Part, block: Block | None) -> dict[str, Any]:
        one = part.session
        notes = []
        if block is not None and block.late:
            notes.append(_("%(minutes)s min late", minutes=block.late))
        if block is not None and block.overrunning:
            notes.append(self.state_word("overrunning"))
        if one.id in self.frame.money:
            notes.append(self.frame.money[one.id])
        ref = ids.public("ses", one.id)
        by_host = self.frame.query.by == "host"
        return {
            "ref": ref,
            "href": self.address + ref,
            "css": f"is-{one.state} {block.at.css} k{block.lane}" if block else f"is-{one.state}",
            "turns": [(turn.css, block.lane) for turn in (block.setup, block.teardown) if turn]
            if block
            else (),
            "version": one.version,
            "starts": written(one.starts_at),
            "ends": written(one.ends_at),
            "may": self._may(part),
            "find": found_by(one, self.studios[one.studio_id]),
            "head": self.called(one.brands),
            "who": self.called([self.studios[one.studio_id]]) if by_host else self.called(one.people),
            "when": f"{self.clock(part.starts_at)}–{self.clock(part.ends_at)}",
            "from": self.clock(part.starts_at),
            "title": one.title,
            "state": self.state_word(one.state),
            "note": " ".join(notes),
        }

    def _may(self, part: Part) -> str:
        """move: anywhere, and its end too where the row shows all of it; end: the end alone (on air); else nothing."""
        if not self.frame.may_plan:
            return ""
        if part.state in BEFORE_AIR:
            return "move end" if part.whole else "move"
        return "end" if part.state == "live" and part.whole else ""

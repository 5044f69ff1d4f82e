"""The board's layout: slots, lanes, lateness."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from campaign.web import slots
from campaign.web.hub.layout import MOST_LANES, rows_of, slot_of, slots_of

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 23, 6, tzinfo=ZONE)
DAY = (START, START + timedelta(days=1))
NOW = START + timedelta(hours=14)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


@dataclass
class Show:
    starts_at: datetime
    ends_at: datetime
    state: str = "accepted"
    actual_starts_at: datetime | None = None
    actual_ends_at: datetime | None = None
    setup_minutes: int = 30
    teardown_minutes: int = 15


@dataclass
class Room:
    sessions: list[Show] = field(default_factory=list)


def one_row(*shows: Show):
    return rows_of([Room(list(shows))], DAY, NOW)[0]


def test_a_show_stands_on_its_five_minute_slots_between_set_up_and_tear_down() -> None:
    block = one_row(Show(at(2), at(4))).blocks[0]
    assert (block.at.first, block.at.last) == (24, 48)
    assert block.at.css == "s24 e48"
    assert (block.setup.first, block.setup.last) == (18, 24)
    assert (block.teardown.first, block.teardown.last) == (48, 51)


def test_a_show_over_the_end_of_the_board_day_is_cut_and_one_outside_is_left_out() -> None:
    row = one_row(Show(at(-1), at(1)), Show(at(23), at(26)), Show(at(30), at(31)))
    assert [(block.at.first, block.at.last) for block in row.blocks] == [(0, 12), (276, 288)]
    assert row.blocks[1].teardown is None


def test_what_overlaps_goes_to_a_second_lane_and_what_follows_returns_to_the_first() -> None:
    row = one_row(
        Show(at(2), at(4), state="no_show"), Show(at(3), at(5)), Show(at(8), at(9)), Show(at(9.5), at(10))
    )
    assert [block.lane for block in row.blocks] == [1, 2, 1, 2]
    assert row.lanes == 2


def test_more_overlaps_than_lanes_share_the_last_one() -> None:
    row = one_row(*(Show(at(2), at(4)) for _ in range(MOST_LANES + 3)))
    assert row.lanes == MOST_LANES
    assert max(block.lane for block in row.blocks) == MOST_LANES


def test_a_show_that_should_be_on_air_is_late_by_the_minutes_since_its_plan() -> None:
    assert one_row(Show(NOW - timedelta(minutes=8), NOW + timedelta(hours=1))).blocks[0].late == 8
    started = Show(NOW - timedelta(hours=1), NOW, "live", NOW - timedelta(minutes=57))
    assert one_row(started).blocks[0].late == 3
    assert one_row(Show(at(1), at(2), "draft")).blocks[0].late == 0


def test_a_show_past_its_end_is_overrunning_and_reaches_to_now() -> None:
    block = one_row(Show(at(10), at(13), "live", at(10))).blocks[0]
    assert block.overrunning
    assert block.at.last == 168


def test_the_booked_share_counts_shows_only_and_leaves_out_what_was_called_off() -> None:
    row = one_row(Show(at(0), at(6)), Show(at(8), at(14), "cancelled"))
    assert row.used == 2500


def test_a_day_on_which_clocks_change_has_a_column_for_each_of_its_five_minutes() -> None:
    for hours, slots_of_day in ((23, 276), (25, 300)):
        day = (START, START + timedelta(hours=hours))
        row = rows_of([Room([Show(at(hours - 1), at(hours + 2))])], day, NOW)[0]
        assert (row.blocks[0].at.first, row.blocks[0].at.last) == (slots_of_day - 12, slots_of_day)
        assert slots_of(day) == slots_of_day <= slots.SLOTS
        assert slot_of(at(hours - 0.01), day) == slots_of_day - 1


def test_an_instant_falls_into_its_slot_or_outside_the_day() -> None:
    assert slot_of(at(0), DAY) == 0
    assert slot_of(at(23.99), DAY) == 287
    assert slot_of(at(24), DAY) is None


def test_the_slot_classes_in_the_stylesheet_are_those_the_layout_names() -> None:
    assert Path("static/css/slots.css").read_text(encoding="utf-8") == slots.css()

"""Cells as people write them, read exactly or refused."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.connectors.sheets import cells
from campaign.connectors.sheets.cells import BadCell
from campaign.kit.sheets import guarded

SHANGHAI, BERLIN, NEW_YORK = (
    ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York")
)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+618", "-", "-5", "@x", "'", "''", "'=x", "plain", "a=b", "－", "—", "1,5", "ses_1", '"', "'-"],
)
def test_what_is_guarded_reads_back_as_it_was(text):
    assert cells.bare(guarded(text)) == text
    assert guarded(text)[0] not in "=+-@\t\r"


def test_a_dash_alone_says_nothing_and_one_apostrophe_comes_off():
    assert [cells.bare(cell) for cell in ("-", " - ", "", "\t123", "'0012", "''x")] == [
        "",
        "",
        "",
        "123",
        "0012",
        "'x",
    ]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-11-24 20:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026/11/24 20:00:30", datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)),
        ("2026年11月24日 20：00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24 26:00", datetime(2026, 11, 24, 18, tzinfo=UTC)),
        ("2026-11-24T20:00:00Z", datetime(2026, 11, 24, 20, tzinfo=UTC)),
        ("46350.5", datetime(2026, 11, 24, 4, tzinfo=UTC)),
        ("2026.11.24", datetime(2026, 11, 23, 16, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_the_hubs_zone(cell, moment):
    assert cells.moment("starts_at", cell, SHANGHAI) == moment


@pytest.mark.parametrize(
    "cell",
    [
        "20:00",
        "",
        "24.11.2026",
        "2026-02-30 10:00",
        "2026-11-24 30:00",
        "2026-11-24 20:60",
        "9999-12-31 10:00",
    ],
)
def test_what_is_no_moment_is_refused(cell):
    with pytest.raises(BadCell) as refused:
        cells.moment("starts_at", cell, SHANGHAI)
    assert refused.value.code == "bad_time"


@pytest.mark.parametrize(
    ("zone", "never", "twice"),
    [
        (BERLIN, "2027-03-28 02:30", "2026-10-25 02:30"),
        (NEW_YORK, "2027-03-14 02:30", "2026-11-01 01:30"),
    ],
)
def test_an_hour_that_comes_twice_or_never_wants_its_offset(zone, never, twice):
    for cell in (never, twice):
        with pytest.raises(BadCell) as refused:
            cells.moment("starts_at", cell, zone)
        assert refused.value.code == "clock_change"
    for fold in (0, 1):
        local = datetime.fromisoformat(twice).replace(tzinfo=zone, fold=fold)
        written = cells.written_moment(local, zone)
        assert cells.moment("starts_at", written, zone) == local.astimezone(UTC)


def test_hours_over_a_clock_change_are_wall_time():
    starts, ends = cells.span("2026-10-24", "22:00-04:00", BERLIN)
    assert (ends - starts).total_seconds() == 7 * 3600


def test_a_shift_is_the_next_such_time_within_the_show():
    starts = datetime(2026, 11, 24, 14, tzinfo=UTC)
    first, last = cells.shift("hosts", "23:30", "01:00", starts, SHANGHAI)
    assert (first.hour, last.hour, last.day) == (15, 17, 24)
    same, _ = cells.shift("hosts", "22:00", "23:00", starts, SHANGHAI)
    assert same == starts


def test_days_and_amounts_are_exact_or_refused():
    assert cells.day("starts_on", "2026-01-02 00:00:00") == date(2026, 1, 2)
    assert cells.money("price", "¥1,299.00", "CNY") == 129900
    for cell in ("1.005", "1e3", "-1", "12,34", "一百"):
        with pytest.raises(BadCell):
            cells.money("price", cell, "CNY")

"""A session of another week as a new one: by the clock on the wall, with what belongs to the evening left behind."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from campaign.schedule.plans.comparing import sheet_of_given
from campaign.schedule.plans.copying import copied

BERLIN = ZoneInfo("Europe/Berlin")


def show(start: datetime, hours: float = 4):
    """20:00 to midnight with an assistant for the last hour, on a room of that evening."""
    end = start + timedelta(hours=hours)
    host = SimpleNamespace(host_id=3, role="host", agency_id=7, starts_at=start, ends_at=end)
    late = SimpleNamespace(
        host_id=4, role="assistant", agency_id=None, starts_at=end - timedelta(hours=1), ends_at=end
    )
    return SimpleNamespace(
        title="专场",
        studio_id=1,
        brands=[SimpleNamespace(id=5)],
        starts_at=start,
        ends_at=end,
        campaign_id=None,
        notes="",
        channels=[SimpleNamespace(platform="douyin", platform_account_id=9, room_ids=("123",))],
        participants=[host, late],
        lineup=[SimpleNamespace(product_id=21, live_price_fen=100, currency="CNY", position=2)],
        crew=[SimpleNamespace(pool_id=31, units=2)],
    )


@pytest.mark.parametrize("first", ["2026-03-25", "2026-10-21", "2026-06-03"])
def test_a_copy_keeps_the_wall_time_of_session_and_shifts_over_a_clock_change(first):
    first = datetime.fromisoformat(first)
    start = first.replace(hour=20, tzinfo=BERLIN).astimezone(UTC)
    sheet = sheet_of_given(copied(show(start), 7, BERLIN))
    walls = [at.astimezone(BERLIN).replace(tzinfo=None) for at in (sheet.starts_at, sheet.ends_at)]
    assert walls == [first + timedelta(days=7, hours=20), first + timedelta(days=8)]
    assert [(one.starts_at, one.ends_at) for one in sheet.people] == [
        (sheet.starts_at, sheet.ends_at),
        (sheet.ends_at - timedelta(hours=1), sheet.ends_at),
    ]


def test_a_copy_leaves_rooms_and_agencies_behind_and_keeps_the_rest():
    sheet = sheet_of_given(copied(show(datetime(2026, 6, 3, 12, tzinfo=UTC)), 7, BERLIN))
    assert [one.room_ids for one in sheet.channels] == [()]
    assert [one.agency_id for one in sheet.people] == [None, None]
    assert [(one.product_id, one.price_fen) for one in sheet.lineup] == [(21, 100)]
    assert (sheet.crew, sheet.brand_ids, sheet.studio_id) == (((31, 2),), (5,), 1)

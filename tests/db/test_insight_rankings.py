"""Rankings by numbers worked by hand: hours on air without the gaps, ratios of totals, lateness and no-shows."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from campaign.insight.rankings import quality, ranking
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import Forbidden
from tests import zones
from tests.db.test_insight_summary import DAY, EVENING, HOUR, Shelf
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, change_session

MINUTE = timedelta(minutes=1)


@pytest.fixture
def week(database: Database, make: Factory) -> SimpleNamespace:
    """Three shows of one brand, two of them aired: late by 6 minutes with a gap of 30, in time; one missed.

    First: 20:06 to 22:06 with 30 minutes off air, 1.5 h: ¥300. Second (a day later): 20:00 to 20:30, 0.5 h: ¥100,
    of which ¥40 came back. Together ¥400 over 2 h.
    """
    shelf = Shelf(database, make)
    early, other = make.host(name="甲"), make.host(name="乙")
    account = make.account(external_id="a2")

    def show(days, start, length, shifts=(), **given):
        begins = EVENING + timedelta(days=days)
        return add_session(
            make, begins, begins + 2 * HOUR, brand=shelf.brand, account=account,
            actual=(begins + start, begins + start + length) if length else None,
            shifts=tuple((host, None, begins + a, begins + b) for host, a, b in shifts), **given,
        )  # fmt: skip

    one = show(0, 6 * MINUTE, 2 * HOUR, [(early, 0 * HOUR, 1 * HOUR), (other, 1 * HOUR, 3 * HOUR)])
    two = show(1, 0 * MINUTE, 30 * MINUTE, [(early, 0 * HOUR, 2 * HOUR)])
    missed = show(2, 0 * MINUTE, None, [(other, 0 * HOUR, 2 * HOUR)], state="no_show")
    change_session(database, one, off_air_seconds=1800)
    first = shelf.line(30 * MINUTE, 20000, author_id="a2")
    second = shelf.line(90 * MINUTE, 10000, author_id="a2")
    third = shelf.line(24 * HOUR + 10 * MINUTE, 10000, author_id="a2")
    shelf.push(first, second, third, shelf.refund(third, 4000, 30 * HOUR), days_later=3)
    return SimpleNamespace(shelf=shelf, one=one, two=two, missed=missed, early=early, other=other)


def ranked(week, kind, days=6, **given):
    shift = EVENING + timedelta(days=3) - datetime.now(UTC) - zones.offset()
    with clock.travel(shift), week.shelf.database.transaction(HUB) as db:
        return ranking(db, HUB, kind, DAY, DAY + timedelta(days=days), **given)


def test_a_brand_by_the_hour_is_its_money_over_its_hours(week: SimpleNamespace) -> None:
    (brand,) = ranked(week, "brand")
    assert (brand.sessions, brand.no_shows, brand.late, brand.late_minutes) == (2, 1, 1, 6)
    assert (brand.seconds, brand.paid_fen, brand.refund_fen) == (7200, 40000, 4000)
    # 400 over 2 h; the mean of 200 an hour and 200 an hour would say the same, so the first alone is told apart.
    assert brand.per_hour_fen == 20000
    assert (brand.refund_rate, brand.on_time) == (1000, 3333)
    (alone,) = ranked(week, "brand", days=0)
    assert (alone.seconds, alone.per_hour_fen, alone.on_time) == (5400, 20000, 0)


def test_hosts_have_their_shifts_and_add_up_to_the_sessions(week: SimpleNamespace) -> None:
    rows = {one.name: one for one in ranked(week, "host")}
    # 甲: 20:06-21:00 of 120 minutes with 90 on air, 54 * 0.75 = 40.5 min, and the second show's 30 min.
    assert rows["甲"].seconds == 2430 + 1800
    # 乙: 21:00-22:06, 66 * 0.75 = 49.5 min; the missed show has no minutes.
    assert rows["乙"].seconds == 2970
    assert rows["甲"].seconds + rows["乙"].seconds == 7200
    assert (rows["甲"].paid_fen, rows["乙"].paid_fen) == (30000, 10000)
    assert (rows["甲"].sessions, rows["乙"].sessions, rows["乙"].no_shows) == (2, 1, 1)
    assert rows["甲"].per_hour_fen == 25532  # 300 * 3600 / 4230


def test_a_shift_goes_as_far_as_its_show_and_who_assists_has_none(week: SimpleNamespace) -> None:
    """The second show, planned 20:00-22:00 with 甲 to 21:00 and 乙 from then on, began at 19:50 and went on to 23:00.

    甲 is on air for 70 minutes, 乙 for 120, as their sales are theirs. 丙 assisted all the while.
    """
    begins = EVENING + timedelta(days=1)
    change_session(
        week.shelf.database, week.two, actual_starts_at=begins - 10 * MINUTE, actual_ends_at=begins + 3 * HOUR
    )
    third = Factory(week.shelf.database).host(name="丙")
    with week.shelf.database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM participant WHERE session_id = :id"), {"id": week.two})
        for host, role, start, end in (
            (week.early, "host", 0, 1),
            (week.other, "influencer", 1, 2),
            (third, "assistant", 0, 2),
        ):
            db.execute(
                text(
                    "INSERT INTO participant (session_id, host_id, role, starts_at, ends_at)"
                    " VALUES (:id, :host, :role, :start, :end)"
                ),
                {"id": week.two, "host": host.id, "role": role, "start": begins + start * HOUR,
                 "end": begins + end * HOUR},
            )  # fmt: skip
    rows = {one.name: one for one in ranked(week, "host")}
    assert (rows["甲"].seconds - 2430, rows["乙"].seconds - 2970) == (70 * 60, 120 * 60)
    assert "丙" not in rows
    (brand,) = ranked(week, "brand")
    assert rows["甲"].seconds + rows["乙"].seconds == brand.seconds


def test_a_gap_is_of_whoever_had_the_shift_then(week: SimpleNamespace) -> None:
    """The first show, 20:06 to 22:06, was off air from 21:10 to 21:40, as the platform told of its rooms: 乙's shift.

    甲: 20:06-21:00 whole, 54 min, and the second show's 30 min. 乙: 21:00-22:06 less 30 min, 36 min.
    """
    heard(week, week.one, ("r1", 6, True), ("r1", 70, False), ("r2", 100, True), ("r2", 126, False))
    rows = {one.name: one for one in ranked(week, "host")}
    assert (rows["甲"].seconds, rows["乙"].seconds) == ((54 + 30) * 60, 36 * 60)
    assert (rows["甲"].per_hour_fen, rows["乙"].per_hour_fen) == (21429, 16667)  # 300 in 1.4 h, 100 in 0.6 h
    assert rows["甲"].seconds + rows["乙"].seconds == 7200
    assert rows["乙"].no_shows == 1


def test_a_gap_over_a_change_of_shift_is_of_both(week: SimpleNamespace) -> None:
    """Off air from 20:50 to 21:20: ten minutes are 甲's, twenty 乙's."""
    heard(week, week.one, ("r1", 6, True), ("r1", 50, False), ("r2", 80, True))
    rows = {one.name: one for one in ranked(week, "host")}
    assert (rows["甲"].seconds, rows["乙"].seconds) == ((44 + 30) * 60, 46 * 60)


def heard(week: SimpleNamespace, session_id: int, *told: tuple[str, int, bool]) -> None:
    """(room, minutes after 20:00, opened or closed), as a platform tells."""
    with week.shelf.database.transaction(SYSTEM) as db:
        for room, minutes, opened in told:
            db.execute(
                text(
                    "INSERT INTO room_event (type, platform, room_id, at, received_at, session_id)"
                    " VALUES (:type, 'douyin', :room, :at, :at, :id)"
                ),
                {"type": "room.started" if opened else "room.ended", "room": room, "id": session_id,
                 "at": EVENING + minutes * MINUTE},
            )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("paid", [("CNY", "甲牌", 50000), ("CNY", "乙牌", 100), ("CNY", "", 700),
                  ("USD", "乙牌", 90000), ("USD", "甲牌", 200)]),
        ("per_hour", [("CNY", "甲牌", 50000), ("CNY", "乙牌", 100), ("CNY", "", 700),
                      ("USD", "乙牌", 90000), ("USD", "甲牌", 200)]),
        ("refund_rate", [("CNY", "乙牌", 100), ("CNY", "甲牌", 50000), ("CNY", "", 700),
                         ("USD", "甲牌", 200), ("USD", "乙牌", 90000)]),
    ],
)  # fmt: skip
def test_each_currency_is_a_ranking_of_its_own(
    database: Database, make: Factory, order: str, wanted: list[tuple[str, str, int]]
) -> None:
    """甲牌 sold ¥500 and $2, 乙牌 ¥1 and $900: by fen of both it would be mixed.

    Half of 乙牌's ¥1, and of 甲牌's $2, came back.
    """
    shelf = Shelf(database, make)
    other = make.brand(name="乙牌")
    make.shop(other, external_id="4002")
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE brand SET name = '甲牌', name_en = '' WHERE id = :id"), {"id": shelf.brand.id}
        )
        db.execute(text("UPDATE brand SET name_en = '' WHERE id = :id"), {"id": other.id})
        db.execute(
            text("UPDATE live_session SET brand_ids = :brands, actual_starts_at = starts_at,"
                 " actual_ends_at = ends_at WHERE id = :id"),
            {"brands": [shelf.brand.id, other.id], "id": shelf.first},
        )  # fmt: skip
    make.shop(None, external_id="4009")
    small, dollars = shelf.line(HOUR, 100, shop_id="4002"), shelf.line(HOUR, 200, currency="USD")
    shelf.push(
        shelf.line(HOUR, 50000), dollars, small, shelf.line(HOUR, 90000, shop_id="4002", currency="USD"),
        shelf.line(HOUR, 700, shop_id="4009"),
        shelf.refund(small, 50, 2 * HOUR, shop_id="4002"), shelf.refund(dollars, 100, 2 * HOUR),
    )  # fmt: skip
    with database.transaction(HUB) as db:
        rows = ranking(db, HUB, "brand", DAY, DAY, order=order)  # type: ignore[arg-type]
    assert [(one.currency, one.name, one.paid_fen) for one in rows] == wanted


def test_studios_are_ranked_by_what_is_asked(week: SimpleNamespace) -> None:
    rows = ranked(week, "studio")
    assert [(one.paid_fen, one.seconds) for one in rows] == [(30000, 5400), (10000, 1800), (0, 0)]
    assert rows[2].per_hour_fen is None
    assert rows[2].on_time == 0
    assert [one.refund_rate for one in ranked(week, "studio", order="refund_rate")] == [4000, 0, None]
    assert [one.on_time for one in ranked(week, "studio", order="on_time")] == [10000, 0, 0]


def test_a_show_is_ranked_by_the_day_it_was_to_begin(week: SimpleNamespace) -> None:
    assert ranked(week, "brand", days=0)[0].paid_fen == 30000


def test_quality_tells_what_is_loose_and_what_is_provisional(week: SimpleNamespace) -> None:
    shelf = week.shelf
    shelf.push(
        shelf.line(HOUR, 10000, author_id="stranger"),
        shelf.line(HOUR, 5000, author_id="a2", traffic="unknown"),
        days_later=3,
    )
    with shelf.database.transaction(HUB) as db:
        (found,) = quality(db, HUB, DAY, DAY + timedelta(days=6))
    assert (found.live_fen, found.provisional_fen, found.provisional_lines) == (45000, 5000, 1)
    assert found.unattributed_share == 1818  # 100 of 550
    assert found.provisional_share == 1111  # 50 of 450


def test_what_is_provisional_is_of_the_days_it_is_held_against(week: SimpleNamespace) -> None:
    """A show over midnight: ¥50 before it and ¥70 after it, both provisional, and as much again that is not."""
    shelf = week.shelf
    late = [shelf.line(after, fen) for after, fen in ((3 * HOUR, 5000), (5 * HOUR, 7000))]
    shelf.push(*late, *(one | {"traffic": "unknown", "event_id": f"p{n}", "line_id": f"p{n}"}
                        for n, one in enumerate(late)), days_later=3)  # fmt: skip
    with shelf.database.transaction(HUB) as db:
        days = [quality(db, HUB, on, on)[0] for on in (DAY, DAY + timedelta(days=1))]
    assert [one.provisional_fen for one in days] == [5000, 7000]
    assert [one.live_fen for one in days] == [30000 + 10000, 10000 + 14000]


def test_rankings_are_the_hubs_alone(week: SimpleNamespace) -> None:
    own = Actor(kind="user", role="brand", id=9, name="x", brand_id=week.shelf.brand.id)
    with week.shelf.database.transaction(own) as db:
        for read in (lambda: ranking(db, own, "brand", DAY, DAY), lambda: quality(db, own, DAY, DAY)):
            with pytest.raises(Forbidden):
                read()
    with week.shelf.database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM session_total")).scalar_one() > 0

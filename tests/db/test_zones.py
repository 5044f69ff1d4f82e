"""Over the nights in which clocks change, in three zones: what people do by the wall, hour by hour as it is.

Lengths are written here by hand, night by night: nothing is reckoned as the product reckons it.
"""

from datetime import time, timedelta

import pytest
from sqlalchemy import text

from campaign.connectors.sheets.export import export_sessions
from campaign.insight.planned import planned_by
from campaign.insight.summary import brand_summary
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.live.reminders import sweep
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.schedule import answering, availability, queries
from campaign.schedule.availability import Owner
from campaign.schedule.boards import read_board, read_items
from campaign.schedule.booking import check
from campaign.schedule.clashes import clashes
from campaign.schedule.errors import Conflicting, NeedsOverride
from campaign.schedule.shifting import Shift, shift_all
from campaign.schedule.slots import free_slots
from campaign.schedule.spans import board_day
from campaign.schedule.window_schemas import WindowsIn
from tests.db.test_sheets import bring, counts, told
from tests.factory import HUB
from tests.night import RESTLESS
from tests.sales_kit import add_session, fold_all
from tests.zones import NIGHTS

HOUR = timedelta(hours=1)
CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")


HOURS = {
    # from, to: hours in each of NIGHTS. 02:30 comes twice in Berlin's long night, the first is meant; in the
    # short ones it is skipped, and 03:30 stands in its place.
    ("20:00", "02:30"): (6.5, 6.5, 6.5, 7.5, 6.5),
    ("20:00", "03:30"): (7.5, 8.5, 6.5, 8.5, 6.5),
    ("01:30", "03:30"): (2, 3, 1, 3, 1),
}


@pytest.mark.parametrize("hours", HOURS, ids="-".join)
def test_a_show_over_the_change_lasts_as_long_as_it_is(night, hours):
    days = 0 if hours[0] == "20:00" else 1
    made = night.between(night.at(hours[0], days), night.at(hours[1], 1))
    assert made.ends_at - made.starts_at == HOURS[hours][NIGHTS.index(night.change)] * HOUR
    with night.database.transaction(SYSTEM) as db:
        claimed = db.execute(
            text("SELECT upper(span) - lower(span) FROM claim WHERE session_id = :id"), {"id": made.id}
        ).scalars()
        assert set(claimed) == {made.ends_at - made.starts_at}


@pytest.mark.parametrize(("days_before", "by"), [(1, 1), (0, 1), (7, 7), (0, 7), (0, -7)])
def test_a_move_by_days_keeps_the_wall_time_of_both_ends_and_of_shifts_within(night, days_before, by):
    hosts = [night.make.host(kind="in_house").id for _ in range(2)]
    middle = night.at("22:00", -days_before)
    made = night.between(
        night.at("20:00", -days_before),
        night.at("03:30", 1 - days_before),
        participants=[{"host_id": hosts[0], "to": middle}, {"host_id": hosts[1], "from": middle}],
    )
    to = night.eve + timedelta(days=by - days_before)
    with clock.travel(timedelta(days=-10)):
        (moved,) = night.act(shift_all, [Shift(made.id, day=to)], reason="test")
        first, last = moved.session.starts_at, moved.session.ends_at
        at = by - days_before
        assert (night.wall(first), night.wall(last)) == (
            night.shown(at, "20:00"),
            night.shown(at + 1, "03:30"),
        )
        assert {night.wall(one.starts_at) for one in moved.session.participants} == {
            night.shown(at, "20:00"),
            night.shown(at, "22:00"),
        }
        (back,) = night.act(shift_all, [moved.back], reason="test")
        assert (back.session.starts_at, back.session.ends_at) == (made.starts_at, made.ends_at)


def test_the_boards_day_holds_every_hour_once(night):
    within = board_day(night.eve, night.zone)
    assert within == (night.at("06:00"), night.at("06:00", 1))
    hours = 24 + night.change.longer
    assert within[1] - within[0] == hours * HOUR
    at, booked = within[0] - HOUR, []
    while at < within[1] + HOUR:
        booked.append(night.between(at, at + HOUR))
        at += HOUR
    inside = {one.id for one in booked[1:-1]}
    assert len(inside) == hours
    with night.database.transaction(HUB) as db:
        assert {one.id for one in read_board(db, HUB, *within).blocks} == inside
        assert {one.id for one in read_items(db, HUB, *within)[1]} == inside


def test_the_hub_closes_by_the_wall(night):
    night.settle(opens=time(10), closes=time(3, 30), settings=RESTLESS)
    night.between(night.at("20:00"), night.at("03:30", 1), override=None)
    for starts_at, ends_at in (
        (night.at("20:30"), night.at("03:45", 1)),
        (night.at("09:45", 1), night.at("12:00", 1)),
    ):
        with pytest.raises(NeedsOverride) as asked:
            night.between(starts_at, ends_at, override=None)
        assert [one.rule for one in asked.value.conflicts] == ["outside_hours"]
    night.between(night.at("10:00", 1), night.at("12:00", 1), override=None)


def test_what_new_hours_leave_outside_is_flagged_as_booking_would_judge_it(night):
    spans = [
        (night.at("20:00"), night.at("03:30", 1)),
        (night.at("20:00"), night.at("03:45", 1)),
        (night.at("10:00", 1), night.at("11:00", 1)),
        (night.at("09:45", 1), night.at("11:00", 1)),
        (night.at("03:30", 1), night.at("04:00", 1)),
    ]
    booked = [night.between(*span, override={"reason": "long"}).id for span in spans]
    assert night.act(clashes) == []
    night.settle(opens=time(10), closes=time(3, 30), settings=RESTLESS)
    assert {one.session_id for one in night.act(clashes)} == {booked[1], booked[3], booked[4]}
    for span, number in zip(spans, booked, strict=True):
        with night.database.transaction(HUB) as db:
            rules = [
                one.rule
                for one in check(
                    db,
                    HUB,
                    night.given(
                        starts_at=span[0],
                        ends_at=span[1],
                        studio_id=night.make.studio().id,
                        channels=[{"platform": "douyin"}],
                        participants=[{"host_id": night.make.host(kind="in_house").id}],
                    ),
                ).soft
            ]
        assert ("outside_hours" in rules) == (number in {booked[1], booked[3], booked[4]})


def test_a_hosts_day_counts_hours_and_not_the_wall(night):
    host = [{"host_id": night.make.host(kind="in_house").id}]
    night.between(night.at("14:00"), night.at("18:00"), participants=host)
    rules = (night.at("23:30"), night.at("03:30", 1))  # 4 hours by the wall
    night.settle(settings='{"rest": {"day_minutes": 480, "longest_stretch_minutes": 600}}')
    if night.change.longer > 0:
        with pytest.raises(NeedsOverride) as asked:
            night.between(*rules, participants=host, override=None)
        (one,) = asked.value.conflicts
        assert (one.rule, one.params["minutes"]) == ("host_day", 540)
    else:
        night.between(*rules, participants=host, override=None)


def test_rest_between_two_days_counts_hours_and_not_the_wall(night):
    host = [{"host_id": night.make.host(kind="in_house").id}]
    night.between(night.at("20:00"), night.at("01:00", 1), participants=host)
    night.settle(settings='{"rest": {"between_days_minutes": 600}}')
    after = (night.at("11:00", 1), night.at("12:00", 1))  # 10 hours later by the wall
    if night.change.longer < 0:
        with pytest.raises(NeedsOverride) as asked:
            night.between(*after, participants=host, override=None)
        (one,) = asked.value.conflicts
        assert (one.rule, one.params["minutes"]) == ("host_night", 540)
    else:
        night.between(*after, participants=host, override=None)


def test_a_hosts_hours_hold_by_the_wall(night):
    host = night.make.host(kind="in_house").id
    weekly = {"weekday": night.eve.isoweekday(), "from": "20:00", "to": "03:30"}
    night.act(availability.set_windows, Owner("host", host), WindowsIn.model_validate({"weekly": [weekly]}))
    people = [{"host_id": host}]
    for starts_at, ends_at in (
        (night.at("19:45"), night.at("21:00")),
        (night.at("03:00", 1), night.at("03:45", 1)),
    ):
        with pytest.raises((Conflicting, NeedsOverride)) as refused:
            night.between(starts_at, ends_at, participants=people, override=None)
        assert "host_unavailable" in {one.rule for one in refused.value.conflicts}
    night.settle(settings=RESTLESS)
    night.between(night.at("20:00"), night.at("03:30", 1), participants=people, override=None)
    shut = night.act(availability.availability_of, [host], [], night.at("12:00"), night.at("12:00", 1))
    assert [(one.starts_at, one.ends_at) for one in shut] == [
        (night.at("12:00"), night.at("20:00")),
        (night.at("03:30", 1), night.at("12:00", 1)),
    ]


def test_a_free_slot_is_as_long_as_the_night_leaves(night):
    studio = night.make.studio(setup_minutes=0, teardown_minutes=0).id
    for starts_at, ends_at in (
        (night.at("06:00"), night.at("20:00")),
        (night.at("20:00"), night.at("01:00", 1)),
        (night.at("04:00", 1), night.at("14:00", 1)),
    ):
        night.between(starts_at, ends_at, studio_id=studio)
    minutes = (3 + night.change.longer) * 60
    within = (night.at("06:00"), night.at("06:00", 1))
    (slot,) = night.act(free_slots, *within, minutes, studio_ids=[studio])
    assert (slot.starts_at, slot.ends_at) == (night.at("01:00", 1), night.at("04:00", 1))
    assert night.act(free_slots, *within, minutes + 5, studio_ids=[studio]) == []


def test_a_brands_day_has_each_of_its_hours_and_minutes_once(night):
    shop = night.make.shop(night.brand, external_id="4001")
    account = night.make.account(external_id="a1")
    midnight, noon, end = night.at("00:00", 1), night.at("12:00", 1), night.at("00:00", 2)
    for span in ((midnight - HOUR, midnight), (midnight, noon), (noon, end), (end, end + HOUR)):
        add_session(night.make, *span, brand=night.brand, account=account)
    at, events = midnight - HOUR, []
    while at < end + HOUR:
        for minute in (0, 30, 59):
            then, number = (at + timedelta(minutes=minute)).isoformat(), len(events)
            events.append(
                {
                    "type": "order.line", "event_id": f"e{number}", "occurred_at": then, "platform": "douyin",
                    "shop_id": shop.external_id, "line_id": f"l{number}", "parent_order_id": f"o{number}",
                    "status": "paid", "ordered_at": then, "paid_at": then, "currency": "CNY", "qty": 1,
                    "paid_fen": 100, "order_fen": 100, "author_id": "a1", "traffic": "live",
                }
            )  # fmt: skip
        at += HOUR
    with clock.travel(timedelta(days=7)):
        assert Intake(night.database, b"k" * 32).take_in(CONNECTOR, Batch(events, [])).rejected == []
        fold_all(night.database)
        with night.database.transaction(HUB) as db:
            found = brand_summary(db, HUB, night.brand.id, night.change.day, night.change.day)
            eve = brand_summary(db, HUB, night.brand.id, night.eve, night.eve)
            whole = brand_summary(db, HUB, night.brand.id, night.eve, night.change.day + timedelta(days=1))
    hours = 24 + night.change.longer
    assert [one.lines for one in found.totals] == [3 * hours]
    assert [(one.key, one.totals[0].lines) for one in found.days] == [(str(night.change.day), 3 * hours)]
    assert [one.at for one in found.minutes] == [
        midnight + hour * HOUR + timedelta(minutes=minute) for hour in range(hours) for minute in (0, 30, 59)
    ]
    assert {one.lines for one in found.minutes} == {1}
    assert [one.at for one in eve.minutes] == [midnight - HOUR + timedelta(minutes=at) for at in (0, 30, 59)]
    # By the hour over three days: each hour once, the one that comes twice twice.
    assert [(one.at, one.lines) for one in whole.minutes] == [
        (midnight + (hour - 1) * HOUR, 3) for hour in range(hours + 2)
    ]


def test_a_campaigns_plan_counts_by_the_hubs_days_and_by_hours_as_they_are(night, make):
    campaign = make.campaign()
    for day, starts, ends in (
        (0, "23:30", "00:00"),
        (1, "00:00", "06:00"),
        (1, "23:30", "00:30"),
        (2, "00:00", "01:00"),
    ):
        ends_on = day + (ends < starts)
        night.between(night.at(starts, day), night.at(ends, ends_on), campaign_id=campaign.id)
    with night.database.transaction(HUB) as db:
        found = planned_by(db, HUB, [campaign.id], "day")
    assert {day: (one.sessions, one.minutes) for day, one in found.items()} == {
        str(night.eve): (1, 30),
        str(night.change.day): (2, 6 * 60 + night.change.longer * 60 + 60),
        str(night.change.day + timedelta(days=1)): (1, 60),
    }


def test_the_reminder_of_the_day_before_comes_24_hours_before(night):
    for clock_time in ("20:00", "04:00"):
        people = [{"host_id": night.signed.id}]
        made = night.between(night.at(clock_time, 1), night.at(clock_time, 1) + HOUR, participants=people)
        night.act(answering.offer, made.id)
        night.act(answering.accept, made.id, actor=night.agent)
        for by, told_then in ((-24 * HOUR - timedelta(seconds=1), 0), (-24 * HOUR, 1)):
            with (
                clock.travel(made.starts_at + by + timedelta(milliseconds=500) - night.now()),
                night.database.transaction(SYSTEM) as db,
            ):
                sweep(db, SYSTEM)
                keys = db.execute(
                    text(
                        "SELECT count(DISTINCT key) FROM notice WHERE kind = 'reminder.day' AND key LIKE :one"
                    ),
                    {"one": f"%:{made.id}:%"},
                ).scalar_one()
            assert keys == told_then


def test_a_week_over_the_change_goes_out_as_a_sheet_and_comes_back_unchanged(night):
    spans = [
        ("20:00", 0, 0, "02:30", 1, 1),
        ("01:30", 1, 0, "01:30", 1, 1) if night.change.longer > 0 else ("00:30", 1, 0, "01:15", 1, 0),
        ("02:15", 1, 1, "03:30", 1, 0) if night.change.longer >= 0 else ("03:00", 1, 0, "04:00", 1, 0),
        ("10:00", 2, 0, "12:00", 2, 0),
    ]
    booked = []
    for first, first_day, first_fold, last, last_day, last_fold in spans:
        starts_at, ends_at = night.at(first, first_day, first_fold), night.at(last, last_day, last_fold)
        if ends_at - starts_at < timedelta(minutes=5):
            ends_at = starts_at + HOUR
        title = f"第 {len(booked)} 场"
        booked.append(night.between(starts_at, ends_at, title=title))
    for form in ("csv", "xlsx"):
        with night.database.transaction(HUB, readonly=True) as db:
            content = export_sessions(
                db,
                HUB,
                night.at("00:00", -2),
                night.at("00:00", 5),
                form=form,
                language="zh_CN",
                words=lambda code: code,
            )
        report = bring(night.database, "sessions", content)
        assert told(report) == []
        assert counts(report) == (0, 0, len(spans), 0)
    for one in booked:
        now = night.act(queries.get_session, one.id)
        assert (now.version, now.starts_at, now.ends_at) == (one.version, one.starts_at, one.ends_at)

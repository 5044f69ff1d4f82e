"""Series: booked whole, changed together or from a date on, singly where a date was changed singly."""

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Invalid, NotFound, Stale, WrongState
from campaign.schedule import answering, changing, closing, queries
from campaign.schedule.errors import Conflicting
from campaign.schedule.schemas import SessionChange
from campaign.schedule.series import altering, making
from campaign.schedule.series import queries as series
from campaign.schedule.series.errors import NoSuchDate, NothingAhead, SeriesNeedsReason, SeriesRefused
from campaign.schedule.series.schemas import (
    EndIn,
    ExtendIn,
    ReAddIn,
    SeriesChange,
    SeriesIn,
    SkipIn,
    template_of,
)
from tests.factory import Factory
from tests.schedule_kit import Stage

SHANGHAI = ZoneInfo("Asia/Shanghai")
WHY = {"reason": "已商量"}


def given(stage, **changes):
    values = {
        "title": "每日专场",
        "studio_id": stage.studio.id,
        "brand_ids": [stage.brand.id],
        "starts": "22:00",
        "ends": "01:00",
        "first_on": (stage.now() + timedelta(days=1)).date(),
        "rule": "FREQ=DAILY;COUNT=4",
        "channels": [{"platform": "douyin", "platform_account_id": stage.account.id}],
        "participants": [{"host_id": stage.signed.id}],
    } | changes
    values["first_on"] = values["first_on"].isoformat()
    return SeriesIn.model_validate(values)


def repeat(stage, **changes):
    return stage.act(making.repeat, given(stage, **changes))


def days(stage, row):
    return stage.act(lambda db, actor: series.days_of(db, actor, series.get_series(db, actor, row.id)))


def change(stage, row, *, from_on=None, **fields):
    fields |= {"from_on": from_on.isoformat()} if from_on else {}
    return stage.act(altering.change, row.id, SeriesChange.model_validate(fields))


def wall(at, zone=SHANGHAI):
    return at.astimezone(zone).strftime("%d %H:%M")


def test_every_date_is_an_ordinary_session_across_midnight(stage):
    row = repeat(stage)
    found = days(stage, row)
    assert [day.state for day in found] == ["draft"] * 4
    first = (stage.now() + timedelta(days=1)).date()
    for number, day in enumerate(found):
        assert day.on_date == first + timedelta(days=number)
        assert day.view.starts_at.astimezone(SHANGHAI).time() == time(22)
        assert day.view.ends_at - day.view.starts_at == timedelta(hours=3)
        assert day.changed == frozenset()
    assert row.rule == "FREQ=DAILY"
    assert (row.first_on, row.until_on, row.version) == (first, first + timedelta(days=3), 1)
    one = stage.act(queries.get_session, found[0].session_id)
    assert one.participants[0].host_id == stage.signed.id


def test_one_date_that_is_taken_books_none_and_each_is_named(stage):
    first = (stage.now() + timedelta(days=1)).date()
    blocked = [first + timedelta(days=1), first + timedelta(days=3)]
    for day in blocked:
        starts_at = datetime.combine(day, time(23), SHANGHAI)
        stage.book(
            starts_at=starts_at,
            channels=[{"platform": "other"}],
            participants=[{"host_id": stage.in_house.id}],
        )
    with pytest.raises(SeriesRefused) as caught:
        repeat(stage)
    assert [one.on_date for one in caught.value.tried] == blocked
    written = caught.value.extra()["dates"][0]
    assert written["code"] == "conflict"
    assert written["conflicts"][0]["resource_type"] == "studio"
    with stage.database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM live_session")).scalar_one() == 2
        assert db.execute(text("SELECT count(*) FROM series")).scalar_one() == 0


def test_a_preview_names_each_date_and_books_nothing(stage):
    first = (stage.now() + timedelta(days=1)).date()
    stage.book(starts_at=datetime.combine(first, time(23), SHANGHAI))
    tried = stage.act(making.preview, given(stage))
    assert [one.error is not None for one in tried] == [True, False, False, False]
    with stage.database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM live_session")).scalar_one() == 1
        assert db.execute(text("SELECT count(*) FROM claim")).scalar_one() == 3


def test_dates_that_meet_each_other_are_seen(stage):
    # Round the clock, and half an hour to set up: each meets its neighbour.
    with pytest.raises(SeriesRefused) as caught:
        repeat(stage, starts="20:00", ends="20:00", rule="FREQ=DAILY;COUNT=3", override=WHY)
    assert len(caught.value.tried) == 1


def test_taken_dates_are_left_out_on_demand_and_booked_later(stage):
    first = (stage.now() + timedelta(days=1)).date()
    other = stage.book(starts_at=datetime.combine(first, time(23), SHANGHAI))
    row = repeat(stage, skip_conflicts=True)
    found = days(stage, row)
    assert [day.state for day in found] == ["skipped", "draft", "draft", "draft"]
    assert found[0].skipped == "conflict"
    with pytest.raises(Conflicting):
        stage.act(making.re_add, row.id, ReAddIn(on_date=first.isoformat()))
    stage.act(closing.cancel, other.id, code="other")
    again = stage.act(making.re_add, row.id, ReAddIn(on_date=first.isoformat()))
    assert again.version == 2
    assert [day.state for day in days(stage, row)] == ["draft"] * 4


def test_a_skipped_date_comes_back_as_the_series_now_is(stage):
    row = repeat(stage)
    second = days(stage, row)[1].on_date
    stage.act(altering.skip, row.id, SkipIn(on_date=second.isoformat(), code="brand_request"))
    assert days(stage, row)[1].skipped == "brand_request"
    change(stage, row, starts="21:30", title="新档")
    stage.act(making.re_add, row.id, ReAddIn(on_date=second.isoformat()))
    day = days(stage, row)[1]
    assert (day.state, day.view.title, wall(day.view.starts_at)[3:]) == ("draft", "新档", "21:30")
    with pytest.raises(WrongState):
        stage.act(making.re_add, row.id, ReAddIn(on_date=second.isoformat()))
    with pytest.raises(NoSuchDate):
        stage.act(making.re_add, row.id, ReAddIn(on_date="2030-01-01"))


def test_all_move_by_less_than_their_length_and_do_not_meet_themselves(stage):
    row = repeat(stage, starts="12:00", ends="11:00", override=WHY)
    after = change(stage, row, starts="12:30", ends="11:15", override=WHY)
    assert {wall(day.view.starts_at)[3:] for day in days(stage, after)} == {"12:30"}
    assert after.id == row.id
    back = change(stage, row, starts="11:45", ends="11:00", override=WHY)
    assert {wall(day.view.starts_at)[3:] for day in days(stage, back)} == {"11:45"}


def test_from_a_date_on_the_rest_is_a_series_of_its_own(stage):
    row = repeat(stage)
    third = days(stage, row)[2].on_date
    later = change(stage, row, from_on=third, studio_id=stage.other_studio.id)
    assert later.id != row.id
    assert later.split_from == row.id
    assert [day.view.studio_id for day in days(stage, row)] == [stage.studio.id] * 2
    assert [day.view.studio_id for day in days(stage, later)] == [stage.other_studio.id] * 2
    row = stage.act(series.get_series, row.id)
    assert (row.until_on, later.first_on) == (third - timedelta(days=1), third)
    with pytest.raises(NoSuchDate):
        change(stage, row, from_on=third, title="x")


def test_what_a_date_was_changed_to_singly_stays_its_own(stage):
    row = repeat(stage)
    second = days(stage, row)[1]
    own = second.view.starts_at + timedelta(hours=1)
    stage.act(changing.change, second.session_id, SessionChange(starts_at=own, title="特别场"))
    assert days(stage, row)[1].changed == {"starts", "title"}
    change(stage, row, starts="21:30", ends="00:30", title="新名", notes="带样衣")
    found = days(stage, row)
    assert [day.view.title for day in found] == ["新名", "特别场", "新名", "新名"]
    assert found[1].view.starts_at == own
    assert found[1].view.ends_at == second.view.ends_at
    assert {day.view.notes for day in found} == {"带样衣"}
    change(stage, row, title="再改", overwrite=True)
    assert {day.view.title for day in days(stage, row)} == {"再改"}


def test_other_people_and_channels_keep_shifts_and_rooms(stage):
    row = repeat(
        stage,
        participants=[
            {"host_id": stage.signed.id},
            {"host_id": stage.in_house.id, "role": "assistant", "from": "23:00", "to": "00:30"},
        ],
    )
    day = days(stage, row)[0]
    helper = next(one for one in day.view.participants if one.host_id == stage.in_house.id)
    assert (wall(helper.starts_at)[3:], wall(helper.ends_at)[3:]) == ("23:00", "00:30")
    assert day.changed == frozenset()
    account = {"platform": "douyin", "platform_account_id": stage.account.id}
    stage.act(
        changing.change,
        day.session_id,
        SessionChange.model_validate({"channels": [account | {"room_ids": ["7001"]}]}),
    )
    assert days(stage, row)[0].changed == frozenset()
    change(
        stage,
        row,
        channels=[account, {"platform": "other"}],
        participants=[{"host_id": stage.independent.id}],
    )
    found = days(stage, row)
    assert {one.host_id for day in found for one in day.view.participants} == {stage.independent.id}
    rooms = {one.platform: one.room_ids for one in found[0].view.channels}
    assert rooms == {"douyin": ("7001",), "other": ()}


def test_a_moved_date_alone_counts_as_moved_and_not_its_people(stage):
    row = repeat(stage, participants=[{"host_id": stage.signed.id, "from": "22:30", "to": "23:30"}])
    day = days(stage, row)[0]
    later = day.view.starts_at + timedelta(hours=2)
    stage.act(changing.move, day.session_id, starts_at=later)
    assert days(stage, row)[0].changed == {"starts", "ends"}


def test_a_change_that_cannot_be_changes_nothing_and_names_the_dates(stage):
    row = repeat(stage)
    third = days(stage, row)[2]
    stage.book(
        starts_at=third.view.starts_at,
        studio_id=stage.other_studio.id,
        channels=[{"platform": "other"}],
        participants=[{"host_id": stage.in_house.id}],
    )
    with pytest.raises(SeriesRefused) as caught:
        change(stage, row, studio_id=stage.other_studio.id)
    assert [one.on_date for one in caught.value.tried] == [third.on_date]
    assert {day.view.studio_id for day in days(stage, row)} == {stage.studio.id}
    assert row.version == 1


def test_soft_rules_want_one_reason_for_all(stage):
    # Longer than a host should be on without a break.
    with pytest.raises(SeriesNeedsReason) as caught:
        repeat(stage, starts="18:00", ends="00:00")
    assert len(caught.value.tried) == 4
    row = repeat(stage, starts="18:00", ends="00:00", override=WHY)
    assert [day.view.warnings[0]["reason"] for day in days(stage, row)] == [WHY["reason"]] * 4
    with pytest.raises(SeriesNeedsReason):
        change(stage, row, starts="17:00")
    change(stage, row, starts="17:00", override=WHY)


def test_past_live_and_cancelled_dates_are_left_alone(stage):
    row = repeat(stage)
    found = days(stage, row)
    stage.act(altering.skip, row.id, SkipIn(on_date=found[0].on_date.isoformat()))
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE live_session SET state = 'live' WHERE id = :id"), {"id": found[1].session_id})
    change(stage, row, title="新名")
    assert [day.view.title for day in days(stage, row)] == ["每日专场", "每日专场", "新名", "新名"]
    ended = stage.act(altering.end, row.id, EndIn(code="brand_request"))
    assert [day.state for day in days(stage, row)] == ["skipped", "live", "skipped", "skipped"]
    assert ended.until_on == found[1].on_date
    with pytest.raises(NothingAhead):
        change(stage, row, title="x")


def test_a_later_end_books_the_dates_between(stage):
    row = repeat(stage, rule="FREQ=WEEKLY;INTERVAL=2;COUNT=2")
    until = row.first_on + timedelta(days=45)
    longer = stage.act(making.extend, row.id, ExtendIn(until_on=until.isoformat()))
    expected = [row.first_on + timedelta(days=14 * number) for number in range(4)]
    assert [day.on_date for day in days(stage, longer)] == expected
    assert longer.until_on == expected[-1]
    for wrong in (row.first_on, longer.until_on + timedelta(days=3), row.first_on + timedelta(days=400)):
        with pytest.raises(Invalid):
            stage.act(making.extend, row.id, ExtendIn(until_on=wrong.isoformat()))


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"rule": "FREQ=DAILY"}, "rule"),
        ({"first_on": date(2026, 1, 1)}, "first_on"),
        ({"ends": "22:01"}, "ends"),
        ({"brand_ids": [5]}, "brand_ids"),
    ],
)
def test_a_fault_stands_at_its_field(stage, fault, field):
    with pytest.raises(Invalid) as caught:
        repeat(stage, **fault)
    assert caught.value.errors[0].field.split(".")[0] == field


def test_stale_versions_and_strangers_are_refused(stage):
    row = repeat(stage)
    with pytest.raises(Stale):
        stage.act(altering.end, row.id, EndIn(), expected_version=7)
    with pytest.raises(NotFound):
        stage.act(series.get_series, row.id, actor=stage.agent)
    assert stage.act(series.place_of, days(stage, row)[0].session_id, actor=stage.agent) is None


def test_a_date_that_somebody_touches_meanwhile_is_stale(stage, monkeypatch):
    row = repeat(stage)
    locking = altering.locked_sessions

    def touched_before(db, session_ids):
        db.execute(
            text("UPDATE live_session SET version = version + 1 WHERE id = :id"), {"id": session_ids[0]}
        )
        return locking(db, session_ids)

    monkeypatch.setattr(altering, "locked_sessions", touched_before)
    with pytest.raises(Stale):
        change(stage, row, title="x")
    assert {day.view.title for day in days(stage, row)} == {"每日专场"}


def test_a_change_of_many_offers_is_one_notice_and_one_fact_for_the_agency(stage):
    row = repeat(stage)
    for day in days(stage, row):
        stage.act(answering.offer, day.session_id)
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM notice_delivery"))
        db.execute(text("DELETE FROM notice"))
        db.execute(text("DELETE FROM outbox_event"))
    change(stage, row, starts="19:00", ends="23:00")
    with stage.database.transaction(SYSTEM) as db:
        facts = db.execute(text("SELECT type, data FROM outbox_event")).all()
        told = db.execute(text("SELECT kind, audience, params FROM notice ORDER BY id")).all()
    assert [fact.type for fact in facts] == ["schedule.released"]
    assert {(one.kind, one.audience) for one in told} <= {
        ("change.schedule_released", who) for who in ("hub", "agency", "brand", "host")
    }
    assert len([one for one in told if one.audience == "agency"]) == 1
    assert {day.state for day in days(stage, row)} == {"offered"}


@pytest.mark.parametrize(
    ("zone", "first_on", "lengths"),
    [
        ("Asia/Shanghai", date(2027, 3, 13), [6.0, 6.0, 6.0]),
        ("Europe/Berlin", date(2027, 3, 20), [6.0, 5.0, 6.0]),
        ("Europe/Berlin", date(2027, 10, 23), [6.0, 7.0, 6.0]),
        ("America/New_York", date(2027, 3, 6), [6.0, 5.0, 6.0]),
        ("America/New_York", date(2027, 10, 30), [6.0, 7.0, 6.0]),
    ],
)
def test_a_weekly_night_keeps_its_wall_times_over_a_clock_change(stage, zone, first_on, lengths):
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE hub SET timezone = :zone"), {"zone": zone})
    row = repeat(
        stage, first_on=first_on, starts="22:00", ends="04:00", rule="FREQ=WEEKLY;COUNT=3", override=WHY
    )
    found = days(stage, row)
    there = ZoneInfo(zone)
    assert [wall(day.view.starts_at, there)[3:] for day in found] == ["22:00"] * 3
    assert [wall(day.view.ends_at, there)[3:] for day in found] == ["04:00"] * 3
    assert [(day.view.ends_at - day.view.starts_at) / timedelta(hours=1) for day in found] == lengths
    change(stage, row, starts="21:30", override=WHY)
    assert [wall(day.view.starts_at, there)[3:] for day in days(stage, row)] == ["21:30"] * 3


@pytest.mark.timeout(120)
def test_two_who_repeat_on_one_studio_neither_overlap_nor_wait_in_a_circle(committed_database):
    stage = Stage(Factory(committed_database))
    other = stage.make.host(kind="in_house")
    asked = [
        given(stage, rule="FREQ=DAILY;COUNT=20"),
        given(stage, rule="FREQ=DAILY;INTERVAL=2;COUNT=10", starts="23:00", ends="02:00",
              participants=[{"host_id": other.id}], channels=[{"platform": "other"}]),
    ]  # fmt: skip
    told = []

    def work(one):
        try:
            told.append(stage.act(making.repeat, one))
        except SeriesRefused as error:
            told.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(isinstance(one, SeriesRefused) for one in told) == [False, True]
    with committed_database.transaction(SYSTEM) as db:
        stands = db.execute(text("SELECT count(*), count(DISTINCT studio_id) FROM live_session")).one()
    assert stands[0] in (20, 10)
    assert (
        template_of(next(one for one in told if not isinstance(one, SeriesRefused)).template).title
        == "每日专场"
    )

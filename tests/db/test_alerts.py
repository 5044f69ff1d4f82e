"""Alerts: one at a time, cooled down, seen to by somebody, ended with their cause."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.notices import queries
from campaign.delivery.notices.schemas import NoticeQuery
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live import alerts, evidence, reminders, running
from campaign.schedule import answering
from tests.factory import HUB


def ring(stage, subject: str = "room:1", **later: float) -> None:
    with clock.travel(timedelta(**later)), stage.database.transaction(SYSTEM) as db:
        alerts.ring(db, SYSTEM, "live_unscheduled", subject)


def standing(stage):
    return stage.act(alerts.open_alerts)


def notices(stage, kind: str):
    with stage.database.transaction(HUB) as db:
        page = queries.page_of_notices(db, HUB, NoticeQuery(group="alert"))
    return [one.notice for one in page.items if one.notice.kind == kind]


def test_the_same_trouble_rings_once_and_is_told_once_while_it_stands(stage):
    for minutes in (0, 0.2, 2, 5):
        ring(stage, minutes=minutes)
    ring(stage, "room:2")
    first = next(one for one in standing(stage) if one.subject == "room:1")
    assert (len(standing(stage)), first.rings) == (2, 3)
    assert len(notices(stage, "alert.live_unscheduled")) == 2


def test_what_somebody_closed_stays_closed_for_a_quarter_of_an_hour(stage):
    ring(stage)
    (alert,) = standing(stage)
    stage.act(alerts.close, alert.id)
    ring(stage, minutes=14)
    assert standing(stage) == []
    ring(stage, minutes=16)
    assert len(standing(stage)) == 1
    assert len(notices(stage, "alert.live_unscheduled")) == 2
    (closed,) = stage.act(alerts.closed_alerts)
    assert closed.closed_name == HUB.name


def test_what_comes_back_soon_stands_again_without_a_word(stage):
    ring(stage)
    with stage.database.transaction(SYSTEM) as db:
        alerts.settle(db, SYSTEM, "live_unscheduled", ())
    assert standing(stage) == []
    ring(stage, minutes=5)
    (alert,) = standing(stage)
    assert alert.rings == 2
    assert len(notices(stage, "alert.live_unscheduled")) == 1


def test_acknowledging_an_alert_says_who_and_when_once(stage):
    ring(stage)
    (alert,) = standing(stage)
    colleague = Actor(kind="user", role="hub", hub_role="scheduler", id=3, name="second")
    stage.act(alerts.acknowledge, alert.id)
    stage.act(alerts.acknowledge, alert.id, actor=colleague)
    (alert,) = standing(stage)
    (notice,) = notices(stage, "alert.live_unscheduled")
    assert alert.acknowledged_name == notice.acknowledged_name == HUB.name
    assert alert.acknowledged_at is not None


def test_acknowledging_its_notice_acknowledges_the_alert(stage):
    ring(stage)
    (notice,) = notices(stage, "alert.live_unscheduled")
    stage.act(alerts.acknowledge_notice, notice.id)
    assert [one.acknowledged_name for one in standing(stage)] == [HUB.name]


def test_alerts_are_the_hubs_alone(stage):
    ring(stage)
    (alert,) = standing(stage)
    assert stage.act(alerts.open_alerts, actor=stage.agent) == []
    with pytest.raises(NotFound):
        stage.act(alerts.acknowledge, alert.id, actor=stage.agent)


def due_in_two_hours(stage):
    """An accepted session that starts in two hours."""
    made = stage.book(starts_at=stage.now() + timedelta(hours=2))
    stage.act(answering.offer, made.id)
    return stage.act(answering.accept, made.id, actor=stage.agent)


def sweep(stage, **later: float) -> None:
    with clock.travel(timedelta(**later)), stage.database.transaction(SYSTEM) as db:
        reminders.sweep(db, SYSTEM)


def ticking_since(stage) -> None:
    """The clock has run for long: nothing that should have come is still on its way."""
    with stage.database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO clock_beat (id, ticked_at, resumed_at) VALUES (1, now(), now() - interval '1 day')"
            )
        )


def off_air(stage) -> list[str]:
    return [one.detail["why"] for one in standing(stage) if one.kind == "off_air"]


def test_a_show_that_does_not_begin_is_off_air_until_it_does(stage):
    made = due_in_two_hours(stage)
    ticking_since(stage)
    sweep(stage, minutes=124)
    assert off_air(stage) == []
    sweep(stage, minutes=126)
    sweep(stage, minutes=128)
    assert off_air(stage) == ["late"]
    with clock.travel(timedelta(minutes=129)):
        stage.act(running.go_live, made.id)
    sweep(stage, minutes=130)
    assert off_air(stage) == []
    assert len(notices(stage, "alert.off_air")) == 1


def test_a_show_without_a_sign_of_life_is_off_air_until_there_is_one(stage):
    made = due_in_two_hours(stage)
    ticking_since(stage)
    with clock.travel(timedelta(minutes=120)):
        stage.act(running.go_live, made.id)
    for minutes, wanted in ((125, []), (134, []), (136, ["silent"])):
        if minutes == 125:
            with clock.travel(timedelta(minutes=minutes)), stage.database.transaction(SYSTEM) as db:
                evidence.sign_of_life(db, made.id, clock.now(db))
        sweep(stage, minutes=minutes)
        assert off_air(stage) == wanted, minutes
    with clock.travel(timedelta(minutes=137)), stage.database.transaction(SYSTEM) as db:
        evidence.sign_of_life(db, made.id, clock.now(db))
    sweep(stage, minutes=138)
    assert off_air(stage) == []


def started(stage, made, *, room: str, author: str, **later: float) -> None:
    with clock.travel(timedelta(**later)), stage.database.transaction(SYSTEM) as db:
        evidence.platform_started(db, "douyin", room, None, author, clock.now(db))


def test_another_hosts_account_on_air_is_a_mismatch_and_the_planned_one_is_none(stage, make):
    stranger = make.host(kind="independent", name="别人")
    theirs = make.account(host_id=stranger.id)
    made = stage.book(
        starts_at=stage.now() + timedelta(hours=2),
        channels=[{"platform": "douyin", "platform_account_id": stage.account.id, "room_ids": ["r-1"]}],
    )
    stage.act(answering.offer, made.id)
    stage.act(answering.accept, made.id, actor=stage.agent)
    started(stage, made, room="r-1", author=stage.account.external_id, minutes=120)
    sweep(stage, minutes=121)
    assert [one.kind for one in standing(stage)] == []
    started(stage, made, room="r-1", author=theirs.external_id, minutes=122)
    sweep(stage, minutes=123)
    sweep(stage, minutes=124)
    (alert,) = standing(stage)
    assert (alert.kind, alert.detail["seen"], alert.session_id) == ("host_mismatch", "别人", made.id)
    with clock.travel(timedelta(minutes=125)):
        stage.act(running.end, made.id)
    sweep(stage, minutes=126)
    assert standing(stage) == []
    assert len(notices(stage, "alert.host_mismatch")) == 1

"""On the floor: what an overrun meets, taps that count once, a stand-in, time off air, the review."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Invalid
from campaign.live import airtime, alerts, correcting, evidence, links, running, standing_in
from campaign.sales.ingest import Source, ingest
from campaign.sales.placing import reattribute
from campaign.sales.submissions import prepared
from campaign.schedule import answering, changing, following, queries
from campaign.schedule.errors import Conflicting
from campaign.schedule.schemas import CorrectionIn
from tests.factory import SECRET_KEY
from tests.sales_kit import fold_all, told_line

MIN = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(stage, moment):
    return clock.travel(moment - stage.now())


@pytest.fixture
def on_air(stage):
    """A show on air, and one that follows in the same studio right after the turnaround."""
    starts_at = stage.now().replace(second=0, microsecond=0) + 2 * HOUR
    first = stage.book(participants=[{"host_id": stage.in_house.id}], starts_at=starts_at)
    stage.act(answering.confirm, first.id)
    other = stage.make.host(kind="in_house", name="小满")
    second = stage.book(
        participants=[{"host_id": other.id}],
        starts_at=first.ends_at + 45 * MIN,
        channels=[{"platform": "other"}],
    )
    stage.act(answering.confirm, second.id)
    with at(stage, starts_at):
        stage.act(running.arrive, first.id)
        return stage.act(running.go_live, first.id), second


def test_an_overrun_names_what_it_meets_and_one_press_makes_room(stage, on_air):
    show, follower = on_air
    with at(stage, show.ends_at + 12 * MIN):
        effect = stage.act(following.effect_of, show.id)
        assert effect.over_minutes == 12
        (hit,) = effect.hits
        assert (hit.session.id, hit.because, hit.shift_minutes) == (follower.id, ("studio",), 15)
        assert hit.studios == (stage.other_studio.id,)
        moved = stage.act(following.push, show.id, follower.id)
        assert (moved.starts_at, moved.state) == (follower.starts_at + 15 * MIN, "accepted")
        assert stage.act(following.effect_of, show.id).hits == ()


def test_the_follower_goes_to_a_free_studio_at_its_own_time(stage, on_air):
    show, follower = on_air
    with at(stage, show.ends_at + 12 * MIN):
        moved = stage.act(following.make_room, show.id, follower.id)
        assert (moved.studio_id, moved.starts_at) == (stage.other_studio.id, follower.starts_at)
        with pytest.raises(Invalid):
            stage.act(following.push, show.id, follower.id)


def test_on_time_nothing_is_met(stage, on_air):
    show, _ = on_air
    with at(stage, show.ends_at - 12 * MIN):
        assert stage.act(following.effect_of, show.id).hits == ()
        assert [h.shift_minutes for h in stage.act(following.effect_of, show.id, over_minutes=20).hits] == [
            20
        ]


def test_longer_keeps_who_is_here_and_undo_takes_it_back(stage, on_air):
    show, follower = on_air
    stage.act(changing.move, follower.id, studio_id=stage.other_studio.id)
    token = links.door_token(SECRET_KEY, stage.studio)

    def tap(verb, once, **more):
        with stage.database.transaction(SYSTEM) as db:
            return links.door_verb(db, SECRET_KEY, token, show.id, verb, links.Tap(once=once, **more))

    with at(stage, show.starts_at + HOUR):
        longer = tap("extend", "a" * 20)
        assert longer.ends_at == show.ends_at + 15 * MIN
        assert longer.participants[0].arrived_at is not None
        assert longer.participants[0].acceptance == "accepted"
        # The same press sent again by bad Wi-Fi; another press counts.
        assert tap("extend", "a" * 20).ends_at == show.ends_at + 15 * MIN
        assert tap("extend", "b" * 20).ends_at == show.ends_at + 30 * MIN
        assert tap("undo", "c" * 20).ends_at == show.ends_at + 15 * MIN
        assert tap("undo", "c" * 20).ends_at == show.ends_at + 15 * MIN


def test_a_refused_press_may_be_tried_again(stage, on_air):
    show, _ = on_air
    token = links.door_token(SECRET_KEY, stage.studio)
    with at(stage, show.starts_at + HOUR):
        for _ in range(2):
            with pytest.raises(Conflicting), stage.database.transaction(SYSTEM) as db:
                links.door_verb(db, SECRET_KEY, token, show.id, "extend", links.Tap(once="a" * 20))


def test_another_host_stands_in_from_now_on_and_the_first_keeps_its_time(stage, on_air):
    show, _ = on_air
    stand_in = stage.make.host(kind="in_house", name="小满二")
    busy = stage.make.host(kind="in_house", name="忙")
    stage.book(
        studio_id=stage.other_studio.id, starts_at=show.starts_at, channels=[{"platform": "other"}],
        participants=[{"host_id": busy.id}],
    )  # fmt: skip
    now = show.starts_at + HOUR
    with at(stage, now):
        who = show.participants[0]
        with stage.database.transaction(SYSTEM) as db:
            able = {host.id for host in standing_in.substitutes_of(db, SYSTEM, show.id)[who.id]}
        assert stand_in.id in able
        assert not able & {busy.id, stage.signed.id, who.host_id}
        done = stage.act(
            standing_in.stand_in, show.id, participant_id=who.id, host_id=stand_in.id, actor=SYSTEM
        )
    shifts = [(p.name, p.starts_at, p.ends_at, p.acceptance) for p in done.participants]
    parted = shifts[0][2]
    assert abs(parted - now) < MIN
    assert shifts == [
        ("小棠", show.starts_at, parted, "accepted"),
        ("小满二", parted, show.ends_at, "accepted"),
    ]


def test_a_stand_in_parts_the_sales_at_that_moment(stage, on_air):
    show, _ = on_air
    came = stage.make.host(kind="in_house", name="小满二")

    def sell(*moments):
        given = [
            told_line(n, line_id=f"{moment:%H:%M:%S.%f}", event_id=f"{moment}", ordered_at=moment.isoformat(),
                      paid_at=moment.isoformat(), author_id=stage.account.external_id, traffic="live")
            for n, moment in enumerate(moments)
        ]  # fmt: skip
        with stage.database.transaction(SYSTEM) as db:
            taken, refused = prepared(given, salt=b"s")
            assert ingest(db, SYSTEM, taken, Source("push", 5), refused).rejected == []
        fold_all(stage.database)

    second = timedelta(seconds=1)
    with at(stage, show.starts_at + HOUR):
        # Told before anybody stood in, by a clock that is ahead: it is the second host's from then on.
        ahead = stage.now() + MIN
        sell(show.starts_at, ahead)
        who = show.participants[0]
        done = stage.act(standing_in.stand_in, show.id, participant_id=who.id, host_id=came.id, actor=SYSTEM)
        parted = done.participants[0].ends_at
        with stage.database.transaction(SYSTEM) as db:
            assert reattribute(db, SYSTEM, show.id) == 1
        sell(parted - second, parted)
        with stage.database.transaction(SYSTEM) as db:
            rows = db.execute(text("SELECT ordered_at, host_id FROM order_line ORDER BY 1")).all()
            sold = totals_by(db, SYSTEM, Scope(session_id=show.id), "host")
    assert [tuple(row) for row in rows] == [
        (show.starts_at, who.host_id),
        (parted - second, who.host_id),
        (parted, came.id),
        (ahead, came.id),
    ]
    assert {key: one[0].lines for key, one in sold.items()} == {str(who.host_id): 2, str(came.id): 2}


def test_signs_on_a_drafted_session_ring_whoever_brings_them(stage):
    made = stage.book(starts_at=stage.now() - 10 * MIN, override={"reason": "今晚"})
    with stage.database.transaction(SYSTEM) as db:
        found = evidence.sale_seen(
            db, "douyin", room_id=None, author_id=stage.account.external_id, shop_id=None, at=clock.now(db)
        )
    assert found == made.id
    assert [(one.kind, one.session_id) for one in stage.act(alerts.open_alerts)] == [
        ("live_unscheduled", made.id)
    ]


def test_time_off_air_is_the_gap_between_rooms(stage, on_air):
    show, _ = on_air
    external = stage.account.external_id

    def room(tell, name, moment):
        with at(stage, moment), stage.database.transaction(SYSTEM) as db:
            tell(db, "douyin", name, external, None, moment)

    room(evidence.platform_started, "r1", show.starts_at + MIN)
    room(evidence.platform_ended, "r1", show.starts_at + 60 * MIN)
    room(evidence.platform_started, "r2", show.starts_at + 67 * MIN)
    view = stage.act(queries.get_session, show.id)
    assert (view.state, view.off_air_seconds) == ("live", 420)
    actuals = airtime.actuals_of(view, show.starts_at + 127 * MIN)
    assert (actuals.start_late, actuals.aired, actuals.off_air) == (1, 119, 7)


def test_a_gap_whose_beginning_is_told_last_and_one_outside_corrected_times_count_rightly(stage, on_air):
    """r1 20:00-21:00, r2 from 21:07 on: seven minutes, though the end of r1 is told after r2 opened. Said to have begun
    at 21:05, the show was off air for two of them.
    """
    show, _ = on_air
    begins, external = show.starts_at, stage.account.external_id
    with at(stage, begins + 70 * MIN):
        for tell, name, moment in (
            (evidence.platform_started, "r1", 0 * MIN),
            (evidence.platform_started, "r2", 67 * MIN),
            (evidence.platform_ended, "r1", 60 * MIN),
        ):
            with stage.database.transaction(SYSTEM) as db:
                tell(db, "douyin", name, external, None, begins + moment)
        view = stage.act(queries.get_session, show.id)
        assert (view.state, view.off_air_seconds) == ("live", 420)
        told = CorrectionIn(actual_starts_at=begins + 65 * MIN, reason="late")
        assert stage.act(correcting.correct, show.id, told).off_air_seconds == 120
        told = CorrectionIn(state="ready", reason="tapped by mistake")
        assert stage.act(correcting.correct, show.id, told).off_air_seconds == 0


def test_a_review_has_its_parts(stage, on_air):
    show, _ = on_air
    with at(stage, show.starts_at + HOUR):
        stage.act(running.end, show.id)
    with pytest.raises(Invalid):
        stage.act(correcting.review, show.id, to_improve=" ")
    done = stage.act(correcting.review, show.id, went_well="开场快", to_improve="话术短些")
    assert (done.state, done.review_well, done.review_improve) == ("reviewed", "开场快", "话术短些")

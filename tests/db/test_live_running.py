"""On air and off: taps, the clock's edges, late evidence, corrections, the phone."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock, heartbeat
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound, WrongState
from campaign.live import alerts, correcting, evidence, links, running
from campaign.live.clock import tick
from campaign.schedule import answering, closing, doors, queries
from campaign.schedule.errors import TooEarly, TooLate
from campaign.schedule.schemas import CorrectionIn
from tests.factory import HUB, SECRET_KEY

MIN = timedelta(minutes=1)


@pytest.fixture
def confirmed(stage):
    """An accepted session that starts in two hours, one in-house host."""
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    made = stage.book(participants=[{"host_id": stage.in_house.id}], starts_at=starts_at)
    return stage.act(answering.confirm, made.id)


def at(stage, moment):
    """Travel to an instant."""
    return clock.travel(moment - stage.now())


def ticking(stage, first, last, step=MIN):
    """The clock ticks from one instant to the other without an outage; gives the edges taken."""
    edges = 0
    moment = first
    while moment <= last:
        with at(stage, moment):
            edges += tick(stage.database)
        moment += step / 2
    return edges


def get(stage, session_id):
    return stage.act(queries.get_session, session_id)


def types_of(stage, session_id):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT type FROM outbox_event WHERE session_id = :id ORDER BY seq"), {"id": session_id}
        )
        return [row.type for row in rows]


def test_the_clock_makes_a_session_ready_and_then_a_no_show_that_frees_its_place(stage, confirmed):
    assert ticking(stage, confirmed.starts_at - 32 * MIN, confirmed.starts_at - 29 * MIN) == 1
    assert get(stage, confirmed.id).state == "ready"
    assert ticking(stage, confirmed.starts_at - 29 * MIN, confirmed.starts_at + 14 * MIN) == 0
    assert ticking(stage, confirmed.starts_at + 14 * MIN, confirmed.starts_at + 16 * MIN) == 1
    assert get(stage, confirmed.id).state == "no_show"
    assert types_of(stage, confirmed.id) == ["session.accepted", "session.ready", "session.no_show"]
    with at(stage, confirmed.starts_at + 20 * MIN):
        again = stage.book(
            starts_at=confirmed.starts_at + 60 * MIN, participants=[{"host_id": stage.in_house.id}], hours=1
        )
    assert again.state == "draft"


def test_no_show_is_not_decided_while_catching_up(stage, confirmed):
    ticking(stage, confirmed.starts_at - 31 * MIN, confirmed.starts_at - 29 * MIN)
    with at(stage, confirmed.starts_at + 40 * MIN):
        tick(stage.database)
        assert get(stage, confirmed.id).state == "ready"
    ticking(stage, confirmed.starts_at + 40 * MIN, confirmed.starts_at + 54 * MIN)
    assert get(stage, confirmed.id).state == "ready"
    ticking(stage, confirmed.starts_at + 54 * MIN, confirmed.starts_at + 56 * MIN)
    assert get(stage, confirmed.id).state == "no_show"


def test_an_unanswered_offer_expires_at_its_deadline(stage):
    made = stage.act(answering.offer, stage.book().id)
    with at(stage, made.offer_deadline_at - MIN):
        assert tick(stage.database) == 0
    with at(stage, made.offer_deadline_at + MIN):
        assert tick(stage.database) == 1
    done = get(stage, made.id)
    assert (done.state, done.participants[0].acceptance) == ("draft", "expired")
    assert types_of(stage, made.id)[-1] == "session.offer_expired"


def test_a_hold_lapses(stage):
    made = stage.book(hold_until=stage.now() + 30 * MIN)
    with at(stage, stage.now() + 31 * MIN):
        assert tick(stage.database) == 1
    assert (get(stage, made.id).state, get(stage, made.id).cancel_code) == ("cancelled", "hold_lapsed")


def test_taps_start_and_end_and_the_rest_of_the_place_is_free(stage, confirmed):
    with at(stage, confirmed.starts_at + 2 * MIN):
        live = stage.act(running.go_live, confirmed.id)
        assert (live.state, live.start_evidence) == ("live", "tap")
        with pytest.raises(WrongState):
            stage.act(running.go_live, confirmed.id)
    with at(stage, confirmed.starts_at + 60 * MIN):
        over = stage.act(running.end, confirmed.id)
        assert (over.state, over.end_evidence) == ("ended", "tap")
        following = stage.book(
            starts_at=confirmed.starts_at + 120 * MIN, participants=[{"host_id": stage.in_house.id}], hours=1
        )
    assert following.state == "draft"
    assert types_of(stage, confirmed.id) == ["session.accepted", "session.started", "session.ended"]


def test_a_quiet_show_ends_15_minutes_after_its_planned_end_at_the_planned_end(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    ticking(stage, confirmed.ends_at - MIN, confirmed.ends_at + 14 * MIN)
    assert get(stage, confirmed.id).state == "live"
    ticking(stage, confirmed.ends_at + 14 * MIN, confirmed.ends_at + 16 * MIN)
    done = get(stage, confirmed.id)
    assert (done.state, done.end_evidence, done.actual_ends_at) == ("ended", "inferred", confirmed.ends_at)


def test_signs_of_life_past_the_end_are_overrunning_once(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    last = confirmed.ends_at + 20 * MIN
    for minutes in (5, 10, 20):
        with at(stage, confirmed.ends_at + minutes * MIN), stage.database.transaction(SYSTEM) as db:
            evidence.sign_of_life(db, confirmed.id, confirmed.ends_at + minutes * MIN)
        ticking(stage, confirmed.ends_at + minutes * MIN, confirmed.ends_at + (minutes + 1) * MIN)
    assert types_of(stage, confirmed.id).count("session.overrunning") == 1
    assert get(stage, confirmed.id).state == "live"
    ticking(stage, last + 14 * MIN, last + 16 * MIN)
    assert get(stage, confirmed.id).actual_ends_at == last


def room(stage, session, kind, moment, room_id="7400001"):
    with at(stage, moment), stage.database.transaction(SYSTEM) as db:
        return kind(db, "douyin", room_id, None, stage.account.external_id, moment)


def test_a_room_that_opens_starts_the_session_and_its_end_ends_it(stage, confirmed):
    begun = confirmed.starts_at + 3 * MIN
    assert room(stage, confirmed, evidence.platform_started, begun) == confirmed.id
    room(stage, confirmed, evidence.platform_started, begun)
    live = get(stage, confirmed.id)
    assert (live.state, live.start_evidence, live.actual_starts_at) == ("live", "platform", begun)
    assert live.channels[0].room_ids == ("7400001",)
    over = confirmed.starts_at + 90 * MIN
    room(stage, confirmed, evidence.platform_ended, over)
    done = get(stage, confirmed.id)
    assert (done.state, done.end_evidence, done.actual_ends_at) == ("ended", "platform", over)
    assert types_of(stage, confirmed.id).count("session.started") == 1


def test_a_stream_that_drops_and_comes_back_is_one_session_with_two_rooms(stage, confirmed):
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at)
    room(stage, confirmed, evidence.platform_ended, confirmed.starts_at + 30 * MIN)
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at + 33 * MIN, "7400002")
    back = get(stage, confirmed.id)
    assert (back.state, back.channels[0].room_ids, back.actual_ends_at) == (
        "live",
        ("7400001", "7400002"),
        None,
    )
    room(stage, confirmed, evidence.platform_ended, confirmed.ends_at, "7400002")
    assert get(stage, confirmed.id).state == "ended"


def test_the_platform_corrects_the_time_of_a_tap(stage, confirmed):
    with at(stage, confirmed.starts_at + 5 * MIN):
        stage.act(running.go_live, confirmed.id)
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at + 2 * MIN)
    live = get(stage, confirmed.id)
    assert (live.start_evidence, live.actual_starts_at) == ("platform", confirmed.starts_at + 2 * MIN)


def test_a_sale_on_the_account_starts_a_session_nobody_tapped(stage, confirmed):
    moment = confirmed.starts_at + 4 * MIN
    with at(stage, moment), stage.database.transaction(SYSTEM) as db:
        found = evidence.sale_seen(
            db, "douyin", room_id=None, author_id=stage.account.external_id, shop_id=None, at=moment
        )
    assert found == confirmed.id
    assert (get(stage, confirmed.id).state, get(stage, confirmed.id).start_evidence) == ("live", "inferred")


def given_up(stage, confirmed):
    ticking(stage, confirmed.starts_at - MIN, confirmed.starts_at + 16 * MIN)
    assert get(stage, confirmed.id).state == "no_show"


def test_a_no_show_that_starts_late_takes_its_place_back_where_it_is_free(stage, confirmed):
    given_up(stage, confirmed)
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at + 20 * MIN)
    assert get(stage, confirmed.id).state == "live"
    assert stage.act(alerts.open_alerts) == []
    with stage.database.transaction(SYSTEM) as db:
        assert db.scalar(text("SELECT count(*) FROM claim WHERE session_id = :id"), {"id": confirmed.id}) == 3


def test_a_late_start_undoes_no_other_booking_and_rings(stage, confirmed):
    given_up(stage, confirmed)
    with at(stage, confirmed.starts_at + 17 * MIN):
        other = stage.book(
            starts_at=confirmed.starts_at + 60 * MIN,
            participants=[{"host_id": stage.signed.id}],
            channels=[{"platform": "other"}],
        )
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at + 20 * MIN)
    assert get(stage, confirmed.id).state == "live"
    assert [alert.kind for alert in stage.act(alerts.open_alerts)] == ["without_claims"]
    assert get(stage, other.id).state == "draft"


def test_imported_sales_make_a_no_show_ended_at_the_planned_times(stage, confirmed):
    given_up(stage, confirmed)
    with at(stage, confirmed.ends_at + timedelta(days=1)), stage.database.transaction(SYSTEM) as db:
        evidence.sign_of_life(db, confirmed.id, confirmed.starts_at + 30 * MIN)
    done = get(stage, confirmed.id)
    assert (done.state, done.start_evidence, done.end_evidence) == ("ended", "inferred", "inferred")
    assert (done.actual_starts_at, done.actual_ends_at) == (confirmed.starts_at, confirmed.ends_at)


def test_on_air_while_not_scheduled_rings_once_and_changes_nothing(stage):
    starts_at = stage.now() + timedelta(hours=1)
    made = stage.book(starts_at=starts_at)
    room(stage, made, evidence.platform_started, starts_at + MIN)
    room(stage, made, evidence.platform_started, starts_at + 2 * MIN)
    with at(stage, starts_at), stage.database.transaction(SYSTEM) as db:
        evidence.platform_started(db, "kuaishou", "9", None, "nobody", starts_at)
    found = stage.act(alerts.open_alerts)
    assert sorted((alert.kind, alert.session_id) for alert in found if alert.session_id) == [
        ("live_unscheduled", made.id)
    ]
    assert len(found) == 2
    assert get(stage, made.id).state == "draft"
    with at(stage, starts_at + timedelta(hours=4)):
        done = stage.act(correcting.correct, made.id, CorrectionIn(reason="临时开播"))
    assert (done.state, done.start_evidence) == ("ended", "corrected")
    assert [alert.session_id for alert in stage.act(alerts.open_alerts)] == [None]


def test_a_correction_sets_times_right_and_is_told(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    with at(stage, confirmed.ends_at):
        stage.act(running.end, confirmed.id)
        earlier = confirmed.starts_at - 5 * MIN
        done = stage.act(
            correcting.correct, confirmed.id, CorrectionIn(reason="开播晚点", actual_starts_at=earlier)
        )
    assert (done.state, done.actual_starts_at, done.start_evidence) == ("ended", earlier, "corrected")
    assert types_of(stage, confirmed.id)[-1] == "session.corrected"


def test_a_wrong_tap_is_undone_within_ten_minutes(stage, confirmed):
    with at(stage, confirmed.starts_at - 20 * MIN):
        stage.act(running.go_live, confirmed.id)
        assert stage.act(correcting.undo, confirmed.id).state == "ready"
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    with at(stage, confirmed.starts_at + 30 * MIN):
        stage.act(running.end, confirmed.id)
        back = stage.act(correcting.undo, confirmed.id)
        assert (back.state, back.actual_ends_at) == ("live", None)
    with at(stage, confirmed.starts_at + 50 * MIN), pytest.raises(TooLate):
        stage.act(correcting.undo, confirmed.id)


def test_a_review_closes_an_ended_session(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
        stage.act(running.end, confirmed.id)
    assert stage.act(correcting.review, confirmed.id, text="话术要更短").state == "reviewed"


def test_the_door_starts_and_ends_its_own_studio_and_a_second_press_is_harmless(stage, confirmed):
    token = links.door_token(SECRET_KEY, stage.studio)

    def press(verb, token=token):
        with stage.database.transaction(SYSTEM) as db:
            return links.door_verb(db, SECRET_KEY, token, confirmed.id, verb)

    with at(stage, confirmed.starts_at):
        door = stage.act(doors.door_of, stage.studio.id)
        assert door.now is not None
        assert door.now.id == confirmed.id
        assert press("arrive").participants[0].arrived_at is not None
        assert press("start").version == press("start").version
        assert press("extend").ends_at == confirmed.ends_at + 15 * MIN
        assert press("end").version == press("end").version
        with pytest.raises(NotFound):
            press("start", links.door_token(SECRET_KEY, stage.other_studio))


def test_a_card_acts_for_its_host_alone_and_not_hours_ahead(stage, confirmed):
    token = links.card_token(SECRET_KEY, stage.in_house)
    early = at(stage, confirmed.starts_at - 121 * MIN)
    with early, stage.database.transaction(SYSTEM) as db, pytest.raises(TooEarly):
        links.card_verb(db, SECRET_KEY, token, confirmed.id, "start")
    with at(stage, confirmed.starts_at), stage.database.transaction(SYSTEM) as db:
        assert links.card_verb(db, SECRET_KEY, token, confirmed.id, "start").state == "live"
        foreign = links.card_token(SECRET_KEY, stage.signed)
        with pytest.raises(NotFound):
            links.card_verb(db, SECRET_KEY, foreign, confirmed.id, "end")


def test_a_host_that_cannot_come_leaves_the_session_open_and_never_ready(stage, confirmed):
    token = links.card_token(SECRET_KEY, stage.in_house)
    with stage.database.transaction(SYSTEM) as db:
        links.card_verb(db, SECRET_KEY, token, confirmed.id, "decline", links.Tap(reason="发烧"))
    assert get(stage, confirmed.id).participants[0].acceptance == "declined"
    assert "person_missing" in [item.code for item in stage.act(queries.needs_attention)]
    ticking(stage, confirmed.starts_at - 31 * MIN, confirmed.starts_at - 25 * MIN)
    assert get(stage, confirmed.id).state == "accepted"


def test_a_host_key_starts_and_ends_under_row_level_security(stage, confirmed):
    host = Actor(kind="key", role="host", id=5, name="小棠", host_id=stage.in_house.id)
    with at(stage, confirmed.starts_at + MIN):
        assert stage.act(running.arrive, confirmed.id, actor=host).state == "accepted"
        assert stage.act(running.go_live, confirmed.id, actor=host).state == "live"
    with at(stage, confirmed.starts_at + 60 * MIN):
        assert stage.act(running.end, confirmed.id, actor=host).state == "ended"


def test_a_failing_session_is_pushed_forward_and_parked_at_the_fifth_failure(stage, confirmed):
    other = stage.book(
        starts_at=confirmed.starts_at,
        studio_id=stage.other_studio.id,
        participants=[{"host_id": stage.independent.id}],
        channels=[{"platform": "other"}],
    )
    with stage.database.transaction(SYSTEM) as db:
        # A row that breaks the edge: its history for the next version is there already.
        db.execute(
            text(
                "INSERT INTO session_history (session_id, version, at, verb, to_state, actor_kind, actor_name)"
                " SELECT id, version + 1, now(), 'x', state, 'system', '' FROM live_session WHERE id = :id"
            ),
            {"id": confirmed.id},
        )
        db.execute(
            text("UPDATE live_session SET hold_until = now(), due_at = now() WHERE id = :id"),
            {"id": other.id},
        )
    moment = confirmed.starts_at - 29 * MIN
    for turn in range(8):
        with at(stage, moment + turn * 2 * MIN):
            tick(stage.database)
    assert get(stage, other.id).state == "cancelled"
    assert get(stage, confirmed.id).state == "accepted"
    assert [alert.kind for alert in stage.act(alerts.open_alerts)] == ["clock_stuck"]


def test_the_clock_tells_its_age(stage):
    tick(stage.database)
    with stage.database.transaction(SYSTEM) as db:
        assert 0 <= heartbeat.ages(db)["clock"] < 60


def test_cancelling_what_is_live_is_refused(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    with pytest.raises(WrongState):
        stage.act(closing.cancel, confirmed.id, code="other", actor=HUB)


def test_a_room_that_reopens_late_does_not_move_a_tapped_start(stage, confirmed):
    with at(stage, confirmed.starts_at):
        stage.act(running.go_live, confirmed.id)
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at + 60 * MIN, "7400009")
    live = get(stage, confirmed.id)
    assert (live.start_evidence, live.actual_starts_at) == ("tap", confirmed.starts_at)
    assert live.channels[0].room_ids == ("7400009",)


def test_the_rooms_word_beats_a_tapped_end(stage, confirmed):
    room(stage, confirmed, evidence.platform_started, confirmed.starts_at)
    with at(stage, confirmed.starts_at + 60 * MIN):
        stage.act(running.end, confirmed.id)
    room(stage, confirmed, evidence.platform_ended, confirmed.starts_at + 58 * MIN)
    done = get(stage, confirmed.id)
    assert (done.end_evidence, done.actual_ends_at) == ("platform", confirmed.starts_at + 58 * MIN)

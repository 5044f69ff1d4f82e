"""Retries, the breaker, and the bytes of a body."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.delivery import backoff, breaker
from campaign.delivery.backoff import after_try
from campaign.delivery.bodies import LARGEST, body_of
from campaign.delivery.breaker import Health, after_answer
from campaign.delivery.states import outcome_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDDLE = 0.5


def waits(status: int | None, retry_after: int | None = None) -> list[float]:
    """The waits between tries, in seconds, until the end of a receiver that always answers so."""
    found, step = [], 0
    while True:
        next_try = after_try(step, status, retry_after, NOW, MIDDLE)
        if next_try.state != "pending":
            assert next_try.state == "exhausted"
            return found
        found.append((next_try.due_at - NOW).total_seconds())
        step = next_try.step


def test_a_failing_receiver_is_tried_eleven_times_over_three_days():
    assert waits(500) == [5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(waits(500)) == timedelta(hours=75, minutes=36, seconds=5).total_seconds()
    assert waits(None) == waits(301) == waits(500)


def test_another_4xx_is_tried_five_times():
    assert waits(400) == waits(404) == [5, 60, 300, 1800]


def test_retry_after_counts_where_it_is_later_than_the_step():
    assert waits(429, 600)[:4] == [600, 600, 600, 1800]
    assert waits(503, 7 * 86400)[0] == 86400
    assert waits(500, 600)[0] == 5


@pytest.mark.parametrize(("status", "state"), [(200, "delivered"), (204, "delivered"), (410, "held")])
def test_what_ends_a_delivery_at_once(status, state):
    assert after_try(0, status, None, NOW, MIDDLE).state == state


@given(step=st.integers(0, 9), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_a_fifth(step, chance):
    wait = after_try(step, 500, None, NOW, chance).due_at - NOW
    assert backoff.STEPS[step + 1] * 0.799 <= wait <= backoff.STEPS[step + 1] * 1.201


def failed(health: Health, at: datetime, *, probe: bool = False, status: int | None = 500) -> Health:
    return after_answer(health, status, None, at, probe=probe)


def test_five_failures_in_a_row_open_the_breaker_and_each_failed_probe_doubles_the_pause():
    health = Health()
    for _ in range(4):
        health = failed(health, NOW)
        assert health.paused_until is None
    health = failed(health, NOW)
    assert health.paused_until == NOW + timedelta(seconds=30)
    pauses = []
    for _ in range(7):
        health = failed(health, NOW, probe=True)
        pauses.append((health.paused_until - NOW).total_seconds())
    assert pauses == [60, 120, 240, 480, 900, 900, 900]


def test_stragglers_of_an_open_breaker_do_not_lengthen_the_pause():
    health = Health()
    for _ in range(8):
        health = failed(health, NOW)
    assert health.paused_until == NOW + timedelta(seconds=30)
    assert health.level == 0


def test_one_success_closes_it():
    health = Health(streak=9, failures=9, level=3, paused_until=NOW, failing_since=NOW - timedelta(days=4))
    assert after_answer(health, 200, None, NOW, probe=True) == Health(last_success_at=NOW)


def test_a_busy_receiver_pauses_its_endpoint_as_long_as_it_asks():
    health = after_answer(Health(), 429, 120, NOW, probe=False)
    assert (health.streak, health.paused_until) == (0, NOW + timedelta(seconds=120))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "streak"), [(None, 1), (0, 0), (2, 0)])
def test_a_busy_receiver_that_does_not_say_for_how_long_is_left_alone_until_the_first_retry(
    status, asked, streak
):
    health = after_answer(Health(), status, asked, NOW, probe=False)
    assert (health.streak, health.failures, health.paused_until) == (streak, 1, NOW + timedelta(seconds=5))
    for _ in range(4):
        health = after_answer(health, status, asked, NOW, probe=False)
    # The breaker finds out where nobody says when.
    opened = NOW + timedelta(seconds=30 if asked is None else 5)
    assert (health.streak, health.paused_until) == (streak * 5, opened)


def test_what_it_asked_for_holds_when_another_call_is_answered_well():
    health = after_answer(Health(), 429, 120, NOW, probe=False)
    health = after_answer(health, 200, None, NOW + timedelta(seconds=1), probe=False)
    assert (health.failing_since, health.paused_until) == (None, NOW + timedelta(seconds=120))
    later = NOW + timedelta(seconds=121)
    assert after_answer(health, 200, None, later, probe=False).paused_until is None


def test_one_that_always_says_when_to_come_again_is_switched_off_like_any_other():
    health = Health()
    for hours in (0, 24, 48, 72, 96, 97, 98, 99, 119):
        health = after_answer(health, 503, 3600, NOW + timedelta(hours=hours), probe=False)
    assert (health.streak, health.failures, health.disabled) == (0, 9, None)
    assert after_answer(health, 503, 3600, NOW + timedelta(hours=119), probe=False).disabled is None
    assert after_answer(health, 503, 3600, NOW + timedelta(hours=120), probe=False).disabled == "failing"
    assert after_answer(health, 200, None, NOW + timedelta(hours=120), probe=False).failures == 0


@pytest.mark.parametrize(
    ("streak", "since", "disabled"),
    [
        (9, timedelta(days=5), "failing"),
        (8, timedelta(days=9), None),
        (99, timedelta(days=5, seconds=-1), None),
    ],
)
def test_five_days_and_ten_failures_disable(streak, since, disabled):
    health = Health(streak=streak, failures=streak, failing_since=NOW - since)
    assert failed(health, NOW, probe=True).disabled == disabled


def test_gone_disables_at_once():
    assert failed(Health(), NOW, status=410).disabled == "gone"


@given(st.integers(100, 599))
def test_every_status_means_something(status):
    assert (outcome_of(status) == "ok") == (200 <= status < 300)
    assert breaker.DISABLES_AT > breaker.OPENS_AT


def test_a_body_is_compact_and_an_own_part_hides_the_shared_one_whole():
    shared = {"session": {"a": "皮", "secret": 1}, "n": 1, "seq": 2}
    body = body_of("session.moved", NOW, shared, {"session": {"a": "革"}})
    assert body.decode() == (
        '{"type":"session.moved","timestamp":"2026-11-23T12:00:00Z","version":1,'
        '"data":{"seq":2,"session":{"a":"革"},"n":1}}'
    )


def test_a_body_that_is_too_long_loses_its_line_up_first():
    data = {"seq": 1, "session": {"title": "t", "lineup": ["x" * 100] * 300}}
    body = body_of("session.moved", NOW, data, {})
    assert len(body) <= LARGEST
    assert json.loads(body)["data"] == {"seq": 1, "session": {"title": "t"}, "truncated": True}


def test_a_long_release_loses_the_people_before_its_sessions():
    session = {"id": "ses_1", "answer_by": "2026-11-23T12:00:00Z", "participants": [{"name": "x" * 300}]}
    body = body_of("schedule.released", NOW, {"sessions": [session] * 80}, {})
    assert len(body) <= LARGEST
    left = {"id": "ses_1", "answer_by": "2026-11-23T12:00:00Z"}
    assert json.loads(body)["data"] == {"sessions": [left] * 80, "truncated": True}


def test_a_body_that_never_fits_keeps_who_and_when():
    data = {"session_id": "ses_1", "seq": 1, "session": {"x": "y"}, "other": "z" * 30_000}
    body = body_of("session.moved", NOW, data, {})
    assert json.loads(body)["data"] == {"session_id": "ses_1", "seq": 1, "truncated": True}

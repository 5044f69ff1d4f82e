"""What time makes of a session, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.live import edges
from campaign.live.edges import Edge
from campaign.schedule.due import Times

START = datetime(2026, 11, 11, 12, tzinfo=UTC)
END = START + timedelta(hours=3)
LONG_AGO = START - timedelta(days=9)


def m(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def times(state, **more):
    return Times(state, START, END, **more)


@pytest.mark.parametrize(
    ("session", "now", "edge"),
    [
        (times("draft"), m(0), Edge("wait")),
        (times("draft", hold_until=m(5)), m(4), Edge("wait", m(5))),
        (times("draft", hold_until=m(5)), m(5), Edge("lapse")),
        (times("offered", offer_deadline_at=m(-60)), m(-61), Edge("wait", m(-60))),
        (times("offered", offer_deadline_at=m(-60)), m(-60), Edge("expire")),
        (times("accepted"), m(-31), Edge("wait", m(-30))),
        (times("accepted"), m(-30), Edge("ready")),
        (times("accepted"), m(15), Edge("no_show")),
        (times("ready"), m(14), Edge("wait", m(15))),
        (times("ready"), m(15), Edge("no_show")),
        (times("live"), m(179), Edge("wait", END)),
        (times("live"), m(180), Edge("wait", m(195))),
        (times("live"), m(195), Edge("end")),
        (times("live", last_sign_at=m(170)), m(195), Edge("end")),
        (times("live", last_sign_at=m(185)), m(186), Edge("overrun")),
        (times("live", last_sign_at=m(185), overrunning_at=m(186)), m(187), Edge("wait", m(200))),
        (times("live", last_sign_at=m(185), overrunning_at=m(186)), m(200), Edge("end")),
        (times("ended"), m(999), Edge("wait")),
        (times("no_show"), m(999), Edge("wait")),
        (times("cancelled"), m(999), Edge("wait")),
        (times("reviewed"), m(999), Edge("wait")),
    ],
)
def test_one_edge_at_a_time(session, now, edge):
    assert edges.due_edge(session, all_answered=True, resumed=LONG_AGO, now=now) == edge


def test_it_is_not_ready_while_somebody_has_not_agreed_but_looked_at_again():
    edge = edges.due_edge(times("accepted"), all_answered=False, resumed=LONG_AGO, now=m(-30))
    assert edge == Edge("wait", m(-29))


@pytest.mark.parametrize(
    ("resumed", "now", "verb"),
    [
        (m(-5), m(15), "no_show"),  # the outage was over before the start
        (m(10), m(15), "wait"),  # an outage over the start: the grace runs again
        (m(10), m(24), "wait"),
        (m(10), m(25), "no_show"),
        (m(600), m(601), "wait"),
    ],
)
def test_no_show_is_never_decided_while_catching_up(resumed, now, verb):
    for state in ("accepted", "ready"):
        edge = edges.due_edge(times(state), all_answered=True, resumed=resumed, now=now)
        expected = "ready" if verb == "wait" and state == "accepted" else verb
        assert edge.verb == expected


@pytest.mark.parametrize(
    ("ticked", "resumed", "now", "expected"),
    [
        (None, None, m(0), m(0)),
        (m(0), m(-99), m(1), m(-99)),
        (m(0), m(-99), m(1.5), m(1.5)),
    ],
)
def test_a_clock_that_stood_still_for_a_minute_has_resumed_now(ticked, resumed, now, expected):
    assert edges.resumed_at(ticked, resumed, now) == expected

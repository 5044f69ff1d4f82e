"""The pure parts of the schedule, as tables."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.schedule import acceptance, alternatives, due, spans, states
from campaign.schedule.acceptance import Person
from campaign.schedule.alternatives import Room
from campaign.schedule.due import Times
from campaign.schedule.spans import Span

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 11, tzinfo=UTC)


def h(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def span(first: float, last: float) -> Span:
    return Span(h(first), h(last))


# DOMAIN 5, row by row: from, to, allowed.
TABLE = {
    "draft": "offered accepted cancelled",
    "offered": "accepted draft cancelled",
    "accepted": "offered ready live no_show cancelled",
    "ready": "offered live no_show cancelled",
    "live": "ended",
    "ended": "reviewed",
    "reviewed": "",
    "cancelled": "",
    "no_show": "live ended",
}


@pytest.mark.parametrize("before", states.STATES)
@pytest.mark.parametrize("after", states.STATES)
def test_a_state_follows_another_exactly_as_the_table_says(before, after):
    assert states.follows(before, after) == (after in TABLE[before].split())


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        ("offer", "draft"),
        ("confirm", "draft"),
        ("accept", "offered"),
        ("ready", "accepted"),
        ("start", "accepted ready no_show"),
        ("end", "live"),
        ("cancel", "draft offered accepted ready"),
        ("review", "ended reviewed"),
        ("move", "draft offered accepted ready"),
        ("change", "draft offered accepted ready live"),
    ],
)
def test_a_verb_is_allowed_in_exactly_these_states(verb, allowed):
    assert {state for state in states.STATES if states.may(verb, state)} == set(allowed.split())


def test_every_state_knows_its_verbs():
    assert states.verbs_of("live") == {
        "arrive", "end", "correct", "change", "hand_over", "correct_handover",
    }  # fmt: skip
    assert states.verbs_of("reviewed") == {"correct", "review", "correct_handover"}


def test_the_board_day_runs_from_six_to_six():
    first, last = spans.board_day(date(2026, 11, 11), SHANGHAI)
    assert (first, last) == (h(-2), h(22))
    assert spans.board_day_of(h(17.5), SHANGHAI) == date(2026, 11, 11)
    assert spans.board_day_of(h(21.99), SHANGHAI) == date(2026, 11, 11)
    assert spans.board_day_of(h(22), SHANGHAI) == date(2026, 11, 12)


def test_claims_hold_the_turnaround_of_the_studio_alone():
    wanted = spans.claims_of(
        span(12, 15),
        studio_id=1,
        setup_minutes=30,
        teardown_minutes=15,
        hosts=[(2, span(12, 13))],
        account_ids=[9, 3, 9],
    )
    assert [(want.kind, want.thing_id, want.span) for want in wanted] == [
        ("studio", 1, span(11.5, 15.25)),
        ("host", 2, span(12, 13)),
        ("platform_account", 3, span(12, 15)),
        ("platform_account", 9, span(12, 15)),
    ]


@pytest.mark.parametrize(
    ("shift", "after", "moved"),
    [
        (span(12, 15), span(18, 22), span(18, 22)),  # whole stays whole
        (span(12, 13), span(18, 21), span(18, 19)),  # the first part stays the first part
        (span(14, 15), span(18, 20), span(20, 20)),  # would no longer fit
        (span(13, 14), span(12, 13.5), span(13, 13.5)),  # cut at the new end
    ],
)
def test_a_shift_moves_with_its_session(shift, after, moved):
    got = spans.moved_shift(shift, span(12, 15), after)
    assert got == (moved if moved.starts_at < moved.ends_at else after)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=8))
def test_gaps_and_what_is_taken_make_up_the_whole(taken):
    within = span(0, 24)
    parts = [span(start, start + length) for start, length in taken]
    free = spans.gaps(within, parts)
    for minute in range(0, 24 * 60, 30):
        moment = Span(h(minute / 60), h(minute / 60) + timedelta(minutes=1))
        is_free = any(gap.overlaps(moment) for gap in free)
        assert is_free != any(part.overlaps(moment) for part in parts)


def person(kind="signed", agency=1, acceptance="not_asked"):
    return Person(1, 2, kind, agency, acceptance)


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        (person("signed", 1), True),
        (person("independent", None), True),
        (person("in_house", None), False),
        (person("in_house", 1), True),  # lent out: its agency answers
        (person("signed", 1, "accepted"), False),
        (person("signed", 1, "declined"), True),
    ],
)
def test_who_is_asked(who, asked):
    assert bool(acceptance.to_ask([who])) == asked


def test_a_session_is_accepted_when_all_who_must_have_said_yes():
    assert acceptance.all_accepted([person("signed", 1, "accepted"), person("in_house", None)])
    assert not acceptance.all_accepted(
        [person("signed", 1, "accepted"), person("independent", None, "asked")]
    )
    assert not acceptance.nobody_missing([person("in_house", None, "declined")])


@pytest.mark.parametrize(("starts_in", "answer_in"), [(72, 24), (10, 9), (1.1, 0.25), (-5, 0.25)])
def test_an_answer_is_due_in_good_time(starts_in, answer_in):
    assert acceptance.deadline(h(0), h(starts_in)) == h(answer_in)


def test_alternatives_come_near_in_time_and_the_wanted_studio_first():
    setup, teardown = timedelta(minutes=30), timedelta(minutes=15)
    rooms = [
        Room(1, setup, teardown, [span(11.5, 15.25)]),
        Room(2, setup, teardown, [span(8, 20)]),
        Room(3, setup, teardown, []),
    ]
    found = alternatives.near(span(12, 15), 1, rooms, [], not_before=h(0))
    assert found[0] == alternatives.Slot(3, h(12), h(15))
    assert len(found) == 5
    busy = alternatives.near(span(12, 15), 1, rooms, [(span(12, 15), [span(10, 14)])], not_before=h(0))
    assert busy[0] == alternatives.Slot(3, h(14), h(17))
    assert all(slot.starts_at >= h(14) or slot.ends_at <= h(10) for slot in busy)


@pytest.mark.parametrize(
    ("times", "look"),
    [
        (Times("draft", h(20), h(22), hold_until=h(1)), h(1)),
        (Times("draft", h(20), h(22)), None),
        (Times("offered", h(20), h(22), offer_deadline_at=h(2)), h(2)),
        (Times("accepted", h(20), h(22)), h(19.5)),
        (Times("ready", h(20), h(22)), h(20.25)),
        (Times("live", h(20), h(22)), h(22)),
        (Times("live", h(20), h(22), last_sign_at=h(22.5), overrunning_at=h(22.1)), h(22.75)),
        (Times("ended", h(20), h(22)), None),
        (Times("cancelled", h(20), h(22)), None),
    ],
)
def test_the_clock_knows_when_to_look(times, look):
    assert due.next_look(times) == look

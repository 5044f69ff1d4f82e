"""Free places, best first: prime time, fit, rest, and no odd ends."""

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.schedule.alternatives import Room, Slot
from campaign.schedule.ranking import Fit, Prime, Scene, best, closed, nearest, weigh
from campaign.schedule.spans import Span

ZONE = ZoneInfo("Asia/Shanghai")
DAY = Span(datetime(2026, 11, 23, 4, tzinfo=UTC), datetime(2026, 11, 23, 18, tzinfo=UTC))  # 12:00 to 02:00
PRIME = Prime().spans(DAY, ZONE)
HOUR = timedelta(hours=1)


def at(hour, minute=0):
    """An instant by the hub's clock; 25 is one o'clock of the next day."""
    return (datetime(2026, 11, 23, tzinfo=ZONE) + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


def room(*taken, studio_id=1, setup=30, teardown=15):
    spans = [Span(at(*first), at(*last)) for first, last in taken]
    return Room(studio_id, timedelta(minutes=setup), timedelta(minutes=teardown), spans)


def codes(one):
    return [reason.code for reason in one.reasons]


def test_prime_time_comes_first():
    found = best(DAY, 2 * HOUR, [room()], Scene(PRIME), most=3)
    assert (found[0].starts_at, found[0].ends_at) == (at(19), at(21))
    assert found[1].starts_at == at(21)
    assert codes(found[0]) == ["slot_prime"]
    assert found[0].score == found[1].score > found[2].score
    assert codes(found[2]) == ["slot_off_prime"]


def test_places_of_one_gap_do_not_overlap():
    found = best(DAY, 3 * HOUR, [room()], Scene(PRIME), most=50)
    spans = sorted(Span(one.starts_at, one.ends_at) for one in found)
    assert len(spans) == 4
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(spans))


def test_a_place_beside_what_stands_beats_one_that_leaves_an_odd_end():
    # Taken until 16:00: with 30 minutes of set-up 16:30 adjoins; 17:00 and 17:30 leave an end nobody can use.
    rooms = [room(((8, 0), (16, 0)))]
    slots = [Slot(1, at(*start), at(*start) + HOUR) for start in ((16, 30), (17, 0), (17, 30), (18, 30))]
    tight, odd, odder, loose = weigh(slots, rooms, DAY, Scene(()))
    assert tight.score > loose.score > odd.score == odder.score
    assert "slot_adjoins" in codes(tight)
    assert "slot_odd_end" in codes(odd)
    assert codes(loose) == ["slot_off_prime"]


def test_setup_and_teardown_keep_their_distance():
    rooms = [room(((12, 0), (15, 0)), ((18, 0), (23, 0)))]
    found = best(Span(at(12), at(20)), 2 * HOUR, rooms, Scene(()), most=5)
    assert [one.starts_at for one in found] == [at(15, 30)]
    assert best(Span(at(12), at(20)), 2 * HOUR + timedelta(minutes=30), rooms, Scene(()), most=5) == []


def test_a_gap_at_an_odd_time_is_found_where_it_begins():
    rooms = [room(((12, 0), (15, 20)), ((18, 5), (23, 0)))]
    (only,) = best(Span(at(12), at(20)), 2 * HOUR, rooms, Scene(()), most=5)
    assert (only.starts_at, codes(only)) == (at(15, 50), ["slot_off_prime", "slot_adjoins"])
    (exact,) = best(Span(at(12, 7), at(13, 10)), HOUR, [room()], Scene(()), most=5)
    assert exact.starts_at == at(12, 10)


def test_what_is_shut_or_busy_is_no_place():
    scene = Scene(PRIME, busy=[Span(at(18), at(20))])
    found = best(Span(at(18), at(23)), HOUR, [room()], scene, [Span(at(21), at(22))], most=9)
    assert sorted(one.starts_at for one in found) == [at(20), at(22)]
    by_start = {one.starts_at: one for one in found}
    assert "slot_short_rest" in codes(by_start[at(20)])
    assert by_start[at(20)].score + 10 == by_start[at(22)].score


@pytest.mark.parametrize(
    ("fit", "points", "code"),
    [
        (Fit(brand=3), 18, "slot_host_sold_brand"),
        (Fit(brand=300), 25, "slot_host_sold_brand"),
        (Fit(category=2), 4, "slot_host_sold_category"),
        (Fit(), 0, "slot_host_new_to_brand"),
    ],
)
def test_a_host_who_knows_the_brand_counts(fit, points, code):
    (plain,) = best(DAY, HOUR, [room()], Scene(PRIME), most=1)
    (known,) = best(DAY, HOUR, [room()], Scene(PRIME, fit=fit), most=1)
    assert known.score == plain.score + points
    assert code in codes(known)


def test_alternatives_weigh_points_against_the_time_away():
    slots = [Slot(1, at(18), at(20)), Slot(1, at(19), at(21)), Slot(1, at(22), at(24))]
    weighed = weigh(slots, [room()], DAY, Scene(PRIME))
    # 18:00 is half in prime time; an hour later is wholly, worth more than the twenty points it is away.
    assert [one.starts_at for one in nearest(weighed, at(18))] == [at(19), at(18), at(22)]
    assert [one.starts_at for one in nearest(weighed, at(22))] == [at(22), at(19), at(18)]


def test_prime_hours_are_the_hubs_own_and_may_cross_midnight():
    assert Prime.of({"prime": {"from": "21:00", "to": "01:00"}}) == Prime(time(21), time(1))
    assert Prime.of({"prime": {"from": "x"}}) == Prime.of({}) == Prime(time(19), time(23))
    late = Prime(time(21), time(1)).spans(Span(at(20), at(26)), ZONE)
    assert late == [Span(at(21), at(25))]


def test_outside_its_hours_a_hub_is_shut():
    assert closed(time(6), time(6), DAY, ZONE) == []
    assert Span(at(22), at(32)) in closed(time(8), time(22), DAY, ZONE)

"""Campaigns: the tree, goals through it, plan against target."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from campaign.catalog.tree import Goal, faults_below, grown
from campaign.insight.pacing import Planned, pace, spread


@dataclass
class One:
    id: int
    kind: str = "festival"
    parent_id: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    currency: str = "CNY"
    brand_ids: list[int] = field(default_factory=list)
    agency_ids: list[int] = field(default_factory=list)


def test_goals_left_open_are_summed_from_below_and_set_ones_stand():
    ones = [One(1, "season"), One(2, parent_id=1), One(3, parent_id=1), One(4, "group", parent_id=2)]
    goals = {2: Goal(paid_fen=100, sessions=5), 3: Goal(paid_fen=50), 4: Goal(paid_fen=80, hours=9)}
    (season,) = grown(ones, goals)
    assert season.rolled == Goal(paid_fen=150, sessions=5, hours=9)
    assert season.ids == [1, 2, 4, 3]
    assert [node.depth for node in season.walk()] == [0, 1, 2, 1]


def test_one_whose_parent_is_not_seen_is_a_root():
    assert [node.campaign.id for node in grown([One(2, parent_id=1)], {})] == [2]


@pytest.mark.parametrize(
    ("child", "parent", "fields"),
    [
        (One(2, "festival"), One(1, "season"), []),
        (One(2, "group"), One(1, "fair"), []),
        (One(2, "season"), One(1, "season"), ["parent_id"]),
        (One(2, "fair"), One(1, "festival"), ["parent_id"]),
        (One(2, "festival"), One(1, "group"), ["parent_id"]),
        (One(2, starts_on=date(2026, 11, 1)), One(1, "season", starts_on=date(2026, 11, 2)), ["starts_on"]),
        (One(2, ends_on=date(2026, 11, 12)), One(1, "season", ends_on=date(2026, 11, 11)), ["ends_on"]),
        (One(2, ends_on=date(2026, 11, 11)), One(1, "season", ends_on=date(2026, 11, 11)), []),
        (One(2, currency="USD"), One(1, "season"), ["currency"]),
        (One(2, brand_ids=[7]), One(1, "season", brand_ids=[8]), ["brand_ids"]),
        (One(2, brand_ids=[7]), One(1, "season"), []),
        (One(2, agency_ids=[7]), One(1, "season", agency_ids=[8]), ["agency_ids"]),
    ],
)
def test_what_may_stand_below_what(child, parent, fields):
    assert [fault.field for fault in faults_below(child, parent)] == fields


def test_pace_follows_the_planned_hours_that_are_gone():
    found = pace(1000, 300, Planned(4, 400, 1, 100), None, date(2026, 11, 1))
    assert (found.expected_fen, found.ahead_fen, found.reached) == (250, 50, 3000)
    assert found.needed_per_hour_fen == 140  # 700 in 300 minutes


def test_pace_without_a_plan_follows_the_days():
    days = (date(2026, 11, 1), date(2026, 11, 10))
    assert pace(1000, 0, Planned(), days, date(2026, 11, 4)).expected_fen == 300
    assert pace(1000, 0, Planned(), days, date(2026, 10, 4)).expected_fen == 0
    assert pace(1000, 0, Planned(), days, date(2026, 12, 4)).expected_fen == 1000
    assert pace(1000, 0, Planned(), days, date(2026, 12, 4)).needed_per_hour_fen is None
    assert pace(None, 5, Planned(1, 60), days, date(2026, 11, 4)) is None
    assert pace(1000, 5, Planned(), None, date(2026, 11, 4)) is None


def test_a_target_spread_over_days_sums_to_the_whole():
    day = [date(2026, 11, number) for number in (1, 2, 3)]
    found = spread(100, {day[0]: 60, day[1]: 120, day[2]: 0}, None)
    assert found == {day[0]: 33, day[1]: 67}
    assert spread(100, {}, (day[0], day[2])) == {day[0]: 34, day[1]: 33, day[2]: 33}
    assert spread(100, {}, None) == {}
    assert spread(None, {day[0]: 60}, None) == {}


def test_planned_shares_are_of_the_targets():
    planned = Planned(3, 270)
    assert (planned.share_of_sessions(6), planned.share_of_hours(9)) == (5000, 5000)
    assert (planned.share_of_sessions(None), planned.share_of_hours(0)) == (None, None)

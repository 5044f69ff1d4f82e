"""Each rule of the schedule as a table: what passes, what does not, and the edge between them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.schedule.rules.facts import AgencyBond, BrandBond, Days, Facts, Neighbour, Shift, Taken
from campaign.schedule.rules.judging import FAMILIES, Findings, judge
from campaign.schedule.rules.plan import CrewNeed, Outlet, PersonPlan, Place, Plan
from campaign.schedule.rules.settings import RestRules, RuleSettings
from campaign.schedule.rules.table import RULES
from campaign.schedule.spans import Span
from campaign.schedule.windows import Dated, Weekly, Windows

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 11, tzinfo=UTC)  # a Wednesday, 08:00 in Shanghai


def h(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def span(first: float, last: float) -> Span:
    return Span(h(first), h(last))


FACTS = Facts(
    now=h(-100), zone=SHANGHAI, names={("brand", 1): "甲", ("brand", 2): "乙", ("product", 5): "A-5"}
)


def person(shift: Span, host_id: int = 7, agency_id: int | None = None, kind: str = "in_house") -> PersonPlan:
    return PersonPlan(host_id, "南星", kind, "host", agency_id, shift)


def plan(first: float = 12, last: float = 15, **changes) -> Plan:
    session = span(first, last)
    whole = Plan(0, session, Place(3, "A", 30, 15), [person(session)], [Outlet("douyin", 9)], [1])
    return replace(whole, **changes)


def codes(found: Findings) -> list[str]:
    return [conflict.rule for conflict in found.hard + found.soft]


def test_a_plain_session_finds_nothing():
    assert judge(plan(), FACTS) == Findings()


@pytest.mark.parametrize(
    ("shifts", "others", "broken"),
    [
        ([(12, 16)], [], []),
        ([(12, 16.01)], [], ["host_stretch"]),
        ([(12, 15)], [(15.49, 17)], ["host_stretch"]),
        ([(12, 15)], [(15.5, 17)], []),  # a break of exactly 30 minutes is one
        ([(4, 8)], [(8.5, 12), (13, 13.5)], []),  # exactly 8 h
        ([(4, 8)], [(8.5, 12), (13, 13.6)], ["host_day"]),
        ([(12, 13)], [(3, 4), (21, 21.9)], []),
        ([(22.5, 23.5)], [(18, 20)], ["host_night"]),  # 06:30 in Shanghai: the next board day
        ([(31, 32)], [(18, 20)], []),  # exactly 11 h
        ([(30.9, 32)], [(18, 20)], ["host_night"]),
        ([(33, 34)], [(18, 20)], []),
        ([(12, 13)], [(-40, -30)], []),
    ],
)
def test_rest_is_asked_for(shifts, others, broken):
    people = [person(span(*one)) for one in shifts]
    whole = Span(people[0].shift.starts_at, people[-1].shift.ends_at)
    work = [Shift(100 + at, span(*one)) for at, one in enumerate(others)]
    found = judge(plan(session=whole, people=people), replace(FACTS, shifts={7: work}))
    assert codes(found) == broken


def test_a_sessions_own_shift_is_no_other_work():
    facts = replace(FACTS, shifts={7: [Shift(5, span(12, 15)), Shift(6, span(15, 17))]})
    assert codes(judge(plan(session_id=5), facts)) == ["host_stretch"]
    assert codes(judge(plan(session_id=6, people=[person(span(15, 16))]), facts)) == []


def test_a_hub_sets_its_own_rest_and_nonsense_is_left_at_the_default():
    own = RestRules.of({"rest": {"longest_stretch_minutes": 600, "day_minutes": "viel", "unknown": 1}})
    assert own == RestRules(longest_stretch_minutes=600)
    assert RestRules.of({"rest": "none"}) == RestRules.of({}) == RestRules()
    facts = replace(FACTS, settings=RuleSettings(rest=own))
    assert codes(judge(plan(12, 22), facts)) == ["host_day"]


@pytest.mark.parametrize(
    ("hours", "products", "broken"),
    [
        (3, 100, []),
        (0.5, 1, []),
        (13, 1, []),
        (0.49, 1, ["platform_too_short"]),
        (13.01, 1, ["platform_too_long"]),
        (3, 101, ["platform_products"]),
    ],
)
def test_platform_limits_are_told(hours, products, broken):
    given = plan(1, 1 + hours, people=[], outlets=[Outlet("tiktok_shop"), Outlet("douyin")])
    assert codes(judge(replace(given, product_ids=range(products)), FACTS)) == broken
    assert codes(judge(replace(given, product_ids=range(products), outlets=[Outlet("douyin")]), FACTS)) == []


@pytest.mark.parametrize(
    ("session", "outside"),
    [
        ((1, 4), False),  # 09:00-12:00 in Shanghai: at the opening
        ((0.99, 2), True),
        ((17, 18), False),  # 01:00-02:00, still the evening before, until the closing
        ((17, 18.01), True),
        ((18, 19), True),
    ],
)
def test_opening_hours_may_end_after_midnight(session, outside):
    hours = replace(FACTS, opens=time(9), closes=time(2))
    assert codes(judge(plan(*session, people=[]), hours)) == ["outside_hours"] * outside
    assert codes(judge(plan(*session, people=[]), replace(hours, opens=time(2)))) == []


@pytest.mark.parametrize(
    ("closure", "broken"),
    [
        ((10, 11.5), []),  # ends as the set-up begins
        ((10, 11.6), ["studio_closed"]),
        ((15.25, 17), []),  # begins as the tear-down ends
        ((15.2, 17), ["studio_closed"]),
    ],
)
def test_a_studio_is_closed_to_set_up_and_tear_down_too(closure, broken):
    facts = replace(FACTS, studio_windows={3: Windows(dated=[Dated(span(*closure))])})
    found = judge(plan(), facts)
    assert [one.rule for one in found.hard] == broken
    assert codes(judge(plan(studio=Place(4, "B", 30, 15)), facts)) == []


def test_a_closed_hub_wants_a_reason():
    facts = replace(FACTS, hub_windows=Windows(weekly=[Weekly(3, time(20), time(21), shut=True)]))
    found = judge(plan(), facts)  # 20:00-23:00 on a Wednesday in Shanghai
    assert [one.rule for one in found.soft] == ["hub_closed"]
    assert (found.soft[0].starts_at, found.soft[0].ends_at) == (h(12), h(13))
    assert codes(judge(plan(13, 15), facts)) == []


@pytest.mark.parametrize(
    ("windows", "hard", "soft"),
    [
        (Windows(dated=[Dated(span(14, 20))]), ["host_away"], []),
        (Windows(dated=[Dated(span(15, 20))]), [], []),
        (Windows(weekly=[Weekly(3, time(20), time(23))]), [], []),
        (Windows(weekly=[Weekly(3, time(20), time(22, 59))]), [], ["host_unavailable"]),
        (Windows(weekly=[Weekly(2, time(20), time(23))]), [], ["host_unavailable"]),
        (Windows([Weekly(2, time(20), time(23))], [Dated(span(12, 15), shut=False)]), [], []),
        (Windows([], [Dated(span(12, 15), shut=False), Dated(span(13, 14))]), ["host_away"], []),
    ],
)
def test_leave_is_hard_and_hours_kept_each_week_are_soft(windows, hard, soft):
    found = judge(plan(), replace(FACTS, host_windows={7: windows}))
    assert ([one.rule for one in found.hard], [one.rule for one in found.soft]) == (hard, soft)


def test_only_the_shift_of_a_host_counts_for_its_leave():
    facts = replace(FACTS, host_windows={7: Windows(dated=[Dated(span(14, 20))])})
    assert codes(judge(plan(people=[person(span(12, 14))]), facts)) == []


@pytest.mark.parametrize(
    ("agency_id", "days", "broken"),
    [
        (4, Days(None, None), []),
        (5, Days(None, None), ["agency_exclusive"]),
        (None, Days(date(2026, 11, 11), None), ["agency_exclusive"]),
        (5, Days(date(2026, 11, 12), None), []),
        (5, Days(None, date(2026, 11, 11)), []),
        (5, Days(None, date(2026, 11, 12)), ["agency_exclusive"]),
    ],
)
def test_an_exclusive_contract_binds_on_its_days(agency_id, days, broken):
    facts = replace(FACTS, agency_bonds={7: [AgencyBond(4, "南星机构", days)]})
    given = plan(people=[person(span(12, 15), agency_id=agency_id)])
    assert [one.rule for one in judge(given, facts).hard] == broken


@pytest.mark.parametrize(
    ("brand_ids", "scope", "groups", "broken"),
    [
        ([1], "all", {}, []),
        ([2], "all", {}, ["brand_exclusive"]),
        ([1, 2], "all", {}, ["brand_exclusive"]),
        ([2], "rivals", {}, []),
        ([2], "rivals", {1: frozenset("g"), 2: frozenset("g")}, ["brand_exclusive"]),
        ([2], "rivals", {1: frozenset("g"), 2: frozenset("k")}, []),
    ],
)
def test_a_host_promised_to_a_brand(brand_ids, scope, groups, broken):
    bond = BrandBond(1, "甲", scope, Days(date(2026, 11, 1), date(2026, 12, 1)))
    facts = replace(FACTS, brand_bonds={7: [bond]}, groups=groups)
    assert [one.rule for one in judge(plan(brand_ids=brand_ids), facts).hard] == broken
    later = replace(facts, brand_bonds={7: [replace(bond, days=Days(date(2026, 11, 12), None))]})
    assert codes(judge(plan(brand_ids=brand_ids), later)) == []


def near(first: float, last: float, **changes) -> Neighbour:
    whole = Neighbour(
        session_id=77,
        title="别家专场",
        span=span(first, last),
        studio_id=3,
        host_ids=frozenset({8}),
        account_ids=frozenset({10}),
        platforms=frozenset({"douyin"}),
        brand_ids=frozenset({2}),
        product_ids=frozenset(),
    )
    return replace(whole, **changes)


_RIVALS = {1: frozenset({"皮衣"}), 2: frozenset({"皮衣"})}


@pytest.mark.parametrize(
    ("other", "groups", "broken"),
    [
        (near(9, 11.1), _RIVALS, ["rival_brands"]),
        (near(9, 11), _RIVALS, []),  # exactly an hour apart
        (near(15.5, 17), _RIVALS, ["rival_brands"]),
        (near(15.5, 17), {1: frozenset({"皮衣"})}, []),
        (near(15.5, 17, studio_id=4), _RIVALS, []),
        (near(15.5, 17, studio_id=4, host_ids=frozenset({7})), _RIVALS, ["rival_brands"]),
        (near(15.5, 17, studio_id=4, account_ids=frozenset({9})), _RIVALS, ["rival_brands"]),
        (near(15.5, 17, brand_ids=frozenset({1})), _RIVALS, []),
    ],
)
def test_competitors_do_not_follow_each_other(other, groups, broken):
    facts = replace(FACTS, neighbours=[other], groups=groups)
    assert [one.rule for one in judge(plan(), facts).soft] == broken
    assert codes(judge(plan(session_id=77), facts)) == []


@pytest.mark.parametrize(
    ("other", "broken"),
    [
        (near(8, 10.1, product_ids=frozenset({5})), ["same_sku"]),
        (near(8, 10, product_ids=frozenset({5})), []),  # exactly two hours
        (near(16.9, 18, product_ids=frozenset({5})), ["same_sku"]),
        (near(12, 15, studio_id=4, product_ids=frozenset({5})), ["same_sku"]),  # at the same time elsewhere
        (near(16, 18, product_ids=frozenset({6})), []),
        (near(16, 18, product_ids=frozenset({5}), platforms=frozenset({"taobao"})), []),
    ],
)
def test_a_sku_rests_before_the_same_platform_sees_it_again(other, broken):
    found = judge(plan(product_ids=[5]), replace(FACTS, neighbours=[other]))
    assert codes(found) == broken
    assert [one.params["skus"] for one in found.soft] == ["A-5"] * len(broken)


@pytest.mark.parametrize(
    ("now", "people", "broken"),
    [
        (11, [person(span(12, 15), agency_id=4)], []),  # exactly an hour to answer
        (11.1, [person(span(12, 15), agency_id=4)], ["answer_time"]),
        (11.1, [person(span(12, 15), kind="independent")], ["answer_time"]),
        (11.1, [person(span(12, 15))], []),  # nobody to ask
        (12, [], []),
        (12.1, [person(span(12, 15), agency_id=4)], ["past_start"]),
    ],
)
def test_it_is_too_late_to_ask_or_to_begin(now, people, broken):
    asking = RuleSettings(levels={"answer_time": "soft"})
    assert codes(judge(plan(people=people), replace(FACTS, now=h(now), settings=asking))) == broken


def taken(kind: str, thing_id: int) -> Taken:
    return Taken(kind, thing_id, span(13, 16), 77, "别家专场", span(13, 16))


def test_what_is_taken_is_refused_and_named():
    crew = [CrewNeed(20, "化妆师", 1, timedelta(hours=1), timedelta(0))]
    kinds = [("studio", 3), ("host", 7), ("platform_account", 9), ("crew_pool", 20)]
    facts = replace(FACTS, taken=[taken(*one) for one in kinds], names={("platform_account", 9): "旗舰店"})
    found = judge(plan(crew=crew), facts)
    assert [(one.rule, one.params["name"]) for one in found.hard] == [
        ("studio_overlap", "A"),
        ("host_overlap", "南星"),
        ("account_overlap", "旗舰店"),
        ("crew_overlap", "化妆师"),
    ]
    assert found.hard[0].params | {"title": "别家专场", "from": "11-11 21:00"} == found.hard[0].params
    assert judge(plan(crew=crew, session_id=77), facts) == Findings()


@pytest.mark.parametrize(("level", "where"), [("hard", "hard"), ("soft", "soft"), ("off", "")])
def test_a_hub_chooses_what_a_rule_does(level, where):
    settings = RuleSettings.of({"rules": {"levels": {"host_stretch": level}}})
    found = judge(plan(12, 17), replace(FACTS, settings=settings))
    assert [one.rule for one in found.hard] == ["host_stretch"] * (where == "hard")
    assert [one.rule for one in found.soft] == ["host_stretch"] * (where == "soft")


def test_what_the_database_refuses_no_hub_can_allow():
    given = {
        "rules": {
            "levels": {"studio_overlap": "off", "nonsense": "off", "rest": "loud"},
            "sku_gap_minutes": "x",
        }
    }
    assert RuleSettings.of(given) == RuleSettings()
    assert RuleSettings.of({"rules": [1]}) == RuleSettings()


def test_every_rule_has_one_family():
    listed = [code for codes in FAMILIES.values() for code in codes]
    assert sorted([*listed, "just_taken"]) == sorted(RULES)


def test_old_troubles_are_no_news():
    facts = replace(FACTS, host_windows={7: Windows(dated=[Dated(span(14, 20))])})
    before = plan(session_id=5)
    same = judge(replace(before, product_ids=[5]), facts, before)
    assert (codes(same), [one.rule for one in same.known]) == ([], ["host_away"])
    longer = replace(before, session=span(12, 16), people=[person(span(12, 16))])
    assert [one.rule for one in judge(longer, facts, before).hard] == ["host_away"]


def test_a_start_in_the_past_is_news_only_when_it_moved():
    facts = replace(FACTS, now=h(13))
    before = plan(session_id=5)
    assert codes(judge(replace(before, session=span(12, 16)), facts, before)) == []
    assert codes(judge(replace(before, session=span(11, 15)), facts, before)) == ["past_start"]


def test_on_air_only_what_is_taken_stays_hard():
    facts = replace(
        FACTS, taken=[taken("studio", 3)], studio_windows={3: Windows(dated=[Dated(span(14, 20))])}
    )
    found = judge(plan(), facts).softened()
    assert [one.rule for one in found.hard] == ["studio_overlap"]
    assert [one.rule for one in found.soft] == ["studio_closed"]


def test_plans_are_judged_beside_each_other_in_place_of_what_stands():
    facts = replace(FACTS, shifts={7: [Shift(5, span(15, 17))]}, neighbours=[near(16, 18)])
    moved = plan(20, 22, session_id=5)
    new = plan(15, 16, session_id=-1)
    together = facts.beside([moved, new])
    assert together.shifts[7] == [Shift(5, span(20, 22)), Shift(-1, span(15, 16))]
    assert [one.session_id for one in together.neighbours] == [77, 5, -1]
    # Alone the standing session would make it five hours on end; beside its move, the new plan makes it four.
    assert codes(judge(plan(), facts)) == ["host_stretch"]
    assert codes(judge(plan(), together)) == []

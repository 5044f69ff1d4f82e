"""Comparing a plan with what stands: nothing is missed, and what is the same is no news."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.schedule.plans import comparing
from campaign.schedule.plans.comparing import Channel, Line, Person, Sheet, applied, compare
from campaign.schedule.schemas import SessionChange

DAY = datetime(2026, 11, 11, tzinfo=UTC)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


BASE = Sheet(
    title="专场",
    starts_at=at(12),
    ends_at=at(16),
    studio_id=1,
    brand_ids=(5,),
    channels=(Channel("douyin", 9, ("1",)),),
    people=(Person(3, "", "host", 7, at(12), at(16)), Person(4, "", "assistant", None, at(12), at(14))),
    lineup=(Line(21, 100, "CNY"), Line(22, 200, "CNY")),
    crew=((31, 1),),
)
OTHERWISE = {
    "title": "返场",
    "starts_at": at(11),
    "ends_at": at(17),
    "studio_id": 2,
    "brand_ids": (5, 6),
    "channels": (Channel("douyin", 9, ("2",)),),
    "people": (BASE.people[0],),
    "lineup": (Line(21, 100, "CNY"), Line(22, 199, "CNY")),
    "crew": ((31, 2),),
    "campaign_id": 8,
    "notes": "x",
    "hold_until": at(1),
}

given_fields = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["专场", "返场"]),
        "studio_id": st.integers(1, 3),
        "brand_ids": st.lists(st.integers(5, 8), min_size=1, max_size=3, unique=True),
        "starts_at": st.integers(1, 13).map(at),
        "ends_at": st.integers(15, 23).map(at),
        "campaign_id": st.none() | st.integers(1, 3),
        "notes": st.sampled_from(["", "自带咖啡"]),
        "hold_until": st.none() | st.just(at(2)),
        "channels": st.lists(st.sampled_from(["1", "2"]), max_size=2).map(
            lambda rooms: [{"platform": "douyin", "platform_account_id": 9, "room_ids": rooms}]
        ),
        "participants": st.lists(st.integers(3, 6), min_size=1, max_size=3, unique=True).map(
            lambda hosts: [{"host_id": one} for one in hosts]
        ),
        "lineup": st.lists(st.integers(21, 24), max_size=3, unique=True).map(
            lambda goods: [{"product_id": one, "live_price_fen": one * 10} for one in goods]
        ),
        "crew": st.lists(st.integers(31, 33), max_size=2, unique=True).map(
            lambda pools: [{"pool_id": one, "units": 1} for one in pools]
        ),
    },
)


def unseen() -> list[str]:
    """Fields of a session that may change without any difference being told."""
    return [name for name, value in OTHERWISE.items() if not compare(BASE, replace(BASE, **{name: value}))]


def test_each_field_of_a_session_makes_a_difference_when_it_changes():
    assert set(OTHERWISE) == {one.name for one in fields(Sheet)}
    assert unseen() == []


@pytest.mark.parametrize("kind", ["studio", "people", "lineup", "brands", "channels", "crew", "notes"])
def test_a_kind_left_out_of_the_comparison_is_noticed(kind, monkeypatch):
    left = {name: part for name, part in comparing.PARTS.items() if name != kind}
    monkeypatch.setattr(comparing, "PARTS", left)
    assert len(unseen()) == 1


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"starts_at": at(13), "ends_at": at(17)}, ["moved"]),
        ({"ends_at": at(17)}, ["longer"]),
        ({"ends_at": at(15)}, ["shorter"]),
        ({"starts_at": at(13)}, ["moved", "shorter"]),
        ({"studio_id": 2}, ["studio"]),
        ({"participants": [{"host_id": 3, "agency_id": 7}]}, ["people"]),
        ({"lineup": []}, ["lineup"]),
        (
            {
                "lineup": [
                    {"product_id": 22, "live_price_fen": 200},
                    {"product_id": 21, "live_price_fen": 100},
                ]
            },
            ["lineup"],
        ),
        ({"brand_ids": [6]}, ["brands"]),
        ({"crew": []}, ["crew"]),
        ({"title": "专场"}, []),
        ({"campaign_id": None}, []),
    ],
)
def test_differences_are_told_by_kind_with_what_was_and_what_is_to_be(changes, kinds):
    after = applied(BASE, SessionChange.model_validate(changes))
    assert [one.kind for one in compare(BASE, after)] == kinds
    assert [one.kind for one in compare(after, BASE)] == [
        {"longer": "shorter", "shorter": "longer"}.get(kind, kind) for kind in kinds
    ]


def test_people_who_move_with_their_session_are_no_news_but_a_shift_that_moves_alone_is():
    later = applied(BASE, SessionChange.model_validate({"starts_at": at(13), "ends_at": at(17)}))
    assert later.people[1].starts_at == at(13)
    assert [one.kind for one in compare(BASE, later)] == ["moved"]
    alone = replace(BASE, people=(BASE.people[0], replace(BASE.people[1], ends_at=at(15))))
    assert [one.kind for one in compare(BASE, alone)] == ["people"]


@given(given_fields)
def test_what_was_applied_is_the_same_when_applied_again(changes):
    change = SessionChange.model_validate(changes)
    after = applied(BASE, change, {3: 7})
    assert compare(after, applied(after, change, {3: 7})) == []
    assert (compare(BASE, after) == []) == (comparing.compare(after, BASE) == [])


@given(given_fields)
def test_a_change_is_told_in_its_own_kinds_alone(changes):
    kinds = {
        "starts_at": {"moved", "longer", "shorter", "people"},
        "ends_at": {"longer", "shorter", "people"},
        "studio_id": {"studio"},
        "brand_ids": {"brands"},
        "campaign_id": {"campaign"},
        "hold_until": {"hold"},
        "participants": {"people"},
    }
    allowed = {kind for name in changes for kind in kinds.get(name, {name})}
    after = applied(BASE, SessionChange.model_validate(changes), {3: 7})
    assert {one.kind for one in compare(BASE, after)} <= allowed

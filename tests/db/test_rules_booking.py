"""The rules against the database: what a booking, a change and a check meet, and that reasons are kept."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import ProgrammingError

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live.alerts import open_alerts
from campaign.live.flagging import flag_clashes
from campaign.parties import bonds
from campaign.parties.actions import set_contracts
from campaign.parties.queries import today
from campaign.parties.schemas import ContractIn, ExclusivityIn, RivalGroupIn
from campaign.schedule import availability, booking, changing, gathering, house
from campaign.schedule.availability import Owner
from campaign.schedule.clashes import clashes
from campaign.schedule.errors import Conflicting, NeedsOverride
from campaign.schedule.house import set_hours
from campaign.schedule.rules.limits import RulesIn
from campaign.schedule.schemas import OverrideIn, SessionChange
from campaign.schedule.window_schemas import ExceptionIn, HoursIn, WindowsIn
from tests.factory import HUB
from tests.schedule_kit import Stage


@pytest.fixture
def stage(make) -> Stage:
    return Stage(make)


def leave(stage: Stage, owner: Owner, session, **given) -> None:
    """Shut the owner for the second half of a session."""
    middle = session.starts_at + (session.ends_at - session.starts_at) / 2
    part = ExceptionIn(starts_at=middle, ends_at=session.ends_at + timedelta(hours=1), **given)
    stage.act(availability.add_exception, owner, part)


def refused(stage: Stage, **given) -> Conflicting:
    with pytest.raises(Conflicting) as caught:
        stage.book(**given)
    return caught.value


def test_leave_refuses_a_booking_and_alternatives_stay_clear_of_it(stage):
    wanted = stage.given()
    leave(stage, Owner("host", stage.signed.id), wanted, reason="病假")
    error = refused(stage)
    assert type(error) is Conflicting
    assert [(one.rule, one.resource_id) for one in error.conflicts] == [("host_away", stage.signed.id)]
    middle, end = error.conflicts[0].starts_at, error.conflicts[0].ends_at
    assert (middle, end) == (wanted.starts_at + timedelta(hours=1.5), wanted.ends_at)
    away_until = wanted.ends_at + timedelta(hours=1)
    assert len(error.alternatives) == 5
    assert all(slot.ends_at <= middle or slot.starts_at >= away_until for slot in error.alternatives)
    # Negative control: the same session goes through with somebody who is there.
    stage.book(participants=[{"host_id": stage.in_house.id}])


def test_a_closed_studio_refuses_and_another_is_offered(stage):
    leave(stage, Owner("studio", stage.studio.id), stage.given())
    error = refused(stage)
    assert [one.rule for one in error.conflicts] == ["studio_closed"]
    assert error.alternatives[0].studio_id == stage.other_studio.id


def test_hard_rules_and_what_is_taken_are_told_together(stage):
    stage.book(participants=[{"host_id": stage.in_house.id}], channels=[{"platform": "kuaishou"}])
    leave(stage, Owner("host", stage.signed.id), stage.given())
    assert [one.rule for one in refused(stage).conflicts] == ["studio_overlap", "host_away"]


def test_a_closed_hub_wants_a_reason_and_the_reason_is_kept(stage):
    leave(stage, Owner("hub"), stage.given())
    assert isinstance(refused(stage), NeedsOverride)
    view = stage.book(override={"reason": "开年货节加场"})
    assert [(one["rule"], one["reason"]) for one in view.warnings] == [("hub_closed", "开年货节加场")]
    # A change of something else asks nothing again and loses nothing.
    changed = stage.act(changing.change, view.id, SessionChange(channels=[{"platform": "kuaishou"}]))
    assert [(one["rule"], one["reason"]) for one in changed.warnings] == [("hub_closed", "开年货节加场")]
    # A move within the closure is news.
    with pytest.raises(NeedsOverride):
        stage.act(changing.move, view.id, starts_at=view.starts_at + timedelta(minutes=30))


def test_leave_that_came_later_does_not_hold_up_other_changes(stage):
    view = stage.book()
    leave(stage, Owner("host", stage.signed.id), view)
    changed = stage.act(changing.change, view.id, SessionChange(channels=[{"platform": "kuaishou"}]))
    assert changed.version > view.version
    with pytest.raises(Conflicting) as caught:
        stage.act(changing.move, view.id, starts_at=view.starts_at + timedelta(hours=1))
    assert [one.rule for one in caught.value.conflicts] == ["host_away"]
    stage.act(changing.move, view.id, starts_at=view.starts_at - timedelta(hours=6))


def test_check_says_what_booking_would_meet_and_books_nothing(stage):
    leave(stage, Owner("host", stage.signed.id), stage.given())
    leave(stage, Owner("hub"), stage.given())
    with stage.database.transaction(HUB) as db:
        found = booking.check(db, HUB, stage.given())
    assert ([one.rule for one in found.hard], [one.rule for one in found.soft]) == (
        ["host_away"],
        ["hub_closed"],
    )
    assert found.alternatives


def test_levels_are_the_hubs_to_set(stage):
    leave(stage, Owner("host", stage.signed.id), stage.given())
    stage.act(house.set_rules, RulesIn(levels={"host_away": "soft"}))
    assert isinstance(refused(stage), NeedsOverride)
    stage.act(house.set_rules, RulesIn(levels={"host_away": "off"}))
    stage.book()


def test_an_exclusive_contract_binds_the_host_to_its_agency(stage, make):
    other = make.agency()
    with stage.database.transaction(HUB) as db:
        host = availability.get(db, HUB, type(stage.signed), stage.signed.id)
        on = ContractIn(agency_id=stage.agency.id, starts_on=today(db, HUB), exclusive=True)
        set_contracts(db, HUB, host, [on])
    past = refused(stage, participants=[{"host_id": stage.signed.id, "agency_id": other.id}])
    assert [(one.rule, one.params["agency"]) for one in past.conflicts] == [("agency_exclusive", "南星机构")]
    stage.book()


def test_a_promise_to_a_brand_and_its_rivals(stage, make):
    rival = make.brand(name="皮都")
    day = stage.given().starts_at.date()
    promise = ExclusivityIn(brand_id=rival.id, scope="rivals", starts_on=day - timedelta(days=2))
    stage.act(bonds.set_exclusivities, stage.signed.id, [promise])
    view = stage.book()
    stage.act(bonds.set_rival_groups, [RivalGroupIn(name="皮衣", brand_ids=[stage.brand.id, rival.id])])
    error = refused(stage, starts_at=view.ends_at + timedelta(hours=3), hours=1)
    assert [one.rule for one in error.conflicts] == ["brand_exclusive"]
    assert (error.conflicts[0].params["brand"], error.conflicts[0].params["other"]) == ("皮都", "辛皮记")
    # Beside a competitor in the same studio, with another host: a reason lets it through.
    beside = {
        "starts_at": view.ends_at + timedelta(minutes=50),
        "brand_ids": [rival.id],
        "participants": [{"host_id": stage.in_house.id}],
    }
    soft = refused(stage, **beside)
    assert [(one.rule, one.session_id) for one in soft.conflicts] == [("rival_brands", view.id)]
    stage.book(**beside | {"starts_at": view.ends_at + timedelta(minutes=60)})


def test_the_same_sku_on_the_same_platform_too_soon(stage):
    lineup = [{"product_id": stage.product.id, "live_price_fen": 100}]
    first = stage.book(lineup=lineup)
    again = {
        "lineup": lineup,
        "studio_id": stage.other_studio.id,
        "starts_at": first.ends_at + timedelta(minutes=119),
        "participants": [{"host_id": stage.in_house.id}],
    }
    error = refused(stage, **again)
    assert [(one.rule, one.params["skus"]) for one in error.conflicts] == [("same_sku", stage.product.sku)]
    assert isinstance(error, NeedsOverride)
    stage.book(**again | {"starts_at": first.ends_at + timedelta(minutes=120)})


def test_facts_take_the_same_few_statements_for_one_plan_and_for_many(stage, engine):
    def plans(count):
        with stage.database.transaction(HUB) as db:
            return [
                booking.planned(
                    db, HUB, stage.given(starts_at=stage.given().starts_at + timedelta(days=day))
                )[0]
                for day in range(count)
            ]

    seen: list[str] = []

    def count(_conn, _cursor, statement, *_rest):
        seen.append(statement)

    counts = []
    for found in (plans(1), plans(6)):
        with stage.database.transaction(HUB) as db:
            event.listen(engine, "before_cursor_execute", count)
            gathering.facts_of(db, HUB, found)
            event.remove(engine, "before_cursor_execute", count)
        counts.append(len(seen))
        seen.clear()
    assert counts == [3, 3]  # the hub, the turn, the facts


def test_a_leave_is_flagged_to_the_hub_until_it_is_set_right(stage):
    view = stage.book()
    agent = stage.agent
    part = ExceptionIn(starts_at=view.starts_at, ends_at=view.ends_at, reason="家中有事")
    stage.act(availability.add_exception, Owner("host", stage.signed.id), part, actor=agent)
    # A draft is not yet the agency's to see, and yet the hub must hear of it.
    assert stage.act(clashes, actor=agent) == []
    assert stage.act(flag_clashes, actor=SYSTEM) == 1
    stage.act(flag_clashes, actor=SYSTEM)
    ringing = [alert for alert in stage.act(open_alerts) if alert.kind == "host_away"]
    assert [alert.session_id for alert in ringing] == [view.id]
    stage.act(changing.change, view.id, SessionChange(participants=[{"host_id": stage.in_house.id}]))
    assert stage.act(flag_clashes, actor=SYSTEM) == 0
    assert [alert for alert in stage.act(open_alerts) if alert.kind == "host_away"] == []


def test_what_new_opening_hours_leave_outside_is_flagged_until_it_is_set_right(stage):
    view = stage.book()  # 20:00 to 23:00
    with_reason = stage.book(
        starts_at=view.starts_at + timedelta(days=1), participants=[{"host_id": stage.in_house.id}]
    )
    stage.act(set_hours, HoursIn(opens="10:00", closes="22:00"), expected_rev=None)
    assert {one.session_id for one in stage.act(clashes, Owner("hub"))} == {view.id, with_reason.id}
    assert stage.act(clashes, Owner("studio", stage.studio.id)) == []
    assert stage.act(flag_clashes, actor=SYSTEM) == 2
    stage.act(flag_clashes, actor=SYSTEM)
    assert [one.kind for one in stage.act(open_alerts)] == ["outside_hours"] * 2
    stage.act(
        changing.move,
        with_reason.id,
        starts_at=with_reason.starts_at + timedelta(minutes=5),
        override_reason="加场",
    )
    stage.act(changing.move, view.id, starts_at=view.starts_at - timedelta(hours=1))
    assert stage.act(flag_clashes, actor=SYSTEM) == 0
    assert stage.act(open_alerts) == []
    stage.book(starts_at=view.starts_at + timedelta(days=60), override={"reason": "x"})
    stage.act(set_hours, HoursIn(opens="06:00", closes="06:00"), expected_rev=None)
    assert stage.act(clashes) == []


def test_what_was_booked_in_a_closure_with_a_reason_does_not_ring(stage):
    leave(stage, Owner("hub"), stage.given())
    stage.book(override={"reason": "加场"})
    assert stage.act(clashes) == []
    stage.book(
        starts_at=stage.given().starts_at + timedelta(days=3), participants=[{"host_id": stage.in_house.id}]
    )
    leave(stage, Owner("hub"), stage.given(starts_at=stage.given().starts_at + timedelta(days=3)))
    assert [one.rule for one in stage.act(clashes)] == ["hub_closed"]


def test_an_agency_reads_and_keeps_the_times_of_its_own_hosts_alone(stage, make):
    stranger = make.host(agency=make.agency())
    leave(stage, Owner("host", stranger.id), stage.given())
    leave(stage, Owner("host", stage.signed.id), stage.given())
    agent = stage.agent
    with pytest.raises(NotFound):
        stage.act(availability.owner_of_host, stranger.id, actor=agent)
    # The second wall: even the query of another's rows finds nothing, and writing them is refused.
    assert stage.act(availability.windows_of, Owner("host", stranger.id), actor=agent) == []
    assert len(stage.act(availability.windows_of, Owner("host", stage.signed.id), actor=agent)) == 1
    part = ExceptionIn(starts_at=datetime(2027, 1, 1, tzinfo=UTC), ends_at=datetime(2027, 1, 2, tzinfo=UTC))
    with (
        stage.database.transaction(agent) as db,
        pytest.raises(ProgrammingError, match="row-level security"),
        db.begin_nested(),
    ):
        availability.add_exception(db, agent, Owner("host", stranger.id), part)


def test_an_agency_whose_contract_ended_sees_no_more(stage):
    leave(stage, Owner("host", stage.signed.id), stage.given())
    with stage.database.transaction(HUB) as db:
        host = availability.get(db, HUB, type(stage.signed), stage.signed.id)
        day = today(db, HUB)
        ended = ContractIn(agency_id=stage.agency.id, starts_on=day - timedelta(days=9), ends_on=day)
        set_contracts(db, HUB, host, [ended])
    with pytest.raises(NotFound):
        stage.act(availability.owner_of_host, stage.signed.id, actor=stage.agent)
    assert stage.act(availability.windows_of, Owner("host", stage.signed.id), actor=stage.agent) == []


def test_a_host_keeps_its_own_times_and_a_brand_none(stage):
    own = Actor(kind="user", role="host", id=8, name="host", host_id=stage.signed.id)
    leave_of = Owner("host", stage.signed.id)
    part = ExceptionIn(starts_at=stage.given().starts_at, ends_at=stage.given().ends_at)
    stage.act(availability.add_exception, leave_of, part, actor=own)
    assert len(stage.act(availability.windows_of, leave_of, actor=own)) == 1
    brand = Actor(kind="user", role="brand", id=9, name="brand", brand_id=stage.brand.id)
    assert stage.act(availability.windows_of, leave_of, actor=brand) == []


def test_availability_for_display_names_who_is_away_and_what_is_closed(stage):
    given = WindowsIn.model_validate(
        {"weekly": [{"weekday": day, "from": "06:00", "to": "06:00"} for day in range(1, 8)]}
    )
    stage.act(availability.set_windows, Owner("host", stage.signed.id), given)
    leave(stage, Owner("host", stage.signed.id), stage.given(), reason="病假")
    leave(stage, Owner("studio", stage.studio.id), stage.given())
    session = stage.given()
    ids = ([stage.signed.id], [stage.studio.id, stage.other_studio.id])
    found = stage.act(availability.availability_of, *ids, session.starts_at, session.ends_at)
    assert [(one.code, one.id, one.reason) for one in found] == [
        ("host_away", stage.signed.id, "病假"),
        ("studio_closed", stage.studio.id, ""),
    ]


def test_a_reason_lets_no_hard_rule_through(stage):
    leave(stage, Owner("host", stage.signed.id), stage.given())
    error = refused(stage, override=OverrideIn(reason="一定要播").model_dump())
    assert [one.rule for one in error.conflicts] == ["host_away"]

"""Booking: claims decide, refusals name what is in the way, soft rules want a reason."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Invalid
from campaign.schedule import booking, closing
from campaign.schedule.errors import Conflicting, NeedsOverride
from tests import zones
from tests.factory import HUB


def claims_of(stage, session_id):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text(
                "SELECT r.kind, lower(c.span), upper(c.span) FROM claim c JOIN resource r ON r.id = c.resource_id"
                " WHERE c.session_id = :id ORDER BY r.kind"
            ),
            {"id": session_id},
        )
        return [tuple(row) for row in rows]


def test_a_booking_is_a_draft_that_claims_studio_host_and_account(stage):
    made = stage.book(lineup=[{"product_id": stage.product.id, "live_price_fen": 99900}])
    assert (made.state, made.version, made.warnings) == ("draft", 1, ())
    assert [(item.position, item.live_price_fen) for item in made.lineup] == [(1, 99900)]
    assert [person.agency_id for person in made.participants] == [stage.agency.id]
    half, quarter = timedelta(minutes=30), timedelta(minutes=15)
    assert claims_of(stage, made.id) == [
        ("host", made.starts_at, made.ends_at),
        ("platform_account", made.starts_at, made.ends_at),
        ("studio", made.starts_at - half, made.ends_at + quarter),
    ]


def test_a_taken_studio_is_refused_with_what_is_in_the_way_and_alternatives(stage):
    first = stage.book()
    other = stage.make.host(kind="in_house")
    with pytest.raises(Conflicting) as refused:
        stage.book(participants=[{"host_id": other.id}], channels=[{"platform": "other"}])
    (conflict,) = refused.value.conflicts
    assert (conflict.rule, conflict.resource_id, conflict.session_id) == (
        "studio_overlap",
        stage.studio.id,
        first.id,
    )
    assert conflict.params["title"] == "专场"
    slots = refused.value.alternatives
    assert len(slots) == 5
    assert (slots[0].studio_id, slots[0].starts_at) == (stage.other_studio.id, first.starts_at)


def test_host_and_account_are_refused_in_another_studio_too(stage):
    stage.book()
    with pytest.raises(Conflicting) as refused:
        stage.book(studio_id=stage.other_studio.id)
    assert {conflict.rule for conflict in refused.value.conflicts} == {"host_overlap", "account_overlap"}
    assert all(slot.starts_at != stage.given().starts_at for slot in refused.value.alternatives)


def test_a_refused_booking_leaves_nothing_behind(stage):
    stage.book()
    with pytest.raises(Conflicting):
        stage.book()
    with stage.database.transaction(SYSTEM) as db:
        assert db.scalar(text("SELECT count(*) FROM live_session")) == 1
        assert db.scalar(text("SELECT count(*) FROM claim")) == 3


def test_turnaround_keeps_sessions_apart_and_touching_ones_fit(stage):
    first = stage.book()
    other = stage.make.host(kind="in_house")
    rest = {"participants": [{"host_id": other.id}], "channels": [{"platform": "other"}]}
    with pytest.raises(Conflicting):
        stage.book(starts_at=first.ends_at + timedelta(minutes=44), **rest)
    assert stage.book(starts_at=first.ends_at + timedelta(minutes=45), **rest).state == "draft"


def test_a_session_may_cross_midnight(stage):
    late = (stage.now() + timedelta(days=2)).replace(hour=14, minute=0, second=0, microsecond=0)
    assert stage.book(starts_at=late, hours=6, override={"reason": "双十一"}).ends_at == late + timedelta(
        hours=6
    )


def test_soft_conflicts_want_a_reason_that_is_kept(stage):
    with pytest.raises(NeedsOverride) as asked:
        stage.book(hours=6)
    assert [conflict.rule for conflict in asked.value.conflicts] == ["host_stretch"]
    made = stage.book(hours=6, override={"reason": "年货节"})
    assert [(warning["rule"], warning["reason"]) for warning in made.warnings] == [("host_stretch", "年货节")]


def test_the_past_is_a_soft_conflict(stage):
    with pytest.raises(NeedsOverride) as asked:
        stage.book(starts_at=stage.now() - timedelta(hours=1))
    assert [conflict.rule for conflict in asked.value.conflicts] == ["past_start"]


def test_rest_between_days_is_asked_for(stage):
    midnight = (stage.now() + timedelta(days=3)).astimezone(ZoneInfo(zones.hub_zone()))
    zone_morning = midnight.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    stage.book(starts_at=zone_morning)
    with pytest.raises(NeedsOverride) as asked:
        stage.book(starts_at=zone_morning + timedelta(hours=7), studio_id=stage.other_studio.id)
    assert [conflict.rule for conflict in asked.value.conflicts] == ["host_night"]


def test_faults_are_named_by_field(stage):
    with pytest.raises(Invalid) as refused:
        stage.book(
            brand_ids=[stage.brand.id, 12345],
            campaign_id=999,
            participants=[{"host_id": 77}],
            lineup=[{"product_id": 5, "live_price_fen": 1}],
            channels=[{"platform": "kuaishou", "platform_account_id": stage.account.id}],
        )
    assert [(fault.field, fault.code) for fault in refused.value.errors] == [
        ("brand_ids.1", "unknown_id"),
        ("campaign_id", "unknown_id"),
        ("channels.0.platform_account_id", "account_of_other_platform"),
        ("participants.0.host_id", "unknown_id"),
        ("lineup.0.product_id", "unknown_id"),
    ]


def test_a_check_books_nothing_and_says_the_same(stage):
    stage.book()
    found = stage.act(booking.check, stage.given())
    assert {conflict.rule for conflict in found.hard} == {"studio_overlap", "host_overlap", "account_overlap"}
    assert len(found.alternatives) == 5
    free = stage.act(booking.check, stage.given(starts_at=stage.given().starts_at + timedelta(days=3)))
    assert (free.hard, free.soft, free.alternatives) == ((), (), ())


def test_two_shifts_of_one_host_fit_when_they_do_not_overlap(stage):
    starts_at = stage.given().starts_at
    parts = [
        {"host_id": stage.signed.id, "to": starts_at + timedelta(hours=1)},
        {
            "host_id": stage.in_house.id,
            "from": starts_at + timedelta(hours=1),
            "to": starts_at + timedelta(hours=2),
        },
        {"host_id": stage.signed.id, "from": starts_at + timedelta(hours=2)},
    ]
    assert len(stage.book(participants=parts).participants) == 3


def test_a_hold_that_ran_out_is_swept_by_the_next_booking(stage):
    held = stage.book(hold_until=stage.now() + timedelta(hours=1))
    with pytest.raises(Conflicting):
        stage.book()
    with clock.travel(timedelta(hours=2)):
        made = stage.book(title="第二场")
        with stage.database.transaction(SYSTEM) as db:
            lapsed = db.execute(
                text("SELECT state, cancel_code FROM live_session WHERE id = :id"), {"id": held.id}
            ).one()
    assert tuple(lapsed) == ("cancelled", "hold_lapsed")
    assert len(claims_of(stage, made.id)) == 3


def test_cancelling_frees_the_place(stage):
    first = stage.book()
    assert stage.act(closing.cancel, first.id, code="brand_request", reason="改期").state == "cancelled"
    assert claims_of(stage, first.id) == []
    assert stage.book().state == "draft"


def test_the_history_and_the_audit_keep_who_booked(stage):
    made = stage.book()
    with stage.database.transaction(SYSTEM) as db:
        kept = db.execute(text("SELECT version, verb, to_state, actor_name FROM session_history")).all()
        noted = db.execute(
            text("SELECT action, subject_id FROM audit_entry WHERE action LIKE 'session.%'")
        ).all()
    assert [tuple(row) for row in kept] == [(1, "book", "draft", HUB.name)]
    assert [tuple(row) for row in noted] == [("session.book", made.id)]

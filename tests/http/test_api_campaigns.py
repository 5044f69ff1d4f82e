"""Campaigns over the API: the tree and its rules, and that a brand or agency reads its own part alone."""

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from campaign.catalog.models import Campaign, CampaignGoal
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.ids import public
from tests.factory import HUB

DAYS = {"starts_on": "2026-10-01", "ends_on": "2026-12-31"}


def brand_actor(brand):
    return Actor(kind="key", role="brand", name=f"b{brand.id}", brand_id=brand.id)


def cmp(row):
    return public("cmp", row.id)


def brd(row):
    return public("brd", row.id)


def fields(answer):
    assert answer.status_code == 422, answer.json
    return [(one["field"], one["code"]) for one in answer.json["errors"]]


def test_a_child_lies_within_its_parent_and_a_parent_does_not_leave_it(call, make):
    a, b = make.brand(), make.brand()
    season = call(
        HUB, "POST", "/campaigns", json={"name": "季", "kind": "season", "brand_ids": [brd(a)]} | DAYS
    ).json
    under = {"name": "展", "kind": "fair", "parent_id": season["id"]}
    bad = under | {"starts_on": "2026-09-30", "brand_ids": [brd(b)], "currency": "USD"}
    assert fields(call(HUB, "POST", "/campaigns", json=bad)) == [
        ("starts_on", "campaign_before_parent"),
        ("currency", "campaign_currency"),
        ("brand_ids", "campaign_not_in_parent"),
    ]
    fair = call(
        HUB, "POST", "/campaigns", json=under | {"starts_on": "2026-10-05", "brand_ids": [brd(a)]}
    ).json
    path = f"/campaigns/{season['id']}"
    assert fields(call(HUB, "PATCH", path, json={"starts_on": "2026-10-06"})) == [
        ("", "campaign_leaves_child")
    ]
    assert fields(call(HUB, "PATCH", path, json={"kind": "group"})) == [("", "campaign_leaves_child")]
    # No circle: a season cannot go below its own fair, nor anything below itself.
    assert fields(call(HUB, "PATCH", path, json={"parent_id": fair["id"]})) == [
        ("parent_id", "campaign_not_below"),
        ("starts_on", "campaign_before_parent"),
    ]
    assert fields(call(HUB, "PATCH", path, json={"parent_id": season["id"]})) == [("parent_id", "unknown_id")]
    assert call(HUB, "DELETE", path).status_code == 409
    assert call(HUB, "PATCH", f"/campaigns/{fair['id']}", json={"parent_id": None}).status_code == 200
    assert call(HUB, "DELETE", path).status_code == 204
    assert fields(call(HUB, "POST", "/campaigns", json=under)) == [("parent_id", "unknown_id")]


def test_the_database_itself_closes_no_circle_and_grows_no_fourth_level(database, make):
    season, fair = make.campaign(kind="season"), make.campaign(kind="fair")

    def put(row, parent, rank):
        with database.transaction(SYSTEM) as db:
            db.execute(
                text("UPDATE campaign SET parent_id = :p, parent_rank = :r WHERE id = :id"),
                {"p": parent.id, "r": rank, "id": row.id},
            )

    put(fair, season, 1)
    for row, parent, rank in ((season, fair, 2), (season, season, 1), (fair, season, 0), (season, fair, 0)):
        with pytest.raises(IntegrityError):
            put(row, parent, rank)


def test_goals_are_kept_changed_and_unset(call, make):
    brand = make.brand()
    given = {
        "name": "节",
        "brand_ids": [brd(brand)],
        "target_paid_fen": 500,
        "target_hours": 9,
        "budget_fen": 70,
    }
    goal = {"brand_id": brd(brand), "target_paid_fen": 300}
    made = call(HUB, "POST", "/campaigns", json=given | {"brand_targets": [goal]})
    assert made.status_code == 201
    assert made.json["brand_targets"][0]["target_paid_fen"] == 300
    path = f"/campaigns/{made.json['id']}"
    changed = call(HUB, "PATCH", path, json={"target_paid_fen": None, "target_sessions": 2}).json
    assert (changed["target_paid_fen"], changed["target_sessions"], changed["target_hours"]) == (None, 2, 9)
    assert len(changed["brand_targets"]) == 1
    assert call(HUB, "PATCH", path, json={"brand_ids": []}).json["brand_targets"] == []
    assert fields(call(HUB, "PATCH", path, json={"brand_targets": [goal]})) == [
        ("brand_targets.0.brand_id", "campaign_without_brand")
    ]
    stale = call(HUB, "PATCH", path, json={"name": "x"}, headers={"If-Match": made.headers["ETag"]})
    assert stale.status_code == 412


def test_a_brand_never_reads_anothers_goals_nor_those_of_the_whole(call, make, database):
    a, b, agency = make.brand(), make.brand(), make.agency()
    goals = [
        {"brand_id": a.id, "target_paid_fen": 111111},
        {"brand_id": b.id, "target_paid_fen": 222222, "budget_fen": 333333},
    ]
    both = make.campaign(
        brand_ids=[a.id, b.id],
        agency_ids=[agency.id],
        target_paid_fen=444444,
        budget_fen=555555,
        brand_targets=goals,
    )
    alone = make.campaign(brand_ids=[b.id], target_paid_fen=666666, kind="group")
    own = call(brand_actor(a), "GET", f"/campaigns/{cmp(both)}")
    progress = call(brand_actor(a), "GET", f"/campaigns/{cmp(both)}/progress")
    listed = call(brand_actor(a), "GET", "/campaigns")
    for answer in (own, progress, listed):
        assert answer.status_code == 200
        assert not [
            number for number in ("222222", "333333", "444444", "555555", "666666") if number in answer.text
        ]
        assert brd(b) not in answer.text
        assert "111111" in answer.text
    assert progress.json["target_paid_fen"] == 111111
    assert call(brand_actor(a), "GET", f"/campaigns/{cmp(alone)}").status_code == 404
    assert call(brand_actor(b), "GET", f"/campaigns/{cmp(alone)}").json["target_paid_fen"] == 666666
    # The second wall, by itself: the rows are not there for a brand, whatever a query asks.
    with database.transaction(brand_actor(a)) as db:
        assert db.scalars(select(CampaignGoal.paid_fen)).all() == [111111]
        assert db.scalars(select(Campaign.id)).all() == [both.id]
    agent = Actor(kind="key", role="agency", name="agent", agency_id=agency.id)
    seen = call(agent, "GET", "/campaigns")
    assert [(one["id"], one["brand_ids"], one["target_paid_fen"]) for one in seen.json["items"]] == [
        (cmp(both), [], None)
    ]
    assert not [number for number in ("111111", "222222", "444444") if number in seen.text]
    with database.transaction(agent) as db:
        assert db.scalar(select(func.count()).select_from(CampaignGoal)) == 0
    other = Actor(kind="key", role="agency", name="other", agency_id=make.agency().id)
    assert call(other, "GET", f"/campaigns/{cmp(both)}").status_code == 404


def test_without_the_wall_a_brand_would_read_all_goals(own_database_url):
    # Negative control: with row-level security off on the table, the same select gives every row.
    from campaign.kit.database import Database
    from tests.factory import Factory

    database = Database.connect(own_database_url, pool_size=1)
    make = Factory(database)
    a, b = make.brand(), make.brand()
    make.campaign(brand_ids=[a.id, b.id], target_paid_fen=4)
    with database.transaction(brand_actor(a)) as db:
        assert db.scalars(select(CampaignGoal.paid_fen)).all() == []
    with psycopg.connect(own_database_url) as connection:
        connection.execute("ALTER TABLE campaign_goal DISABLE ROW LEVEL SECURITY")
    with database.transaction(brand_actor(a)) as db:
        assert db.scalars(select(CampaignGoal.paid_fen)).all() == [4]
    database.dispose()


def test_progress_rolls_up_the_tree_and_measures_the_plan(call, make, database):
    from datetime import UTC, datetime, timedelta

    from tests.sales_kit import add_session, change_session

    brand = make.brand(name="甲")
    season = make.campaign(kind="season")
    fair = make.campaign(
        kind="fair", parent_id=season.id, target_paid_fen=1000, target_sessions=4, target_hours=8
    )
    group = make.campaign(kind="group", parent_id=fair.id, brand_ids=[brand.id], target_paid_fen=600)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    for at, campaign in enumerate((fair, group)):
        made = add_session(make, start + timedelta(days=at), start + timedelta(days=at, hours=2), brand=brand)
        change_session(database, made, campaign_id=campaign.id)
    found = call(HUB, "GET", f"/campaigns/{cmp(season)}/progress").json
    assert (found["target_paid_fen"], found["target_sessions"]) == (1000, 4)
    assert found["planned"] == {
        "sessions": 2,
        "minutes": 240,
        "gone_sessions": 0,
        "gone_minutes": 0,
        "share_of_sessions": 5000,
        "share_of_hours": 5000,
    }
    assert found["paid_pace"] == {
        "target_fen": 1000,
        "actual_fen": 0,
        "expected_fen": 0,
        "ahead_fen": 0,
        "reached": 0,
        "needed_per_hour_fen": 250,
    }
    assert [(one["key"], one["planned"]["sessions"]) for one in found["campaigns"]] == [(cmp(fair), 2)]
    assert [one["target_paid_fen"] for one in found["days"]] == [500, 500]
    assert [(one["label"], one["target_paid_fen"], one["planned"]["minutes"]) for one in found["brands"]] == [
        ("甲", 600, 240)
    ]

"""Every list takes updated_since: what changed at that instant or after it, page by page; nothing of the future."""

from datetime import timedelta

import pytest

from campaign.connectors import files
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from tests.factory import HUB
from tests.http.test_pages_sales import evening, taken
from tests.http.test_pages_summaries import robot

__all__ = ["evening"]
FUTURE = "2099-01-01T00:00:00Z"
HOUR = timedelta(hours=1)
SHEET = "名称,英文名\n一号,One\n"


def since(call, path, instant, **query):
    """What a list gives of the time from an instant on: its ids, fetched one a page."""
    found, cursor = [], None
    while True:
        asked = {"updated_since": instant, "limit": 1} | query | ({"cursor": cursor} if cursor else {})
        answer = call(HUB, "GET", path, query_string=asked)
        assert answer.status_code == 200, answer.json
        found += [one.get("id") or one["month"] for one in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return found


def instant_of(database, later=timedelta(0)):
    with database.transaction(SYSTEM) as db:
        return (clock.now(db) + later).isoformat()


def test_connectors(call, database):
    made = [call(HUB, "POST", "/connectors", json={"name": name}).json["id"] for name in "abc"]
    assert since(call, "/connectors", instant_of(database)) == made
    later = instant_of(database, HOUR)
    with clock.travel(HOUR):
        for one in made[:2]:
            call(HUB, "POST", f"/connectors/{one}/rotate-secret")
    assert since(call, "/connectors", later) == made[:2]
    assert since(call, "/connectors", FUTURE) == []


def test_a_connector_out_of_use_is_told_as_such_and_is_in_no_other_list(call, database):
    kept, gone = [call(HUB, "POST", "/connectors", json={"name": name}).json["id"] for name in "ab"]
    later = instant_of(database, HOUR)
    with clock.travel(HOUR):
        assert call(HUB, "DELETE", f"/connectors/{gone}").status_code == 204
    answer = call(HUB, "GET", "/connectors", query_string={"updated_since": later})
    assert [(one["id"], one["archived_at"] == one["updated_at"]) for one in answer.json["items"]] == [
        (gone, True)
    ]
    (left,) = call(HUB, "GET", "/connectors").json["items"]
    assert (left["id"], left["archived_at"]) == (kept, None)


def test_an_endpoint_that_was_removed_is_told_as_such_and_is_in_no_other_list(call, database, make):
    agency = ids.public("agc", make.agency().id)
    given = {"url": "https://hooks.example.com/a", "event_types": ["*"], "agency_id": agency}
    kept, gone = [call(HUB, "POST", "/webhook-endpoints", json=given).json["id"] for _ in "ab"]
    later = instant_of(database, HOUR)
    with clock.travel(HOUR):
        assert call(HUB, "DELETE", f"/webhook-endpoints/{gone}").status_code == 204
    answer = call(HUB, "GET", "/webhook-endpoints", query_string={"updated_since": later})
    assert [(one["id"], one["archived_at"] == one["updated_at"]) for one in answer.json["items"]] == [
        (gone, True)
    ]
    (left,) = call(HUB, "GET", "/webhook-endpoints").json["items"]
    assert (left["id"], left["archived_at"]) == (kept, None)
    assert call(HUB, "GET", f"/webhook-endpoints/{gone}").status_code == 404


def test_imports(call, database):
    def looked_at():
        with database.transaction(HUB) as db:
            given = {"kind": "studios", "filename": "f.csv", "content": SHEET.encode(), "dry_run": True}
            return ids.public("imp", files.stage(db, HUB, **given).id)

    made = [looked_at() for _ in range(3)][::-1]
    assert since(call, "/imports", instant_of(database)) == made
    later = instant_of(database, HOUR)
    with clock.travel(HOUR):
        for one in made[1:]:
            assert call(HUB, "POST", f"/imports/{one}/commit").status_code == 200
    assert since(call, "/imports", later) == made[1:]
    assert since(call, "/imports", FUTURE) == []


def test_series(call, database, stage):
    body = {
        "title": "每晚专场",
        "studio_id": ids.public("std", stage.studio.id),
        "brand_ids": [ids.public("brd", stage.brand.id)],
        "starts": "22:00",
        "ends": "23:00",
        "first_on": (stage.now() + timedelta(days=1)).date().isoformat(),
        "rule": "FREQ=DAILY;COUNT=2",
        "channels": [{"platform": "douyin", "platform_account_id": ids.public("acc", stage.account.id)}],
        "participants": [{"host_id": ids.public("hst", stage.signed.id)}],
    }
    made = call(HUB, "POST", "/series", json=body)
    assert made.status_code == 201, made.json
    assert since(call, "/series", instant_of(database)) == [made.json["id"]]
    assert since(call, "/series", FUTURE) == []


def test_lines_of_a_figure_and_those_without_a_session(call, database, planner, evening):
    taken(planner, evening, database)
    brand = ids.public("brd", evening.brand.id)
    days = {"from": str(evening.day), "to": str(evening.day + timedelta(days=1))}
    figure = {"paths": f"/brands/{brand}/lines", "query": days}
    every = since(call, figure["paths"], "2020-01-01T00:00:00Z", **days)
    loose = since(call, "/unattributed", "2020-01-01T00:00:00Z")
    assert len(every) > 1
    assert len(loose) > 1
    later = instant_of(database, HOUR)
    assert since(call, figure["paths"], later, **days) == since(call, "/unattributed", later) == []
    session = call(HUB, "GET", "/sessions", query_string=days).json["items"][0]["id"]
    line = next(one for one in loose if one.startswith("lin_"))
    with clock.travel(HOUR):
        given = {"session_id": session, "reason": "seen on air"}
        assert call(HUB, "POST", f"/unattributed/{line}/assign", json=given).status_code == 204
    assert since(call, figure["paths"], later, **days) == [line]
    assert line not in since(call, "/unattributed", "2020-01-01T00:00:00Z")


def test_links_that_were_made_ended_or_ran_out(call, database, make):
    path = f"/brands/{ids.public('brd', make.brand().id)}/shares"
    given = {"from": "2026-11-01", "to": "2026-11-01"}
    short, ended, other = (
        call(HUB, "POST", path, json=given | {"valid_days": days}).json["id"] for days in (1, 9, 9)
    )
    assert since(call, path, instant_of(database)) == [other, ended, short]
    later = instant_of(database, HOUR)
    with clock.travel(2 * HOUR):
        assert call(HUB, "DELETE", f"{path}/{ended}").status_code == 204
        assert since(call, path, later, state="all") == [ended]
    with clock.travel(timedelta(days=2)):
        assert since(call, path, later, state="all") == [ended, short]
    assert since(call, path, FUTURE, state="all") == []


def test_months_by_when_they_were_closed(call, database, make):
    path = f"/brands/{ids.public('brd', make.brand().id)}/months"
    with clock.travel(timedelta(days=-1)):
        assert call(HUB, "POST", path, json={"month": "2026-01"}).status_code == 201
    for month in ("2026-02", "2026-03"):
        assert call(HUB, "POST", path, json={"month": month}).status_code == 201
    assert since(call, path, instant_of(database)) == ["2026-03", "2026-02"]
    assert since(call, path, instant_of(database, timedelta(days=-1))) == ["2026-03", "2026-02", "2026-01"]
    assert since(call, path, FUTURE) == []


@pytest.mark.parametrize("verb", ["changed", "sent", "channel"])
def test_scheduled_summaries(call, database, make, verb):
    path = "/scheduled-summaries"
    channels = [robot(database, HUB) for _ in range(3)]
    made = [
        call(HUB, "POST", path, json={"channel_id": one, "every": "day", "at": "09:00"}).json["id"]
        for one in channels
    ]
    assert since(call, path, instant_of(database)) == made
    later = instant_of(database, HOUR)
    with clock.travel(HOUR):
        if verb == "changed":
            assert call(HUB, "PATCH", f"{path}/{made[1]}", json={"at": "10:00"}).status_code == 200
        elif verb == "channel":
            assert (
                call(HUB, "PATCH", f"/notice-channels/{channels[1]}", json={"name": "new"}).status_code == 200
            )
        else:
            call(HUB, "PATCH", f"{path}/{made[0]}", json={"state": "paused"})
            later = instant_of(database, timedelta(days=1))
    if verb == "sent":
        from campaign.insight.sending import send_due

        with clock.travel(timedelta(days=2)), database.transaction(SYSTEM) as db:
            while send_due(db, SYSTEM):
                pass
        assert since(call, path, later) == made[1:]
    else:
        assert since(call, path, later) == made[1:2]
    assert since(call, path, FUTURE) == []

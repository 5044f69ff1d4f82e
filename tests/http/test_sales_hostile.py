"""Hostile and awkward input at the doors of sales: a verdict or a 4xx, never a fault."""

import io
import json
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from campaign.kit.actor import Actor
from campaign.kit.ids import public
from tests.factory import HUB, Factory

DATA = Path(__file__).parents[1] / "data"
CONNECTOR = Actor(kind="key", role="connector", name="push")
EVENT = {
    "type": "order.line",
    "event_id": "e",
    "occurred_at": "2026-11-06T12:00:00Z",
    "platform": "douyin",
    "shop_id": "s",
    "line_id": "l",
    "status": "paid",
    "ordered_at": "2026-11-06T12:00:00Z",
    "currency": "CNY",
    "qty": 1,
    "paid_fen": 1,
}


def rows(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text().splitlines()
    return [row for row in map(json.loads, lines) if isinstance(row.get("value"), str)]


def push(call: Any, events: list[dict[str, Any]]) -> Any:
    body = json.dumps({"events": events})
    answer = call(CONNECTOR, "POST", "/ingest/events", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.data
    return answer.json


@pytest.mark.parametrize(
    "field", ["merchant_sku", "event_id", "line_id", "shop_id", "currency", "unknown", "room_id"]
)
def test_any_text_is_taken_or_rejected_by_itself(field: str, call: Any) -> None:
    events = [
        EVENT | {"event_id": f"e{number}", "line_id": f"l{number}", field: row["value"]}
        for number, row in enumerate(rows("bad_strings.jsonl"))
    ]
    verdict = push(call, events)
    taken = verdict["accepted"] + verdict["quarantined"] + verdict["duplicates"]
    assert taken + len(verdict["rejected"]) == len(events)


def test_an_instant_is_exact_or_rejected(call: Any) -> None:
    told = rows("bad_times.jsonl")
    verdict = push(call, [EVENT | {"event_id": row["id"], "occurred_at": row["value"]} for row in told])
    rejected = {told[one["index"]]["value"] for one in verdict["rejected"]}
    assert {one["field"] for one in verdict["rejected"]} == {"occurred_at"}
    exact = {row["value"] for row in told} - rejected
    assert exact == {"2026-01-01T20:00:00-00:00", "2026-01-01T20:00:00.123456789Z"}


def test_money_written_as_text_is_rejected(call: Any) -> None:
    told = rows("bad_numbers.jsonl")
    verdict = push(call, [EVENT | {"event_id": row["id"], "paid_fen": row["value"]} for row in told])
    assert (verdict["accepted"], {one["field"] for one in verdict["rejected"]}) == (0, {"paid_fen"})


@pytest.mark.parametrize("row", rows("bad_numbers.jsonl"), ids=lambda row: row["id"])
def test_money_written_bare_is_exact_or_refused(row: dict[str, Any], call: Any) -> None:
    body = json.dumps({"events": [EVENT | {"paid_fen": "@"}]}).replace('"@"', row["value"])
    answer = call(CONNECTOR, "POST", "/ingest/events", data=body.encode(), content_type="application/json")
    if answer.status_code == 200 and answer.json["accepted"]:
        assert row["value"].strip() == str(int(row["value"]))
    else:
        assert answer.status_code in (200, 400)


@pytest.mark.parametrize(
    ("first", "last"),
    [("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("1", "1"), ("2026-13-01", "2026-11-01")]
    + [
        ("2026-11-02", "2026-11-01"),
        ("2020-01-01", "2026-11-01"),
        ("", ""),
        ("2026-11-01T00:00:00Z", "2026-11-02"),
    ],
)
def test_days_out_of_range_are_refused(first: str, last: str, call: Any, make: Factory) -> None:
    path = f"/brands/{public('brd', make.brand().id)}/summary"
    answer = call(HUB, "GET", path, query_string={"from": first, "to": last})
    assert answer.status_code == 422


FILES = sorted(str(path.relative_to(DATA)) for kind in ("csv", "xlsx") for path in (DATA / kind).iterdir())
MOST_SECONDS, MOST_KILOBYTES = 30, 200 * 1024


def bounded(send: Any) -> Any:
    """Send, and hold time and what this process gained to the bounds. A reader's child has limits of its own."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = send()
    assert time.monotonic() - began < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KILOBYTES
    return answer


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_order_export_is_refused(name: str, call: Any, make: Factory) -> None:
    for kind in ("douyin_orders", "douyin_aftersale", "douyin_settlement"):
        form = {
            "kind": kind,
            "shop_id": public("shp", make.shop().id),
            "file": (io.BytesIO((DATA / name).read_bytes()), name),
        }
        answer = bounded(
            lambda form=form: call(HUB, "POST", "/imports", data=form, content_type="multipart/form-data")
        )
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


# A column called 名称 with one name in it: a sheet of hosts or brands, and read as one.
NAMED = "csv/gb18030_4byte.csv"


@pytest.mark.parametrize("kind", ["sessions", "hosts", "brands"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_sheet_is_refused(name: str, kind: str, call: Any) -> None:
    form = {"kind": kind, "file": (io.BytesIO((DATA / name).read_bytes()), name)}
    answer = bounded(lambda: call(HUB, "POST", "/imports", data=form, content_type="multipart/form-data"))
    if name == NAMED and kind != "sessions":
        assert (answer.status_code, answer.json["new"]) == (201, 1)
    else:
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


@pytest.mark.parametrize("name", FILES)
def test_the_page_refuses_it_in_words_or_asks_for_columns(name: str, planner: Any, make: Factory) -> None:
    planner.get("/hub/imports")
    file = (io.BytesIO((DATA / name).read_bytes()), name)
    shop = public("shp", make.shop().id)
    answer = bounded(lambda: planner.post("/hub/imports", kind="douyin_orders", shop_id=shop, file=file))
    if answer.status_code == 303:
        page = planner.follow().text
        assert ("Columns that are needed were not found" in page, "/commit" in page) == (True, False)
        assert "root:" not in page
    else:
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)

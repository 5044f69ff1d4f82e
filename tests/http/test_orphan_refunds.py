"""A refund whose line is unknown is put to a line by a person: it counts with that one, and a recount says the same."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.ids import public
from campaign.sales import merging_in
from campaign.sales.reconciling import check_lines, merge_again
from campaign.sales.recounting import keys_of_lines, suspects
from campaign.sales.rows import RefundMoved
from campaign.sales.submissions import restored
from tests.factory import HUB
from tests.http.test_sales_api import CONNECTOR, evening, event, show
from tests.sales_kit import assert_reconciled, fold_all

__all__ = ["evening", "show"]


def refund(number: int, line_id: str, **given: Any) -> dict[str, Any]:
    return {
        "type": "refund", "event_id": f"r{number}", "occurred_at": "2026-11-06T20:07:00+08:00", "platform": "douyin",
        "shop_id": "4001", "refund_id": f"f{number}", "line_id": line_id, "status": "success", "amount_fen": 4000,
        "currency": "CNY", "stage": "pre_ship", "succeeded_at": "2026-11-06T20:07:00+08:00",
    } | given  # fmt: skip


@pytest.fixture
def sales(call: Any, show: dict[str, Any], database: Database, evening: Any) -> Any:
    """Pushes events and folds them; gives nothing."""

    def push(*events: dict[str, Any]) -> None:
        answer = call(CONNECTOR, "POST", "/ingest/events", json={"events": list(events)})
        assert answer.json["rejected"] == [], answer.json
        fold_all(database)

    return push


def refunded(call: Any, show: dict[str, Any]) -> int:
    totals = call(HUB, "GET", f"/sessions/{show['session']}/sales").json["totals"]
    return sum(one["refund_fen"] for one in totals)


def orphan(call: Any) -> dict[str, Any]:
    (item,) = [one for one in call(HUB, "GET", "/unattributed").json["items"] if one["kind"] == "refund"]
    return dict(item)


def put(call: Any, refund_id: str, line_id: str) -> Any:
    body = {"line_id": line_id, "reason": "平台改号"}
    return call(HUB, "POST", f"/unattributed/{refund_id}/assign", json=body)


def assert_nothing_drifts(database: Database) -> None:
    assert_reconciled(database)
    with database.transaction(SYSTEM) as db:
        assert [one for one in check_lines(db, SYSTEM) if not isinstance(one, int)] == []
        assert [found for keys in keys_of_lines(db, SYSTEM) if (found := suspects(db, SYSTEM, keys))] == []


def test_a_refund_without_a_line_is_put_to_one_and_counts_with_it(call, show, database, sales):
    sales(event(1), event(2), refund(1, "gone"))
    item = orphan(call)
    assert item["id"].startswith("rfd_")
    assert (item["line_id"], item["refund_id"], refunded(call, show)) == ("gone", "f1", 0)
    assert put(call, item["id"], "l1").status_code == 204
    fold_all(database)
    assert call(HUB, "GET", "/unattributed").json["items"] == []
    assert refunded(call, show) == 4000
    assert_nothing_drifts(database)
    with database.transaction(SYSTEM) as db:
        noted = db.execute(
            text("SELECT detail FROM audit_entry WHERE action = 'refund.assigned'")
        ).scalar_one()
    assert noted["line_id"] == "l1"


def test_what_is_said_of_it_later_goes_to_the_same_line_and_so_does_a_repair(call, show, database, sales):
    sales(event(1), refund(1, "gone"))
    assert put(call, orphan(call)["id"], "l1").status_code == 204
    newer = {"event_id": "r1b", "occurred_at": "2026-11-06T20:08:00+08:00", "amount_fen": 5000}
    sales(refund(1, "gone", **newer))
    assert refunded(call, show) == 5000
    # The line it named comes, too: it has no refund, for a person said so.
    sales(event(3, line_id="gone"))
    assert refunded(call, show) == 5000
    assert_nothing_drifts(database)
    with database.transaction(SYSTEM) as db:
        shop_id = show["shop"].id
        db.execute(text("UPDATE refund SET state = '{}' WHERE refund_id = 'f1'"))
        for line_id in ("gone", "l1"):
            merge_again(db, SYSTEM, shop_id, line_id)
    fold_all(database)
    assert refunded(call, show) == 5000
    assert_nothing_drifts(database)


def test_one_whose_line_comes_by_itself_needs_nobody(call, show, database, sales):
    sales(event(1), refund(1, "l2"))
    assert orphan(call)["line_id"] == "l2"
    sales(event(2))
    assert call(HUB, "GET", "/unattributed").json["items"] == []
    assert refunded(call, show) == 4000
    assert_nothing_drifts(database)


def test_a_person_may_think_again(call, show, database, sales):
    sales(event(1), event(2, author_id="stranger"), refund(1, "gone"))
    item = orphan(call)
    for line_id in ("l2", "l1"):
        assert put(call, item["id"], line_id).status_code == 204
        fold_all(database)
        assert refunded(call, show) == (4000 if line_id == "l1" else 0)
    assert_nothing_drifts(database)


def test_it_is_put_to_a_known_line_of_its_own_shop_alone(call, show, database, sales, make):
    make.shop(make.brand(), external_id="4002")
    sales(
        event(1), event(9, shop_id="4002"), event(2, currency="USD"), refund(1, "gone"), refund(2, "l1"),
        refund(3, "lost"),
    )  # fmt: skip
    items = {one["refund_id"]: one["id"] for one in call(HUB, "GET", "/unattributed").json["items"]}
    assert sorted(name for name in items if name) == ["f1", "f3"]
    assert put(call, items["f1"], "l9").status_code == 404  # another shop's
    assert put(call, items["f1"], "lost").status_code == 404  # nobody described that one either
    assert put(call, items["f1"], "l2").status_code == 409  # other money
    assert put(call, public("rfd", 1), "l1").status_code == 404
    with database.transaction(SYSTEM) as db:
        known = db.execute(text("SELECT id FROM refund WHERE refund_id = 'f2'")).scalar_one()
    assert put(call, public("rfd", known), "l1").status_code == 404  # it has its line
    body = {"session_id": show["session"], "reason": "x"}
    assert call(HUB, "POST", f"/unattributed/{items['f1']}/assign", json=body).status_code == 422
    assert put(call, items["f1"].replace("rfd_", "lin_"), "l1").status_code == 422
    assert_nothing_drifts(database)


def test_the_data_page_has_the_way(planner, call, show, database, sales):
    sales(event(1), refund(1, "gone"))
    page = planner.get("/hub/data").text
    (mark,) = re.findall(r'<option value="(rfd_\w+)"', page)
    assert planner.post("/hub/data", refund=mark, line_id="", reason="x").status_code == 422
    # A number that was mistyped is no page that is not there.
    assert planner.post("/hub/data", refund=mark, line_id="l7", reason="x").status_code == 303
    page = planner.follow().text
    assert ("The shop has no such order line." in page, mark in page) == (True, True)
    nothing = planner.post("/hub/data", session_id=show["session"], reason="x")
    assert (nothing.status_code, "Tick at least one line." in nothing.text) == (422, True)
    assert planner.post("/hub/data", refund=mark, line_id=" l1 ", reason="平台改号").status_code == 303
    fold_all(database)
    assert refunded(call, show) == 4000
    assert "rfd_" not in planner.get("/hub/data").text


def test_a_merge_that_looked_before_a_person_spoke_writes_nothing(call, show, database, sales):
    sales(event(1), refund(1, "gone"))
    newer = refund(1, "gone", event_id="r1b", occurred_at="2026-11-06T20:08:00+08:00", amount_fen=5000)
    with database.transaction(SYSTEM) as db:
        said = merging_in._said(db, [(show["shop"].id, restored(newer))])
    assert put(call, orphan(call)["id"], "l1").status_code == 204

    def merge():
        with database.transaction(SYSTEM) as db:
            merging_in.merge_said(db, said, clock.now(db))

    with pytest.raises(RefundMoved):
        merge()
    assert_nothing_drifts(database)
    sales(newer)
    assert refunded(call, show) == 5000
    assert_nothing_drifts(database)

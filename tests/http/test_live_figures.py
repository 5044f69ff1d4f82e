"""The live figures of a session over the API: from Redis, from SQL, and whether they are final."""

from datetime import timedelta
from typing import Any

from campaign.kit import clock
from campaign.kit.parts import Parts
from tests.factory import HUB
from tests.http.test_sales_api import CONNECTOR, evening, event, show
from workers import sales as tasks
from workers import task

__all__ = ["evening", "show"]


def test_the_live_figures_come_from_redis_and_survive_a_flush(
    call: Any, show: dict[str, Any], parts: Parts, evening: Any
) -> None:
    task.use(parts)
    call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1)]})
    tasks.fold()
    for turn in range(2):
        tasks.project()
        live = call(HUB, "GET", f"/sessions/{show['session']}/live").json
        assert (live["version"], live["totals"][0]["paid_gmv_fen"]) == (1, 10000), turn
        parts.redis.flushdb()
    from_sql = call(HUB, "GET", f"/sessions/{show['session']}/live").json
    assert (from_sql["version"], from_sql["totals"][0]["paid_gmv_fen"]) == (0, 10000)
    task.use(None)


def test_live_figures_are_final_when_everything_of_them_is(
    call: Any, show: dict[str, Any], parts: Parts, evening: Any
) -> None:
    """By time alone: nothing is folded or projected anew meanwhile."""
    task.use(parts)
    call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1), event(2, paid_fen=500)]})
    tasks.fold()
    tasks.project()

    def told() -> Any:
        live = call(HUB, "GET", f"/sessions/{show['session']}/live").json
        assert live["version"] == 1, "from Redis"
        whole = call(HUB, "GET", f"/sessions/{show['session']}/sales").json
        names = ("paid_gmv_fen", "maturing", "maturing_fen")
        (one,) = ([row[name] for name in names] for row in live["totals"])
        assert [[row[name] for name in names] for row in whole["totals"]] == [one]
        return one

    assert told() == [10_500, True, 10_500]
    # The cap: 45 days after the order, received or not.
    with clock.travel(timedelta(days=44)):
        assert told() == [10_500, True, 10_500]
    with clock.travel(timedelta(days=47)):
        assert told() == [10_500, False, 0]
    task.use(None)

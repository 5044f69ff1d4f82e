"""One evening end to end on the real product, walked over HTTP."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.evening import Evening, wait_for
from tests.fakes.receiver import Receiver
from tests.product import started

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("evening")
    with (
        Receiver() as receiver,
        started(folder, "--port", "0", "--empty", CAMPAIGN_OUTGOING_ALLOW="127.0.0.0/8") as product,
    ):
        product.wait_until_ready()
        walk = Evening(product, receiver)
        walk.set_the_stage()
        walk.book()
        yield walk


# The steps build on each other and run in this order.


def test_what_collides_is_refused_with_alternatives(evening):
    answer = evening.call("admin", "POST", "/sessions", evening.booking(override={"reason": "再来一场"}))
    assert (answer.status, answer.body["code"]) == (409, "conflict")
    kinds = {conflict["resource_type"] for conflict in answer.body["conflicts"]}
    assert kinds == {"studio", "host", "platform_account"}
    assert {conflict["session_id"] for conflict in answer.body["conflicts"]} == {evening.ids["session"]}
    assert 1 <= len(answer.body["alternatives"]) <= 5


def test_the_agency_sees_nothing_before_the_offer(evening):
    path = f"/sessions/{evening.ids['session']}"
    assert evening.call("agency", "GET", path).status == 404
    assert evening.call("other_brand", "GET", path).status == 404


def test_the_agency_gets_the_offer_and_accepts(evening):
    assert evening.verb("admin", "offer").body["state"] == "offered"
    evening.wait_to_hear("session.offered")
    assert evening.verb("agency", "accept").body["state"] == "accepted"
    evening.wait_to_hear("session.accepted")


def test_a_move_asks_again_and_a_stale_one_is_refused(evening):
    # So near its start the clock makes an accepted session ready: nothing else is to change it from then on.
    wait_for(lambda: evening.session()["state"] == "ready", 10, "not ready")
    before = evening.session()
    path = f"/sessions/{evening.ids['session']}"
    later = datetime.fromisoformat(before["ends_at"]) + timedelta(minutes=10)
    body = {"ends_at": later.isoformat(), "override": {"reason": "延长"}}
    moved = evening.call("admin", "PATCH", path, body, **{"If-Match": f'"v{before["version"]}"'})
    assert (moved.status, moved.body["state"]) == (200, "offered")
    stale = evening.call("admin", "PATCH", path, body, **{"If-Match": f'"v{before["version"]}"'})
    assert (stale.status, stale.body["code"]) == (412, "stale")
    evening.wait_to_hear("session.moved")
    assert evening.verb("agency", "accept").body["state"] in ("accepted", "ready")


def test_the_platform_says_the_room_is_open_and_the_session_is_live(evening):
    assert evening.room("started")["accepted"] == 1
    wait_for(lambda: evening.session()["state"] == "live", 10, "not live")
    evening.wait_to_hear("session.started")


def test_sales_are_on_the_live_figures_within_two_seconds(evening):
    said = evening.push([evening.sell(number) for number in range(40)])
    assert (said["accepted"], said["duplicates"], said["rejected"]) == (40, 0, [])
    wanted = evening.expected["paid_gmv_fen"]

    def live() -> bool:
        answer = evening.call("admin", "GET", f"/sessions/{evening.ids['session']}/live")
        return bool(answer.body["totals"]) and answer.body["totals"][0]["paid_gmv_fen"] == wanted

    wait_for(live, 2, "the live figures did not follow within 2 s")


def test_refunds_come_off_and_everything_sent_again_changes_nothing(evening):
    evening.push([evening.give_back(number) for number in range(0, 20, 2)])
    evening.push([evening.give_back(number, part=3) for number in (1, 3)])
    again = [evening.push_bytes(body) for body in list(evening.pushed)]
    assert sum(said["accepted"] for said in again) == 0

    def exact() -> bool:
        totals = evening.sales()["totals"]
        return bool(totals) and {name: totals[0][name] for name in evening.expected} == evening.expected

    wait_for(exact, 10, f"{evening.sales()['totals']} is not {evening.expected}")


def test_the_room_closes_and_the_end_happens_once(evening):
    assert evening.room("ended")["accepted"] == 1
    wait_for(lambda: evening.session()["state"] == "ended", 10, "not ended")
    version = evening.session()["version"]
    again = evening.call("admin", "POST", f"/sessions/{evening.ids['session']}/end", {})
    assert (again.status, again.body["code"]) == (409, "wrong_state")
    assert evening.session()["version"] == version
    evening.wait_to_hear("session.ended")


def test_the_brand_reads_its_summary_and_nobody_else_does(evening):
    # The business day is the hub's: after 16:00 UTC it is the next one.
    began = datetime.fromisoformat(evening.session()["actual_starts_at"])
    day = began.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    path = f"/brands/{evening.ids['brand']}/summary?from={day}&to={day}"
    answer = evening.call("brand", "GET", path)
    totals = {name: answer.body["totals"][0][name] for name in evening.expected}
    assert totals == evening.expected
    assert evening.call("other_brand", "GET", path).status == 404
    foreign = evening.call("other_brand", "GET", f"/sessions/{evening.ids['session']}/sales")
    absent = evening.call("other_brand", "GET", "/sessions/ses_00000000000z9/sales")
    assert (foreign.status, foreign.body) == (absent.status, absent.body)


def test_raw_lines_sql_and_redis_are_equal_to_the_fen(evening):
    done = evening.product.command("reconcile", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_transition_stands_once_and_every_webhook_was_verified(evening):
    heard = [event for event in evening.heard() if not event["type"].startswith(("sales.", "endpoint."))]
    numbers = [event["data"]["seq"] for event in heard]
    assert len(numbers) == len(set(numbers))
    assert [event["type"] for event in sorted(heard, key=lambda event: event["data"]["seq"])][:2] == [
        "session.offered",
        "session.accepted",
    ]

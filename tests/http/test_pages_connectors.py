"""The pages of connectors: added, tried, their trouble said in words, secrets shown once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.accounts.models import Connector
from campaign.connectors import health, turns
from campaign.connectors.details import Trouble
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.instants import written
from campaign.sales import asks
from campaign.sales.asks import Ask
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from tests.factory import HUB

FORM = {"kind": "tiktok_shop", "name": "Shop of the world", "app_key": "k1", "app_secret": "s3cret-canary"}
TOKENS = {"access_token": "t0ken-canary", "refresh_token": "r1", "base_url": "http://127.0.0.1:9009/"}
VIEWER = Actor(kind="user", role="hub", hub_role="viewer", id=9, name="viewer")


@pytest.fixture
def added(page: Any) -> Any:
    def add(**given: str) -> str:
        made = page(HUB, "/hub/connectors", FORM | given)
        assert made.status_code == 201, made.text
        return re.findall(r"<code>(con_\w+)</code>", made.text)[0]

    return add


def test_an_account_is_added_and_its_address_shown_this_once(page, added):
    made = page(HUB, "/hub/connectors", FORM | TOKENS | {"kind": "douyin"})
    assert made.status_code == 201
    (address,) = re.findall(r"https?://\S+/api/v1/connectors/douyin/con_\w+/[\w-]+", made.text)
    where = re.findall(r"<code>(con_\w+)</code>", made.text)[0]
    for shown in (page(HUB, f"/hub/connectors/{where}").text, page(HUB, "/hub/connectors").text):
        assert "Shop of the world" in shown
        for secret in (address, "s3cret-canary", "t0ken-canary"):
            assert secret not in shown


def test_a_push_of_ones_own_shows_its_secret_and_a_new_one_when_asked(page):
    made = page(HUB, "/hub/connectors", {"kind": "push", "name": "ERP"})
    (first,) = re.findall(r"whsec_[\w+/=]+", made.text)
    where = re.findall(r"<code>(con_\w+)</code>", made.text)[0]
    assert "Try the credentials" not in made.text
    again = page(HUB, f"/hub/connectors/{where}/secret", {})
    (second,) = re.findall(r"whsec_[\w+/=]+", again.text)
    assert (again.status_code, first == second) == (201, False)
    assert "whsec_" not in page(HUB, f"/hub/connectors/{where}").text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"app_key": ""}, "app_key"),
        ({"name": ""}, "name"),
        (TOKENS | {"base_url": "http://10.0.0.1/"}, "base_url"),
        ({"kind": "push"}, "app_key"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_added(page, database, given, words):
    refused = page(HUB, "/hub/connectors", FORM | given)
    assert refused.status_code == 422
    assert f'id="{words}-about"' in refused.text
    assert "s3cret-canary" not in refused.text
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM connector")).scalar_one() == 0


def test_trouble_is_said_in_words_with_what_the_platform_said(page, added, database):
    where = added(**TOKENS)
    number = ids.internal("con", where)
    with database.transaction(SYSTEM) as db:
        turns.note_trouble(db, SYSTEM, number, Trouble("refused", "106001 <b>signature</b>"))
        asks.want(db, [(number, Ask("order", "5764", "7494"))], db.execute(text("SELECT now()")).scalar_one())
        (one,) = asks.due(db, number, "order", 1, db.execute(text("SELECT now()")).scalar_one())
        asks.failed(db, number, one, "not_there", db.execute(text("SELECT now()")).scalar_one())
    shown = page(HUB, f"/hub/connectors/{where}").text
    assert "The platform refuses these credentials." in shown
    assert "106001 &lt;b&gt;signature&lt;/b&gt;" in shown
    assert '<code class="break">5764</code>' in shown
    chinese = page(HUB, f"/hub/connectors/{where}", language="zh_CN").text
    assert "平台拒绝了这组凭证。" in chinese
    assert "平台拒绝了这组凭证。" in page(HUB, "/hub/connectors", language="zh_CN").text


def test_the_buttons_ask_the_worker(page, added, database):
    where = added(**TOKENS)
    assert page(HUB, f"/hub/connectors/{where}/test", {}).status_code == 303
    assert "The platform is being asked …" in page(HUB, f"/hub/connectors/{where}").text
    with database.transaction(SYSTEM) as db:
        turns.note_tested(db, SYSTEM, ids.internal("con", where), None)
    assert "The platform answered the try at" in page(HUB, f"/hub/connectors/{where}").text
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO detail_ask (connector_id, subject, ref, asked_at, due_at)"
                " VALUES (:id, 'order', '1', now(), 'infinity')"
            ),
            {"id": ids.internal("con", where)},
        )
    assert "Ask once more" in page(HUB, f"/hub/connectors/{where}").text
    assert page(HUB, f"/hub/connectors/{where}/again", {}).status_code == 303
    assert "Ask once more" not in page(HUB, f"/hub/connectors/{where}").text


def test_other_credentials_replace_those_there_are(page, added, database):
    where = added()
    assert "Try the credentials" not in page(HUB, f"/hub/connectors/{where}").text
    given = {"app_key": "k2", "app_secret": "s2"}
    assert page(HUB, f"/hub/connectors/{where}/credentials", given | TOKENS).status_code == 303
    assert "Try the credentials" in page(HUB, f"/hub/connectors/{where}").text
    assert page(HUB, f"/hub/connectors/{where}/credentials", given | {"app_key": ""}).status_code == 422
    assert page(HUB, f"/hub/connectors/{where}/credentials", given).status_code == 303
    assert "Try the credentials" not in page(HUB, f"/hub/connectors/{where}").text


def test_credentials_without_an_address_leave_the_one_there_is(page, call, added, database):
    def asked():
        with database.transaction(SYSTEM) as db:
            return turns.address_of(db, SYSTEM, ids.internal("con", where))

    where = added(**TOKENS)
    assert 'value="http://127.0.0.1:9009"' in page(HUB, f"/hub/connectors/{where}").text
    given = {"app_key": "k2", "app_secret": "s2", "access_token": "t2"}
    assert page(HUB, f"/hub/connectors/{where}/credentials", given | {"base_url": ""}).status_code == 303
    assert asked() == "http://127.0.0.1:9009"
    path = f"/connectors/{where}/credentials"
    assert call(HUB, "POST", path, json=given).status_code == 200
    assert asked() == "http://127.0.0.1:9009"
    assert call(HUB, "POST", path, json=given | {"base_url": "http://127.0.0.1:9010"}).status_code == 200
    assert asked() == "http://127.0.0.1:9010"
    assert call(HUB, "POST", path, json=given | {"base_url": None}).status_code == 200
    assert asked() is None


def test_who_only_reads_sees_no_forms(page, added):
    where = added(**TOKENS)
    for path in ("/hub/connectors", f"/hub/connectors/{where}"):
        shown = page(VIEWER, path)
        assert shown.status_code == 200
        assert 'name="app_secret"' not in shown.text


def test_one_out_of_use_is_read_still_and_offers_nothing(page, added):
    """What it left open could be read by nobody."""
    where = added(**TOKENS)
    assert "Out of use" not in page(HUB, "/hub/connectors").text
    assert page(HUB, f"/hub/connectors/{where}/archive", {}).status_code == 303
    listed = page(HUB, "/hub/connectors").text
    assert f"/hub/connectors/{where}" in listed.partition("Out of use")[2]
    shown = page(HUB, f"/hub/connectors/{where}")
    assert "no longer in use since" in shown.text
    assert f'action="/hub/connectors/{where}' not in shown.text
    assert page(HUB, f"/hub/connectors/{where}/archive", {}).status_code == 404
    assert "已停用" in page(HUB, "/hub/connectors", language="zh_CN").text


def test_refused_events_late_ones_and_contradictions_stand_on_the_connectors_page(page, call, database):
    made = call(HUB, "POST", "/connectors", json={"name": "ERP"}).json
    number = ids.internal("con", made["id"])
    pusher = Actor(kind="key", role="connector", id=5, name="push", connector_id=number)
    with database.transaction(SYSTEM) as db:
        now = clock.now(db)
    head = {
        "platform": "douyin",
        "shop_id": "4001",
        "type": "order.line",
        "occurred_at": written(now - timedelta(hours=2)),
    }
    line = {"line_id": "l1", "status": "paid", "ordered_at": head["occurred_at"], "currency": "CNY", "qty": 1}
    good = head | line | {"event_id": "e1", "paid_fen": 100}
    intake = Intake(database, b"k" * 32)
    intake.take_in(pusher, Batch([good, head | line | {"event_id": "e2"}], []))
    intake.take_in(pusher, Batch([good | {"paid_fen": 200}, head | line | {"event_id": "e3"}], []))
    state = call(HUB, "GET", f"/connectors/{made['id']}/health").json
    assert (state["refused"], state["refused_why"], state["contradicted"]) == (3, "missing paid_fen", 1)
    assert state["lag_seconds"] in range(7200, 7260)
    shown = page(HUB, f"/hub/connectors/{made['id']}").text
    for words in ("paid_fen is needed.", "2 h", "Its newest event came after"):
        assert words in shown, words
    assert "缺少 paid_fen。" in page(HUB, f"/hub/connectors/{made['id']}", language="zh_CN").text
    assert "to look at" in page(HUB, "/hub/connectors").text
    with clock.travel(timedelta(days=2)), database.transaction(SYSTEM) as db:
        later = health.of_connector(db, SYSTEM, db.get_one(Connector, number))
    assert (later.refused, later.refused_lately) == (3, False)


def test_a_feed_of_which_everything_is_refused_has_brought_nothing(call, page, database):
    """It would count as alive, and a show that it should tell of would not be said to be unheard."""
    made = call(HUB, "POST", "/connectors", json={"name": "ERP", "shop_ids": []}).json
    pusher = Actor(kind="key", role="connector", id=5, name="p", connector_id=ids.internal("con", made["id"]))
    with database.transaction(SYSTEM) as db:
        now = clock.now(db)
    head = {"platform": "douyin", "shop_id": "4002", "occurred_at": written(now), "type": "order.line"}
    intake = Intake(database, b"k" * 32)
    bad = head | {"event_id": "e1", "line_id": "l1", "status": "paid"}
    intake.take_in(pusher, Batch([bad], []))
    state = call(HUB, "GET", f"/connectors/{made['id']}/health").json
    assert (state["refused"], state["last_event_at"]) == (1, None)
    assert page(HUB, f"/hub/connectors/{made['id']}").status_code == 200
    line = {"ordered_at": head["occurred_at"], "currency": "CNY", "qty": 1, "paid_fen": 100}
    intake.take_in(pusher, Batch([bad | line], []))
    first = call(HUB, "GET", f"/connectors/{made['id']}/health").json["last_event_at"]
    with clock.travel(timedelta(hours=1)):
        intake.take_in(pusher, Batch([bad | {"event_id": "e2"}], []))
    state = call(HUB, "GET", f"/connectors/{made['id']}/health").json
    assert first is not None
    assert (state["refused"], state["last_event_at"]) == (2, first)


def test_a_connector_of_any_shop_leads_to_how_far_each_of_them_is(page: Any, added: Any) -> None:
    added()
    shown = page(HUB, "/hub/connectors").text
    assert '<a href="/hub/data">shop by shop</a>' in shown


def given_up(database, where, *refs):
    """Orders of an account that were asked for in vain for the last time."""
    with database.transaction(SYSTEM) as db:
        now, account = clock.now(db), ids.internal("con", where)
        asks.want(db, [(account, Ask("order", ref)) for ref in refs], now)
        db.execute(text("UPDATE detail_ask SET attempts = 9, due_at = 'infinity', error = 'not_there'"))


def test_what_was_given_up_is_left_on_the_page_with_a_reason_and_asked_for_again(page, added, database):
    where = added(**TOKENS)
    given_up(database, where, "A1", "A2", "A3")
    path = f"/hub/connectors/{where}"
    assert 'value="order A1"' in page(HUB, path).text
    page(HUB, f"{path}/leave", {"ref": "order A1", "reason": "平台已删"})
    text_ = page(HUB, path).text
    assert "and 1 left" in text_
    assert "by hub tester: 平台已删" in text_
    page(HUB, f"{path}/leave", {"ref": "", "reason": "其余也放下"})
    text_ = page(HUB, path).text
    assert "and 3 left" in text_
    assert 'id="leave"' not in text_
    page(HUB, f"{path}/again", {"ref": "order A1"})
    assert "and 2 left" in page(HUB, path).text
    assert page(VIEWER, f"{path}/leave", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("language", "reason", "words"),
    [
        ("en", " ", "This is needed."),
        ("zh_CN", "", "必填。"),
        ("en", "x" * 201, "Too long: at most 200 characters."),
    ],
)
def test_a_reason_that_is_no_good_is_told_beside_its_field_and_nothing_is_lost(
    page, added, database, language, reason, words
):
    """It said "This is needed." above the page, forgot which was chosen, and cut a long reason off."""
    where = added(**TOKENS)
    given_up(database, where, "A1", "A2")
    typed = {"ref": "order A2", "reason": reason}
    refused = page(HUB, f"/hub/connectors/{where}/leave", typed, language=language)
    assert refused.status_code == 422
    (told,) = re.findall(r'<div id="reason-about">(.*?)</div>', refused.text)
    assert words in told
    assert '<option value="order A2" selected>' in refused.text
    assert f'name="reason" type="text" value="{reason}" aria-invalid="true"' in refused.text
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM detail_ask WHERE left_at IS NOT NULL")).scalar_one() == 0


def test_one_that_came_meanwhile_does_not_become_all_of_them(page, added, database):
    where = added(**TOKENS)
    given_up(database, where, "A1", "A2")
    with database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM detail_ask WHERE ref = 'A1'"))
    refused = page(HUB, f"/hub/connectors/{where}/leave", {"ref": "order A1", "reason": "平台已删"})
    assert refused.status_code == 409
    assert "None of it is given up" in refused.text
    assert '<option value="order A1" selected>' in refused.text
    assert 'value="平台已删"' in refused.text


def test_the_api_leaves_and_asks_again_by_name(call, page, added, database):
    where = added(**TOKENS)
    given_up(database, where, "A1", "A2")
    leave, again = f"/connectors/{where}/leave", f"/connectors/{where}/ask-again"
    assert call(HUB, "POST", leave, json={}).status_code == 422
    one = {"details": [{"subject": "order", "ref": "A1"}]}
    left = call(HUB, "POST", leave, json=one | {"reason": "平台已删"})
    assert (left.status_code, left.json["details_given_up"], left.json["details_left"]) == (200, 1, 1)
    refused = call(HUB, "POST", leave, json=one | {"reason": "再来"})
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_given_up")
    # As before without a body: all that was given up, and not what was left.
    done = call(HUB, "POST", again)
    assert (done.status_code, done.json["details_waiting"], done.json["details_left"]) == (200, 1, 1)
    assert call(HUB, "POST", again, json=one).json["details_left"] == 0
    assert call(HUB, "POST", leave, json={"reason": "x"}, headers={"If-Match": '"v99"'}).status_code == 412
    assert call(VIEWER, "POST", leave, json={"reason": "x"}).status_code == 403

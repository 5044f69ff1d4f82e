"""The pages of connectors: added, tried, their trouble said in words, secrets shown once."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from campaign.connectors import turns
from campaign.connectors.details import Trouble
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.sales import asks
from campaign.sales.asks import Ask
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


def test_who_only_reads_sees_no_forms(page, added):
    where = added(**TOKENS)
    for path in ("/hub/connectors", f"/hub/connectors/{where}"):
        shown = page(VIEWER, path)
        assert shown.status_code == 200
        assert 'name="app_secret"' not in shown.text

"""Guessing passwords: refusals are kept in the audit, and the twenty-first try in a minute is turned away."""

import re

from sqlalchemy import text

from campaign.accounts.actions import Scope, create_user
from campaign.kit.actor import SYSTEM


def _try(client, password):
    page = client.get("/login").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = {"email": "a@xinji.example", "password": password, "csrf_token": token}
    return client.post("/login", data=form)


def test_a_wrong_password_is_noted_though_nothing_else_is_kept(client, database):
    with database.transaction(SYSTEM) as db:
        scope = Scope("hub", hub_role="viewer")
        create_user(db, SYSTEM, email="a@xinji.example", name="甲", password="right password", scope=scope)
    assert _try(client, "wrong password").status_code == 401
    with database.transaction(SYSTEM) as db:
        refused = text("SELECT count(*) FROM audit_entry WHERE action = 'sign_in.refused'")
        assert db.execute(refused).scalar_one() == 1
    assert _try(client, "right password").status_code == 303


def test_the_twenty_first_try_within_a_minute_is_429_and_says_when_to_come_back(client):
    *tried, last = [_try(client, "guess") for _ in range(21)]
    assert [one.status_code for one in tried] == [401] * 20
    assert last.status_code == 429
    assert 1 <= int(last.headers["Retry-After"]) <= 60

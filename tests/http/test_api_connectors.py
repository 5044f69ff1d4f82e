"""Connectors: the signing secret is shown once, sealed at rest, and overlaps when rotated."""

from datetime import timedelta

from sqlalchemy import text

from campaign.accounts.actions import secrets_of
from campaign.accounts.models import Connector
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.ids import internal, public
from tests.factory import HUB, SECRET_KEY


def test_the_secret_is_shown_once_and_never_stored_in_clear(call, make, database):
    shop = public("shp", make.shop().id)
    made = call(HUB, "POST", "/connectors", json={"name": "ERP", "shop_ids": [shop]})
    assert made.status_code == 201, made.json
    assert made.json["secret"].startswith("whsec_")
    shown = call(HUB, "GET", f"/connectors/{made.json['id']}").json
    assert "secret" not in shown
    assert shown["shop_ids"] == [shop]
    with database.transaction(SYSTEM) as db:
        stored = db.execute(text("SELECT secret_sealed FROM connector")).scalars().all()
    assert all(made.json["secret"].encode() not in bytes(sealed) for sealed in stored)


def test_after_a_rotation_both_secrets_count_for_a_day(call, database):
    made = call(HUB, "POST", "/connectors", json={"name": "ERP"}).json
    second = call(HUB, "POST", f"/connectors/{made['id']}/rotate-secret").json["secret"]
    with database.transaction(SYSTEM) as db:
        connector = db.get(Connector, internal("con", made["id"]))
        now = clock.now(db)
        both = secrets_of(connector, secret_key=SECRET_KEY, now=now)
        later = secrets_of(connector, secret_key=SECRET_KEY, now=now + timedelta(hours=25))
    assert both == [second, made["secret"]]
    assert later == [second]


def test_a_viewer_reads_connectors_but_makes_none(call):
    from dataclasses import replace

    viewer = replace(HUB, hub_role="viewer")
    assert call(viewer, "GET", "/connectors").status_code == 200
    assert call(viewer, "POST", "/connectors", json={"name": "ERP"}).status_code == 403

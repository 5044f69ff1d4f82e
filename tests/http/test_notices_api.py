"""Notices and channels over the API and as pages."""

import re

import pytest
from sqlalchemy import text

from campaign.gate.notices import link_of
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.live import alerts
from campaign.outbox.notices import GROUPS, tell
from tests.factory import HUB

URL = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef"
CHANNEL = {"kind": "feishu", "name": "值班群", "address": URL, "secret": "s3cret-of-the-robot"}
VIEWER = Actor(kind="user", role="hub", hub_role="viewer", id=4, name="viewer")


@pytest.fixture
def mine(make):
    return Actor(kind="key", role="agency", agency_id=make.agency().id, name="mine")


@pytest.fixture
def theirs(make):
    return Actor(kind="key", role="agency", agency_id=make.agency().id, name="theirs")


def say(database, actor: Actor, kind: str = "arrival.missing", key: str = "k", **params) -> None:
    audience, party = ("hub", 0) if actor.is_hub else ("agency", actor.agency_id)
    with database.transaction(SYSTEM) as db:
        facts = {"title": "皮具专场", "studio": "1号间", "starts_at": "2026-11-23T12:00:00Z"} | params
        tell(db, kind, audience, [party], key=key, params=facts)  # type: ignore[arg-type,list-item]


def test_a_party_reads_its_own_notices_in_its_language(call, database, mine, theirs):
    say(database, mine, "change.moved")
    say(database, theirs, "change.moved", title="canary")
    for language, wanted in (
        ("en", "Moved: “皮具专场” is now at 11-23 20:00 in 1号间."),
        ("zh-CN", "已改期：“皮具专场”改为 11-23 20:00，1号间。"),
    ):
        answer = call(mine, "GET", "/notices", headers={"Accept-Language": language})
        (item,) = answer.json["items"]
        assert (item["message"], item["seen"], item["kind"]) == (wanted, False, "change.moved")
    assert "canary" not in call(HUB, "GET", "/notices").text


def test_who_may_not_enable_an_endpoint_is_not_asked_to(page, call, database, mine):
    """The hub was told "until you enable it", and an agency's Chinese name in English."""
    names = {"address": "南星机构 · hooks.agency.example", "address_en": "Nanxing MCN · hooks.agency.example"}
    for kind in ("system.endpoint_disabled_failing", "system.endpoint_disabled_gone"):
        say(database, HUB, kind, key=kind, **names)
        say(database, mine, kind, key=kind, address="hooks.agency.example")
    # As they were told before: the address alone.
    say(database, HUB, "system.endpoint_failing", address=names["address"], hours=24)
    shown = page(VIEWER, "/notices").text
    until = "Events are held until the agency or a manager of the hub enables them again."
    assert f"Webhooks to {names['address_en']} failed for five days and are switched off. {until}" in shown
    assert f"{names['address_en']} answered 410 Gone: its webhooks are switched off. {until}" in shown
    assert f"Webhooks to {names['address']} have failed for 24 hours." in shown
    assert "until you" not in shown
    assert "直到机构或基地管理人员重新启用" in page(VIEWER, "/notices", language="zh_CN").text
    assert "南星机构 · hooks" in page(VIEWER, "/notices", language="zh_CN").text
    in_english = call(mine, "GET", "/notices", headers={"Accept-Language": "en"})
    first, second = (one["message"] for one in in_english.json["items"])
    assert "until you enable them again." in first
    assert "until you enable them again." in second


def test_acknowledging_says_who_and_is_not_for_viewers_or_others(call, database, mine):
    say(database, HUB)
    (item,) = call(HUB, "GET", "/notices").json["items"]
    path = f"/notices/{item['id']}/acknowledge"
    assert call(VIEWER, "POST", path).status_code == 403
    assert call(mine, "POST", path).status_code == 404
    first = call(HUB, "POST", path)
    again = call(HUB, "POST", path)
    assert first.json["acknowledged_by"] == again.json["acknowledged_by"] == HUB.name
    assert first.json["acknowledged_at"] == again.json["acknowledged_at"]
    assert call(HUB, "GET", "/notices?unread=true").json["items"] == []
    assert len(call(HUB, "GET", "/notices?unread=false").json["items"]) == 1


def test_notices_page_by_cursor_and_by_group(call, database):
    for number in range(5):
        say(database, HUB, key=f"k{number}")
    say(database, HUB, "change.declined", key="other")
    first = call(HUB, "GET", "/notices?group=arrival&limit=3").json
    second = call(HUB, "GET", f"/notices?group=arrival&limit=3&cursor={first['next_cursor']}").json
    found = [item["id"] for item in first["items"] + second["items"]]
    assert (len(found), len(set(found)), second["next_cursor"]) == (5, 5, None)
    assert call(HUB, "GET", "/notices?group=nonsense").status_code == 422
    assert call(HUB, "GET", "/notices?unread=yes").status_code == 422


def test_a_channel_from_making_to_removal_never_shows_its_key(call, database, mine, theirs):
    made = call(mine, "POST", "/notice-channels", json=CHANNEL)
    assert made.status_code == 201
    assert made.json["address"] == "open.feishu.cn …cdef"
    assert made.json["signed"] is True
    assert made.json["groups"] == ["arrival", "deadline", "reminder", "change", "system"]
    path = made.headers["Location"].removeprefix("/api/v1")
    quiet = call(
        mine,
        "PATCH",
        path,
        json={"quiet_from": "22:00", "quiet_to": "08:00", "groups": ["deadline"]},
        headers={"If-Match": made.headers["ETag"]},
    )
    assert (quiet.json["quiet_from"], quiet.json["quiet_to"], quiet.json["groups"]) == (
        "22:00",
        "08:00",
        ["deadline"],
    )
    stale = call(mine, "PATCH", path, json={"name": "x"}, headers={"If-Match": made.headers["ETag"]})
    assert stale.status_code == 412
    assert call(mine, "POST", f"{path}/test").status_code == 202
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"
    refused = call(mine, "POST", f"{path}/test")
    assert (refused.status_code, refused.json["code"]) == (409, "channel_not_active")
    bodies = made.text + quiet.text + call(mine, "GET", "/notice-channels").text
    assert "0123456789" not in bodies
    assert "s3cret" not in bodies
    for actor in (theirs, HUB):
        assert call(actor, "GET", path).status_code == 404
        assert call(actor, "GET", "/notice-channels").json["items"] == []
    assert call(mine, "DELETE", path).status_code == 204
    assert call(mine, "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"address": "http://10.0.0.1/x"}, "address", "url_address"),
        ({"address": "https://169.254.169.254/"}, "address", "url_address"),
        ({"address": "nonsense"}, "address", "url_malformed"),
        ({"kind": "mail", "address": "x@y.example", "secret": None}, "kind", "mail_off"),
        ({"kind": "mail", "address": "no mail address", "secret": None}, "address", "email"),
        ({"kind": "wecom"}, "secret", "no_secret_here"),
        ({"kind": "pigeon"}, "kind", "choice"),
        ({"language": "de"}, "language", "language"),
        ({"groups": []}, "groups", "missing"),
        ({"groups": ["alert"]}, "groups", "not_your_group"),
        ({"groups": ["nonsense"]}, "groups.0", "choice"),
        ({"quiet_from": "22:00"}, "", "quiet_both"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "", "quiet_same"),
        ({"quiet_from": "25:00", "quiet_to": "08:00"}, "quiet_from", "clock_time"),
        ({"quiet_from": 22, "quiet_to": "08:00"}, "quiet_from", "clock_time"),
        ({"name": "\u200b"}, "name", "missing"),
        ({"secret": "密"}, "secret", "text"),
        ({"nonsense": 1}, "nonsense", "unknown_field"),
    ],
)
def test_what_cannot_be_a_channel_is_told_by_field(call, mine, change, field, code):
    given = {key: value for key, value in (CHANNEL | change).items() if value is not None}
    answer = call(mine, "POST", "/notice-channels", json=given)
    assert answer.status_code == 422
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [(field, code)]
    assert answer.json["errors"][0]["message"] != code


def test_a_channel_that_is_switched_off_is_not_paused_and_nothing_of_the_change_is_made(call, database, mine):
    path = call(mine, "POST", "/notice-channels", json=CHANNEL).headers["Location"].removeprefix("/api/v1")
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE notice_channel SET state = 'disabled', disabled_reason = 'gone'"))
    before = call(mine, "GET", path)
    answer = call(mine, "PATCH", path, json={"state": "paused", "name": "after"})
    assert (answer.status_code, answer.json["code"]) == (409, "channel_disabled")
    assert answer.json["detail"] == "渠道已停用，请先启用，再暂停。"
    left = call(mine, "GET", path)
    assert (left.json, left.headers["ETag"]) == (before.json, before.headers["ETag"])
    assert call(mine, "PATCH", path, json={"state": "active"}).json["state"] == "active"
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"
    # Asked for again there is nothing to do, and that is what was asked for.
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"


def test_a_test_of_a_channel_is_guarded_against_stale_reading(call, database, mine):
    made = call(mine, "POST", "/notice-channels", json=CHANNEL)
    path = made.headers["Location"].removeprefix("/api/v1")
    changed = call(mine, "PATCH", path, json={"name": "x"})
    tag = {"If-Match": made.headers["ETag"]}
    assert call(mine, "POST", f"{path}/test", headers=tag).status_code == 412
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM notice")).scalar_one() == 0
    tag = {"If-Match": changed.headers["ETag"]}
    assert call(mine, "POST", f"{path}/test", headers=tag).status_code == 202


def test_brands_hear_of_changes_alone(call, make):
    brand = Actor(kind="key", role="brand", brand_id=make.brand().id, name="brand")
    made = call(brand, "POST", "/notice-channels", json=CHANNEL)
    assert made.json["groups"] == ["change", "system"]
    refused = call(brand, "POST", "/notice-channels", json=CHANNEL | {"groups": ["reminder"]})
    assert refused.status_code == 422


def test_the_bell_counts_until_all_is_marked_as_read(page, database, mine):
    say(database, mine, key="a")
    say(database, mine, key="b", title='<script>alert("x")</script>')
    shown = page(mine, "/notices")
    assert 'aria-label="Notices: 2 unread"' in shown.text
    assert "<script>alert" not in shown.text
    with database.transaction(SYSTEM) as db:
        # In this test all is one transaction: what comes later must be made so.
        db.execute(text("UPDATE notice SET at = at - interval '1 minute'"))
    shown = page(mine, "/notices")
    (through,) = {part.split('"')[0] for part in shown.text.split('name="through" value="')[1:]}
    say(database, mine, key="came meanwhile")
    assert page(mine, "/notices/read", {"through": through}).status_code == 303
    again = page(mine, "/notices")
    assert 'aria-label="Notices: 1 unread"' in again.text


def test_a_notice_is_acknowledged_on_its_page(page, database, mine):
    say(database, mine)
    shown = page(mine, "/notices")
    assert "I see to it" in shown.text
    (ref,) = {part.split("/")[0] for part in shown.text.split('action="/notices/ntc_')[1:]}
    assert page(mine, f"/notices/ntc_{ref}/acknowledge", {"next": "//evil.example"}).location == "/notices"
    again = page(mine, "/notices")
    assert "mine sees to it" in again.text
    assert "I see to it" not in again.text


def test_alerts_are_acknowledged_and_closed_on_their_page(page, database, mine):
    with database.transaction(SYSTEM) as db:
        alerts.ring(db, SYSTEM, "live_unscheduled", "douyin:77")
        number = db.execute(text("SELECT id FROM alert")).scalar_one()
    ref = ids.public("alr", number)
    assert "On air, but not scheduled" in page(HUB, "/hub/alerts").text
    assert page(VIEWER, f"/hub/alerts/{ref}/close", {}).status_code == 403
    assert page(mine, "/hub/alerts").status_code == 403
    assert page(HUB, f"/hub/alerts/{ref}/acknowledge", {}).status_code == 303
    assert f"{HUB.name} sees to it" in page(HUB, "/hub/alerts").text
    assert page(HUB, f"/hub/alerts/{ref}/close", {}).status_code == 303
    shown = page(HUB, "/hub/alerts").text
    assert "No alert is open." in shown
    assert f"closed by {HUB.name}" in shown
    assert "On air, but in no schedule: douyin:77." in shown
    assert "On air, but in no schedule: douyin:77." in page(HUB, "/notices").text


def test_a_channel_is_made_changed_and_removed_on_its_pages(page, mine):
    form = CHANNEL | {"groups": ["change", "deadline"], "language": "en"}
    made = page(mine, "/notices/channels", form)
    assert made.status_code == 303
    shown = page(mine, made.location)
    assert "open.feishu.cn …cdef" in shown.text
    assert "0123456789" not in shown.text
    changed = page(
        mine,
        made.location,
        {"name": "群二", "language": "zh_CN", "groups": ["change"], "address": "", "secret": ""},
    )
    assert changed.status_code == 303
    again = page(mine, made.location)
    assert "群二" in again.text
    # Left empty, the secret stays.
    assert again.text.count("<dd>Yes</dd>") == 1
    wrong = page(mine, made.location, {"name": "", "language": "zh_CN", "groups": []})
    assert wrong.status_code == 422
    for verb in ("test", "pause", "enable", "remove"):
        assert page(mine, f"{made.location}/{verb}", {}).status_code == 303
    assert page(mine, made.location).status_code == 404
    assert "No channel yet" in page(mine, "/notices/channels").text


def test_a_bad_channel_is_told_beside_its_field(page, mine):
    refused = page(mine, "/notices/channels", CHANNEL | {"address": "http://10.0.0.1/"})
    assert refused.status_code == 422
    assert "inside a private or reserved network" in refused.text


def test_links_of_notices_lead_to_pages_that_are_there(app):
    routes = app.url_map.bind("")
    for audience in ("hub", "agency", "brand", "host"):
        for group in GROUPS:
            for session_id in (None, 7):
                path = link_of(f"{group}.x", audience, session_id)
                assert routes.test(path, "GET"), path


@pytest.mark.parametrize(("language", "begins"), [("zh-CN", "只能是："), ("en", "Must be one of: ")])
def test_a_wrong_choice_is_told_in_the_readers_language_alone(call, mine, language, begins):
    answer = call(
        mine,
        "POST",
        "/notice-channels",
        json=CHANNEL | {"kind": "pigeon"},
        headers={"Accept-Language": language},
    )
    (fault,) = answer.json["errors"]
    assert fault["message"].startswith(begins)
    assert re.fullmatch(r"[\w, ]+[.。]", fault["message"].removeprefix(begins))
    assert " or " not in fault["message"]

"""Calendar feeds, as a calendar program reads them: who sees what, what is cancelled, what is revoked."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from campaign.kit import ids
from campaign.kit.actor import SYSTEM
from campaign.schedule import answering, changing, closing
from campaign.schedule.feeds import WINDOW, feed_token
from tests.factory import keyed


@pytest.fixture
def feed(client, database, settings):
    """Fetch a party's feed: (answer, events by UID)."""

    def fetch(kind, party, language="zh_CN", **headers):
        with database.transaction(SYSTEM) as db:
            token = feed_token(db, SYSTEM, settings.secret_key, kind, party.id, language)
        answer = client.get(f"/ical/{token}.ics", headers=headers)
        if answer.status_code != 200:
            return answer, {}
        events = Calendar.from_ical(answer.data).walk("VEVENT")
        return answer, {str(event["UID"]): event for event in events}

    return fetch


def uid(view):
    return f"{ids.public('ses', view.id)}@xinji-live"


def test_a_feed_holds_what_stands_and_follows_a_move(stage, feed):
    made = stage.book(title="秋冬专场, 第一场; 100% 真皮")
    answer, events = feed("studio", stage.studio)
    assert answer.mimetype == "text/calendar"
    event = events[uid(made)]
    assert (event.start, event.end) == (made.starts_at, made.ends_at)
    assert str(event["SUMMARY"]) == "秋冬专场, 第一场; 100% 真皮"
    assert (int(event["SEQUENCE"]), str(event["STATUS"])) == (made.version, "TENTATIVE")
    assert event["LAST-MODIFIED"].dt == event["DTSTAMP"].dt == made.updated_at.replace(microsecond=0)
    moved = stage.act(changing.move, made.id, starts_at=made.starts_at + timedelta(hours=1))
    _, events = feed("studio", stage.studio)
    event = events[uid(made)]
    assert (event.start, int(event["SEQUENCE"])) == (moved.starts_at, moved.version)
    assert moved.version > made.version
    assert list(feed("studio", stage.other_studio)[1]) == []


def test_what_is_cancelled_stays_in_the_feed_as_cancelled(stage, feed):
    made = stage.book()
    stage.act(answering.offer, made.id)
    gone = stage.act(closing.cancel, made.id, code="weather")
    for kind, party in (("studio", stage.studio), ("agency", stage.agency), ("host", stage.signed)):
        event = feed(kind, party)[1][uid(made)]
        assert str(event["STATUS"]) == "CANCELLED"
        assert int(event["SEQUENCE"]) == gone.version


def test_an_agency_reads_nothing_before_it_is_told(stage, feed):
    made = stage.book()
    assert feed("agency", stage.agency)[1] == {}
    assert feed("host", stage.signed)[1] == {}
    stage.act(answering.offer, made.id)
    assert str(feed("agency", stage.agency)[1][uid(made)]["STATUS"]) == "TENTATIVE"
    stage.act(answering.decline, made.id, actor=stage.agent, reason="ill")
    assert str(feed("agency", stage.agency)[1][uid(made)]["STATUS"]) == "CANCELLED"


def test_a_brand_never_reads_another_brands_name_and_nobody_a_price(stage, feed, make):
    other = make.brand(name="CANARY-牌子", name_en="CANARY-BRAND")
    shop_account = make.account(name="CANARY-账号", host_id=None)
    line = {"product_id": stage.product.id, "live_price_fen": 777700}
    made = stage.book(
        title="CANARY-牌子 与辛皮记混场",
        brand_ids=[stage.brand.id, other.id],
        channels=[{"platform": "douyin", "platform_account_id": shop_account.id}],
        lineup=[line],
        notes="CANARY-备注",
    )
    stage.act(answering.offer, made.id)
    for language in ("zh_CN", "en"):
        answer, events = feed("brand", stage.brand, language)
        assert uid(made) in events
        assert "CANARY" not in str(answer.data.replace(b"\r\n ", b""), "utf-8")
        assert "辛皮记" in str(events[uid(made)]["SUMMARY"])
    # Negative control: the words are there for who may read them.
    assert "CANARY" in feed("studio", stage.studio)[0].text
    for kind, party in (("studio", stage.studio), ("agency", stage.agency), ("brand", stage.brand)):
        text = feed(kind, party)[0].text
        assert "7,777" not in text
        assert "777700" not in text
        assert "备注" not in text


def test_the_feed_speaks_the_language_of_its_address(stage, feed):
    stage.book()
    chinese, english = (feed("studio", stage.studio, one)[0].text for one in ("zh_CN", "en"))
    assert "状态" in chinese
    assert "State:" not in chinese
    assert "State: Draft" in english
    assert "状态" not in english


def test_an_unchanged_feed_is_not_sent_again(stage, feed):
    made = stage.book()
    answer, _ = feed("studio", stage.studio)
    etag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]
    assert feed("studio", stage.studio, **{"If-None-Match": etag})[0].status_code == 304
    assert feed("studio", stage.studio, **{"If-Modified-Since": modified})[0].status_code == 304
    stage.act(closing.cancel, made.id, code="weather")
    assert feed("studio", stage.studio, **{"If-None-Match": etag})[0].status_code == 200


def test_a_new_address_voids_the_old_one(stage, feed, client, database, settings):
    stage.book()
    agent = stage.agent
    bearer = {"Authorization": f"Bearer {keyed(database, agent)}"}
    with database.transaction(SYSTEM) as db:
        old = feed_token(db, SYSTEM, settings.secret_key, "agency", stage.agency.id, "en")
    assert client.get(f"/ical/{old}.ics").status_code == 200
    client.application.config["WTF_CSRF_ENABLED"] = False
    assert client.post("/calendar/renew", headers=bearer).status_code == 303
    gone, forged = client.get(f"/ical/{old}.ics"), client.get("/ical/0-2-1-1-1.forged.ics")
    assert gone.status_code == forged.status_code == 404
    shown = client.get("/calendar", headers=bearer)
    assert shown.status_code == 200
    assert old not in shown.text
    assert feed("agency", stage.agency)[0].status_code == 200


def test_an_agency_cannot_void_another_partys_address(stage, client, database):
    bearer = {"Authorization": f"Bearer {keyed(database, stage.agent)}"}
    client.application.config["WTF_CSRF_ENABLED"] = False
    path = f"/hub/calendars/studio/{ids.public('std', stage.studio.id)}/renew"
    assert client.post(path, headers=bearer).status_code == 403


def test_lines_are_folded_at_75_octets_and_end_as_the_format_says(stage, feed):
    stage.book(title="长" * 180)
    content = feed("studio", stage.studio)[0].data
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_feed_reaches_90_days_both_ways(stage, feed):
    far = stage.now() + WINDOW
    near = stage.book(starts_at=far - timedelta(days=1), participants=[{"host_id": stage.in_house.id}])
    beyond = stage.book(starts_at=far + timedelta(days=1), participants=[{"host_id": stage.in_house.id}])
    assert set(feed("studio", stage.studio)[1]) == {uid(near)}
    assert beyond.starts_at > far

"""The page of summaries that are sent by themselves: set up, refused in words, ended; each party its own."""

from datetime import date

import pytest
from sqlalchemy import text

from campaign.delivery.notices.channels import House, add_channel
from campaign.delivery.notices.schemas import NoticeChannelIn
from campaign.insight.sending import figures_of
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.outbox.notices import tell
from tests.factory import HUB
from tests.visitor import visitor_as

PAGE = "/notices/summaries"


def robot(database, actor):
    wanted = NoticeChannelIn(kind="wecom", name="战报群", address="https://qyapi.weixin.qq.com/x?key=secret")
    with database.transaction(actor) as db:
        return ids.public("nch", add_channel(db, actor, wanted, House(b"k" * 32, (), False)).id)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_summary_is_set_up_listed_and_ended(app, database, make, language):
    brand = make.brand(name="辛皮记", name_en="Xinpi")
    visitor = visitor_as(app, database, "hub", language=language, hub_role="manager")
    assert 'name="every"' not in visitor.get(PAGE).text  # no channel yet
    channel = robot(database, HUB)
    visitor.get(PAGE)
    sent = visitor.post(
        PAGE, brand_id=ids.public("brd", brand.id), channel_id=channel, every="week", at="08:30"
    )
    assert sent.status_code == 303
    page = visitor.follow().text
    assert ("每周一，报上一周" if language == "zh-CN" else "Every Monday, of the week before") in page
    assert "08:30" in page
    assert "战报群" in page
    where = page.split(f'action="{PAGE}/')[1].split("/")[0]
    assert visitor.post(f"{PAGE}/{where}/end").status_code == 303
    assert "08:30" not in visitor.follow().text


@pytest.mark.parametrize("wrong", [{"at": "25:00"}, {"every": "year"}, {"channel_id": "nch_x"}, {"at": ""}])
def test_what_cannot_be_sent_is_refused_in_words(app, database, wrong):
    visitor = visitor_as(app, database, "hub", hub_role="manager")
    channel = robot(database, HUB)
    visitor.get(PAGE)
    answer = visitor.post(PAGE, **({"channel_id": channel, "every": "day", "at": "09:00"} | wrong))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_brand_sets_up_its_own_by_its_own_channel_alone(app, database, make):
    brand = make.brand()
    own = Actor(kind="user", role="brand", id=5, brand_id=brand.id)
    hubs, channel = robot(database, HUB), robot(database, own)
    visitor = visitor_as(app, database, "brand", brand_id=brand.id)
    assert hubs not in visitor.get(PAGE).text
    assert visitor.post(PAGE, channel_id=hubs, every="day", at="09:00").status_code == 404
    visitor.get(PAGE)
    assert visitor.post(PAGE, channel_id=channel, every="day", at="09:00").status_code == 303
    hub = visitor_as(app, database, "hub", hub_role="manager")
    assert "09:00" not in hub.get(PAGE).text.split("<form")[0]


def test_the_log_of_the_channel_says_what_was_sent(app, database, make):
    brand = make.brand(name="辛皮记", name_en="Xinpi")
    channel = robot(database, HUB)
    with database.transaction(SYSTEM) as db:
        number = ids.internal("nch", channel)
        day = date(2026, 11, 6)
        params = figures_of(db, HUB, brand.id, day, day) | {"due_at": "2026-11-07T01:00:00Z"}
        tell(db, "summary.late", "hub", [0], key="k", params=params, channel_id=number)
        db.execute(
            text(
                "INSERT INTO notice_delivery (notice_id, channel_id, audience, party_id, urgent, state, next_at,"
                " created_at) SELECT id, :channel, 'hub', 0, false, 'delivered', now(), now() FROM notice"
            ),
            {"channel": number},
        )
    visitor = visitor_as(app, database, "hub", hub_role="manager")
    page = visitor.get(f"/notices/channels/{channel}")
    assert page.status_code == 200
    assert "Xinpi, 2026-11-06: nothing sold. Sent late, due at 11-07" in page.text
    assert "a shop has sent no data yet" in page.text
    assert "nothing sold" not in visitor.get("/notices").text  # the channel's alone


def test_one_is_changed_rests_and_goes_on(app, database):
    visitor = visitor_as(app, database, "hub", hub_role="manager")
    channel = robot(database, HUB)
    visitor.get(PAGE)
    visitor.post(PAGE, channel_id=channel, every="day", at="09:00")
    where = visitor.follow().text.split(f'action="{PAGE}/')[1].split("/")[0]
    visitor.post(f"{PAGE}/{where}/change", channel_id=channel, every="month", at="07:45")
    page = visitor.follow().text
    assert "07:45" in page
    assert "09:00</td>" not in page
    visitor.post(f"{PAGE}/{where}/pause")
    assert "Paused" in visitor.follow().text
    visitor.post(f"{PAGE}/{where}/resume")
    assert 'is-paused">' not in visitor.follow().text
    visitor.get(PAGE)
    assert (
        visitor.post(f"{PAGE}/{where}/change", channel_id=channel, every="year", at="07:45").status_code
        == 422
    )

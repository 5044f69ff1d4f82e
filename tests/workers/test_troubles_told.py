"""What becomes of an endpoint that fails for five days is told by chat robot and by mail, in both languages."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.troubles import tell_troubles
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes.mailbox import Mailbox
from tests.fakes.receiver import Receiver, status
from tests.fakes.robots import Robot
from tests.fakes.senders import add as add_endpoint
from tests.fakes.senders import sending, wait_until
from tests.workers.test_notice_sender import LEFT, WAITING, add, agent

pytestmark = pytest.mark.timeout(180)

SAID = {
    "zh_CN": (
        "发往 {} 的一条回调重试完毕仍未成功，可手动重发。",
        "发往 {} 的回调已连续失败 24 小时。",
        "发往 {} 的回调已连续失败 72 小时。",
        "发往 {} 的回调连续五天失败，已停用；启用前事件会保留。",
    ),
    "en": (
        "A webhook to {} was given up after its last try. It can be sent again by hand.",
        "Webhooks to {} have failed for 24 hours.",
        "Webhooks to {} have failed for 72 hours.",
        "Webhooks to {} failed for five days and are switched off. Events are held until you enable them again.",
    ),
}
# Of the hub's people not everybody may enable an endpoint, and it is the agency's to do.
OFF_SAID_TO_THE_HUB = {
    "zh_CN": "发往 {} 的回调连续五天失败，已停用；事件会保留，直到机构或基地管理人员重新启用。",
    "en": "Webhooks to {} failed for five days and are switched off."
    " Events are held until the agency or a manager of the hub enables them again.",
}


@pytest.fixture
def agency(committed_database):
    return Factory(committed_database).agency(name="南星机构", name_en="Nanxing MCN")


@pytest.fixture
def change(committed_database):
    """change("webhook_delivery", "step = 10"): as if time had brought that."""

    def set_(table: str, what: str) -> None:
        with committed_database.transaction(SYSTEM) as db:
            db.execute(text(f"UPDATE {table} SET {what}"))

    return set_


@pytest.fixture
def tell_after(committed_database, settings):
    """The clock's job, so many hours later; returns once all that is to be told is delivered."""

    def run(hours: int) -> None:
        with clock.travel(timedelta(hours=hours)), committed_database.transaction(SYSTEM) as db:
            tell_troubles(db, SYSTEM)
        wait_until(settings.database_url, WAITING, 0)
        wait_until(settings.database_url, LEFT, 0)

    return run


def now_due(change) -> None:
    """The next try at once, whatever pause the breaker made."""
    change("webhook_endpoint", "paused_until = NULL")
    change("webhook_delivery", "next_at = now() WHERE state = 'pending'")


def test_each_step_is_told_once_by_robot_and_by_mail_in_the_language_of_each(
    committed_database, settings, agency, change, tell_after
):
    stranger = Factory(committed_database).agency()
    url = settings.database_url
    with (
        Receiver() as receiver, Robot("feishu") as own_robot, Robot("dingtalk", "SEC1") as hub_robot,
        Robot("wecom") as other_robot, Mailbox() as box, sending(settings, CAMPAIGN_MAIL_URL=box.url),
    ):  # fmt: skip
        add(committed_database, settings, agent(agency), own_robot.url)
        add(committed_database, settings, agent(agency), "mcn@agency.example", "mail", language="en")
        add(committed_database, settings, HUB, hub_robot.url, "dingtalk", secret="SEC1", language="en")
        add(committed_database, settings, HUB, "duty@hub.example", "mail")
        add(committed_database, settings, agent(stranger), other_robot.url, "wecom")
        receiver.behave(status(500))
        add_endpoint(committed_database, settings, agency.id, receiver.url)

        # The last of eleven tries: the rest is as the sender does it.
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})
        wait_until(url, "SELECT attempts FROM webhook_delivery", 1)
        change("webhook_delivery", "step = 10")
        now_due(change)
        wait_until(url, "SELECT state FROM webhook_delivery", "exhausted")
        tell_after(0)
        assert len(own_robot.wait_for(1)) == 1
        for hours in (23, 25, 71, 73, 74):
            tell_after(hours)

        # The tenth failure, of a time of failing that began five days ago.
        change("webhook_endpoint", "failures = 9, failing_since = now() - interval '121 hours'")
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=2, agency_ids=[agency.id], data={})
        now_due(change)
        wait_until(url, "SELECT disabled_reason FROM webhook_endpoint", "failing")
        wait_until(url, WAITING, 0)
        for robot in (own_robot, hub_robot):
            robot.wait_for(4, seconds=60)
        box.wait_for(8, seconds=60)
        wait_until(url, LEFT, 0)

    host = receiver.url.removeprefix("http://").rstrip("/")
    about_it = {
        ("own", "zh_CN"): host,
        ("own", "en"): host,
        ("hub", "zh_CN"): f"南星机构 · {host}",
        ("hub", "en"): f"Nanxing MCN · {host}",
    }
    mails = {
        to: [mail for mail in box.mails if mail["To"] == to]
        for to in ("mcn@agency.example", "duty@hub.example")
    }
    heard = {
        ("own", "zh_CN"): own_robot.lines(),
        ("hub", "en"): hub_robot.lines(),
        ("own", "en"): [mail.get_content() for mail in mails["mcn@agency.example"]],
        ("hub", "zh_CN"): [mail.get_content() for mail in mails["duty@hub.example"]],
    }
    for (whose, language), told in heard.items():
        off = OFF_SAID_TO_THE_HUB[language] if whose == "hub" else SAID[language][-1]
        wanted = [sentence.format(about_it[whose, language]) for sentence in (*SAID[language][:-1], off)]
        # Each sentence in one message, each message with one of them.
        assert [[sentence in one for sentence in wanted].count(True) for one in told] == [1] * 4, told
        assert sorted(next(place for place, s in enumerate(wanted) if s in one) for one in told) == [
            0,
            1,
            2,
            3,
        ]
        assert all("/webhooks" in one for one in told)
    assert {mail["Subject"].split(" ")[0] for mail in mails["mcn@agency.example"]} == {"[Xinji"}
    assert {mail["Subject"].split("]")[0] for mail in mails["duty@hub.example"]} == {"[辛集直播排期"}
    assert other_robot.asked == []

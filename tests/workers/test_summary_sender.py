"""Summaries that are sent by themselves, as a chat group and a mailbox read them: a real robot, a real mail server."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from campaign.insight.standing import send_by_itself
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from tests.db.test_insight_summary import DAY, HOUR, Shelf
from tests.db.test_summary_sending import at
from tests.factory import HUB, Factory
from tests.fakes.mailbox import Mailbox
from tests.fakes.robots import Robot
from tests.fakes.senders import sending, wait_until
from tests.workers.test_notice_sender import LEFT, add
from workers import notices, task


def test_a_summary_reaches_group_and_mailbox_in_the_language_of_each(committed_database, settings, parts):
    shelf = Shelf(committed_database, Factory(committed_database))
    line = shelf.line(HOUR, 129900)
    shelf.push(line, shelf.refund(line, 29900, 2 * HOUR), days_later=0.4)
    brand = Actor(kind="user", role="brand", id=7, brand_id=shelf.brand.id)
    next_day = DAY + timedelta(days=1)
    with at(next_day, 9), committed_database.transaction(HUB) as db:
        ahead = clock.now(db) - datetime.now(UTC)
    with (
        Robot("feishu", "s") as robot,
        Mailbox() as box,
        sending(
            settings,
            CAMPAIGN_MAIL_URL=box.url,
            CAMPAIGN_CLOCK_OFFSET=str(round(ahead.total_seconds())),
        ),
    ):
        group = add(committed_database, settings, HUB, robot.url, secret="s")
        mailbox = add(committed_database, settings, brand, "boss@brand.example", "mail", language="en")
        with at(DAY, 12):
            for actor, channel in ((HUB, group), (brand, mailbox)):
                with committed_database.transaction(actor) as db:
                    given = {"brand_id": shelf.brand.id, "channel_id": channel.id, "every": "day"}
                    send_by_itself(db, actor, **given, at=time(9))
        task.use(replace(parts, database=committed_database))
        try:
            with at(next_day, 9):
                notices.summaries()
                notices.summaries()
        finally:
            task.use(None)
        (line,) = robot.wait_for(1)
        (mail,) = box.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    days = f"?first={DAY}&last={DAY}"
    assert "支付 1,299.00 CNY，已退 299.00 CNY，净额 1,000.00 CNY，1 单" in line
    assert "未到期，其中 1,000.00 CNY 仍可能退货" in line
    assert line.endswith(f"/hub/brands/{ids.public('brd', shelf.brand.id)}{days}")
    said = mail.get_content()
    assert "paid 1,299.00 CNY, refunds so far 299.00 CNY, net 1,000.00 CNY, 1 orders; maturing" in said
    assert f"As of {next_day:%m-%d} 09:0" in said
    assert said.rstrip().endswith(f"/brand{days}")
    assert "%(" not in line + said
    assert mail["Subject"].startswith("[Xinji Live] Summary · ")

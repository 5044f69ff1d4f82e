"""The sender with chat groups and mailboxes: real robots on 127.0.0.1 that check signatures, a real mail server."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.notices import channels, queries
from campaign.delivery.notices.channels import House
from campaign.delivery.notices.schemas import NoticeChannelChange, NoticeChannelIn
from campaign.kit.actor import SYSTEM, Actor
from campaign.outbox.actions import write
from campaign.outbox.notices import tell
from tests.factory import HUB, Factory
from tests.fakes.mailbox import Mailbox
from tests.fakes.receiver import GONE, Receiver
from tests.fakes.robots import KEY, Robot
from tests.fakes.senders import add as add_endpoint
from tests.fakes.senders import sending, wait_until

LEFT = "SELECT count(*) FROM notice_delivery WHERE state IN ('pending', 'sending')"
WAITING = "SELECT count(*) FROM notice WHERE fanned_at IS NULL"
STATES = "SELECT string_agg(state, ' ' ORDER BY id) FROM notice_delivery"


@pytest.fixture
def agency(committed_database):
    return Factory(committed_database).agency(name="南星机构")


def agent(agency) -> Actor:
    return Actor(kind="user", role="agency", id=5, name="agent", agency_id=agency.id)


def add(database, settings, actor: Actor, address: str, kind: str = "feishu", **given):
    """A channel of the actor's party."""
    house = House(settings.secret_key, settings.outgoing_allow, True)
    wanted = NoticeChannelIn(**{"kind": kind, "name": "值班群", "address": address} | given)
    with database.transaction(actor) as db:
        return channels.add_channel(db, actor, wanted, house)


def say(
    database, audience: str, party_id: int, title: str, *, kind: str = "change.moved", until=None
) -> None:
    facts = {"title": title, "studio": "1号间", "studio_en": "Studio 1", "starts_at": "2026-11-23T12:00:00Z"}
    with database.transaction(SYSTEM) as db:
        tell(db, kind, audience, [party_id], key=title, params=facts, useful_until=until)  # type: ignore[arg-type]


def log_of(database, channel, actor: Actor = HUB):
    with database.transaction(actor) as db:
        return [row for row, _ in queries.log_of_channel(db, actor, channel)]


@pytest.mark.parametrize(
    ("kind", "secret"), [("dingtalk", "SEC0123456789"), ("feishu", "fs0123456789"), ("wecom", None)]
)
def test_a_notice_reaches_each_kind_of_group_signed(committed_database, settings, kind, secret):
    with Robot(kind, secret) as robot, sending(settings):
        channel = add(committed_database, settings, HUB, robot.url, kind, secret=secret)
        say(committed_database, "hub", 0, "皮具专场")
        (line,) = robot.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    assert line == (
        "[辛集直播排期] 排期变动 · 已改期：“皮具专场”改为 11-23 20:00，1号间。\nhttp://127.0.0.1:8000/notices"
    )
    (row,) = log_of(committed_database, channel)
    assert (row.state, row.attempts, row.last_code) == ("delivered", 1, 0)


@pytest.mark.parametrize("words", ["\ud800", "好\ud800", "\u0000"])
def test_words_that_no_text_can_hold_make_no_message_come_twice(committed_database, settings, words):
    with Robot("dingtalk") as robot, sending(settings):
        robot.answer(0, words=words)
        channel = add(committed_database, settings, HUB, robot.url, "dingtalk")
        say(committed_database, "hub", 0, "x")
        robot.wait_for(1)
        wait_until(settings.database_url, "SELECT state FROM notice_delivery", "delivered", seconds=5)
    (row,) = log_of(committed_database, channel)
    assert (row.attempts, row.last_code, len(robot.texts)) == (1, 0, 1)


def test_a_wrong_secret_is_a_failure_though_http_says_200(committed_database, settings):
    with Robot("feishu", "right") as robot, sending(settings):
        channel = add(committed_database, settings, HUB, robot.url, secret="wrong")
        say(committed_database, "hub", 0, "x")
        wait_until(settings.database_url, "SELECT last_code FROM notice_delivery", 19021)
    (row,) = log_of(committed_database, channel)
    assert (row.state, row.last_status, row.last_error) == ("pending", 400, "robot_refused")
    assert robot.texts == []


def test_each_party_is_told_its_own_in_its_own_language(committed_database, settings, agency):
    other = Factory(committed_database).agency()
    with Robot("feishu") as mine, Robot("feishu") as theirs, Robot("feishu") as hub, sending(settings):
        add(committed_database, settings, agent(agency), mine.url, language="en")
        add(committed_database, settings, agent(other), theirs.url)
        add(committed_database, settings, HUB, hub.url)
        say(committed_database, "agency", agency.id, "mine canary-a")
        say(committed_database, "agency", other.id, "theirs canary-b")
        say(committed_database, "hub", 0, "hub canary-c")
        for robot in (mine, theirs, hub):
            robot.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    said = "[Xinji Live] Schedule change · Moved: “mine canary-a” is now at 11-23 20:00 in Studio 1."
    assert mine.lines() == [f"{said}\nhttp://127.0.0.1:8000/notices"]
    assert [("canary-b" in line, "已改期" in line) for line in theirs.lines()] == [(True, True)]
    assert [("canary-c" in line, "已改期" in line) for line in hub.lines()] == [(True, True)]


def test_only_the_kinds_asked_for_are_sent(committed_database, settings, agency):
    with Robot("feishu") as robot, sending(settings):
        add(committed_database, settings, agent(agency), robot.url, groups=["deadline"])
        say(committed_database, "agency", agency.id, "a change")
        say(committed_database, "agency", agency.id, "a deadline", kind="deadline.expired")
        wait_until(settings.database_url, WAITING, 0)
        robot.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    assert [line for line in robot.lines() if "a deadline" in line] == robot.lines()


def test_a_refusal_is_tried_again_after_the_step_and_arrives_once(committed_database, settings):
    with Robot("feishu") as robot, sending(settings):
        add(committed_database, settings, HUB, robot.url)
        robot.answer(9499, 0)
        say(committed_database, "hub", 0, "x")
        robot.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    (first, _), (second, _) = robot.asked
    assert 3.9 <= second - first <= 12
    assert len(robot.texts) == 1


def test_a_robot_that_asks_to_wait_is_left_alone(committed_database, settings):
    with Robot("feishu") as robot, sending(settings):
        channel = add(committed_database, settings, HUB, robot.url)
        robot.answer(11232)
        say(committed_database, "hub", 0, "x")
        wait_until(settings.database_url, "SELECT last_status FROM notice_delivery", 429)
        say(committed_database, "hub", 0, "y")
        wait_until(settings.database_url, WAITING, 0)
        wait_until(
            settings.database_url,
            "SELECT next_at > now() + interval '40 seconds' FROM notice_delivery WHERE attempts = 1",
            True,
        )
    assert len(robot.asked) == 1
    with committed_database.transaction(HUB) as db:
        found = queries.get_channel(db, HUB, channel.id)
        assert (found.streak, found.paused_until is not None) == (0, True)


def test_a_robot_that_is_no_more_is_switched_off_told_in_app_and_taken_up_by_hand(
    committed_database, settings
):
    with Robot("wecom") as robot, sending(settings):
        channel = add(committed_database, settings, HUB, robot.url, "wecom", name="总群")
        robot.answer(93000)
        say(committed_database, "hub", 0, "x")
        wait_until(settings.database_url, "SELECT state FROM notice_channel", "disabled")
        wait_until(
            settings.database_url,
            "SELECT params->>'name' FROM notice WHERE kind = 'system.channel_disabled'",
            "总群",
        )
        say(committed_database, "hub", 0, "y")
        wait_until(settings.database_url, WAITING, 0)
        wait_until(settings.database_url, "SELECT count(*) FROM notice_delivery WHERE state <> 'held'", 0)
        robot.answer(0)
        house = House(settings.secret_key, settings.outgoing_allow, False)
        with committed_database.transaction(HUB) as db:
            found = queries.get_channel(db, HUB, channel.id)
            channels.change_channel(db, HUB, found, NoticeChannelChange(state="active"), house)
        robot.wait_for(3)
        wait_until(settings.database_url, LEFT, 0)
    assert sorted(line.count("“x”") + 2 * line.count("“y”") for line in robot.lines()) == [0, 1, 2]


def test_what_waits_together_goes_out_in_few_messages_each_within_the_limit(committed_database, settings):
    with Robot("wecom") as robot:
        add(committed_database, settings, HUB, robot.url, "wecom")
        for number in range(12):
            say(committed_database, "hub", 0, f"{number:02d} " + "皮" * 200)
        with sending(settings):
            robot.wait_for(12, seconds=40)
            wait_until(settings.database_url, LEFT, 0)
    assert len(robot.lines()) == len({line[:60] for line in robot.lines()}) == 12
    assert len(robot.texts) < 6
    assert max(len(each.encode()) for each in robot.texts) <= 2048
    times = [at for at, _ in robot.asked]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 2.5


def test_quiet_hours_hold_back_all_but_what_is_urgent(committed_database, settings):
    with Robot("feishu") as robot, sending(settings):
        # From a minute ago for 23 hours, whatever the hour is.
        quiet = "SELECT (now() AT TIME ZONE 'Asia/Shanghai' + interval '{}')::time::text"
        with committed_database.transaction(SYSTEM) as db:
            spans = ("-2 minutes", "-10 minutes")
            start, end = (db.execute(text(quiet.format(one))).scalar_one()[:5] for one in spans)
        add(committed_database, settings, HUB, robot.url, quiet_from=start, quiet_to=end)
        say(committed_database, "hub", 0, "can wait")
        wait_until(settings.database_url, WAITING, 0)
        say(committed_database, "hub", 0, "cannot wait", kind="arrival.missing")
        robot.wait_for(1)
        wait_until(settings.database_url, "SELECT count(*) FROM notice_delivery WHERE state = 'delivered'", 1)
    assert "cannot wait" in robot.lines()[0]
    assert len(robot.lines()) == 1


def test_what_is_of_no_use_any_more_expires_and_says_so(committed_database, settings):
    with Robot("feishu") as robot:
        channel = add(committed_database, settings, HUB, robot.url)
        with committed_database.transaction(SYSTEM) as db:
            now = db.execute(text("SELECT now()")).scalar_one()
        say(committed_database, "hub", 0, "too late", until=now - timedelta(minutes=1))
        say(committed_database, "hub", 0, "in time", until=now + timedelta(minutes=30))
        with sending(settings):
            robot.wait_for(1)
            wait_until(settings.database_url, LEFT, 0)
    assert ["in time" in line for line in robot.lines()] == [True]
    assert sorted(row.state for row in log_of(committed_database, channel)) == ["delivered", "expired"]


def test_a_test_goes_by_its_channel_alone_and_stands_in_no_list(committed_database, settings):
    with Robot("feishu") as robot, Robot("feishu") as other, sending(settings):
        channel = add(committed_database, settings, HUB, robot.url)
        add(committed_database, settings, HUB, other.url)
        with committed_database.transaction(HUB) as db:
            channels.test(db, HUB, queries.get_channel(db, HUB, channel.id))
        robot.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    assert other.texts == []
    with committed_database.transaction(HUB) as db:
        assert queries.count_unread(db, HUB) == 0


def test_an_address_inside_is_never_called(committed_database, settings):
    closed = replace(settings, outgoing_allow=())
    with Robot("feishu") as robot, sending(closed):
        add(committed_database, settings, HUB, robot.url)
        say(committed_database, "hub", 0, "x")
        wait_until(settings.database_url, "SELECT last_error FROM notice_delivery", "blocked")
    assert robot.asked == []


def test_mail_arrives_in_plain_text_with_an_id_that_stays(committed_database, settings, agency):
    with Mailbox() as box, sending(settings, CAMPAIGN_MAIL_URL=box.url):
        add(committed_database, settings, agent(agency), "mcn@agency.example", "mail", language="en")
        box.refuse("451 later please")
        say(committed_database, "agency", agency.id, "Leather night")
        wait_until(settings.database_url, "SELECT last_status FROM notice_delivery", 429)
        (mail,) = box.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    assert (mail["To"], mail["From"]) == ("mcn@agency.example", "notices@hub.example")
    assert mail["Subject"] == "[Xinji Live] Schedule change · Leather night"
    assert mail.get_content_type() == "text/plain"
    assert "Moved: “Leather night” is now at 11-23 20:00 in Studio 1." in mail.get_content()
    with committed_database.transaction(SYSTEM) as db:
        number = db.execute(text("SELECT id FROM notice_delivery")).scalar_one()
    assert mail["Message-ID"] == f"<notice-{number}@127.0.0.1>"


@pytest.mark.parametrize("said", ["no such user", "no such\0 user"])
def test_a_mail_refused_for_good_is_given_up_after_five_tries_at_most(committed_database, settings, said):
    with Mailbox() as box, sending(settings, CAMPAIGN_MAIL_URL=box.url):
        channel = add(committed_database, settings, HUB, "gone@hub.example", "mail")
        box.refuse(f"550 {said}", times=9)
        say(committed_database, "hub", 0, "x")
        wait_until(settings.database_url, "SELECT last_error FROM notice_delivery", "mail_refused")
    (row,) = log_of(committed_database, channel)
    assert (row.last_status, row.state) == (400, "pending")
    assert row.last_answer == "no such user"


def test_an_event_that_cannot_become_a_message_rings_the_hub_and_stops_no_other(
    committed_database, settings, agency
):
    with sending(settings):
        with committed_database.transaction(HUB) as db:
            # endpoint.test without its endpoint: a fault of ours.
            write(db, "endpoint.test", agency_ids=[agency.id], data={"nothing": "here"})
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"after": "it"})
        wait_until(settings.database_url, "SELECT count(*) FROM outbox_event WHERE fanned_at IS NULL", 0)
        wait_until(settings.database_url, "SELECT count(*) FROM webhook_message", 1)
        wait_until(settings.database_url, "SELECT count(*) FROM alert WHERE kind = 'event_unusable'", 1)
    with committed_database.transaction(HUB) as db:
        assert queries.count_unread(db, HUB) == 1


def test_an_endpoint_switched_off_is_told_by_robot_and_by_mail(committed_database, settings, agency):
    with (
        Receiver() as receiver, Robot("feishu") as robot, Mailbox() as box,
        sending(settings, CAMPAIGN_MAIL_URL=box.url),
    ):  # fmt: skip
        add(committed_database, settings, agent(agency), robot.url, language="en")
        add(committed_database, settings, HUB, "duty@hub.example", "mail", language="en")
        receiver.behave(GONE)
        add_endpoint(committed_database, settings, agency.id, receiver.url)
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})
        (line,) = robot.wait_for(1)
        (mail,) = box.wait_for(1)
    host = receiver.url.removeprefix("http://").rstrip("/")
    assert host in line
    assert "switched off" in line
    assert host in mail.get_content()
    assert agency.name in mail.get_content()


def test_addresses_and_secrets_are_sealed_at_rest(committed_database, settings):
    with Robot("dingtalk", "SECvery-secret") as robot:
        channel = add(committed_database, settings, HUB, robot.url, "dingtalk", secret="SECvery-secret")
    with committed_database.transaction(SYSTEM) as db:
        stored = db.execute(text("SELECT row_to_json(c)::text FROM notice_channel c")).scalar_one()
        noted = str(db.execute(text("SELECT detail::text FROM audit_entry")).all())
    for secret in (KEY, "SECvery-secret"):
        assert secret not in stored + noted
        assert secret.encode().hex() not in stored
    assert channel.address_hint == "127.0.0.1 …wxyz"

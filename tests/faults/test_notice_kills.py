"""Senders killed while groups are being told: no notice is lost, and none comes twice but what was in flight."""

import itertools
import random
import time
from collections import Counter

import pytest
from sqlalchemy import text

from campaign.delivery.notices.states import IN_ONE_MESSAGE
from campaign.kit.actor import SYSTEM
from tests.factory import HUB
from tests.fakes.robots import Robot
from tests.fakes.senders import sending, start, wait_until
from tests.workers.test_notice_sender import add, say

NOTICES, KILLS = 60, 4
DELIVERED = "SELECT count(*) FROM notice_delivery WHERE state = 'delivered'"


def titles(robot: Robot) -> Counter[str]:
    return Counter(line.partition("“")[2].partition("”")[0] for line in robot.lines())


def check_all_came(robot: Robot) -> int:
    """Each notice once at least; gives how many came more than once."""
    found = titles(robot)
    assert set(found) == {f"n{number}" for number in range(NOTICES)}
    return sum(count - 1 for count in found.values())


@pytest.mark.longer
def test_a_sender_killed_again_and_again_loses_no_notice(committed_database, settings):
    chance = random.Random(11)
    with Robot("feishu") as robot:
        robot.pause = 0.25
        add(committed_database, settings, HUB, robot.url)
        for number in range(NOTICES):
            say(committed_database, "hub", 0, f"n{number}")
        for kill in range(KILLS):
            victim = start(settings)
            until = time.monotonic() + 20
            while len(robot.asked) <= kill and time.monotonic() < until:
                time.sleep(0.01)
            # In the middle of a message: asked already, not answered or not yet written down.
            time.sleep(chance.random() * 0.2)
            victim.kill()
        with sending(settings) as last:
            wait_until(settings.database_url, DELIVERED, NOTICES, seconds=60)
            assert last.stop() == 0
        twice = check_all_came(robot)
    assert twice <= KILLS * IN_ONE_MESSAGE["feishu"]


@pytest.mark.longer
def test_two_senders_tell_each_notice_once_and_keep_the_pace(committed_database, settings):
    with Robot("feishu") as robot, sending(settings), sending(settings):
        robot.pause = 0.1
        add(committed_database, settings, HUB, robot.url)
        for number in range(NOTICES):
            say(committed_database, "hub", 0, f"n{number}")
        wait_until(settings.database_url, DELIVERED, NOTICES, seconds=60)
        assert check_all_came(robot) == 0
        times = sorted(at for at, _ in robot.asked)
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.8


@pytest.mark.parametrize(("words", "state"), [((), "delivered"), (("--drain", "1"), "pending")])
def test_a_stopped_sender_lets_a_call_end_or_gives_back_what_it_was_for(
    committed_database, settings, words, state
):
    with Robot("feishu") as robot:
        robot.pause = 6
        add(committed_database, settings, HUB, robot.url)
        say(committed_database, "hub", 0, "n0")
        with sending(settings, *words) as sender:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                with committed_database.transaction(SYSTEM) as db:
                    held = db.execute(
                        text("SELECT count(*) FROM notice_delivery WHERE state = 'sending'")
                    ).scalar_one()
                if held:
                    break
                time.sleep(0.05)
            assert sender.stop() == 0
        with committed_database.transaction(SYSTEM) as db:
            states = db.execute(text("SELECT state FROM notice_delivery")).scalars().all()
    assert states == [state]


def test_the_check_sees_a_lost_notice():
    """Negative control: the proof above fails where it should."""
    with Robot("feishu") as robot, pytest.raises(AssertionError):
        check_all_came(robot)

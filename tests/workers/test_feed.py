"""The feed by long-poll: told at once, to whom it belongs, with no connection held, and without a gap."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from campaign.app import create_app
from campaign.delivery.states import FEED
from campaign.kit import ears as ears_of_the_house
from campaign.kit import redis
from campaign.kit import shares as shares_of_the_house
from campaign.kit.actor import Actor
from campaign.kit.ears import DatabaseEars
from campaign.kit.errors import Unavailable
from campaign.kit.shares import Shares, ShareTaken
from campaign.wiring import wire
from tests.factory import Factory, keyed
from tests.fakes.senders import sending
from tests.workers.test_sender import tell

SOON = 2.0
"""Well before who waits would ask again by itself."""


@contextmanager
def process(settings):
    """The application as a web process runs it, on a small pool of its own."""
    parts = wire(replace(settings, pool_size=2), nudges=False)
    yield create_app(parts).test_client
    parts.database.dispose()


@pytest.fixture
def client(committed_database, settings):
    with process(settings) as made:
        yield made


@pytest.fixture
def another(committed_database, settings):
    with process(settings) as made:
        yield made


@pytest.fixture
def alone(committed_database, settings):
    """One whose Redis is away."""
    with process(replace(settings, redis_url="redis://127.0.0.1:1/0")) as made:
        yield made


@pytest.fixture
def agencies(committed_database):
    make = Factory(committed_database)
    return make.agency(), make.agency()


def of(database, agency):
    actor = Actor(kind="key", role="agency", id=0, name="agent", agency_id=agency.id)
    return {"Authorization": f"Bearer {keyed(database, actor)}"}


def ask(client, headers, query=""):
    began = time.monotonic()
    answer = client().get(f"/api/v1/events{query}", headers=headers)
    return answer, time.monotonic() - began


class Waiting(threading.Thread):
    """Somebody who asks and waits."""

    def __init__(self, client, headers, query):
        super().__init__(daemon=True)
        self.asked = (client, headers, query)
        self.start()

    def run(self):
        self.answer, self.seconds = ask(*self.asked)

    def told(self):
        self.join(30)
        assert not self.is_alive()
        return [one["type"] for one in self.answer.json["items"]]


def test_who_waits_is_told_as_soon_as_something_comes_and_others_are_not(
    client, committed_database, settings, agencies
):
    mine, theirs = (of(committed_database, agency) for agency in agencies)
    start = ask(client, mine)[0].json["next_cursor"]
    with sending(settings):
        one = Waiting(client, mine, f"?after={start}&wait=20")
        other = Waiting(client, theirs, "?wait=3")
        time.sleep(1)
        tell(committed_database, agencies[0].id, title="专场")
        assert one.told() == ["session.moved"]
        assert other.told() == []
    assert 1 <= one.seconds < 1 + SOON
    assert 3 <= other.seconds < 3 + SOON


def test_what_is_there_already_is_not_waited_for(client, committed_database, settings, agencies):
    with sending(settings):
        tell(committed_database, agencies[0].id)
        waiting = Waiting(client, of(committed_database, agencies[0]), "?wait=20")
        assert waiting.told() == ["session.moved"]
    answer, seconds = ask(client, of(committed_database, agencies[0]), "?wait=20")
    assert answer.json["items"]
    assert seconds < SOON


def test_who_waits_holds_no_connection(client, committed_database, settings, agencies):
    """Six wait on a pool of two, and a seventh request is answered at once."""
    mine = of(committed_database, agencies[0])
    crowd = [Waiting(client, of(committed_database, one), "?wait=2") for one in agencies for _ in range(3)]
    time.sleep(0.5)
    answer, seconds = ask(client, mine)
    assert answer.status_code == 200
    assert seconds < 1
    assert [one.told() for one in crowd] == [[]] * 6


def told_off(answer):
    return answer.status_code, answer.json["code"], int(answer.headers["Retry-After"]) > 0


def test_one_agency_has_four_places_in_all_processes_and_others_have_theirs(
    client, another, committed_database, settings, agencies
):
    """Two applications as two web processes have them: a pool, an ear and a client of Redis each."""
    mine, theirs = (of(committed_database, agency) for agency in agencies)
    crowd = [Waiting(which, mine, "?wait=3") for which in (client, another) * 2]
    time.sleep(1)
    for which in (client, another):
        assert told_off(ask(which, mine, "?wait=4")[0]) == (429, "too_many_of_yours", True)
    # Who does not wait is answered, and others wait.
    assert ask(client, mine)[0].status_code == 200
    assert ask(another, theirs, "?wait=1")[0].status_code == 200
    for one in crowd:
        one.told()
        assert one.answer.status_code == 200
    assert ask(another, mine, "?wait=1")[0].status_code == 200


def test_without_redis_each_process_counts_for_itself(committed_database, settings, agencies, alone):
    mine = of(committed_database, agencies[0])
    crowd = [Waiting(alone, mine, "?wait=2") for _ in range(4)]
    time.sleep(1)
    assert told_off(ask(alone, mine, "?wait=2")[0]) == (429, "too_many_of_yours", True)
    for one in crowd:
        one.told()
        assert one.answer.status_code == 200


def test_the_place_of_a_process_that_died_is_free_again(settings, monkeypatch):
    monkeypatch.setattr(shares_of_the_house, "_MARGIN_SECONDS", 0.0)
    dead, living = (Shares(redis.connect(settings.redis_url), "test", most=1) for _ in range(2))
    who = uuid4().hex
    held = dead.held(who, 0.5)
    held.__enter__()
    with pytest.raises(ShareTaken), living.held(who, 0.5):
        pass
    time.sleep(0.6)
    with living.held(who, 0.5):
        pass


def test_one_too_many_of_all_is_told_when_to_come_again(committed_database, settings, agencies):
    parts = replace(
        wire(replace(settings, pool_size=2), nudges=False),
        feed=DatabaseEars(settings.database_url, FEED, most=1),
    )
    crowded = create_app(parts).test_client
    mine, theirs = (of(committed_database, agency) for agency in agencies)
    first = Waiting(crowded, mine, "?wait=2")
    time.sleep(0.5)
    assert told_off(ask(crowded, theirs, "?wait=2")[0]) == (503, "too_many_wait", True)
    first.told()
    # What was turned away holds no place of its agency.
    assert ask(crowded, theirs, "?wait=1")[0].status_code == 200
    parts.database.dispose()


@pytest.mark.parametrize("wait", ["26", "-1", "²", "1.5", ""])
def test_how_long_is_a_number_of_seconds(client, committed_database, agencies, wait):
    answer, _ = ask(client, of(committed_database, agencies[0]), f"?wait={wait}")
    assert answer.status_code == 422


def test_an_event_that_commits_late_is_not_passed_by(client, committed_database, settings, agencies):
    """Written first and committed last: its place in the feed is behind what was read meanwhile."""
    mine = of(committed_database, agencies[0])
    with sending(settings), psycopg.connect(settings.database_url) as slow:
        slow.execute(_WRITE, {"agency": agencies[0].id, "session": 1})
        tell(committed_database, agencies[0].id, kind="session.ended", session_id=2)
        first = Waiting(client, mine, "?wait=20")
        assert first.told() == ["session.ended"]
        second = Waiting(client, mine, f"?after={first.answer.json['next_cursor']}&wait=20")
        slow.execute("SELECT pg_notify('outbox', '')")
        slow.commit()
        assert second.told() == ["session.moved"]


_WRITE = """
    INSERT INTO outbox_event (type, at, session_id, seq, agency_ids, data, agency_data)
    VALUES ('session.moved', now(), %(session)s, 1, ARRAY[%(agency)s]::bigint[], '{}', '{}')
"""


def test_ids_alone_would_pass_it_by(committed_database, settings, agencies):
    """Negative control: the event that was read has the greater id, so a cursor of ids would never show the other."""
    with psycopg.connect(settings.database_url) as slow:
        slow.execute(_WRITE, {"agency": agencies[0].id, "session": 1})
        tell(committed_database, agencies[0].id, kind="session.ended", session_id=2)
        slow.commit()
        rows = slow.execute("SELECT type FROM outbox_event ORDER BY id").fetchall()
    assert rows == [("session.moved",), ("session.ended",)]


def test_a_deaf_ear_asks_again_by_itself(settings, monkeypatch):
    """The hint may be lost: nobody listens on this channel, and what came is found a little later."""
    monkeypatch.setattr(ears_of_the_house, "ASK_AGAIN_SECONDS", 0.5)
    found = iter([[], [], ["news"]])
    ears = DatabaseEars(settings.database_url.replace("/test_", "/nowhere_"), "feed")
    began = time.monotonic()
    assert ears.until("1", 20, lambda: next(found), bool) == ["news"]
    assert 0.5 <= time.monotonic() - began < 5


def test_so_many_may_wait_and_no_more(settings):
    ears = DatabaseEars(settings.database_url, "feed", most=1)
    waiting = threading.Thread(target=lambda: ears.until("1", 1.5, list, bool), daemon=True)
    waiting.start()
    time.sleep(0.5)
    with pytest.raises(Unavailable):
        ears.until("1", 1, list, bool)
    waiting.join()
    assert ears.until("1", 0.1, list, bool) == []

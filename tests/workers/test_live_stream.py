"""The event stream of a show on air: told at once, healed by a sweep, without a connection held, capped."""

import queue
import secrets
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.app import create_app
from campaign.gate import streams
from campaign.kit import clock, ears, ids
from campaign.kit.actor import SYSTEM
from campaign.kit.redis import RedisEars
from campaign.sales import projecting
from campaign.wiring import wire
from tests.factory import HUB, Factory, keyed
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import HOUR, event, push
from workers import sales as tasks
from workers import task

SOON = 2.0
"""Well before who listens would ask again by itself."""


class Listener(threading.Thread):
    """Reads a stream as it comes, in a thread as a server does it: (name, text) of each event."""

    def __init__(self, web, client, path, headers):
        super().__init__(daemon=True)
        self.web, self.asked = web, (client, path, headers)
        self.events = queue.Queue()
        self.begun, self.stopped = threading.Event(), False
        self.start()
        self.begun.wait(10)

    def run(self):
        client, path, headers = self.asked
        answer = client.get(path, headers=headers, buffered=False)
        self.status = answer.status_code
        self.begun.set()
        for chunk in answer.response:
            lines = chunk.splitlines() if isinstance(chunk, str) else chunk.decode().splitlines()
            name = next((line[7:] for line in lines if line.startswith("event: ")), "")
            if name:
                self.events.put((name, "\n".join(line[6:] for line in lines if line.startswith("data: "))))
            if self.stopped:
                break
        answer.close()
        self.events.put(("end", ""))

    def next(self, *names, seconds=SOON):
        """The next event of these names; what comes before is passed over."""
        until = time.monotonic() + seconds
        while True:
            name, said = self.events.get(timeout=max(0.01, until - time.monotonic()))
            if name in names:
                return said

    def close(self):
        """As a client that goes away: the server learns of it when it next says something."""
        self.stopped = True
        self.web.live._say("")
        self.join(10)
        assert not self.is_alive()


@pytest.fixture
def live(committed_database, settings, monkeypatch):
    """A web process on a pool of two, a worker's parts, a show on air and who may follow it."""
    # Ears of tests before this one may still be on theirs.
    monkeypatch.setattr(projecting, "CHANNEL", f"sales:live:{secrets.token_hex(4)}")
    database = committed_database
    web = wire(replace(settings, pool_size=2), nudges=False)
    worker = wire(settings, database=database, nudges=False)
    task.use(worker)
    make = Factory(database)
    with database.transaction(SYSTEM) as db:
        now = clock.now(db).replace(microsecond=0)
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    began = now - HOUR
    session_id = add_session(
        make, began, now + HOUR, brand=brand, account=make.account(external_id="a1"), state="live",
        actual=(began, None),
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {keyed(database, HUB)}"}
    path = f"/hub/sessions/{ids.public('ses', session_id)}/stream"
    application = create_app(web)
    opened = []

    def listen():
        opened.append(Listener(web, application.test_client(), path, headers))
        return opened[-1]

    yield Stage(database, web, worker, session_id, now, listen, application, path, headers)
    for one in opened:
        one.close()
    task.use(None)
    web.database.dispose()
    web.redis.close()
    worker.redis.close()


class Stage:
    def __init__(self, database, web, worker, session_id, now, listen, application, path, headers):
        self.database, self.web, self.worker, self.session_id = database, web, worker, session_id
        self.now, self.listen, self.application = now, listen, application
        self.path, self.headers, self.sold = path, headers, 0

    def sell(self):
        """A sale of 100 yuan, as the workers bring it to Redis."""
        self.sold += 1
        push(self.database, event(self.sold, self.now - timedelta(minutes=1)))
        tasks.fold()
        tasks.project()


def test_who_listens_is_told_at_once(live):
    listener = live.listen()
    assert "¥100" not in listener.next("now")
    time.sleep(1.3)
    live.sell()
    assert "¥100" in listener.next("now")
    live.sell()
    assert "¥200" in listener.next("now")


def test_a_lost_hint_is_healed_by_a_look(live, monkeypatch):
    monkeypatch.setattr(RedisEars, "_say", lambda _self, _payload: None)
    monkeypatch.setattr(streams, "SWEEP_SECONDS", 1.5)
    listener = live.listen()
    listener.next("now")
    time.sleep(1.3)
    live.sell()
    assert "¥100" in listener.next("now", seconds=4)


def test_without_hints_and_looks_nobody_is_told(live, monkeypatch):
    """The control of the two above."""
    monkeypatch.setattr(RedisEars, "_say", lambda _self, _payload: None)
    monkeypatch.setattr(streams, "SWEEP_SECONDS", 6)
    listener = live.listen()
    listener.next("now")
    time.sleep(1.3)
    live.sell()
    with pytest.raises(queue.Empty):
        listener.next("now", seconds=4)


def test_a_flush_of_redis_makes_nothing_wrong_and_nobody_deaf(live):
    live.sell()
    listener = live.listen()
    assert "¥100" in listener.next("now")
    live.web.redis.flushdb()
    time.sleep(1.3)
    live.sell()
    while "¥200" not in listener.next("now"):
        pass  # meanwhile it was read from SQL
    assert (
        projecting.find(live.web.redis, [live.session_id])[live.session_id]["totals"]["CNY"]["paid_fen"]
        == 20000
    )


def test_streams_hold_no_database_connection(live):
    listeners = [live.listen() for _ in range(6)]
    for one in listeners:
        one.next("now")
    time.sleep(1.3)
    with live.database.transaction(SYSTEM) as db:
        busy = db.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            )
        ).scalar_one()
    assert busy == 0
    # Six listen on a pool of two, and pages are still served from it.
    assert live.application.test_client().get("/hub", headers=live.headers).status_code == 200


def test_one_process_listens_once_for_all(live):
    for _ in range(4):
        live.listen().next("now")
    time.sleep(0.5)
    assert dict(live.web.redis.pubsub_numsub(projecting.CHANNEL))[projecting.CHANNEL] == 1


def test_as_many_as_there_are_places_for_and_the_next_is_told_when_to_come_back(live):
    listeners = [live.listen() for _ in range(ears.MOST_WAITING)]
    refused = live.application.test_client().get(live.path, headers=live.headers)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    listeners[0].close()
    assert live.listen().status == 200


def test_what_is_refused_keeps_no_place(live):
    absent = "/hub/sessions/ses_0000000000000/stream"
    for _ in range(ears.MOST_WAITING + 1):
        assert live.application.test_client().get(absent, headers=live.headers).status_code == 404
    assert live.listen().status == 200


def test_the_end_of_the_show_ends_the_stream(live):
    listener = live.listen()
    listener.next("now")
    time.sleep(1.3)
    change_session(live.database, live.session_id, state="ended", actual_ends_at=live.now)
    live.sell()
    listener.next("over")
    listener.next("end")


def test_a_stream_ends_after_its_time_and_goes_on_where_it_was(live, monkeypatch):
    monkeypatch.setattr(streams, "LIFETIME_SECONDS", 1.0)
    monkeypatch.setattr(streams, "SWEEP_SECONDS", 0.2)
    listener = live.listen()
    listener.next("now")
    listener.next("end", seconds=4)
    answer = live.application.test_client().get(f"{live.path[:-7]}/now", headers=live.headers)
    live.headers["Last-Event-ID"] = answer.headers["ETag"].strip('"')
    again = live.listen()
    again.next("beat")
    told = []
    while not told or told[-1] != "end":
        told.append(again.events.get(timeout=4)[0])
    assert "now" not in told  # it is told nothing that it knows

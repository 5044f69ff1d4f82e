"""Four hours of a show on its page and on the wall: what has come is not kept."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from werkzeug.serving import make_server

from campaign.app import create_app
from campaign.gate import streams
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from campaign.sales import projecting
from campaign.wiring import wire
from tests.factory import HUB, Factory, keyed
from tests.sales_kit import add_session
from tests.workers.test_sales_final import refund
from tests.workers.test_sales_tasks import event, push
from workers import sales as tasks
from workers import task

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

EVENING = timedelta(hours=4)
STEP = timedelta(seconds=10)
PER_MINUTE = 6
POLL_SECONDS = 3
MOST_BYTES = 10 * 1024 * 1024


class Evening:
    """A show that began four hours ago, told anew from its beginning; a web process that sends without pauses."""

    def __init__(self, database, settings):
        self.database = database
        self.worker = wire(settings, database=database, nudges=False)
        self.web = wire(replace(settings, pool_size=4), nudges=False)
        task.use(self.worker)
        make = Factory(database)
        with database.transaction(SYSTEM) as db:
            now = clock.now(db).replace(microsecond=0)
        self.began, self.sold, self.refunded = now - EVENING, 0, 0
        brand = make.brand()
        make.shop(brand=brand, external_id="4001")
        for number in range(40):
            make.product(brand=brand, sku=f"COAT-{number}", name=f"双面羊剪绒大衣 {number}")
        campaign = make.campaign(target_paid_fen=500_000_00)
        self.session_id = add_session(
            make, self.began, now + timedelta(minutes=30), brand=brand, rooms=("r1",), state="live",
            account=make.account(external_id="a1"), actual=(self.began, None),
        )  # fmt: skip
        with database.transaction(SYSTEM) as db:
            db.execute(text("UPDATE live_session SET campaign_id = :id"), {"id": campaign.id})
        self.headers = {"Authorization": f"Bearer {keyed(database, HUB)}"}
        self.server = make_server("127.0.0.1", 0, create_app(self.web), threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def tell(self, step):
        """What happened within one step. Each minute some orders, now and then a refund or a mark, by the workers' own
        way; between them newer totals in Redis, as a worker leaves them.
        """
        if step % PER_MINUTE:
            (told,) = projecting.find(self.worker.redis, [self.session_id]).values()
            told["totals"]["CNY"]["paid_fen"] += 100
            newer = projecting.Projection(self.session_id, told["version"] + 1, told["as_of"], told["totals"])
            projecting.put(self.worker.redis, [newer])
            return
        at = self.began + step * STEP
        told = [event(self.sold + n, at, merchant_sku=f"COAT-{(self.sold + n) % 40}") for n in range(6)]
        if self.sold > 10:
            told.append(refund(self.refunded, at, 4000))
            self.refunded += 1
        if step % (2 * PER_MINUTE) == 0:
            told.append(mark(step, at))
        self.worker.redis.delete(f"{projecting.PREFIX}{self.session_id}")
        push(self.database, *told)
        self.sold += 6
        tasks.fold()

    def close(self):
        """Once the browser has gone: the streams learn of it when they next say something."""
        until = time.monotonic() + 20
        while self.web.live._waiting and time.monotonic() < until:
            self.web.live._say("")
            time.sleep(0.1)
        self.server.shutdown()
        self.server.server_close()
        task.use(None)
        self.web.database.dispose()
        for parts in (self.worker, self.web):
            parts.redis.close()


def mark(number, at):
    return {
        "type": "product.explained",
        "event_id": f"x{number}",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "room_id": "r1",
        "merchant_sku": f"COAT-{number % 40}",
        "started_at": at.isoformat(),
        "ended_at": (at + timedelta(minutes=1)).isoformat(),
    }


class Window:
    """A page that is measured: what its scripts and its nodes hold after everything unused was collected."""

    def __init__(self, context, url):
        self.page = context.new_page()
        self.page.goto(url)
        self.channel = context.new_cdp_session(self.page)

    def held(self):
        for _ in range(3):
            self.channel.send("HeapProfiler.collectGarbage")
        found = self.channel.send("Runtime.getHeapUsage")
        return found["usedSize"] + found.get("embedderHeapUsedSize", 0)

    def says(self, words, seconds=20):
        self.page.wait_for_function(
            "words => document.body.innerText.includes(words)", arg=words, timeout=seconds * 1000
        )


@pytest.fixture
def evening(committed_database, settings, monkeypatch):
    monkeypatch.setattr(streams, "PAUSE_SECONDS", 0.0)
    sent = []
    event_of = streams._event
    monkeypatch.setattr(streams, "_event", lambda name, part: (sent.append(name), event_of(name, part))[1])
    made = Evening(committed_database, settings)
    made.sent = sent
    yield made
    made.close()


@pytest.fixture
def windows(chromium, evening):
    """The show's page, listening, and the wall, asking by a clock that is turned by hand."""
    context = chromium.new_context(locale="en-US", extra_http_headers=evening.headers)
    show = Window(context, f"{evening.url}/hub/sessions/{ids.public('ses', evening.session_id)}")
    show.says("follows at once")
    wall_context = chromium.new_context(locale="en-US", extra_http_headers=evening.headers)
    wall_context.clock.install()
    wall = Window(wall_context, f"{evening.url}/hub/live/wall")
    yield show, wall
    context.close()
    wall_context.close()


def play(evening, show, wall, steps):
    for step in steps:
        before = len(evening.sent)
        evening.tell(step)
        with wall.page.expect_response("**/hub/live/now"):
            wall.page.clock.run_for(POLL_SECONDS * 1000)
        until = time.monotonic() + 10
        while len(evening.sent) == before:
            assert time.monotonic() < until, "the stream has stopped"
            time.sleep(0.005)


@pytest.mark.nightly
def test_four_hours_grow_neither_page_by_ten_megabytes(evening, windows):
    show, wall = windows
    play(evening, show, wall, range(6))
    before = show.held(), wall.held()
    play(evening, show, wall, range(6, EVENING // STEP))
    assert show.page.locator(f'[title="{evening.sold:,} order lines"]').count() == 1
    wall.says(f"{evening.sold:,}")
    grown = show.held() - before[0], wall.held() - before[1]
    print(f"{len(evening.sent)} updates; grown by {grown[0] / 1024:.0f} and {grown[1] / 1024:.0f} KiB")
    assert max(grown) < MOST_BYTES
    assert len(evening.sent) >= EVENING // STEP


@pytest.mark.longer
def test_a_page_that_keeps_what_came_is_found(evening, windows):
    """The control: the same pages, with a script that holds on to every state they were in."""
    show, wall = windows
    play(evening, show, wall, range(6))
    for window in (show, wall):
        window.page.evaluate("""() => { window.kept = []; const box = document.querySelector("[data-follows]");
            new MutationObserver(() => { for (let n = 0; n < 20; n++) kept.push(box.cloneNode(true)); })
                .observe(box, { subtree: true, childList: true }); }""")
    before = show.held(), wall.held()
    play(evening, show, wall, range(6, 90))
    assert min(show.held() - before[0], wall.held() - before[1]) > MOST_BYTES

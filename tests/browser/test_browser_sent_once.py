"""A form goes out once, however long its answer takes; what broke off can be sent again."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.product import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SCRIPT = (ROOT / "static" / "js" / "page.js").read_bytes()
PAGE = b"""<!doctype html><script src="/page.js" defer></script>
<form method="post" action="/slow"><button id="send">Send</button></form>
<form method="get" action="/sheet" target="_blank"><button id="read">Read</button></form>
<form method="post" action="/script" id="own"><button id="taken">By script</button></form>
<script>document.addEventListener("submit", (event) => { if (event.target.id === "own") event.preventDefault(); });
let taken = 0;
document.addEventListener("click", (event) => { if (event.target.id === "taken") taken += 1; });</script>"""


class Slow(ThreadingHTTPServer):
    """Answers each POST when told to; counts what came."""

    daemon_threads = True

    def __init__(self, script: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.script, self.posted, self.answer = script, 0, threading.Event()


class _Answers(BaseHTTPRequestHandler):
    server: Slow

    def do_GET(self) -> None:
        body, kind = (
            (self.server.script, "text/javascript") if self.path == "/page.js" else (PAGE, "text/html")
        )
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.posted += 1
        self.server.answer.wait(60)
        self.send_response(303)
        self.send_header("Location", "/done")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Not into the test's output."""


PLAN = """plan => plan.forEach(([at, what]) => setTimeout(() => {
    if (what === "stop") { window.stop(); return; }
    if (what === "look") { localStorage.seen = (localStorage.seen || "") + document.forms[0].ariaBusy + " "; return; }
    document.getElementById(what).click();
}, at))"""


def opened(chromium: Any, server: Slow) -> Any:
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    return page


def follows(page: Any, *plan: tuple[int, str]) -> None:
    """Press, stop and look at moments in ms; by the page itself: from outside a page on its way is not to be had."""
    page.evaluate(PLAN, [list(step) for step in plan])
    time.sleep(plan[-1][0] / 1000 + 0.5)


@pytest.fixture
def slow() -> Iterator[Any]:
    servers = []

    def start(script: bytes = SCRIPT) -> Slow:
        server = Slow(script)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.answer.set()
        server.shutdown()
        server.server_close()


def test_a_form_whose_answer_takes_long_is_sent_once(chromium: Any, slow: Any) -> None:
    server = slow()
    page = opened(chromium, server)
    follows(page, (0, "send"), (9_000, "send"), (9_100, "send"), (9_200, "look"))
    assert server.posted == 1
    server.answer.set()
    page.wait_for_url("**/done")
    assert page.evaluate("localStorage.seen") == "true "
    page.close()


def test_what_was_broken_off_can_be_sent_again(chromium: Any, slow: Any) -> None:
    server = slow()
    page = opened(chromium, server)
    follows(page, (0, "send"), (500, "stop"), (600, "look"), (700, "send"), (1_200, "send"), (1_300, "look"))
    assert server.posted == 2
    server.answer.set()
    time.sleep(1)
    assert page.evaluate("[location.pathname, localStorage.seen]") == ["/done", "null true "]
    page.close()


def test_after_the_answer_the_page_can_be_gone_back_to_and_sent_again(chromium: Any, slow: Any) -> None:
    server = slow()
    server.answer.set()
    page = opened(chromium, server)
    for turn in (1, 2):
        page.click("#send")
        page.wait_for_url("**/done")
        assert server.posted == turn
        page.go_back()
    page.close()


def test_what_only_reads_or_is_a_scripts_is_not_held(chromium: Any, slow: Any) -> None:
    page = opened(chromium, slow())
    for turn in (1, 2):
        page.click("#read")
        page.wait_for_timeout(300)
        assert len(page.context.pages) == 1 + turn
        page.click("#taken")
    assert page.evaluate("[taken, document.querySelector('[data-sent]')]") == [2, None]
    page.context.close()


def test_a_form_that_comes_back_after_a_while_is_sent_twice(chromium: Any, slow: Any) -> None:
    """The fault itself: held for a time instead of until the answer."""
    held = b'form.dataset.sent = "1";'
    assert SCRIPT.count(held) == 1
    server = slow(SCRIPT.replace(held, held + b" setTimeout(free, 1000);"))
    page = opened(chromium, server)
    follows(page, (0, "send"), (1_500, "send"))
    assert server.posted == 2
    server.answer.set()
    page.close()

"""A page that follows what happens leaves alone whoever stands on something with the keyboard."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.product import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SCRIPT = (ROOT / "static" / "js" / "live.js").read_text(encoding="utf-8")
CHANGE = "inside(part, next);"
MADE_ANEW = "part.replaceChildren(...document.importNode(next, true).childNodes);"

ROOMS = '<p>1</p><div data-part="rooms" data-rows>{}</div>'
ROOM = (
    '<section data-key="{0}"><a href="#{0}" id="{0}">{0}</a> <b>{1}</b>'
    "<details><summary>{1}</summary>more</details><ul data-rows>{2}</ul></section>"
)
RING = '<li data-key="{0}"><button id="{0}">{0}</button></li>'


def room(key: str, paid: int, *rings: str) -> str:
    return ROOM.format(key, paid, "".join(map(RING.format, rings)))


class Floor(ThreadingHTTPServer):
    """The page, its script, and what is asked for every fifth of a second."""

    daemon_threads = True

    def __init__(self, script: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.script, self.rooms = script, [room("a", 1), room("b", 1, "first", "second"), room("c", 1)]

    def body(self, path: str) -> str:
        part = ROOMS.format("".join(self.rooms))
        script = '<script src="/live.js" defer></script>'
        page = f'<!doctype html><div data-follows="/now" data-every="0.2">{part}</div>{script}'
        return {"/live.js": self.script, "/now": part}.get(path, page)


class _Answers(BaseHTTPRequestHandler):
    server: Floor

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if self.path == "/live.js" else "text/html")
        self.end_headers()
        self.wfile.write(self.server.body(self.path).encode())

    def log_message(self, *_: Any) -> None:
        """Not into the test's output."""


@pytest.fixture
def floor(chromium: Any) -> Iterator[Callable[..., tuple[Floor, Any]]]:
    """floor(script): the server, and a page opened on it."""
    ends: list[Callable[[], None]] = []

    def start(script: str = SCRIPT) -> tuple[Floor, Any]:
        server = Floor(script)
        Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        ends.extend((page.close, server.shutdown, server.server_close))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        return server, page

    yield start
    for end in ends:
        end()


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_focus_stays_while_figures_change_and_rows_come_and_go(floor: Any) -> None:
    server, page = floor()
    page.focus("#b")
    page.click("[data-key=b] summary")
    page.focus("#b")
    server.rooms = [room("b", 2, "second"), room("d", 2), room("c", 2)]
    page.wait_for_selector("[data-key=d]", timeout=10_000)
    assert page.inner_text("[data-key=b] b") == "2"
    assert focused(page) == "b"
    assert page.evaluate("document.querySelector('[data-key=b] details').open")
    order = page.eval_on_selector_all("section", "all => all.map(one => one.dataset.key)")
    assert order == ["b", "d", "c"]


def test_what_is_about_to_be_pressed_stays_what_it_was(floor: Any) -> None:
    """The first alert goes away while somebody stands on the second: it does not turn into another one."""
    server, page = floor()
    page.focus("#second")
    server.rooms = [room("a", 3), room("b", 3, "second", "third"), room("c", 3)]
    page.wait_for_selector("#third", timeout=10_000)
    assert focused(page) == "second"
    assert page.eval_on_selector_all("li", "all => all.map(one => one.innerText)") == ["second", "third"]


def test_parts_made_anew_lose_it(floor: Any) -> None:
    """Negative control: the fault, where each part that differs is replaced."""
    assert CHANGE in SCRIPT
    server, page = floor(SCRIPT.replace(CHANGE, MADE_ANEW))
    page.focus("#b")
    server.rooms = [room("a", 1), room("b", 4), room("c", 1)]
    page.wait_for_function("document.querySelector('[data-key=b] b').innerText === '4'", timeout=10_000)
    assert focused(page) == ""

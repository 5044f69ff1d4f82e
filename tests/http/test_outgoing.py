"""The guarded client against real receivers on 127.0.0.1, hostile ones among them."""

import asyncio
import contextlib
import ipaddress
import os
import resource
import socket
import threading
import time
from types import SimpleNamespace

import pycurl
import pytest

from campaign.kit import descriptors, lookups, outgoing
from campaign.kit.outgoing import Answer, Guard
from tests.fakes import receiver as fake
from tests.fakes.certificates import made_for, server_context
from tests.fakes.receiver import Receiver

ONE = (ipaddress.ip_network("127.0.0.1/32"),)
BODY = b'{"type":"endpoint.test"}'


@pytest.fixture(autouse=True, params=["ours", "pycurl's"])
def _driver(request, monkeypatch):
    """Where there is no epoll pycurl's own glue does: the same must hold of both."""
    if request.param != "ours":
        monkeypatch.setattr(outgoing, "transfers", pycurl.AsyncCurlMulti)


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


def hasty(allow=ONE, lookup=lookups.system_lookup, **given) -> Guard:
    """Gives up after a second: the limits themselves are asserted below, waiting for them only costs time."""
    return Guard(allow, lookup, total_seconds=1.0, **given)


def call(url: str, *, guard: Guard | None = None, times: int = 1) -> list[Answer]:
    async def run() -> list[Answer]:
        async with (guard or hasty()).client() as client:
            return [await client.post(url, {"webhook-id": "evt_1"}, BODY) for _ in range(times)]

    return asyncio.run(run())


def test_a_good_receiver_gets_the_bytes_and_is_heard(receiver):
    receiver.behave(fake.status(200, b"thanks"))
    (answer,) = call(f"{receiver.url}/in?x=%0d%0a")
    assert (answer.status, answer.error, answer.body) == (200, None, b"thanks")
    (request,) = receiver.received
    assert (request.method, request.target, request.body) == ("POST", "/in?x=%0d%0a", BODY)
    assert request.headers["webhook-id"] == "evt_1"
    assert "accept-encoding" not in request.headers


def test_one_connection_serves_many_calls(receiver):
    assert [answer.status for answer in call(receiver.url, times=5)] == [200] * 5
    assert receiver.connections == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(receiver, code):
    receiver.behave(fake.redirect(code, f"{receiver.url}/again"))
    (answer,) = call(f"{receiver.url}/first")
    assert answer.status == code
    assert not answer.is_success
    assert [request.target for request in receiver.received] == ["/first"]


def test_an_address_outside_the_allowance_gets_no_connection():
    with Receiver(host="127.0.0.2") as inner:
        (answer,) = call(inner.url)
        assert (answer.status, answer.error) == (None, "blocked")
        (by_name,) = call(f"http://rebind.example:{inner.port}/", guard=hasty(ONE, lambda *_: ["127.0.0.2"]))
        assert (by_name.status, by_name.error) == (None, "blocked")
        assert inner.connections == 0


def test_without_an_allowance_loopback_gets_no_connection(receiver):
    for url in (
        receiver.url,
        f"http://localhost:{receiver.port}",
        f"http://[::ffff:127.0.0.1]:{receiver.port}",
    ):
        (answer,) = call(url, guard=hasty(()))
        assert (answer.status, answer.error) == (None, "blocked")
    assert receiver.connections == 0


def test_one_bad_answer_among_good_ones_refuses_the_name(receiver):
    guard = hasty(ONE, lambda *_: ["127.0.0.1", "10.0.0.5"])
    (answer,) = call(f"http://mixed.example:{receiver.port}/", guard=guard)
    assert answer.error == "blocked"
    assert receiver.connections == 0


def test_the_checked_address_is_the_one_connected_to(receiver):
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def rebinding(name: str, _family: int) -> list[str]:
        asked.append(name)
        return next(answers)

    (answer,) = call(f"http://rebind.example:{receiver.port}/", guard=hasty(ONE, rebinding))
    assert answer.status == 200
    assert receiver.received[0].headers["host"] == f"rebind.example:{receiver.port}"
    assert asked == ["rebind.example"]


def test_a_name_that_does_not_resolve_says_so(receiver):
    def nowhere(_name: str, _family: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    (answer,) = call("http://gone.example/", guard=hasty(ONE, nowhere))
    assert (answer.status, answer.error) == (None, "dns")


def test_names_that_never_answer_leave_room_for_others(receiver):
    """However many calls wait for one: of the pool it takes one thread, and what answers is called at once."""
    asked: list[str] = []
    done = threading.Event()

    def slow(name: str, _family: int) -> list[str]:
        asked.append(name)
        if name == "never.example":
            done.wait(5)
        return ["127.0.0.1"]

    async def run() -> tuple[list[Answer], Answer]:
        async with hasty(ONE, slow).client() as client:
            stuck = [client.post(f"http://never.example:{receiver.port}/{n}", {}, BODY) for n in range(40)]
            begun = asyncio.gather(*stuck)
            await asyncio.sleep(0.1)
            answer = await client.post(f"http://well.example:{receiver.port}/", {}, BODY)
            return await begun, answer

    try:
        stuck, answer = asyncio.run(run())
    finally:
        done.set()
    assert answer.status == 200
    assert answer.took_ms < 500
    assert {(one.status, one.error) for one in stuck} == {(None, "timeout")}
    assert sorted(asked) == ["never.example", "well.example"]


@pytest.mark.parametrize(("had_an_answer", "status"), [(True, 200), (False, None)])
def test_any_number_of_names_that_never_answer_leaves_room_for_those_that_did(
    receiver, monkeypatch, had_an_answer, status
):
    """The second case is the control: a new name waits behind them."""
    monkeypatch.setattr(lookups, "_DNS_CACHE_SECONDS", 0.0)
    done = threading.Event()

    def slow(name: str, _family: int) -> list[str]:
        if name.startswith("never"):
            done.wait(5)
        return ["127.0.0.1"]

    async def run() -> Answer:
        async with hasty(ONE, slow).client() as client:
            if had_an_answer:
                await client.post(f"http://well.example:{receiver.port}/", {}, BODY)
            stuck = [client.post(f"http://never{n}.example:{receiver.port}/", {}, BODY) for n in range(40)]
            begun = asyncio.gather(*stuck)
            await asyncio.sleep(0.1)
            answer = await client.post(f"http://well.example:{receiver.port}/", {}, BODY)
            await begun
            return answer

    try:
        answer = asyncio.run(run())
    finally:
        done.set()
    assert answer.status == status


def test_retry_after_is_read_in_seconds_and_capped(receiver):
    receiver.behave(
        fake.status(429, retry_after="7"),
        fake.status(503, retry_after="99999999999999999999"),
        fake.status(503, retry_after="-1"),
    )
    assert [answer.retry_after for answer in call(receiver.url, times=3)] == [7, 86_400, None]


@pytest.mark.parametrize(
    ("until", "at", "seconds"),
    [
        # Of a clock that is decades off: only the two of one answer are held against each other.
        ("Wed, 21 Oct 2015 07:30:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 120),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:30:00 GMT", 0),
        ("Fri, 23 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 86_400),
        ("Wed, 21 Oct 2015 07:30:00 GMT", None, None),
        ("Wed, 21 Oct 2015 07:30:00 GMT", "soon", None),
        ("Wed, 21 Oct 2015 07:30:00", "Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("tomorrow", "Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_a_date_to_come_back_at_is_read_by_the_clock_of_the_answer(receiver, until, at, seconds):
    receiver.behave(fake.status(503, retry_after=until, **({"date": at} if at else {})))
    (answer,) = call(receiver.url)
    assert answer.retry_after == seconds


def test_a_cookie_is_neither_kept_nor_sent_back(receiver):
    receiver.behave(fake.status(200, set_cookie="a=b"))
    call(receiver.url, times=2)
    assert [request.headers.get("cookie") for request in receiver.received] == [None, None]


def test_the_environment_names_no_proxy(receiver, monkeypatch):
    with Receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert call(receiver.url)[0].status == 200
        assert proxy.connections == 0


@pytest.mark.parametrize(
    ("behaviour", "status", "errors"),
    [
        (fake.HANG, None, {"timeout"}),
        (fake.DRIP, None, {"timeout"}),
        (fake.RESET, None, {"reset", "protocol"}),
        (fake.HUGE_HEADER, None, {"protocol"}),
        (fake.HTTP09, None, {"protocol"}),
        (fake.ENDLESS_1XX, None, {"timeout", "protocol"}),
        (fake.ENDLESS_BODY, 200, {None}),
        (fake.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", then="hang"), 200, {"timeout"}),
        (fake.status(200, b"\x1f\x8b\x08" + b"\0" * 64, content_encoding="gzip"), 200, {None}),
        (fake.status(101, upgrade="websocket", connection="upgrade"), 101, {None}),
    ],
    ids=["hang", "drip", "reset", "header", "http09", "1xx", "body", "half-body", "gzip", "upgrade"],
)
def test_a_hostile_receiver_is_bounded_in_time_and_memory(receiver, behaviour, status, errors):
    receiver.behave(behaviour)
    started = time.monotonic()
    (answer,) = call(receiver.url)
    assert time.monotonic() - started < 2.5
    assert answer.status == status
    assert answer.error in errors
    assert len(answer.body) <= outgoing.ANSWER_BYTES


def test_many_hostile_bodies_at_once_take_no_memory(receiver):
    """Each says it has a GiB and goes on writing: what is kept of it is the first 4 KiB."""
    receiver.behave(fake.ENDLESS_BODY)

    async def run() -> list[Answer]:
        async with hasty().client() as client:
            return await asyncio.gather(*(client.post(receiver.url, {}, BODY) for _ in range(50)))

    asyncio.run(run())  # libraries are loaded, buffers made
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = [answer for _ in range(4) for answer in asyncio.run(run())]
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert {(answer.status, len(answer.body)) for answer in answers} == {(200, outgoing.ANSWER_BYTES)}
    assert grown_kib < 32 * 1024, f"{grown_kib} KiB for 200 bodies of a GiB"


def test_a_call_without_a_descriptor_says_so_though_there_is_one_a_moment_later(receiver, monkeypatch):
    """Its socket takes the last one; pycurl's copy of it finds none, and libcurl calls that a refused connection."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []

    def free():
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
        while held:
            os.close(held.pop())

    def last_of_all(*given):
        made = socket.socket(*given)
        resource.setrlimit(resource.RLIMIT_NOFILE, (made.fileno() + 64, most[1]))
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        asyncio.get_running_loop().call_soon(free)
        return made

    monkeypatch.setattr(outgoing, "socket", SimpleNamespace(socket=last_of_all))
    # Other threads open and close files meanwhile: whoever asks at another instant is told of one.
    monkeypatch.setattr(descriptors, "are_used_up", lambda: False)
    (answer,) = call(receiver.url)
    assert (answer.status, answer.error, held) == (None, outgoing.LOCAL, [])
    monkeypatch.undo()
    assert call(receiver.url)[0].status == 200


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path):
    tls = server_context(made_for("hooks.agency.example", tmp_path))
    guard = hasty(ONE, lambda *_: ["127.0.0.1"])
    with Receiver(tls=tls) as receiver:
        for name in ("hooks.agency.example", "other.agency.example"):
            (answer,) = call(f"https://{name}:{receiver.port}/", guard=guard)
            assert (answer.status, answer.error) == (None, "tls")
        assert receiver.received == []


def test_a_trusted_certificate_must_be_for_the_name_called(tmp_path):
    pem = made_for("hooks.agency.example", tmp_path)
    guard = hasty(ONE, lambda *_: ["127.0.0.1"], trust=pem)
    with Receiver(tls=server_context(pem)) as receiver:
        (right,) = call(f"https://hooks.agency.example:{receiver.port}/", guard=guard)
        (wrong,) = call(f"https://other.agency.example:{receiver.port}/", guard=guard)
    assert (right.status, right.error) == (200, None)
    assert (wrong.status, wrong.error) == (None, "tls")


def test_the_authorities_of_the_system_are_trusted(tmp_path, monkeypatch):
    pem = made_for("hooks.agency.example", tmp_path)
    with Receiver(tls=server_context(pem)) as receiver:
        url = f"https://hooks.agency.example:{receiver.port}/"
        for file, told in (("nothing.pem", (None, "tls")), (pem.name, (200, None))):
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / file))
            monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
            (answer,) = call(url, guard=hasty(ONE, lambda *_: ["127.0.0.1"]))
            assert (answer.status, answer.error) == told


def test_each_call_of_a_handle_goes_to_its_own_name(receiver):
    """One after another over one handle of libcurl: a name, an address, another name that leads elsewhere."""
    with Receiver(host="127.0.0.2") as other:
        both = (*ONE, ipaddress.ip_network("127.0.0.2/32"))
        found = {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.2"]}
        guard = hasty(both, lambda name, _family: found[name])

        async def run() -> list[int | None]:
            async with guard.client() as client:
                urls = (f"http://one.example:{receiver.port}/1", f"http://127.0.0.2:{other.port}/2")
                again = (f"http://two.example:{other.port}/3", f"http://one.example:{receiver.port}/4")
                return [(await client.post(url, {}, BODY)).status for url in (*urls, *again)]

        assert asyncio.run(run()) == [200] * 4
        assert [request.target for request in receiver.received] == ["/1", "/4"]
        assert [request.target for request in other.received] == ["/2", "/3"]


def test_a_call_that_is_cancelled_spoils_no_other(receiver):
    async def run() -> Answer:
        async with Guard(ONE).client() as client:
            receiver.behave(fake.HANG)
            hanging = asyncio.get_running_loop().create_task(client.post(f"{receiver.url}/a", {}, BODY))
            await asyncio.sleep(0.2)
            hanging.cancel()
            await asyncio.wait([hanging])
            assert hanging.cancelled()
            receiver.behave(fake.status(200, b"ok"))
            return await client.post(f"{receiver.url}/b", {}, BODY)

    assert asyncio.run(run()).status == 200


def test_the_limits_are_those_of_the_documentation():
    assert (outgoing.CONNECT_SECONDS, outgoing.TOTAL_SECONDS, outgoing.ANSWER_BYTES) == (5.0, 15.0, 4096)

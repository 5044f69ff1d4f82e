"""Sockets of calls out: those that are used again, those that go away meanwhile, those that take a body slowly."""

import asyncio
import ipaddress

import pytest
import uvloop

from campaign.kit import transfers
from campaign.kit.outgoing import LOCAL, Answer, Client, Guard
from tests.fakes import receiver as fake
from tests.fakes.receiver import Receiver

ONE = (ipaddress.ip_network("127.0.0.1/32"),)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def hasty() -> Guard:
    return Guard(ONE, total_seconds=3.0)


@pytest.mark.parametrize(
    ("unwatch", "spins"), [(True, False), (False, True)], ids=["left alone", "still watched"]
)
def test_a_kept_connection_that_its_other_side_drops_wakes_us_once(monkeypatch, unwatch, spins):
    """The second case is the control: an error stays ready, and a loop that goes on watching does nothing else."""
    woken = 0
    serve = transfers.Transfers._serve

    def counted(self) -> None:
        nonlocal woken
        woken += 1
        if unwatch or not any(fd not in self._wanted for fd, _ in self._epoll.poll(0)):
            serve(self)

    monkeypatch.setattr(transfers.Transfers, "_serve", counted)

    async def run(url: str) -> tuple[Answer, int, Answer | None]:
        async with hasty().client() as client:
            first = await client.post(url, {}, b"")
            before = woken
            await asyncio.sleep(0.3)
            idle = woken - before
            return first, idle, await client.post(url, {}, b"") if unwatch else None

    with Receiver() as receiver:
        receiver.behave(fake.raw(OK, pause=0.1, then="reset"))
        first, idle, again = asyncio.run(run(receiver.url))
    assert first.status == 200
    assert (idle > 100) == spins, f"woken {idle} times"
    if again is not None:
        assert again.status == 200


def test_a_socket_with_the_number_of_one_that_is_gone_is_watched():
    """Each answer ends its connection: the next has the same number, of which the kernel has forgotten everything."""

    async def run(url: str) -> list[Answer]:
        async with hasty().client() as client:
            return [await client.post(url, {}, b"") for _ in range(20)]

    with Receiver() as receiver:
        receiver.behave(fake.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"))
        answers = asyncio.run(run(receiver.url))
        assert receiver.connections == 20
    assert {answer.status for answer in answers} == {200}
    assert max(answer.took_ms for answer in answers) < 1000


def test_a_body_that_is_taken_slowly_goes_over_whole():
    body = bytes(8 * 2**20)
    taken = 0

    async def slowly(reader, writer) -> None:
        nonlocal taken
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        while taken < len(body):
            taken += len(await reader.read(256 * 1024))
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def run() -> Answer:
        server = await asyncio.start_server(slowly, "127.0.0.1", 0)
        async with server, hasty().client() as client:
            port = server.sockets[0].getsockname()[1]
            return await client.post(f"http://127.0.0.1:{port}/", {}, body)

    assert asyncio.run(run()).status == 200
    assert taken == len(body)


def test_more_answers_than_are_served_at_once_all_come(monkeypatch):
    monkeypatch.setattr(transfers, "AT_ONCE", 3)
    with Receiver() as receiver:
        receiver.behave(fake.slow(0.2, fake.OK))

        async def run() -> list[Answer]:
            async with hasty().client() as client:
                return await asyncio.gather(*(client.post(receiver.url, {}, b"") for _ in range(60)))

        assert {answer.status for answer in asyncio.run(run())} == {200}


def test_a_cancelled_call_leaves_at_once_and_the_rest_goes_on():
    with Receiver() as receiver:
        receiver.behave(fake.HANG)

        async def run() -> tuple[int, Answer]:
            async with hasty().client() as client:
                hanging = [asyncio.ensure_future(client.post(receiver.url, {}, b"")) for _ in range(5)]
                await asyncio.sleep(0.2)
                for one in hanging:
                    one.cancel()
                await asyncio.wait(hanging)
                left = len(client._multi._futures)
                receiver.behave(fake.OK)
                return left, await client.post(receiver.url, {}, b"")

        left, answer = asyncio.run(run())
    assert (left, answer.status) == (0, 200)


def test_what_is_under_way_when_the_client_closes_is_cancelled():
    with Receiver() as receiver:
        receiver.behave(fake.HANG)

        async def run() -> list[object]:
            async with hasty().client() as client:
                hanging = [asyncio.ensure_future(client.post(receiver.url, {}, b"")) for _ in range(3)]
                await asyncio.sleep(0.2)
            return await asyncio.wait_for(asyncio.gather(*hanging, return_exceptions=True), 2)

        assert {type(one) for one in asyncio.run(run())} == {asyncio.CancelledError}


def test_a_fault_of_ours_ends_the_calls_under_way_as_no_try_and_the_next_is_made(monkeypatch):
    """libcurl does nothing more with a handle of which a callback failed."""
    fails: list[bool] = []
    on_timer = transfers.Transfers._on_timer

    def failing(self, milliseconds: int) -> None:
        if fails:
            fails.clear()
            raise ValueError("a fault of ours")
        on_timer(self, milliseconds)

    monkeypatch.setattr(transfers.Transfers, "_on_timer", failing)
    with Receiver() as receiver, Receiver() as silent:
        silent.behave(fake.HANG)

        async def run() -> tuple[list[Answer], Answer]:
            async with hasty().client() as client:
                hanging = [asyncio.ensure_future(client.post(silent.url, {}, b"")) for _ in range(3)]
                await asyncio.sleep(0.2)
                fails.append(True)
                spoilt = await client.post(receiver.url, {}, b"")
                return [spoilt, *await asyncio.gather(*hanging)], await client.post(receiver.url, {}, b"")

        under_way, after = asyncio.run(run())
    assert {(one.status, one.error) for one in under_way} == {(None, LOCAL)}
    assert after.status == 200


def test_calls_that_run_out_of_time_disturb_no_other_on_the_loop_of_the_sender():
    """uvloop counts whole milliseconds, comes a hair early, and for what is due at once gives no timer at all."""

    async def run(good: str, hanging: str) -> set[tuple[int | None, str | None]]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + 2
        seen = set()
        async with Guard(ONE, total_seconds=0.02).client() as hasty, Guard(ONE).client() as client:
            # Both on one handle of libcurl: what breaks it ends the calls of all.
            hasty._multi, own = client._multi, hasty._multi

            async def call(caller: Client, url: str) -> None:
                while loop.time() < ends:
                    answer = await caller.post(url, {}, b"")
                    seen.add((answer.status, answer.error))

            await asyncio.gather(
                *(call(client, good) for _ in range(20)), *(call(hasty, hanging) for _ in range(8))
            )
            hasty._multi = own
        return seen

    with Receiver() as receiver, Receiver() as silent:
        silent.behave(fake.HANG)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            seen = runner.run(run(receiver.url, silent.url))
    assert seen == {(200, None), (None, "timeout")}


def test_a_timer_that_is_as_good_as_due_is_kept():
    async def run() -> None:
        multi = transfers.Transfers()
        multi._due_at = asyncio.get_running_loop().time() + 0.0004
        multi._set_timer()
        multi._on_timer(5)
        assert multi._timer is not None
        await multi.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())

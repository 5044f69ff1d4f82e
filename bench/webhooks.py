"""Sending webhooks: how many a second, at what cost, how soon; and what one that hangs or a backlog does."""

import time
from collections.abc import Iterator
from statistics import median

from bench import hooks, posting
from bench.figures import Figure, anchor, count, held, percentile
from bench.grounds import Grounds
from bench.hooks import ENDPOINTS, Hooks
from campaign.kit import ids

NAME = "webhooks"
_EVENTS = {True: 80, False: 2}
_TASKS = {True: 300, False: 10}
_SECONDS = {True: 10.0, False: 1.0}
_BACKLOG = {True: (50, 5_000), False: (5, 150)}
_PER_SECOND = 300
_AT_ONCE = 200
_FEW = 20
_UNBOUND = 10_000
"""A rate that no endpoint meets: the default of 50 a second is 10,000/s for all of them, and would be what is seen."""
_BODY = ('{"type":"session.moved","data":{"note":"' + "皮" * 330 + '"}}').encode()


def run(grounds: Grounds) -> Iterator[Figure]:
    """Rates in turns, then latency, one that hangs, limits, and a backlog."""
    url = grounds.database("webhooks", hooks.fill)
    with hooks.receiving() as port:
        given = Hooks(url, grounds.redis_url, port)
        yield from _rates(given, grounds)
        with hooks.sender(given):
            yield from _soon(given, grounds)
            yield from _one_hangs(given, grounds)
            yield from _limits(given, grounds)
        yield from _backlog(given, grounds)
        given.connection.close()


def _rates(given: Hooks, grounds: Grounds) -> Iterator[Figure]:
    posting.prepare(given.url)
    given.connection.execute(
        "INSERT INTO posting.hook SELECT number, url FROM unnest(%s::text[]) WITH ORDINALITY AS g (url, number)",
        (given.urls("now"),),
    )
    given.connection.execute("INSERT INTO posting.secret SELECT id, id, 'secret' FROM posting.hook")
    posting.app.conf.broker_url = grounds.redis_url
    rates: dict[str, list[float]] = {"ours": [], "slow": [], "bare": [], "tasks": [], "cpu": []}
    urls = given.urls("now")
    deliveries = _EVENTS[grounds.full] * ENDPOINTS
    with hooks.sender(given) as pid, hooks.celery("bench.posting", given, processes=1):
        for path in ("now", "slow"):
            given.aim(path, per_second=_UNBOUND)
            _sent(given, 2)  # connections are made, secrets unsealed
        for _ in range(grounds.rounds):
            given.aim("now", per_second=_UNBOUND)
            used = hooks.cpu_seconds(pid)
            rates["ours"].append(_sent(given, _EVENTS[grounds.full]))
            rates["cpu"].append((hooks.cpu_seconds(pid) - used) / deliveries * 1e6)
            rates["bare"].append(posting.bare(urls, _BODY, count=deliveries, at_once=_AT_ONCE))
            rates["tasks"].append(_tasks(given, _TASKS[grounds.full]))
            given.aim("slow", per_second=_UNBOUND)
            rates["slow"].append(_sent(given, _EVENTS[grounds.full]))
    yield _compared("sent, signed, durable", rates, "ours", "tasks", "a task each", ">= 40")
    yield _compared("sent, signed, durable", rates, "ours", "bare", "bare aiohttp", ">= 0.5")
    yield count(NAME, "CPU per delivery", median(rates["cpu"]), "µs", bar="<= 300")
    yield anchor(NAME, "sent, answered at once", median(rates["ours"]), "/s", aim="3,000/s")
    yield anchor(NAME, "sent, answered after 100 ms", median(rates["slow"]), "/s", aim="1,500/s")


def _sent(given: Hooks, events: int) -> float:
    """Deliveries a second, from the commit of the events until all are noted as delivered."""
    began = given.write(events, given.agencies)
    given.wait()
    return events * ENDPOINTS / (time.time() - began)


def _tasks(given: Hooks, tasks: int) -> float:
    done = "SELECT count(*) FROM posting.event WHERE status IS NOT NULL"
    wanted, began = given.one(done) + tasks, time.monotonic()
    for number in range(tasks):
        posting.post_hook.delay(1 + number % ENDPOINTS, _BODY.decode())
    while given.one(done) < wanted:
        if time.monotonic() - began > 120:
            raise RuntimeError("the tasks do not end")
        time.sleep(0.01)
    return tasks / (time.monotonic() - began)


def _compared(
    figure: str, rates: dict[str, list[float]], kind: str, other: str, name: str, bar: str
) -> Figure:
    ratio = median(one / two for one, two in zip(rates[kind], rates[other], strict=True))
    against = f"{name}, {median(rates[other]):,.0f}/s"
    return held(NAME, figure, median(rates[kind]), "/s", against=against, ratio=ratio, bar=bar)


def _soon(given: Hooks, grounds: Grounds) -> Iterator[Figure]:
    """Commit → received, so many events a second, each by a commit of its own."""
    given.aim("now")
    _sent(given, 1)
    bare = posting.round_trips(
        f"http://127.0.0.1:{given.port}/now/x", _BODY, per_second=_PER_SECOND, seconds=_SECONDS[grounds.full]
    )
    given.arrivals()
    late = _lateness(given, given.agencies, _PER_SECOND, _SECONDS[grounds.full])
    p50, p99 = percentile(late, 0.5) * 1000, percentile(late, 0.99) * 1000
    most = max(10 * percentile(bare, 0.5) * 1000, 50.0)
    yield anchor(NAME, f"commit to received, p50 at {_PER_SECOND}/s", p50, "ms")
    yield count(NAME, f"commit to received, p99 at {_PER_SECOND}/s", p99, "ms", bar=f"<= {most:.0f}")
    yield anchor(NAME, "bare POST over loopback, p50", percentile(bare, 0.5) * 1000, "ms")


def _lateness(given: Hooks, agencies: list[int], per_second: float, seconds: float) -> list[float]:
    committed: list[float] = []
    first = int(given.one("SELECT coalesce(max(id), 0) FROM outbox_event"))
    began = time.monotonic()
    for number in range(int(per_second * seconds)):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        committed.append(given.write(1, [agencies[number % len(agencies)]]))
    given.wait()
    arrived = given.arrivals()
    numbers = [row[0] for row in given.ask("SELECT id FROM outbox_event WHERE id > %s ORDER BY id", first)]
    return [
        max(0.0, arrived[ids.public("evt", int(str(number)))] - at)
        for number, at in zip(numbers, committed, strict=True)
    ]


def _one_hangs(given: Hooks, grounds: Grounds) -> Iterator[Figure]:
    """Twenty endpoints, of which one never answers: what the others see of it."""
    few = given.agencies[:_FEW]
    events = _EVENTS[grounds.full] * 5
    rates: dict[str, list[float]] = {"well": [], "hanging": []}
    late: dict[str, list[float]] = {"well": [], "hanging": []}
    # Twice as many: a machine that gives more at one moment than at the next moves such short rounds by a quarter.
    for number in range(2 * grounds.rounds):
        # In turns which goes first: the tables grow meanwhile.
        for kind in ("well", "hanging") if number % 2 else ("hanging", "well"):
            given.aim("now", in_flight=8, per_second=_UNBOUND)
            if kind == "hanging":
                given.connection.execute(
                    "UPDATE webhook_endpoint SET url = replace(url, '/now/', '/never/') WHERE agency_id = %s",
                    (few[0],),
                )
                given.write(8, few[:1])
                time.sleep(0.3)
            given.received()
            began = given.write(events, few)
            given.wait(f"agency_id <> {few[0]}")
            rates[kind].append(events * (_FEW - 1) / (time.time() - began))
            own = f"/{few[0]}"
            late[kind].append(
                percentile([at - began for _, path, at in given.received() if not path.endswith(own)], 0.99)
            )
            given.connection.execute(
                "UPDATE webhook_endpoint SET paused_until = now() + interval '1 hour' WHERE agency_id = %s",
                (few[0],),
            )
            given.connection.execute(
                "UPDATE webhook_delivery SET state = 'aborted', lease = NULL"
                " WHERE agency_id = %s AND state IN ('pending', 'sending')",
                (few[0],),
            )
    ratio = median(two / one for one, two in zip(rates["well"], rates["hanging"], strict=True))
    slower = median(two / one for one, two in zip(late["well"], late["hanging"], strict=True))
    yield held(
        NAME,
        "others beside one that hangs",
        median(rates["hanging"]),
        "/s",
        against="all well",
        ratio=ratio,
        bar=">= 0.9",
    )
    yield held(
        NAME,
        "their p99 beside it",
        median(late["hanging"]) * 1000,
        "ms",
        against="all well",
        ratio=slower,
        bar="<= 2",
    )


def _limits(given: Hooks, grounds: Grounds) -> Iterator[Figure]:
    """One endpoint with more than it may have at once."""
    events = 200 if grounds.full else 60
    given.aim("slow", in_flight=4, per_second=50)
    given.receiver("/count")
    given.write(events, given.agencies[30:31])
    given.wait()
    told = given.receiver("/count")
    yield count(NAME, "in flight at most, of 4", told["most_flying"], "", bar="<= 4")  # type: ignore[index]
    most: list[int] = []
    for number in range(grounds.rounds):
        given.arrivals()
        given.aim("now", in_flight=64, per_second=50)
        given.write(events, given.agencies[31 + number : 32 + number])
        given.wait()
        times = sorted(given.arrivals().values())
        most.append(max(sum(at <= one < at + 1 for one in times) for at in times))
    # A bucket of one second's worth, and the second itself. Seen from the receiver: one that was held up itself while
    # the first came has them later than they were sent.
    yield count(NAME, "in a second at most, of 50", median(most), "", bar="<= 101")
    yield anchor(NAME, "in a second at most, of all rounds", max(most), "")


def _backlog(given: Hooks, grounds: Grounds) -> Iterator[Figure]:
    """How fast due rows are sent while few and while very many wait: by turns, in a database of each."""
    few, many = _BACKLOG[grounds.full]
    beside = Hooks(grounds.database("webhooks_few", hooks.fill), grounds.redis_url, given.port)
    for one in (beside, given):
        one.aim("now", per_second=_UNBOUND)
        one.clear()
    given.backlog(many)
    rates: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(grounds.rounds):
        beside.clear()
        beside.backlog(few)
        rates["few"].append(_drained(beside, few * ENDPOINTS))
        rates["many"].append(_drained(given, few * ENDPOINTS))
    beside.connection.close()
    rest = int(given.one("SELECT count(*) FROM webhook_delivery WHERE state IN ('pending', 'sending')"))
    to_the_end = _drained(given, rest)
    given.clear()
    as_few = median(rates["few"])
    ratio = median(one / two for one, two in zip(rates["many"], rates["few"], strict=True))
    figure = f"sent of {many * ENDPOINTS:,} due"
    against = f"of {few * ENDPOINTS:,}, {as_few:,.0f}/s"
    yield held(NAME, figure, median(rates["many"]), "/s", against=against, ratio=ratio, bar=">= 0.8")
    rest_name = f"the {rest:,} after those, to the end"
    yield held(NAME, rest_name, to_the_end, "/s", against=against, ratio=to_the_end / as_few, bar=">= 0.8")


def _drained(given: Hooks, rows: int) -> float:
    """Deliveries a second over the next so many that are sent."""
    # Tries are few beside the rows that wait: to count those would cost more than to send them.
    tried = "SELECT count(*) FROM webhook_attempt"
    before = int(given.one(tried))
    with hooks.sender(given):
        until = time.monotonic() + 60 + rows / 1_000
        while given.one(tried) < before + rows:
            if time.monotonic() > until:
                raise RuntimeError("the backlog is not sent")
            time.sleep(0.1 + rows / 1_000_000)
    spent = given.one(
        "SELECT extract(epoch FROM max(at) - min(at)) FROM"
        " (SELECT at FROM webhook_attempt ORDER BY id OFFSET %s LIMIT %s) sent",
        before,
        rows,
    )
    return rows / max(float(spent), 0.001)

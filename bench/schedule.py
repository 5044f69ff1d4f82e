"""Booking, free slots and a week as JSON: as fast among a million sessions as among ten thousand; what claims cost."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import psycopg

from bench import calendar, rivals
from bench.figures import Figure, anchor, held, percentile
from bench.grounds import Grounds
from bench.rounds import Times
from bench.side import Side, side
from campaign.kit.collector import spare_the_collector

NAME = "schedule"
SIZES = {True: (10_000, 1_000_000), False: (9_000, 12_000)}
_COUNTS = {True: (40, 30, 20), False: (3, 2, 1)}
"""Calls of a kind in a round: bookings, slots, weeks."""


def run(grounds: Grounds) -> Iterator[Figure]:
    """Hard: 1.5 × at a hundred times the sessions; claims 1.3 ×; Indico's way 4 ×; an advisory lock 1.0 ×."""
    few, many = SIZES[grounds.full]
    urls = {
        "few": grounds.database("few", partial(calendar.fill, sessions=few)),
        "many": grounds.database("many", partial(calendar.fill, sessions=many)),
    }
    urls["lock"] = _without_constraint(grounds.copy("lock", "many"), same_index=True)
    urls["bare"] = _without_constraint(grounds.copy("bare", "many"), same_index=False)
    rivals.fill_indico(urls["many"])
    with ExitStack() as stack:
        times = _taken(grounds, {name: stack.enter_context(side(grounds, url)) for name, url in urls.items()})
    yield from _growth(times, f"{few:,} sessions")
    yield from _against(times)
    yield from _anchors(times)


def _taken(grounds: Grounds, sides: dict[str, Side]) -> Times:
    bookings, slots, weeks = _COUNTS[grounds.full]
    few, many, lock, bare = (sides[name] for name in ("few", "many", "lock", "bare"))
    spare_the_collector()  # as the web server does
    times = Times()
    take = partial(times.take, rounds=grounds.rounds)
    take({"book few": few.book, "book": many.book, "bare": bare.book, "lock": lock.locked}, count=bookings)
    take({"place": many.place, "indico": many.indico, "indico back": many.indico_back}, count=bookings)
    take({"post": many.post}, count=slots)
    take({"slots few": few.slots, "slots": many.slots}, count=slots)
    take({"week few": few.week, "week": many.week}, count=weeks)
    return times


def _growth(times: Times, few: str) -> Iterator[Figure]:
    for kind, figure in (
        ("book", "booking"),
        ("slots", "free slots"),
        ("week", "week of 50 studios as JSON"),
    ):
        ratio = times.ratio(kind, f"{kind} few")
        yield held(NAME, f"{figure} p50", times.middle(kind), "ms", against=few, ratio=ratio, bar="<= 1.5")


def _against(times: Times) -> Iterator[Figure]:
    yield held(NAME, "booking with claims p50", times.middle("book"), "ms", against="without constraint and index",
               ratio=times.ratio("book", "bare"), bar="<= 1.3")  # fmt: skip
    yield held(NAME, "booking under advisory lock p50", times.middle("lock"), "ms", against="booking",
               ratio=times.ratio("lock", "book"), bar=">= 1.0")  # fmt: skip
    yield held(NAME, "Indico's statements p50", times.middle("indico"), "ms", against="our statements for the place",
               ratio=times.ratio("indico", "place"), bar=">= 4")  # fmt: skip
    yield anchor(NAME, "our statements for the place p50", times.middle("place"), "ms")
    yield anchor(NAME, "Indico's statements, 5 years back p50", times.middle("indico back"), "ms")


def _anchors(times: Times) -> Iterator[Figure]:
    for figure, kind, share, aim in (
        ("booking p50", "book", 0.5, "8 ms"),
        ("booking p99", "book", 0.99, "40 ms"),
        ("booking over the API p50", "post", 0.5, ""),
        ("booking over the API p99", "post", 0.99, ""),
        ("free slots p50", "slots", 0.5, "5 ms"),
        ("week JSON p95", "week", 0.95, "50 ms"),
    ):
        yield anchor(NAME, figure, percentile(times.every(kind), share), "ms", aim=aim)


def _without_constraint(url: str, *, same_index: bool) -> str:
    """Claims without the promise, and with or without the index behind it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE claim DROP CONSTRAINT claim_no_overlap")
        if same_index:
            connection.execute("SET maintenance_work_mem = '1GB'")
            connection.execute("CREATE INDEX claim_near ON claim USING gist (resource_id, unit_no, span)")
        connection.execute("VACUUM ANALYZE claim")
        connection.execute("CHECKPOINT")
    return url

"""Whole seasons in any order, with crashes and flushes in between, end with oracle = raw = SQL = Redis to the fen.

What a season holds: duplicates, contradictions, disorder, partial refunds, presales, gifts, exchanges, compensation,
two currencies, several rooms of a show, hand-overs, traffic and rooms known later, details and exports above pushes,
files again, corrections of times, rooms and shifts, the hub's own word, a shop that gets its brand, products that come
late and change hands as of any day, windows of return that change, transactions that die, Redis emptied at any moment.
Halfway lines are looked at, and all is final once: what comes after is an amount of its own.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from msgspec.structs import replace as altered
from sqlalchemy import text

from campaign.kit.database import Database
from campaign.kit.parts import Parts
from campaign.sales import (
    allocation,
    attribution,
    distinct,
    finishing,
    folding,
    images,
    lines,
    merging,
    merging_in,
    placing,
    projecting,
    settling,
)
from tests.factory import Factory
from tests.season_kit import STEPS, Season
from workers import task

Faults = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def joined(parts: Parts) -> Iterator[Parts]:
    """Tasks run on the test's parts."""
    task.use(parts)
    yield parts
    task.use(None)


def walk(seed: int, parts: Parts, make: Factory) -> Season:
    season = Season(seed, parts, make)
    season.play()
    season.settle()
    season.check()
    return season


@pytest.mark.parametrize(
    "seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.longer) for seed in range(10, 50))]
)
def test_a_season_in_any_order_is_what_the_oracle_says(seed: int, joined: Parts, make: Factory) -> None:
    walk(seed, joined, make)


def alone(seed: int, parts: Parts, engine: Any) -> Counter[str]:
    """A season in a transaction of its own that leaves nothing; gives what was done in it."""
    with engine.connect() as connection:
        outer = connection.begin()
        own = Database(connection)
        given = replace(parts, database=own)
        task.use(given)
        try:
            return walk(seed, given, Factory(own)).seen
        finally:
            outer.rollback()
            parts.redis.flushdb()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(20))
def test_a_thousand_seasons_are_what_the_oracle_says(part: int, joined: Parts, engine: Any) -> None:
    seen: Counter[str] = Counter()
    for seed in range(1000 + part * 50, 1050 + part * 50):
        seen += alone(seed, joined, engine)
    done = {*(step.__name__ for step in STEPS), "died", "conflict", "rank 1", "rank 2", "rank 3"}
    done |= {
        "corrected times",
        "corrected rooms",
        "corrected shifts",
        "since ever",
        "since a day",
        "longer",
        "shorter",
        "provisional",
        "after final",
    }
    assert done - {*seen} == set()


# Negative controls: each of these is a fault that somebody could make, and the seeds find it.


def _without(rollup: int) -> Faults:
    def fault(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(folding, "_FOLDS", [one for n, one in enumerate(folding._FOLDS) if n != rollup])

    return fault


def _adds_without_claiming(patch: pytest.MonkeyPatch) -> None:
    again = "INSERT INTO claimed_change SELECT * FROM sale_change ORDER BY id LIMIT :most"
    usual = folding.fold

    def fold(db: Any, actor: Any, **given: Any) -> int:
        # Strikes off every second time: as one that dies between adding and striking off.
        patch.setattr(folding, "_CLAIM", text(again) if random.random() < 0.5 else claim)
        return usual(db, actor, **given)

    claim = folding._CLAIM
    patch.setattr(folding, "fold", fold)
    patch.setattr("tests.season_kit.fold", fold)


def _by_arrival(patch: pytest.MonkeyPatch) -> None:
    def latest(state: merging.State, said: Any) -> merging.State:
        stamped = enumerate(said, start=len(state.layers) + 1)
        return merging.merged(state, [altered(one, version_us=2**52 + n, rank=1) for n, one in stamped])

    patch.setattr(merging_in, "merged", latest)


def _without_ranks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merging, "MONEY", frozenset())


def _ranks_for_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merging, "MONEY", merging.MONEY | {"status", "traffic", "paid_at", "author_id"})


def _never_placed_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(placing, "_place_again", lambda _db, _keys: 0)


def _without_grace(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attribution, "GRACE", timedelta(0))


def _room_unheard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attribution, "_nearest", lambda _airings, _at: None)


def _first_host_takes_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attribution, "_on_shift", lambda shifts, _at: shifts[0] if shifts else None)


def _all_traffic_is_live(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attribution, "NOT_LIVE", frozenset())


def _one_currency(patch: pytest.MonkeyPatch) -> None:
    usual = settling.line_of
    patch.setattr(settling, "line_of", lambda state: altered(usual(state), currency="CNY"))


def _gifts_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lines, "COUNTED_KINDS", frozenset(("sale", "service", "gift", "sample")))


def _refunds_without_end(patch: pytest.MonkeyPatch) -> None:
    def pieces(line: Any, done: Any) -> Any:
        usual = allocation_pieces(line, done)
        return [replace(one, fen=one.fen + one.compensation_fen, compensation_fen=0) for one in usual]

    allocation_pieces = allocation._pieces
    patch.setattr(allocation, "_pieces", pieces)


def _always_day_nought(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(images, "OLDEST_AGE", 0)


def _paid_only_where_a_moment_is_told(patch: pytest.MonkeyPatch) -> None:
    usual = settling.line_of
    patch.setattr(settling, "line_of", lambda state: usual(altered(state, paid_by_us=None)))


def _matures_with_open_cases(patch: pytest.MonkeyPatch) -> None:
    usual = settling.matures_at
    patch.setattr(
        settling,
        "matures_at",
        lambda line, laid, window: usual(line, replace(laid, has_open_case=False), window),
    )


def _windows_of_new_lines_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(placing, "CHANGES", (placing.SKUS,))
    patch.setattr(placing.WINDOWS.__class__, "reassign", _only_skus(placing.Change.reassign))


def _only_skus(usual: Any) -> Any:
    return lambda change, *given: usual(change, *given) if change == placing.SKUS else 0


def _whose_it_is_today(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settling._Product, "brand_on", lambda product, _day: product.brand_id)


def _days_by_another_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settling, "business_day", lambda at, _zone: at.astimezone(UTC).date())


def _never_gone(patch: pytest.MonkeyPatch) -> None:
    usual = distinct.Sightings.move
    patch.setattr(distinct.Sightings, "move", lambda told, _before, after: usual(told, (), after))


def _always_for_the_first_time(patch: pytest.MonkeyPatch) -> None:
    usual = str(distinct._ADD)
    patch.setattr(distinct, "_ADD", text(usual.replace("lag(day) OVER (ORDER BY day)", "NULL::date")))


def _the_last_final_is_kept(patch: pytest.MonkeyPatch) -> None:
    others = ", ".join(f"{name} = excluded.{name}" for name in finishing.FINAL.figures)
    again = f" ON CONFLICT ({', '.join(finishing.FINAL.names)}) DO UPDATE SET {others}"
    patch.setattr(finishing, "_KEEP", text(f"{finishing._KEEP}{again}"))
    patch.setattr(finishing, "_FINISHED", text(str(finishing._FINISHED).replace("old.revision", "0")))


def _what_was_final_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(finishing, "_KEEP", text("SELECT CAST(:session_id AS bigint)"))


def _flush_unseen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(projecting, "is_whole", lambda _client: True)


FAULTS: dict[str, Faults] = {
    **{f"a rollup is left out, {n}": _without(n) for n in range(len(folding.ROLLUPS))},
    "changes are added and not claimed": _adds_without_claiming,
    "the last to arrive wins": _by_arrival,
    "no source stands above another": _without_ranks,
    "a source stands above another in everything": _ranks_for_all,
    "what the hub changed places nothing again": _never_placed_again,
    "no grace after the end": _without_grace,
    "rooms are not heeded": _room_unheard,
    "hand-overs are not heeded": _first_host_takes_all,
    "a card's sale is a live one": _all_traffic_is_live,
    "dollars are added to yuan": _one_currency,
    "gifts are sold": _gifts_count,
    "more is refunded than was paid": _refunds_without_end,
    "refunds have no age": _always_day_nought,
    "paid without a moment is unpaid": _paid_only_where_a_moment_is_told,
    "lines with an open case are mature": _matures_with_open_cases,
    "a window of return is that of new lines alone": _windows_of_new_lines_alone,
    "what a product sold before follows it": _whose_it_is_today,
    "days begin elsewhere": _days_by_another_clock,
    "an order or buyer stays where it was": _never_gone,
    "whoever comes again comes for the first time": _always_for_the_first_time,
    "the last final figures are kept": _the_last_final_is_kept,
    "the first final figures are not kept": _what_was_final_is_not_kept,
    "an empty Redis is taken for whole": _flush_unseen,
}


def _holds(seed: int, parts: Parts, engine: Any) -> bool:
    try:
        alone(seed, parts, engine)
    except AssertionError:
        return False
    return True


@pytest.mark.longer
@pytest.mark.parametrize("fault", FAULTS)
def test_seasons_find_what_is_wrong(
    fault: str, joined: Parts, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    random.seed(1)
    FAULTS[fault](monkeypatch)
    assert not all(_holds(seed, joined, engine) for seed in range(12))

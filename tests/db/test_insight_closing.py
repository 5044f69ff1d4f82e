"""Links that show one summary, and months that are closed: figures kept, later changes told apart to the fen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from campaign.insight.figures import Totals
from campaign.insight.freezing import (
    FrozenMonth,
    MonthClosed,
    changed_since,
    closing_of,
    freeze,
    frozen_month,
)
from campaign.insight.sharing import Shown, page_of_shares, revoke, share, share_of_token
from campaign.insight.tallies import NAMES
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import Invalid, NotFound
from campaign.sales import placing
from tests import zones
from tests.db.test_insight_summary import DAY, EVENING, HOUR, Shelf
from tests.factory import HUB, Factory
from tests.sales_kit import fold_all

MONTH = DAY.replace(day=1)


@pytest.fixture
def shelf(database: Database, make: Factory) -> Shelf:
    return Shelf(database, make)


def at(days: float) -> Any:
    """Within it, it is that many days after the evening."""
    return clock.travel(EVENING + timedelta(days=days) - datetime.now(UTC) - zones.offset())


def closed(shelf: Shelf) -> FrozenMonth:
    with shelf.database.transaction(HUB) as db:
        return frozen_month(db, HUB, shelf.brand.id, MONTH)


def close(shelf: Shelf, days: float = 40) -> None:
    with at(days), shelf.database.transaction(HUB) as db:
        freeze(db, HUB, shelf.brand.id, DAY)


def check_adjusted(month: FrozenMonth) -> int:
    """Frozen + adjustments = current, in all and by day, for every figure that adds."""
    compared = 0
    for basis in ("cohort", "cash"):
        for one in month.whole[basis]:
            for name in NAMES:
                by_day = sum(
                    getattr(day.current, name) - getattr(day.frozen, name)
                    for _, day in month.days[basis]
                    if day.currency == one.currency
                )
                assert getattr(one.frozen, name) + by_day == getattr(one.current, name), (basis, name)
                compared += 1
            assert one.frozen.net_gmv_fen + one.net_fen == one.current.net_gmv_fen
            assert one.frozen.paid_gmv_fen + one.paid_fen == one.current.paid_gmv_fen
            assert one.frozen.refund_fen + one.refund_fen == one.current.refund_fen
    return compared


def test_a_closed_month_keeps_its_figures_and_tells_what_came_later(shelf: Shelf) -> None:
    first, second = shelf.line(HOUR), shelf.line(4 * HOUR, 5000)
    shelf.push(first, second, shelf.refund(first, 2000, 30 * HOUR), days_later=3)
    close(shelf)
    (before,) = closed(shelf).whole["cohort"]
    assert (before.frozen.paid_gmv_fen, before.frozen.refund_fen, before.is_changed) == (15000, 2000, False)
    shelf.push(shelf.refund(second, 5000, 45 * 24 * HOUR), shelf.line(HOUR, 700), days_later=46)
    month = closed(shelf)
    (cohort,) = month.whole["cohort"]
    assert (cohort.frozen.paid_gmv_fen, cohort.paid_fen, cohort.current.paid_gmv_fen) == (15000, 700, 15700)
    assert (cohort.frozen.refund_fen, cohort.refund_fen, cohort.current.refund_fen) == (2000, 5000, 7000)
    assert (cohort.frozen.orders, cohort.current.orders) == (2, 3)
    assert [(day, one.paid_fen, one.refund_fen) for day, one in month.days["cohort"]] == [
        (DAY, 700, 0),
        (DAY + timedelta(days=1), 0, 5000),
    ]
    # By cash the refund belongs to the day it was paid back, in another month.
    (cash,) = month.whole["cash"]
    assert (cash.paid_fen, cash.refund_fen) == (700, 0)
    assert check_adjusted(month) == 2 * len(NAMES)


def test_an_adjustment_that_is_a_fen_short_is_noticed(shelf: Shelf) -> None:
    shelf.push(shelf.line(HOUR), days_later=3)
    close(shelf)
    shelf.push(shelf.line(HOUR, 700), days_later=41)
    month = closed(shelf)
    ((day, one),) = month.days["cohort"]
    short = replace(one, current=replace(one.current, paid_gmv_fen=one.current.paid_gmv_fen - 1))
    with pytest.raises(AssertionError):
        check_adjusted(replace(month, days={**month.days, "cohort": ((day, short),)}))


def test_a_currency_that_came_later_is_all_adjustment(shelf: Shelf) -> None:
    shelf.push(shelf.line(HOUR), days_later=3)
    close(shelf)
    shelf.push(shelf.line(HOUR, 900, currency="USD"), days_later=41)
    month = closed(shelf)
    assert [(one.currency, one.frozen.paid_gmv_fen, one.paid_fen) for one in month.whole["cohort"]] == [
        ("CNY", 10000, 0),
        ("USD", 0, 900),
    ]
    assert month.whole["cohort"][1].frozen == Totals("USD")
    check_adjusted(month)


def test_another_window_of_return_leaves_a_closed_month_as_it_is(shelf: Shelf) -> None:
    line = shelf.line(HOUR, status="received", received_at=(EVENING + 24 * HOUR).isoformat())
    shelf.push(line, days_later=2)
    close(shelf, 32)
    before = closed(shelf)
    with at(32), shelf.database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE brand SET return_window_days = 40"))
        for change in placing.WINDOWS.due(db, SYSTEM):
            placing.WINDOWS.reassign(db, SYSTEM, change)
    fold_all(shelf.database)
    with at(33):
        month = closed(shelf)
    assert [one.frozen for one in month.whole["cohort"]] == [one.frozen for one in before.whole["cohort"]]
    (cohort,) = month.whole["cohort"]
    assert (cohort.frozen.maturing_fen, cohort.current.maturing_fen) == (0, 10000)
    assert not cohort.is_changed
    assert month.days["cohort"] == ()


def test_a_month_closes_once_and_only_when_it_is_over(shelf: Shelf) -> None:
    with pytest.raises(Invalid):
        close(shelf, days=1)
    close(shelf)
    with pytest.raises(MonthClosed):
        close(shelf, days=41)


@pytest.mark.parametrize("change", ["UPDATE month_freeze SET figures = '{}'", "DELETE FROM month_freeze"])
def test_nobody_changes_a_closed_month(shelf: Shelf, change: str) -> None:
    close(shelf)
    for actor in (SYSTEM, HUB):
        with pytest.raises(Exception, match="permission denied"), shelf.database.transaction(actor) as db:
            db.execute(text(change))


def test_a_brand_sees_its_own_closed_months_and_closes_none(shelf: Shelf, make: Factory) -> None:
    close(shelf)
    own = Actor(kind="user", role="brand", id=9, name="x", brand_id=shelf.brand.id)
    other = replace(own, brand_id=make.brand().id)
    with shelf.database.transaction(own) as db:
        assert frozen_month(db, own, shelf.brand.id, MONTH).month == MONTH
    with shelf.database.transaction(other) as db:
        assert db.execute(text("SELECT count(*) FROM month_freeze")).scalar_one() == 0
        with pytest.raises(NotFound):
            frozen_month(db, other, shelf.brand.id, MONTH)
    before = MONTH - timedelta(days=1)
    with at(40), pytest.raises(Exception, match="row-level security"), shelf.database.transaction(own) as db:
        freeze(db, own, shelf.brand.id, before)


def test_a_link_opens_until_it_expires_or_is_ended(shelf: Shelf, make: Factory) -> None:
    own = Actor(kind="user", role="brand", id=9, name="own", brand_id=shelf.brand.id)
    shown = Shown(DAY, DAY, "cash", "session")
    with at(1), shelf.database.transaction(own) as db:
        made, token = share(db, own, shelf.brand.id, shown, days=7)
        _, other = share(db, own, shelf.brand.id, Shown(DAY, DAY), days=7)
        kept = db.execute(text("SELECT token_hash, to_jsonb(s)::text AS told FROM summary_share s")).all()
    assert len(token) >= 43
    assert all(token not in row.told and len(row.token_hash) == 32 for row in kept)
    with at(7.9), shelf.database.transaction(SYSTEM) as db:
        assert share_of_token(db, token) == made
        assert (made.basis, made.group_by, made.first_day) == ("cash", "session", DAY)
        for wrong in ("", token[:-1], token + "x", "\ud800"):
            with pytest.raises(NotFound):
                share_of_token(db, wrong)
    with at(8.1), shelf.database.transaction(SYSTEM) as db, pytest.raises(NotFound):
        share_of_token(db, token)
    with at(2), shelf.database.transaction(own) as db:
        revoke(db, own, shelf.brand.id, made.id)
        revoke(db, own, shelf.brand.id, made.id)
        assert [one.id for one in page_of_shares(db, own, shelf.brand.id).items] != [made.id]
    with at(2), shelf.database.transaction(SYSTEM) as db:
        assert share_of_token(db, other)
        with pytest.raises(NotFound):
            share_of_token(db, token)
        told = db.execute(
            text(
                "SELECT action, detail::text AS told FROM audit_entry WHERE action LIKE 'summary.%' ORDER BY id"
            )
        ).all()
    assert [row.action for row in told] == ["summary.shared", "summary.shared", "summary.share_revoked"]
    assert all(token not in row.told for row in told)


def test_a_brand_shares_and_ends_its_own_alone(shelf: Shelf, make: Factory) -> None:
    with shelf.database.transaction(HUB) as db:
        made, _ = share(db, HUB, shelf.brand.id, Shown(date(2026, 11, 1), date(2026, 11, 2)), days=7)
    other = Actor(kind="user", role="brand", id=9, name="x", brand_id=make.brand().id)
    with shelf.database.transaction(other) as db:
        for brand_id in (shelf.brand.id, other.brand_id or 0):
            with pytest.raises(NotFound):
                revoke(db, other, brand_id, made.id)
        with pytest.raises(NotFound):
            share(db, other, shelf.brand.id, Shown(DAY, DAY), days=7)
        assert page_of_shares(db, other, other.brand_id or 0).items == []
    with shelf.database.transaction(HUB) as db:
        assert [one.id for one in page_of_shares(db, HUB, shelf.brand.id).items] == [made.id]


def test_sales_that_are_folded_while_a_month_is_closed_do_not_part_its_days_from_the_whole(
    shelf: Shelf, engine: Any
) -> None:
    shelf.push(shelf.line(HOUR), shelf.line(2 * HOUR, 5000))
    seen: list[str] = []

    def fold_after(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        # Another's commit falls between two statements of a transaction that reads what is committed.
        if "FROM sales_day r" in statement:
            seen.append(statement)
            cursor.connection.execute("SET LOCAL ROLE xinji_system")
            cursor.connection.execute("UPDATE sales_day SET paid_fen = paid_fen + 100 WHERE paid_fen > 0")
            cursor.connection.execute("SET LOCAL ROLE xinji_app")

    event.listen(engine, "after_cursor_execute", fold_after)
    try:
        close(shelf)
        month = closed(shelf)
    finally:
        event.remove(engine, "after_cursor_execute", fold_after)
    assert len(seen) == 2  # at the closing and at the reading
    with shelf.database.transaction(HUB) as db:
        kept = db.execute(text("SELECT figures FROM month_freeze")).scalar_one()
    for basis in ("cohort", "cash"):
        (whole,) = kept[basis]["none"][""]
        assert whole["paid_gmv_fen"] == 15000
        assert whole["paid_gmv_fen"] == sum(
            one["paid_gmv_fen"] for day in kept[basis]["day"].values() for one in day
        )
    assert check_adjusted(month) == 2 * len(NAMES)


def test_a_range_says_which_of_its_months_are_closed_and_what_changed_of_its_days(
    shelf: Shelf, make: Factory
) -> None:
    first, second = shelf.line(HOUR), shelf.line(4 * HOUR, 5000)
    shelf.push(first, second, days_later=3)
    last = MONTH.replace(day=28) + timedelta(days=10)

    def of(begin: date, end: date, basis: str = "cohort") -> Any:
        with shelf.database.transaction(HUB) as db:
            return closing_of(db, HUB, shelf.brand.id, begin, end, basis=basis)

    assert of(MONTH, last) == ()
    close(shelf)
    (month,) = of(MONTH, last)
    assert (month.month, month.is_whole, month.changes) == (MONTH, True, ())
    shelf.push(shelf.refund(second, 5000, 45 * 24 * HOUR), shelf.line(HOUR, 700), days_later=46)
    (month,) = of(MONTH, last)
    assert [(one.currency, one.paid_fen, one.refund_fen, one.net_fen) for one in month.changes] == [
        ("CNY", 700, 5000, -4300)
    ]
    # The same as the month's own page has it; of a part of its days the part of it.
    (whole,) = closed(shelf).whole["cohort"]
    assert (whole.paid_fen, whole.refund_fen, whole.net_fen) == (700, 5000, -4300)
    (part,) = of(DAY, DAY)
    assert (part.is_whole, part.first, part.last) == (False, DAY, DAY)
    assert [(one.paid_fen, one.refund_fen) for one in part.changes] == [(700, 0)]
    (cash,) = of(MONTH, last, "cash")
    assert [(one.paid_fen, one.refund_fen) for one in cash.changes] == [(700, 0)]
    assert {key: one.net_fen for key, one in changed_since([month, part]).items()} == {"CNY": -4300 + 700}
    stranger = Actor(kind="user", role="brand", id=1, name="x", brand_id=make.brand().id)
    with pytest.raises(NotFound), shelf.database.transaction(stranger) as db:
        closing_of(db, stranger, shelf.brand.id, MONTH, last)

"""When sales ring: to the minute, to the fen, and never on what cannot be known."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.sales.selling import Rush, Selling, WatchRules, troubles

NOW = datetime(2026, 11, 11, 20, tzinfo=UTC)
RULES = WatchRules(quiet_minutes=20, refund_percent=30, refund_least=5, late_minutes=15)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def kinds(rules=RULES, *, since=60, last=1, rushes=(), lag=None):
    show = Selling(
        1,
        NOW - minutes(since),
        None if last is None else NOW - minutes(last),
        rushes,
        None if lag is None else minutes(lag),
    )
    return [kind for kind, _ in troubles(show, rules, NOW)]


@pytest.mark.parametrize(
    ("since", "last", "rings"),
    [(60, 19, False), (60, 20, True), (19, None, False), (20, None, True), (5, 45, False)],
)
def test_a_show_that_sells_nothing_rings_after_its_minutes(since, last, rings):
    # A sale from before it went on air (a show corrected, or taken up again) is no excuse and no trouble.
    assert kinds(since=since, last=last) == (["no_sales"] if rings else [])


@pytest.mark.parametrize(
    ("refunds", "refunded", "paid", "rings"),
    [
        (5, 3000, 10000, True),
        (5, 2999, 10000, False),
        (4, 10000, 10000, False),
        (5, 100, 0, True),
        (0, 0, 0, False),
    ],
)
def test_refunds_ring_by_their_share_of_what_was_paid(refunds, refunded, paid, rings):
    assert kinds(rushes=[Rush("CNY", refunds, refunded, paid)]) == (["refund_surge"] if rings else [])


def test_currencies_are_judged_apart():
    calm, rush = Rush("CNY", 5, 100, 1_000_000), Rush("USD", 5, 900, 1000)
    assert kinds(rushes=[calm, rush]) == ["refund_surge"]
    assert kinds(rushes=[calm]) == []


def test_data_that_is_late_says_nothing_of_sales():
    assert kinds(last=None, lag=15) == ["sales_late"]
    assert kinds(last=None, lag=14) == ["no_sales"]


def test_nought_switches_each_off():
    off = WatchRules(quiet_minutes=0, refund_percent=0, refund_least=5, late_minutes=0)
    assert kinds(off, last=None, lag=600, rushes=[Rush("CNY", 50, 50000, 1)]) == []


def test_a_hub_has_its_own_numbers_and_what_is_no_number_is_left_alone():
    assert WatchRules.of({"sales_watch": {"quiet_minutes": 7, "late_minutes": "x"}}) == WatchRules(7)
    assert WatchRules.of({"sales_watch": 3}) == WatchRules()


def test_what_is_not_known_is_late_and_no_silence():
    def rung(unheard, last, rules=RULES):
        show = Selling(1, NOW - minutes(60), NOW - minutes(last), (), None, minutes(unheard))
        return list(troubles(show, rules, NOW))

    assert rung(15, 60) == [("sales_late", {"minutes": 15})]
    assert rung(14, 34) == [("no_sales", {"minutes": 20})]
    assert rung(14, 33) == []
    # Nobody wants to hear of lateness: what is not known is no silence for that.
    assert rung(40, 59, WatchRules(late_minutes=0)) == []
    assert rung(30, 60, WatchRules(late_minutes=0)) == [("no_sales", {"minutes": 30})]

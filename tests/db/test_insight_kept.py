"""What is final of a net amount is told where it is known, and nowhere else."""

from tests.db.test_insight_summary import HOUR, Shelf, shelf

__all__ = ["shelf"]


def test_of_an_age_nothing_is_said_to_be_final_that_came_back_later(shelf: Shelf) -> None:
    """¥100 and nothing back by day 7; ¥40 came back on day 10. On day 12, as of day 7, no part of it was kept."""
    line = shelf.line(HOUR)
    shelf.push(line, shelf.refund(line, 4000, 10 * 24 * HOUR), days_later=11)
    (aged,) = shelf.summary(days_later=12, age=7).totals
    assert (aged.net_gmv_fen, aged.kept_fen, aged.maturing_fen, aged.maturing) == (10000, None, None, True)
    (now,) = shelf.summary(days_later=12).totals
    assert (now.net_gmv_fen, now.kept_fen, now.maturing_fen) == (6000, 0, 6000)


def test_by_the_day_money_moved_nothing_is_said_to_be_kept(shelf: Shelf) -> None:
    shelf.push(shelf.line(HOUR))
    (cash,) = shelf.summary(basis="cash").totals
    assert (cash.net_gmv_fen, cash.kept_fen, cash.maturing_fen) == (10000, None, None)

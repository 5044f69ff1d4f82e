"""Whose deliveries wait to be claimed: until the answer is there, newer ones must not pass them."""

from campaign.delivery.sender.due import Due


def test_one_waits_from_when_it_is_named_until_it_was_looked_at():
    due = Due()
    due.at((1, 2))
    assert (due.waits(1), due.waits(3)) == (True, False)
    assert due.take() == [1, 2]
    # Asked, not answered yet: and named again meanwhile.
    due.at_one(2)
    assert (due.waits(1), due.waits(2)) == (True, True)
    due.answered()
    assert (due.waits(1), due.waits(2)) == (False, True)
    assert due.take() == [2]


def test_a_look_at_all_takes_those_that_were_named_along():
    due = Due()
    due.at_one(1)
    due.at_all()
    assert due.take() is None
    assert due.waits(1)
    due.answered()
    assert not due.waits(1)
    assert due.take() == []

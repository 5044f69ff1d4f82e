"""Whole numbers out of text: what looks like one and is none, above all."""

import pytest

from campaign.kit.numbers import whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("123456789", 123456789)])
def test_digits_are_a_number(text, number):
    assert whole(text) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "+1", "-1", "1.0", "1e3", "²", "٣", "１", "1234567890", "1_0", None, 3, b"1"]
)
def test_all_else_is_none(text):
    assert whole(text) is None


def test_so_many_digits_and_no_more():
    assert (whole("99999", 5), whole("100000", 5)) == (99999, None)
    assert whole("9" * 10_000, 9) is None

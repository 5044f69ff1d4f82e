"""Money: exact parsing, whole splits, one rounding rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.kit.money import LARGEST_FEN, divided, parse_major, parse_yuan, rate_of, split_whole


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("1,299.00", 129900),
        ("0", 0),
        ("0.00", 0),
        ("5", 500),
        ("1.5", 150),
        ("-3.20", -320),
        ("1,234,567.89", 123456789),
    ],
)
def test_yuan_are_read_exactly(written: str, fen: int) -> None:
    assert parse_yuan(written) == fen


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1.001",
        "0.005",
        "1e2",
        "NaN",
        "Infinity",
        "0x10",
        "٣",
        "²",
        "1/2",
        "5.",
        "1.2.3",
        "100元",
        "1,29.00",
        "--1",
        "9" * 30,
    ],
)
def test_what_is_no_exact_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="money"):
        parse_yuan(written)


def test_a_currency_without_minor_units_is_read_whole() -> None:
    assert parse_major("1,299", "JPY") == 1299
    with pytest.raises(ValueError, match="money"):
        parse_major("1.5", "JPY")


@given(st.integers(-LARGEST_FEN, LARGEST_FEN), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_parts_sum_to_the_whole_and_stay_within_a_fen_of_their_share(total: int, weights: list[int]) -> None:
    parts = split_whole(total, weights)
    assert sum(parts) == total
    base = sum(weights)
    if base:
        assert all(
            abs(part * base - total * weight) < base for part, weight in zip(parts, weights, strict=True)
        )


@pytest.mark.parametrize(
    ("fen", "rate", "result"), [(100, 3000, 30), (5, 5000, 3), (-5, 5000, -3), (1, 4999, 0), (0, 3000, 0)]
)
def test_a_rate_rounds_half_up_to_the_fen(fen: int, rate: int, result: int) -> None:
    assert rate_of(fen, rate) == result


def test_a_quotient_over_nothing_is_unknown() -> None:
    assert divided(5, 0) is None
    assert divided(5, 2) == 3
    assert divided(-5, 2) == -3

"""Money: integers of minor units (fen), never a float. Parsing, splitting, one rounding rule."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

LARGEST_FEN = 10**15
"""Ten trillion yuan: no line is larger, and sums of a million such still fit a bigint's decimal cousin."""

# Minor digits per currency. Pinned, because sources differ: IDR is exported in whole rupiah.
EXPONENTS = {"JPY": 0, "VND": 0, "KRW": 0, "IDR": 0}

_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?\Z", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z", re.ASCII)
_LONGEST = 40


def exponent_of(currency: str) -> int:
    """Digits after the point that one major unit of `currency` has (2 unless pinned)."""
    return EXPONENTS.get(currency, 2)


@lru_cache(maxsize=4096)
def parse_major(written: str, currency: str = "CNY") -> int:
    """Read an amount in major units into minor ones: "1,299.00" CNY → 129900.

    Raises ValueError on anything that is not exactly a whole number of minor units: exponents, signs
    of other scripts, more digits than the currency has, misplaced commas, amounts past LARGEST_FEN.
    """
    text = written.strip()
    if len(text) > _LONGEST or not (_PLAIN.match(text) or _GROUPED.match(text)):
        raise ValueError("money")
    minor = Decimal(text.replace(",", "")).scaleb(exponent_of(currency))
    whole = int(minor)
    if minor != whole or abs(whole) > LARGEST_FEN:
        raise ValueError("money")
    return whole


def parse_yuan(written: str) -> int:
    """Read yuan into fen: "1,299.00" → 129900. Raises ValueError as parse_major does."""
    return parse_major(written, "CNY")


def written_major(minor: int, currency: str = "CNY") -> str:
    """What parse_major reads: 129950 CNY → "1299.50"."""
    places = exponent_of(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def split_whole(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split a whole by weights so that the parts sum to the whole (largest remainder).

    Ties go to the earlier part. All weights zero: split evenly. Raises ValueError on no or negative weights.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("weights")
    sign, rest = (-1, -total_fen) if total_fen < 0 else (1, total_fen)
    shares = list(weights) if any(weights) else [1] * len(weights)
    base = sum(shares)
    parts = [rest * share // base for share in shares]
    left = rest - sum(parts)
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(rest * shares[i] % base), i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return [sign * part for part in parts]


def rate_of(amount_fen: int, rate: int) -> int:
    """`rate` ten-thousandths of an amount, half-up to the fen (half away from zero): 3000 = 30 %."""
    return divided(amount_fen * rate, 10_000) or 0


def divided(numerator: int, denominator: int) -> int | None:
    """A quotient rounded half-up (away from zero); None where the denominator is 0: shown as a dash."""
    if denominator == 0:
        return None
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))

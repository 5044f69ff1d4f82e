"""Ids: bigint inside, prefixed text outside (ses_…, brd_…), so that a pasted id says what it is."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_LENGTH = 13
_LARGEST = 2**63 - 1


def public(prefix: str, number: int) -> str:
    """Write an id for the outside: prefix, underscore, 13 characters of Crockford's base 32."""
    # Ten bits at a time: a week's board writes seven thousand of them.
    return (
        f"{prefix}_{_ALPHABET[number >> 60]}{_PAIRS[number >> 50 & 1023]}{_PAIRS[number >> 40 & 1023]}"
        f"{_PAIRS[number >> 30 & 1023]}{_PAIRS[number >> 20 & 1023]}{_PAIRS[number >> 10 & 1023]}"
        f"{_PAIRS[number & 1023]}"
    )


def public_or_none(prefix: str, number: int | None) -> str | None:
    return None if number is None else public(prefix, number)


def internal(prefix: str, written: str) -> int:
    """Read an id from the outside. Raises ValueError on anything public() would not write."""
    head, _, body = written.partition("_")
    if head != prefix or len(body) != _LENGTH or any(char not in _VALUES for char in body):
        raise ValueError(written)
    number = 0
    for char in body:
        number = number * 32 + _VALUES[char]
    if number > _LARGEST:
        raise ValueError(written)
    return number

"""Whole numbers out of text that somebody typed or sent."""


def whole(text: object, digits: int = 9) -> int | None:
    """1 to `digits` ASCII digits as a number; None for anything else.

    The one place for it: str.isdigit() takes "²" and "٣" too, and int() refuses thousands of digits.
    """
    if isinstance(text, str) and 0 < len(text) <= digits and text.isascii() and text.isdigit():
        return int(text)
    return None

"""How figures and names look to a reader, on a page as in a picture. None is always a dash, never a nought."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from flask_babel import get_locale

from campaign.kit.money import exponent_of
from campaign.kit.names import Named

DASH = "—"
_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}


def language() -> str:
    """`zh` or `en`."""
    return "en" if str(get_locale() or "zh_CN").startswith("en") else "zh"


def fen(amount: int | None, currency: str = "CNY") -> str:
    """129900 → ¥1,299.00; exact, for tables."""
    if amount is None:
        return DASH
    sign = "−" if amount < 0 else ""
    places = exponent_of(currency)
    return f"{sign}{_sign_of(currency)}{Decimal(abs(amount)).scaleb(-places):,.{places}f}"


def fen_short(amount: int | None, currency: str = "CNY") -> str:
    """12735300 → ¥12.7万 in Chinese, ¥127.4k in English: for tiles and the board."""
    if amount is None:
        return DASH
    value = Decimal(abs(amount)).scaleb(-exponent_of(currency))
    steps = [(10**8, "亿"), (10**4, "万")] if language() == "zh" else [(10**6, "M"), (10**3, "k")]
    sign = "−" if amount < 0 else ""
    for size, unit in steps:
        if value >= size:
            return f"{sign}{_sign_of(currency)}{_one_digit(value / size)}{unit}"
    return f"{sign}{_sign_of(currency)}{value.quantize(Decimal(1), ROUND_HALF_UP):,}"


def rate(per_ten_thousand: int | None) -> str:
    """3050 → 30.5%."""
    return DASH if per_ten_thousand is None else f"{Decimal(per_ten_thousand) / 100:.1f}%"


def count(number: int | None) -> str:
    """1640 → 1,640."""
    return DASH if number is None else f"{number:,}"


def named(thing: Named | None) -> str:
    """A party's name in the reader's language."""
    if thing is None:
        return DASH
    return called(thing.name, getattr(thing, "name_en", ""))


def called(name: str | None, english: str | None) -> str:
    """The one of two names that is in the reader's language; a dash for none."""
    return (language() == "en" and english) or name or DASH


def names(things: Iterable[Named]) -> str:
    """Several names, joined as the language does it; a dash for none."""
    return ("、" if language() == "zh" else ", ").join(named(thing) for thing in things) or DASH


def _sign_of(currency: str) -> str:
    return _SIGNS.get(currency, f"{currency} ")


def _one_digit(value: Decimal) -> str:
    digits = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{digits:f}" if digits < 1000 and digits != digits.to_integral() else f"{digits:.0f}"

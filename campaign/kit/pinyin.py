"""Chinese as it is spelt in Latin letters, to sort and to search by."""


def spelling(name: str) -> list[str]:
    """辛皮记 → ["xin", "pi", "ji"], in lower case; what is not Chinese stays in one piece."""
    # Its dictionary takes a third of a second and 25 MB: not for the processes that never spell.
    from pypinyin import lazy_pinyin

    return [part.lower() for part in lazy_pinyin(name)]


def initials(name: str) -> str:
    """辛皮记 → "xpj"."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()

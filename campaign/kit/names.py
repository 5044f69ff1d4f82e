"""Names that travel with what they are called in English, until someone knows who reads them."""

from typing import Protocol, Self


class Bilingual(str):
    """The Chinese name, and everywhere a plain string of it: compared, stored, as JSON.

    `english` is empty where nobody gave one.
    """

    __slots__ = ("english",)
    english: str

    def __new__(cls, name: str, english: str = "") -> Self:
        made = super().__new__(cls, name)
        made.english = english
        return made


class Named(Protocol):
    """Anything with a name in Chinese and perhaps one in English."""

    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def name_of(thing: Named) -> Bilingual:
    """Both names of a thing as one."""
    return Bilingual(thing.name, thing.name_en)

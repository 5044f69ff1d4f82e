"""A row of a Douyin export: cells by our names, read with the traps of real exports in mind."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from campaign.connectors.douyin import columns
from campaign.kit.money import parse_yuan
from campaign.kit.numbers import whole

BEIJING = ZoneInfo("Asia/Shanghai")

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+?\d+\Z")
_CONTROL = re.compile("[\x00-\x1f]")
LONGEST = 200
_NOTHING = frozenset(("", "-", "--", "—", "/"))
_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\Z", re.ASCII)


class RowRefused(ValueError):
    """One row cannot be read; its neighbours can."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def beijing(match: re.Match[str] | None) -> datetime | None:
    """Year to second as matched, in Beijing's time; None where there is no such moment."""
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()), tzinfo=BEIJING)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def _moment_of(text: str) -> datetime | None:
    """A row tells the same moment several times, and is read twice."""
    return beijing(_TIME.match(text))


class Cells:
    """One row of a table whose columns were found by name."""

    def __init__(
        self, number: int, cells: tuple[str, ...], header: tuple[str, ...], where: Mapping[str, int]
    ) -> None:
        self.number = number
        self._cells = cells
        self._header = header
        self._where = where

    def check_width(self) -> None:
        """Raises RowRefused where the row is cut off, or cells have slipped."""
        if len(self._cells) != len(self._header):
            raise RowRefused("ragged", cells=len(self._cells), columns=len(self._header))

    def began(self) -> datetime | None:
        """See rows.Row. Only a file that completes its shop's orders is asked."""
        return None

    def raw(self) -> dict[str, str]:
        """The cells by column, without people's data; of a row that is cut off, those that are there."""
        told = columns.impersonal(self._header)
        if len(self._cells) >= len(self._header):
            return {name: self._cells[at] for at, name in told}
        return {name: self._cells[at] for at, name in told if at < len(self._cells)}

    def named(self, name: str) -> str:
        return self._header[self._where[name]] if name in self._where else name

    def text(self, name: str) -> str | None:
        """The cell without the marks that keep spreadsheets from harming it; None for "-" and empty."""
        place = self._where.get(name)
        if place is None or place >= len(self._cells):
            return None
        text = self._cells[place]
        if text in _NOTHING:
            return None
        if text.isprintable() and text[0] not in " ='`" and text[-1] != " " and len(text) <= LONGEST:
            # Most cells: nothing to take off, nothing to refuse.
            return text
        text = text.strip(" \t\r\n\u00a0\ufeff")
        if text in _NOTHING:
            return None
        if text[0] in "='`":
            if text.startswith('="') and text.endswith('"'):
                text = text[2:-1]
            text = text.lstrip("'`").strip(" \t")
        if len(text) > LONGEST or _CONTROL.search(text):
            raise RowRefused("bad_text", column=self.named(name))
        return None if text in _NOTHING else text

    def id(self, name: str) -> str:
        value = self.id_or_none(name)
        if value is None:
            raise RowRefused("missing_value", column=self.named(name))
        return value

    def id_or_none(self, name: str) -> str | None:
        text = self.text(name)
        return None if text is None else self._checked_id(name, text)

    def ids(self, name: str) -> list[str]:
        text = self.text(name)
        if text is None:
            return []
        parts = [part.strip(" \t'") for part in re.split("[;；]", text)]
        return list(dict.fromkeys(self._checked_id(name, part) for part in parts if part))

    def _checked_id(self, name: str, text: str) -> str:
        if "e" in text.lower() and _DAMAGED.search(text):
            raise RowRefused("digits_lost", column=self.named(name))
        if not _ID.match(text):
            raise RowRefused("bad_id", column=self.named(name))
        return text

    def money(self, name: str, *, signed: bool = False) -> int | None:
        """Yuan as fen; None for an empty cell. Below nought only where it may be."""
        text = self.text(name)
        if text is None:
            return None
        try:
            fen = parse_yuan(text.removeprefix("¥").removeprefix("￥"))
        except ValueError:
            raise RowRefused("bad_money", column=self.named(name), value=text[:40]) from None
        if fen < 0 and not signed:
            raise RowRefused("bad_money", column=self.named(name), value=text[:40])
        return fen

    def count(self, name: str) -> int:
        text = (self.text(name) or "").replace(",", "")
        number = whole(text, 6)
        if number is None:
            raise RowRefused("bad_count", column=self.named(name), value=text[:40])
        return number

    def moment(self, name: str) -> datetime | None:
        text = self.text(name)
        return None if text is None else self.parsed(name, text)

    def parsed(self, name: str, text: str) -> datetime:
        moment = _moment_of(text)
        if moment is None or not 2000 <= moment.year < 2100:
            raise RowRefused("bad_time", column=self.named(name), value=text[:40])
        return moment

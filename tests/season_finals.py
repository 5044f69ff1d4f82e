"""Figures of a season that become final in the middle of it, and what comes after that."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from campaign.insight.afterwards import after_final
from campaign.insight.tallies import COMPARED, NAMES
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.sales.finishing import check_finals
from tests.factory import HUB
from tests.oracle import ledger
from tests.season_sums import rollup
from workers import sales as tasks

LATER = timedelta(days=60)
"""Everything is past its returns by then."""


class Finals:
    """The final figures of a season, by the database and by the oracle."""

    database: Database
    seen: Counter[str]
    brands: list[int]
    said: list[dict[str, Any]]

    def __init__(self) -> None:
        self._first: dict[int, dict[Any, dict[str, int]]] = {}
        self._last: dict[int, dict[Any, dict[str, int]]] = {}
        self._revisions: Counter[int] = Counter()

    def becomes_final(self, world: ledger.World) -> None:
        """All that has sold, and of which nothing waits any more, is final; the oracle keeps what it was."""
        with clock.travel(LATER):
            tasks.tell()
            tasks.finish()
        told = self._by_session(world)
        with self.database.transaction(SYSTEM) as db:
            sql = "SELECT session_id FROM session_sales WHERE final_version = version ORDER BY 1"
            final = db.execute(text(sql)).scalars().all()
        assert {*told} <= {*final}
        for one in final:
            figures = told.get(one, {})
            if self._last.get(one) != figures:
                self._revisions[one] += 1
                self._last[one] = figures
            self._first.setdefault(one, figures)

    def check_finals(self, world: ledger.World) -> None:
        """What is kept is what was final first, and with what changed since it is what is now: by each who reads."""
        wanted = {key: figures for rows in self._first.values() for key, figures in rows.items()}
        assert rollup(self.database, "session_final") == wanted
        with self.database.transaction(SYSTEM) as db:
            sql = "SELECT session_id, revision FROM session_sales WHERE revision > 0"
            assert {row.session_id: row.revision for row in db.execute(text(sql))} == self._revisions
            assert check_finals(db, SYSTEM) == []
        now = self._by_session(world)
        # The shows are the first brand's: what the other sold in them is read by the hub alone.
        mine, other = (Actor(kind="user", role="brand", id=1, name="b", brand_id=one) for one in self.brands)
        for actor, brand in ((HUB, None), (mine, self.brands[0])):
            for session_id, first in self._first.items():
                with self.database.transaction(actor) as db:
                    found = after_final(db, actor, session_id)
                assert found is not None
                told = {
                    one.currency: {name: getattr(one, name) for name in COMPARED} for one in found.changed
                }
                assert told == _changed(first, now.get(session_id, {}), brand)
                self.seen["after final"] += bool(told)
        with self.database.transaction(other) as db:
            assert [after_final(db, other, one) for one in self._first] == [None] * len(self._first)

    def _by_session(self, world: ledger.World) -> dict[int, dict[Any, dict[str, int]]]:
        """The sums as the oracle has them now, without the figure that finals do not keep."""
        found: dict[int, dict[Any, dict[str, int]]] = {}
        for key, figures in ledger.rollups(world, self.said)["session_total"].items():
            kept = {name: amount for name, amount in figures.items() if name != "uncancelled_fen"}
            found.setdefault(dict(key)["session_id"], {})[key] = kept
        return found


def _changed(first: Any, now: Any, brand: int | None) -> dict[str, dict[str, int]]:
    """{currency: now less first} where they differ, of one brand or of all."""
    found: dict[str, Counter[str]] = {}
    for rows, sign in ((now, 1), (first, -1)):
        for key, figures in rows.items():
            if brand in (None, dict(key)["brand_id"]):
                into = found.setdefault(dict(key)["currency"], Counter())
                for name, amount in figures.items():
                    into[name] += sign * amount
    told = {of: {name: one[NAMES[name]] for name in COMPARED} for of, one in found.items()}
    return {of: figures for of, figures in told.items() if any(figures.values())}

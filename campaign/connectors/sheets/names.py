"""Whom a cell names: exactly, else by another name, else it is refused with who it might be. Never guessed."""

import difflib
import unicodedata
from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.connectors.sheets.cells import BadCell
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.parties.actions import sort_key
from campaign.parties.models import Host, HostAlias, Party
from campaign.parties.queries import all_of

_SHOWN = 3
# Looking for near names costs some milliseconds among thousands: a sheet of strangers stops being helped.
_MOST_NEAR = 100
_Known = dict[str, list[int]]


class Names:
    """Parties in use by their names, read once per file and kept current with what the file adds."""

    def __init__(self, db: Session, actor: Actor) -> None:
        self._db, self._actor = db, actor
        self._known: dict[type[Party], tuple[_Known, _Known]] = {}
        self._fresh: list[tuple[list[int], int]] = []
        self._near: dict[tuple[type[Party], str], list[str]] = {}

    def of(self, field: str, model: type[Party], prefix: str, cell: str) -> int:
        """The id of the one so named, or written as its id. Raises BadCell: unknown_name, several_named."""
        found = self.find(field, model, prefix, cell)
        if found is None:
            near = self._near_to(model, cell)
            code = "unknown_name_near" if near else "unknown_name"
            raise BadCell(field, code, {"value": cell[:60], "near": ", ".join(near)})
        return found

    def find(self, field: str, model: type[Party], prefix: str, cell: str) -> int | None:
        """As of(), but None where nobody is so named."""
        wanted = unicodedata.normalize("NFC", cell)
        exact, others = self._names(model)
        for names in (exact, others):
            who = names.get(wanted, [])
            if len(who) > 1:
                shown = ", ".join(ids.public(prefix, one) for one in who[:_SHOWN])
                raise BadCell(field, "several_named", {"value": cell[:60], "ids": shown})
            if who:
                return who[0]
        try:
            written = ids.internal(prefix, cell)
        except ValueError:
            return None
        return written if any(written in who for who in exact.values()) else None

    def learn(self, model: type[Party], party_id: int, name: str, *, alias: bool = False) -> None:
        """A name the file has just given."""
        names = self._names(model)[1 if alias else 0]
        if party_id not in names[name]:
            names[name].append(party_id)
            self._fresh.append((names[name], party_id))

    def settle(self) -> None:
        """The row stands, and with it what it taught."""
        self._fresh.clear()

    def forget(self) -> None:
        """The row was undone: so is what it taught."""
        for who, party_id in self._fresh:
            who.remove(party_id)
        self._fresh.clear()

    def written(self, model: type[Party], prefix: str, party_id: int, name: str) -> str:
        """A name as of() finds it again: the id where two bear the same name, or the name would read as a list."""
        alone = self._names(model)[0].get(name) == [party_id]
        return name if alone and not any(mark in name for mark in ";；\n@*") else ids.public(prefix, party_id)

    def _near_to(self, model: type[Party], cell: str) -> list[str]:
        """Names like this one: in their characters, or in how they are spoken."""
        key = model, cell
        if key not in self._near and len(self._near) < _MOST_NEAR:
            named = [name for known in self._names(model) for name, who in known.items() if who]
            spoken = {sort_key(name): name for name in named}
            alike = difflib.get_close_matches(cell[:60], named, _SHOWN)
            sounds = difflib.get_close_matches(sort_key(cell[:60]), list(spoken), _SHOWN, 0.8)
            self._near[key] = list(dict.fromkeys(alike + [spoken[one] for one in sounds]))[:_SHOWN]
        return self._near.get(key, [])

    def _names(self, model: type[Party]) -> tuple[_Known, _Known]:
        """Names, and other names (in English, aliases), each with the ids of those who bear it."""
        if model not in self._known:
            exact: _Known = defaultdict(list)
            others: _Known = defaultdict(list)
            for row in all_of(self._db, self._actor, model):
                exact[row.name].append(row.id)
                if getattr(row, "name_en", ""):
                    others[row.name_en].append(row.id)  # type: ignore[attr-defined]
            if model is Host:
                statement = select(HostAlias.alias, Host.id).join(Host, Host.id == HostAlias.host_id)
                for alias, host_id in self._db.execute(statement.where(Host.archived_at.is_(None))):
                    if host_id not in others[alias]:
                        others[alias].append(host_id)
            self._known[model] = (exact, others)
        return self._known[model]

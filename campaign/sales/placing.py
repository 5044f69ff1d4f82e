"""Placing lines again when the schedule, a shop or a hub's decision says otherwise."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import NotFound
from campaign.kit.queue import nudge
from campaign.sales.attribution import GRACE
from campaign.sales.maturity import CAP
from campaign.sales.rows import LineKey, lock_lines
from campaign.sales.settling import settle

MOST_LINES = 2000

SETTLING = timedelta(seconds=90)
"""A batch that read the schedule just before a change commits within a minute (statement time-out): sessions
are placed once more after this, so that such lines are found too."""

_DUE = text(
    "SELECT s.id FROM live_session s LEFT JOIN session_sales v ON v.session_id = s.id"
    " WHERE s.updated_at > :since AND (s.version <> coalesce(v.attributed_version, 0)"
    " OR (v.attributed_at < s.updated_at + :settling AND s.updated_at + :settling <= :now))"
    " ORDER BY s.id LIMIT 100"
)
_DONE = text(
    "INSERT INTO session_sales (session_id, attributed_version, attributed_at)"
    " SELECT id, version, :now FROM live_session WHERE id = :id ON CONFLICT (session_id) DO UPDATE"
    " SET attributed_version = excluded.attributed_version, attributed_at = excluded.attributed_at"
)
# What counts in the session now, and what one of its channels could claim: by room whenever it was, by account
# or shop within its hours. Lines of the neighbours' grace lie within the same hours.
_TOUCHED = text(
    "SELECT shop_id, line_id FROM order_line WHERE session_id = :id"
    " UNION SELECT l.shop_id, l.line_id FROM session_channel c JOIN order_line l ON l.room_id = ANY(c.room_ids)"
    " WHERE c.session_id = :id AND l.platform = c.platform"
    " UNION SELECT l.shop_id, l.line_id FROM live_session s JOIN session_channel c ON c.session_id = s.id"
    " JOIN platform_account a ON a.id = c.platform_account_id"
    " JOIN order_line l ON (l.author_id = a.external_id OR l.shop_id = a.shop_id) AND l.platform = c.platform"
    " AND l.ordered_at >= least(s.actual_starts_at, s.starts_at) - :grace"
    " AND l.ordered_at < greatest(coalesce(s.actual_ends_at, s.ends_at), s.ends_at, s.last_sign_at) + :grace"
    " WHERE s.id = :id ORDER BY 1, 2"
)


def due_for_placing(db: Session, actor: Actor) -> list[int]:
    """Sessions that changed since their lines were last placed."""
    now = clock.now(db)
    found = db.execute(_DUE, {"since": now - timedelta(days=60), "settling": SETTLING, "now": now})
    return list(found.scalars())


def reattribute(db: Session, actor: Actor, session_id: int) -> int:
    """Place again every line that counts in a session or could; gives how many moved."""
    keys = [
        (row.shop_id, row.line_id) for row in db.execute(_TOUCHED, {"id": session_id, "grace": GRACE}).all()
    ]
    moved = _place_again(db, keys)
    db.execute(_DONE, {"id": session_id, "now": clock.now(db)})
    return moved


_SHOPS_DUE = text(
    "SELECT p.shop_id FROM shop_progress p JOIN shop s ON s.id = p.shop_id WHERE s.rev <> p.placed_rev"
    " OR (p.placed_at < s.updated_at + :settling AND s.updated_at + :settling <= :now) ORDER BY 1 LIMIT 20"
)
_SHOP = text(
    "SELECT s.rev, CASE WHEN p.placing_rev = s.rev THEN p.placing_line ELSE '' END AS line_id"
    " FROM shop_progress p JOIN shop s ON s.id = p.shop_id WHERE s.id = :shop_id"
)
_LINES_OF_SHOP = text(
    "SELECT shop_id, line_id FROM order_line WHERE shop_id = :shop_id AND line_id > :line_id"
    " ORDER BY line_id LIMIT :most"
)
_SHOP_AT = text(
    "UPDATE shop_progress SET placing_rev = :rev, placing_line = :line_id WHERE shop_id = :shop_id"
)
_SHOP_DONE = text(
    "UPDATE shop_progress SET placed_rev = :rev, placed_at = :now, placing_line = '' WHERE shop_id = :shop_id"
)


def due_shops(db: Session, actor: Actor) -> list[int]:
    """Shops whose brand may have changed since their lines were placed (a shop begins without one)."""
    return list(db.execute(_SHOPS_DUE, {"settling": SETTLING, "now": clock.now(db)}).scalars())


def reassign_shop(db: Session, actor: Actor, shop_id: int) -> int:
    """Find brand and product of the next lines of a shop again; gives how many moved. What is left stays due."""
    shop = db.execute(_SHOP, {"shop_id": shop_id}).one_or_none()
    if shop is None:
        return 0
    now = clock.now(db)
    after = {"shop_id": shop_id, "line_id": shop.line_id, "most": MOST_LINES}
    keys = [(row.shop_id, row.line_id) for row in db.execute(_LINES_OF_SHOP, after)]
    moved = _place_again(db, keys)
    done = {"shop_id": shop_id, "rev": shop.rev}
    if len(keys) == MOST_LINES:
        db.execute(_SHOP_AT, done | {"line_id": keys[-1][1]})
    else:
        db.execute(_SHOP_DONE, done | {"now": now})
    return moved


@dataclass(frozen=True)
class Change:
    """A table of changes after which some lines count differently; `lines` says which lines (l) a change (c) concerns,
    :now the moment.

    Lines are placed again in turns of MOST_LINES, and once more after SETTLING. A change that concerns no line needs
    nothing: it is struck off once no batch can still read what was before.
    """

    table: str
    lines: str

    @property
    def _any(self) -> str:
        return f"EXISTS (SELECT FROM order_line l WHERE {self.lines})"

    def due(self, db: Session, _actor: Actor) -> list[int]:
        """Changes whose lines were not all placed since."""
        sql = (
            f"SELECT c.id FROM {self.table} c WHERE (c.placed_at IS NULL OR c.changed_at + :settling <= :now)"
            f" AND {self._any} ORDER BY c.id LIMIT 200"
        )
        return list(db.execute(text(sql), {"settling": SETTLING, "now": clock.now(db)}).scalars())

    def forget(self, db: Session, _actor: Actor) -> None:
        """Strike off what concerns no line."""
        sql = f"DELETE FROM {self.table} c WHERE c.changed_at + :settling <= :now AND NOT {self._any}"
        db.execute(text(sql), {"settling": SETTLING, "now": clock.now(db)})

    def reassign(self, db: Session, _actor: Actor, change_id: int) -> int:
        """Place the next lines of a change again; gives how many moved. What is left stays due."""
        sql = f"SELECT * FROM {self.table} WHERE id = :id FOR UPDATE SKIP LOCKED"
        change = db.execute(text(sql), {"id": change_id}).one_or_none()
        if change is None:
            return 0
        now = clock.now(db)
        sql = (
            f"SELECT l.shop_id, l.line_id FROM {self.table} c JOIN order_line l ON {self.lines} WHERE c.id = :id"
            " AND (l.shop_id, l.line_id) > (c.shop_id, c.line_id) ORDER BY 1, 2 LIMIT :most"
        )
        found = db.execute(text(sql), {"id": change_id, "most": MOST_LINES, "now": now})
        keys = [(row.shop_id, row.line_id) for row in found]
        moved = _place_again(db, keys)
        if len(keys) == MOST_LINES:
            at = {"shop": keys[-1][0], "line": keys[-1][1]}
            sql = f"UPDATE {self.table} SET shop_id = :shop, line_id = :line WHERE id = :id"
            db.execute(text(sql), at | {"id": change_id})
        elif change.changed_at + SETTLING <= now:
            db.execute(text(f"DELETE FROM {self.table} WHERE id = :id"), {"id": change_id})
        else:
            sql = f"UPDATE {self.table} SET placed_at = :now, shop_id = 0, line_id = '' WHERE id = :id"
            db.execute(text(sql), {"id": change_id, "now": now})
        return moved


SKUS = Change("sku_change", "l.merchant_sku = c.sku")
"""A product is new, renumbered or another brand's."""

WINDOWS = Change(
    "window_change",
    f"l.brand_id = c.brand_id AND l.order_day >= CAST(:now AS timestamptz)::date - {CAP.days + 1}",
)
"""A brand has another window of return. What was ordered longer ago than CAP is mature whatever the window (a day more,
for days begin elsewhere in UTC): it stays as it is.
"""

LINES = Change("line_change", "l.shop_id = c.of_shop AND l.line_id = ANY(c.of_lines)")
"""A release counts these lines otherwise: its migration names them. changed_at lies ahead, by when no process of the
release before is left: then they are placed once more.
"""

CHANGES = (SKUS, WINDOWS, LINES)


TURNS: tuple[tuple[Callable[[Session, Actor], list[int]], Callable[[Session, Actor, int], int]], ...] = (
    (due_for_placing, reattribute),
    (due_shops, reassign_shop),
    *((change.due, change.reassign) for change in CHANGES),
)
"""All that may have lines to place again: who is due, and the next turn of one."""


def place_again(db: Session, actor: Actor, keys: Sequence[LineKey]) -> int:
    """Settle lines anew, for repair; gives how many moved."""
    return _place_again(db, sorted(keys))


def _place_again(db: Session, keys: Sequence[LineKey]) -> int:
    """Ascending slices, so that locks are taken in the order that ingest takes them."""
    moved = 0
    for start in range(0, len(keys), MOST_LINES):
        locked = lock_lines(db, keys[start : start + MOST_LINES], make=False)
        moved += settle(db, list(locked.values()), now=clock.now(db)).changed
    if moved:
        after_commit(db, lambda: nudge("sales.fold"))
    return moved


_FIND = text("SELECT shop_id, line_id FROM order_line WHERE id = :id")
_ASSIGN = text(
    "UPDATE order_line SET assigned_session_id = :session_id, assigned_reason = :reason"
    " WHERE shop_id = :shop_id AND line_id = :line_id"
)
_SESSION = text(
    "SELECT 1 FROM live_session WHERE id = :id AND state NOT IN ('draft', 'offered', 'cancelled')"
)


def assign(db: Session, actor: Actor, line_id: int, session_id: int, reason: str) -> None:
    """Put one line into a session by the hub's decision, which stands above the ladder from then on.

    Raises NotFound where the line is not there or the session was never on.
    """
    found = db.execute(_FIND, {"id": line_id}).one_or_none()
    if found is None or db.execute(_SESSION, {"id": session_id}).one_or_none() is None:
        raise NotFound
    key = (found.shop_id, found.line_id)
    lock_lines(db, [key], make=False)
    db.execute(_ASSIGN, {"session_id": session_id, "reason": reason, "shop_id": key[0], "line_id": key[1]})
    _place_again(db, [key])
    detail = {"line_id": found.line_id, "session_id": session_id, "reason": reason}
    audit.note(db, actor, "line.assigned", "order_line", line_id, json.loads(json.dumps(detail)))

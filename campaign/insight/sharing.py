"""Links that show one summary to whoever has them, until they expire or are revoked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit.actions import note
from campaign.insight.summary import check_brand
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, Stale
from campaign.kit.paging import Page, from_cursor, page_from

State = Literal["open", "ended", "expired"]
LONGEST_DAYS = 90
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class Share:
    """What one link shows. Its token is told once, when it is made."""

    id: int
    brand_id: int
    first_day: date
    last_day: date
    basis: str
    group_by: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Whether the link still shows anything."""
        return self.revoked_at is None and now < self.expires_at

    def state(self, now: datetime) -> State:
        """Open, or why not."""
        if self.revoked_at is not None:
            return "ended"
        return "open" if self.opens(now) else "expired"

    @property
    def rev(self) -> int:
        """Its version: it changes once, when it is ended."""
        return 1 if self.revoked_at is None else 2


@dataclass(frozen=True)
class Shown:
    """The summary that a link is to show."""

    first_day: date
    last_day: date
    basis: str = "cohort"
    group_by: str = "day"


_COLUMNS = (
    "id, brand_id, first_day, last_day, basis, group_by, created_by, created_at, expires_at, revoked_at"
)


def share(db: Session, actor: Actor, brand_id: int, shown: Shown, *, days: int) -> tuple[Share, str]:
    """Make a link for that many days. Gives it and its token, which nobody can read again. Raises NotFound."""
    check_brand(db, actor, brand_id)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = clock.now(db)
    given = {
        "token_hash": _hash(token),
        "brand_id": brand_id,
        "first": shown.first_day,
        "last": shown.last_day,
        "basis": shown.basis,
        "group_by": shown.group_by,
        "by": actor.name,
        "now": now,
        "expires": now + timedelta(days=days),
    }
    sql = (
        "INSERT INTO summary_share (token_hash, brand_id, first_day, last_day, basis, group_by, created_by,"
        " created_at, expires_at) VALUES (:token_hash, :brand_id, :first, :last, :basis, :group_by, :by, :now,"
        f" :expires) RETURNING {_COLUMNS}"
    )
    made = Share(**db.execute(text(sql), given).mappings().one())
    detail = {
        "brand_id": brand_id,
        "first_day": str(shown.first_day),
        "last_day": str(shown.last_day),
        "expires_at": made.expires_at.isoformat(),
    }
    note(db, actor, "summary.shared", "summary_share", made.id, detail)
    return made, token


def revoke(
    db: Session, actor: Actor, brand_id: int, share_id: int, *, expected_rev: int | None = None
) -> None:
    """From now on the link shows nothing; again changes nothing. Raises NotFound, Stale."""
    found = get_share(db, actor, brand_id, share_id, locked=True)
    if expected_rev not in (None, found.rev):
        raise Stale
    params = {"id": share_id, "now": clock.now(db)}
    if found.revoked_at is None:
        db.execute(text("UPDATE summary_share SET revoked_at = :now WHERE id = :id"), params)
        note(db, actor, "summary.share_revoked", "summary_share", share_id, {"brand_id": brand_id})


def get_share(db: Session, actor: Actor, brand_id: int, share_id: int, *, locked: bool = False) -> Share:
    """One link, whether it opens or not. Raises NotFound."""
    check_brand(db, actor, brand_id)
    sql = f"SELECT {_COLUMNS} FROM summary_share WHERE id = :id AND brand_id = :brand_id"
    row = (
        db.execute(text(f"{sql} FOR UPDATE" if locked else sql), {"id": share_id, "brand_id": brand_id})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound
    return Share(**row)


def page_of_shares(
    db: Session,
    actor: Actor,
    brand_id: int,
    *,
    everything: bool = False,
    limit: int = 200,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[Share]:
    """A brand's links that still open, or all there were, the newest first. Raises NotFound.

    since: those alone that were made, ended or run out at that instant or after it.
    """
    check_brand(db, actor, brand_id)
    before = from_cursor(cursor, (int,))[0] if cursor else 2**63 - 1
    sql = (
        f"SELECT {_COLUMNS} FROM summary_share WHERE brand_id = :brand_id AND id < :before"
        " AND (:everything OR revoked_at IS NULL AND expires_at > :now)"
        " AND (CAST(:since AS timestamptz) IS NULL OR coalesce(revoked_at,"
        " CASE WHEN expires_at <= :now THEN expires_at END, created_at) >= :since) ORDER BY id DESC LIMIT :limit"
    )
    params = {"brand_id": brand_id, "now": clock.now(db), "everything": everything, "before": before}
    found = db.execute(text(sql), params | {"since": since, "limit": limit + 1})
    return page_from([Share(**row) for row in found.mappings()], limit, lambda one: [one.id])


def share_of_token(db: Session, token: str) -> Share:
    """What a link shows. Raises NotFound alike where it never was, is over or was revoked.

    Looked up by its hash: how long that takes tells nothing about a token of 256 random bits.
    """
    sql = f"SELECT {_COLUMNS} FROM summary_share WHERE token_hash = :hash"
    row = db.execute(text(sql), {"hash": _hash(token)}).mappings().one_or_none()
    if row is None or not Share(**row).opens(clock.now(db)):
        raise NotFound
    return Share(**row)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()

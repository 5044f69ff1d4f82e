"""A platform's report of one session: looked at, tied to the session, kept as the platform's own figures.

The newest report of a room stands, by its export time; the same file again changes nothing.
"""

import hashlib
import json
import zlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.connectors.douyin import session_report
from campaign.connectors.douyin.rows import exported_at_in
from campaign.connectors.douyin.session_report import SessionReport
from campaign.connectors.reading import FileRefused
from campaign.connectors.reports import COLUMNS, ImportReport, report_of
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, WrongState
from campaign.kit.tabular import BadTable, read_sheets

KIND = "douyin_session_report"
_PLATFORM = "douyin"
_NEAR = timedelta(minutes=30)
_SKEW = timedelta(minutes=5)


def stage_report(
    db: Session,
    actor: Actor,
    *,
    filename: str,
    content: bytes,
    session_id: int | None = None,
    exported_at: datetime | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Read a report and say which session it is of; without dry_run keep it at once.

    It is that of `session_id`, else that of its room, else the one on its author's account that began when it says.
    Raises NotFound, FileRefused: not_a_table, not_a_report, bad_figure, session_not_found, …
    """
    try:
        found = session_report.read(read_sheets(content))
    except BadTable as fault:
        raise FileRefused(fault.code) from fault
    owner = _session_of(db, found, session_id)
    now = clock.now(db)
    # It was made after the show: without a better word, as it is brought.
    at = exported_at or exported_at_in(filename) or now
    if at > now + _SKEW:
        raise FileRefused("exported_in_future")
    digest = hashlib.sha256(content).digest()
    if exported_at is None and exported_at_in(filename) is None:
        at = db.execute(_SAME_FILE, {"hash": digest, "kind": KIND}).scalar_one_or_none() or at
    told = {
        "session_id": owner.id,
        "room_id": found.room_id or "",
        "exported_at": at.isoformat(),
        "figures": dict(found.figures) | _time_on_air(found),
        "products": list(found.products),
        "kept": dict(found.kept),
    }
    values = {
        "kind": KIND,
        "filename": filename[-200:],
        "hash": digest,
        "staged": zlib.compress(json.dumps(told).encode()),
        "report": json.dumps(_report(found, owner.title, told, _verdict(db, told))),
        "by": actor.name,
        "now": now,
    }
    row = db.execute(_ADD, values).one()
    audit.note(db, actor, "import.read", "import", row.id, {"filename": values["filename"]})
    return report_of(row) if dry_run else apply_report(db, actor, row.id)


def apply_report(db: Session, actor: Actor, import_id: int) -> ImportReport:
    """Keep what was looked at, unless a newer report of the room stands. Raises NotFound, WrongState."""
    row = db.execute(_GET, {"id": import_id, "kind": KIND}).one_or_none()
    if row is None:
        raise NotFound
    if row.state != "checked":
        raise WrongState(state=row.state)
    told = json.loads(zlib.decompress(row.staged))
    verdict = _verdict(db, told)
    if verdict != "same":
        values = {name: json.dumps(told[name]) for name in ("figures", "products", "kept")}
        values |= {"session_id": told["session_id"], "platform": _PLATFORM, "room_id": told["room_id"]}
        db.execute(_KEEP, values | {"at": told["exported_at"], "import_id": import_id})
    report = row.report | {name: int(name == verdict) for name in ("new", "changed", "same")}
    audit.note(db, actor, "import.committed", "import", import_id, {"session": told["session_id"]})
    done = {"id": import_id, "report": json.dumps(report), "now": clock.now(db)}
    return report_of(db.execute(_DONE, done).one())


def _time_on_air(found: SessionReport) -> dict[str, int]:
    """How much the report's averages weigh beside those of another room."""
    if found.began_at is None or found.ended_at is None or found.ended_at <= found.began_at:
        return {}
    return {"seconds_on_air": int((found.ended_at - found.began_at).total_seconds())}


_FIND = text(
    "SELECT s.id, s.title FROM live_session s WHERE s.id = coalesce(:session_id, (SELECT c.session_id"
    " FROM session_channel c JOIN live_session o ON o.id = c.session_id WHERE c.platform = :platform"
    " AND c.room_ids @> ARRAY[CAST(:room_id AS text)] ORDER BY abs(extract(epoch FROM"
    " coalesce(o.actual_starts_at, o.starts_at) - coalesce(CAST(:began AS timestamptz), o.starts_at))) LIMIT 1),"
    " (SELECT c.session_id FROM session_channel c JOIN live_session o ON o.id = c.session_id"
    " JOIN platform_account a ON a.id = c.platform_account_id WHERE c.platform = :platform"
    " AND a.external_id = :author_id AND o.state <> 'cancelled'"
    " AND coalesce(o.actual_starts_at, o.starts_at) BETWEEN CAST(:began AS timestamptz) - CAST(:near AS interval)"
    " AND CAST(:began AS timestamptz) + CAST(:near AS interval) ORDER BY abs(extract(epoch FROM"
    " coalesce(o.actual_starts_at, o.starts_at) - CAST(:began AS timestamptz))) LIMIT 1))"
)


def _session_of(db: Session, found: SessionReport, session_id: int | None) -> Any:
    values = {"session_id": session_id, "platform": _PLATFORM, "room_id": found.room_id, "near": _NEAR}
    row = db.execute(_FIND, values | {"author_id": found.author_id, "began": found.began_at}).one_or_none()
    if row is None:
        raise NotFound if session_id is not None else FileRefused("session_not_found")
    return row


_STANDS = text(
    "SELECT exported_at, figures, products FROM session_report"
    " WHERE session_id = :session_id AND platform = :platform AND room_id = :room_id"
)


def _verdict(db: Session, told: dict[str, Any]) -> str:
    """new, changed or same: what an older report would say is nothing new."""
    key = {"session_id": told["session_id"], "platform": _PLATFORM, "room_id": told["room_id"]}
    row = db.execute(_STANDS, key).one_or_none()
    if row is None:
        return "new"
    says_the_same = (row.figures, row.products) == (told["figures"], told["products"])
    return (
        "same"
        if says_the_same or row.exported_at > datetime.fromisoformat(told["exported_at"])
        else "changed"
    )


def _report(found: SessionReport, title: str, told: dict[str, Any], verdict: str) -> dict[str, Any]:
    columns = sorted(name.removesuffix("_hundredths") for name in found.figures)
    preview = {"row": 1, "verdict": verdict, "name": title, "columns": columns}
    return {
        "mapping": list(found.mapping),
        "rows": 1,
        **{name: int(name == verdict) for name in ("new", "changed", "same")},
        "refused": [],
        "preview": [preview],
        "session_id": ids.public("ses", told["session_id"]),
    }


_SAME_FILE = text(
    "SELECT r.exported_at FROM import_file f JOIN session_report r ON r.import_id = f.id"
    " WHERE f.file_hash = :hash AND f.kind = :kind ORDER BY f.id LIMIT 1"
)
_ADD = text(
    "INSERT INTO import_file (kind, filename, file_hash, state, report, staged, created_by, created_at, updated_at)"
    " VALUES (:kind, :filename, :hash, 'checked', CAST(:report AS jsonb), :staged, :by, :now, :now)"
    f" RETURNING {COLUMNS}"
)
_GET = text("SELECT state, report, staged FROM import_file WHERE id = :id AND kind = :kind FOR UPDATE")
_KEEP = text(
    "INSERT INTO session_report (session_id, platform, room_id, exported_at, import_id, figures, products, kept)"
    " VALUES (:session_id, :platform, :room_id, :at, :import_id, CAST(:figures AS jsonb), CAST(:products AS jsonb),"
    " CAST(:kept AS jsonb)) ON CONFLICT (session_id, platform, room_id) DO UPDATE"
    " SET exported_at = excluded.exported_at,"
    " import_id = excluded.import_id, figures = excluded.figures, products = excluded.products, kept = excluded.kept"
    " WHERE session_report.exported_at <= excluded.exported_at"
)
_DONE = text(
    "UPDATE import_file SET state = 'committed', report = CAST(:report AS jsonb), staged = NULL, updated_at = :now"
    f" WHERE id = :id RETURNING {COLUMNS}"
)

"""Every file that comes in, by its kind: sales of a shop, or a sheet of parties or sessions."""

from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from campaign.connectors import imports, session_reports
from campaign.connectors.filing import Progress
from campaign.connectors.mappings import Given
from campaign.connectors.reading import Refused
from campaign.connectors.reports import ImportReport, expect, get_import
from campaign.connectors.sheets import columns, taking
from campaign.connectors.sheets.taking import apply_sheet, stage_sheet
from campaign.kit.actor import Actor
from campaign.kit.tabular import LARGEST_FILE

KINDS = (*imports.KINDS, session_reports.KIND, *columns.KINDS)


def stage(
    db: Session,
    actor: Actor,
    *,
    kind: str,
    filename: str,
    content: bytes | BinaryIO,
    shop_id: int | None = None,
    exported_at: datetime | None = None,
    dry_run: bool = False,
    whole: bool = False,
    mapping: Given | None = None,
    mappable: bool = False,
    session_id: int | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a file and see what it would do; without dry_run do it. Raises FileRefused.

    shop_id, exported_at, mapping and mappable are for sales, of which a long file comes back under way; session_id is
    for a session's report that does not tell it; whole, for sheets: a row that is refused keeps all others out too.
    """
    if kind in columns.KINDS:
        return stage_sheet(
            db,
            actor,
            kind=kind,
            filename=filename,
            content=_bytes(content),
            dry_run=dry_run,
            whole=whole,
            progress=progress,
        )
    if kind == session_reports.KIND:
        return session_reports.stage_report(
            db,
            actor,
            filename=filename,
            content=_bytes(content),
            session_id=session_id,
            exported_at=exported_at,
            dry_run=dry_run,
        )
    return imports.stage(
        db,
        actor,
        kind=kind,
        filename=filename,
        content=content,
        shop_id=shop_id,
        exported_at=exported_at,
        dry_run=dry_run,
        mapping=mapping,
        mappable=mappable,
    )


def _bytes(content: bytes | BinaryIO) -> bytes:
    return content if isinstance(content, bytes) else content.read(LARGEST_FILE + 1)


def refused_rows(
    db: Session, actor: Actor, import_id: int
) -> tuple[str, list[str], Iterable[tuple[Refused, list[str]]]]:
    """The kind, the header, and each refused row as it stood in the file. Raises NotFound."""
    sheet = get_import(db, actor, import_id).kind in columns.KINDS
    return taking.refused_rows(db, actor, import_id) if sheet else imports.refused_rows(db, actor, import_id)


def apply_checked(
    db: Session,
    actor: Actor,
    import_id: int,
    *,
    progress: Progress | None = None,
    expected_version: int | None = None,
) -> ImportReport:
    """Apply what a dry run looked at. Raises NotFound, Stale, WrongState when it is applied already."""
    expect(db, actor, import_id, expected_version)
    kind = get_import(db, actor, import_id).kind
    if kind == session_reports.KIND:
        return session_reports.apply_report(db, actor, import_id)
    if kind in columns.KINDS:
        return apply_sheet(db, actor, import_id, progress=progress)
    return imports.apply_checked(db, actor, import_id)

"""Sheets to download: templates, refused rows, sessions; each in the reader's language."""

from datetime import datetime

from flask import Response
from sqlalchemy.orm import Session

from campaign.connectors.douyin.rows import stamp_of
from campaign.connectors.files import refused_rows
from campaign.connectors.reports import get_import
from campaign.connectors.sheets.columns import KINDS
from campaign.connectors.sheets.export import export_sessions, template
from campaign.gate.locale import pick_locale
from campaign.gate.wording import in_words, row_words
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.sheets import TYPES, Sheet, write_sheets


def template_file(kind: str, form: str) -> Response:
    """A kind's template. Raises NotFound for a kind that has none."""
    if kind not in KINDS:
        raise NotFound
    return _download(f"{kind}-template.{form}", form, template(kind, form, pick_locale(), _words))


def refused_file(db: Session, actor: Actor, import_id: int, form: str) -> Response:
    """The refused rows as they stood in the file, with the reason in a last column. Raises NotFound.

    Those of sales carry the export's time in their name: mended and brought back they are of the same export.
    """
    kind, header, rows = refused_rows(db, actor, import_id)
    told = ([*_even(cells, len(header)), row_words(one)] for one, cells in rows)
    sheet = Sheet(_words(f"sheet.{kind}"), [*header, _words("sheet.reason")], told)
    exported_at = get_import(db, actor, import_id).exported_at
    stamp = f"-{stamp_of(exported_at)}" if exported_at is not None else ""
    return _download(f"{kind}-refused{stamp}.{form}", form, write_sheets(form, sheet))


def sessions_file(db: Session, actor: Actor, from_at: datetime, to_at: datetime, form: str) -> Response:
    """The sessions of a span. Raises Invalid."""
    content = export_sessions(db, actor, from_at, to_at, form=form, language=pick_locale(), words=_words)
    return _download(f"sessions.{form}", form, content)


def _even(cells: list[str], width: int) -> list[str]:
    """As many cells as the header has: the reason must stand under its own heading."""
    return (cells + [""] * width)[:width]


def _words(code: str) -> str:
    return in_words(code, {})


def _download(name: str, form: str, content: bytes) -> Response:
    answer = Response(content, content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

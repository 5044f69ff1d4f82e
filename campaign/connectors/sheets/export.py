"""Sessions as a sheet that reads back as it was, and templates to fill in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.connectors.sheets.columns import KINDS, shown
from campaign.connectors.sheets.names import Names
from campaign.connectors.sheets.writing import Writer
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.sheets import LONGEST_CELL, Sheet, write_sheets
from campaign.parties.queries import zone_of_hub
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter

LONGEST_DAYS = 93
_PAGE = 500
_STATE = {"zh_CN": "状态", "en": "State"}
_ABOUT = {
    "zh_CN": ("填写说明", ("列", "必填", "说明", "也认的列名")),
    "en": ("About the columns", ("Column", "Needed", "What it holds", "Also read as")),
}

Words = Callable[[str], str]
"""Words of a code in the reader's language."""


def template(kind: str, form: str, language: str, words: Words) -> bytes:
    """A header and an example row, as csv or xlsx; the workbook also explains each column."""
    columns = shown(kind)
    title, header = _ABOUT[language]
    about = [
        (
            one.heading(language),
            words("sheet.needed") if one.needed else "",
            words(f"column.{one.about or one.field}"),
            ", ".join([one.en if language == "zh_CN" else one.zh, *one.also]),
        )
        for one in KINDS[kind]
    ]
    return write_sheets(
        form,
        Sheet(
            words(f"sheet.{kind}"),
            [one.heading(language) for one in columns],
            [[one.example_in(language) for one in columns]],
        ),
        Sheet(title, header, about),
    )


def export_sessions(
    db: Session, actor: Actor, from_at: datetime, to_at: datetime, *, form: str, language: str, words: Words
) -> bytes:
    """What overlaps [from_at, to_at), called off ones too, by start.

    Raises Invalid for an odd or too long span, or a cell no workbook can hold.
    """
    if to_at - from_at > timedelta(days=LONGEST_DAYS):
        raise Invalid([FieldError("to", "search_span", {"days": LONGEST_DAYS})])
    writer = Writer(db, Names(db, actor), zone_of_hub(db, actor))
    columns = [one.field for one in shown("sessions")]
    rows: list[list[str]] = []
    cursor: str | None = None
    while True:
        wanted = SessionFilter(from_at=from_at, to_at=to_at)
        page = page_of_sessions(db, actor, wanted, limit=_PAGE, cursor=cursor)
        for view in page.items:
            cells = writer.cells(view, language)
            rows.append([*(cells.get(field, "") for field in columns), words(f"state.{view.state}")])
        cursor = page.next_cursor
        if cursor is None:
            break
    if form == "xlsx" and any(len(cell) >= LONGEST_CELL for row in rows for cell in row):
        raise Invalid([FieldError("format", "cell_too_long")])
    header = [*(one.heading(language) for one in shown("sessions")), _STATE[language]]
    return write_sheets(form, Sheet(words("sheet.sessions"), header, rows))

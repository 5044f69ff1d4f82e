"""Uploaded tables: read rightly or refused, within bounds."""

import io
import subprocess
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import xlsxwriter

from campaign.kit import tabular
from campaign.kit.tabular import BadTable, open_table, read_sheets, read_table

DATA = Path(__file__).parents[1] / "data"


def table(name: str) -> tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]:
    read = read_table((DATA / name).read_bytes())
    return read.header, list(read.rows)


def test_utf8_and_gbk_and_semicolons_are_read() -> None:
    assert table("csv/utf8.csv") == (("日期", "场次", "GMV"), [(2, ("2026-01-01", "1", "100"))])
    assert table("csv/gb18030_4byte.csv") == (("名称",), [(2, ("𠮷",))])
    assert table("csv/semicolon.csv") == (("a", "b"), [(2, ("1", "2"))])


def test_rows_keep_their_numbers_and_their_raggedness() -> None:
    assert table("csv/ragged.csv")[1] == [(2, ("1",)), (3, ("1", "2", "3", "4", "5"))]
    assert table("csv/header_only.csv") == (("a", "b"), [])


@pytest.mark.parametrize(
    ("name", "code"), [("unclosed_quote", "broken_quote"), ("empty_header", "no_header")]
)
def test_a_broken_csv_is_refused(name: str, code: str) -> None:
    with pytest.raises(BadTable) as caught:
        table(f"csv/{name}.csv")
    assert caught.value.code == code


def test_a_workbook_is_read() -> None:
    assert table("xlsx/ok.xlsx") == (("皮衣",), [])


@pytest.mark.parametrize(
    "name",
    ["bad_ref", "billion_laughs", "dimension_lie", "external_rel", "prefixed_sfx", "rel_traversal", "slip"]
    + ["truncated", "xxe_external_dtd", "xxe_http", "zip_bomb_200MB", "html", "empty"],
)
def test_a_hostile_workbook_is_harmless(name: str) -> None:
    try:
        header, rows = table(f"xlsx/{name}.xlsx")
    except BadTable:
        return
    assert "root:" not in f"{header}{rows}", "an entity or path was followed"


def workbook(*rows: tuple[Any, ...], **formats: str) -> bytes:
    """A sheet of those rows; a format per column letter where one is given."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for letter, form in formats.items():
            sheet.set_column(f"{letter}:{letter}", None, book.add_format({"num_format": form}))
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                form = formats.get(chr(65 + at))
                sheet.write(number, at, cell, book.add_format({"num_format": form}) if form else None)
    return held.getvalue()


def test_cells_of_a_workbook_read_as_a_person_sees_them() -> None:
    told = workbook(
        ("when", "day", "clock", "length", "count", "share", "said"),
        (
            datetime.fromisoformat("2026-11-06T20:38:32"),
            date(2026, 11, 6),
            time(20, 38),
            1.5,
            1299,
            0.25,
            "=1+1",
        ),
        A="yyyy-mm-dd hh:mm:ss",
        B='yyyy"年"m"月"d"日"',
        C="hh:mm",
        D="[h]:mm:ss",
        E='0" days"',
    )
    cells = ("2026-11-06 20:38:32", "2026-11-06", "20:38:00", "1.5", "1299", "0.25", "0")
    assert read_table(told).rows == [(2, cells)]


def test_rows_of_a_workbook_keep_their_numbers_and_are_as_wide_as_the_header() -> None:
    told = workbook((), ("a", "b", "c"), (), ("", "1"), ("1", "2", "3", "4"))
    read = read_table(told)
    assert (read.header, read.rows) == (("a", "b", "c"), [(4, ("", "1", "")), (5, ("1", "2", "3", "4"))])


def test_all_sheets_are_read_by_name() -> None:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        for name in ("基本信息", "整体看板"):
            book.add_worksheet(name).write_row(0, 0, [name, "1"])
    sheets = read_sheets(held.getvalue())
    assert sheets == {name: [(1, (name, "1"))] for name in ("基本信息", "整体看板")}


def test_a_workbook_that_swells_or_holds_an_endless_cell_is_too_large() -> None:
    def with_sheet(body: bytes) -> bytes:
        held = io.BytesIO(workbook(("a",)))
        again = io.BytesIO()
        with zipfile.ZipFile(held) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.namelist():
                new.writestr(entry, body if entry.endswith("sheet1.xml") else old.read(entry))
        return again.getvalue()

    for text in (b"x" * 40_000, b" " * (300 * 1024 * 1024)):
        with pytest.raises(BadTable) as caught:
            read_table(
                with_sheet(b'<worksheet><row r="1"><c t="str"><v>' + text + b"</v></c></row></worksheet>")
            )
        assert caught.value.code == "too_large"


def test_rows_are_read_as_they_are_asked_for() -> None:
    content = io.BytesIO(b"a,b\n" + b"1,2\n" * 3 + b'"never closed')
    with open_table(content) as stream:
        assert [next(stream.rows)[0] for _ in range(3)] == [2, 3, 4]
        with pytest.raises(BadTable):
            next(stream.rows)


_MEASURE = """
import resource, sys
from pathlib import Path
from campaign.kit import tabular
from campaign.kit.tabular import BadTable, read_table
for path in sys.argv[1:]:
    try:
        read_table(Path(path).read_bytes())
    except BadTable:
        pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_the_reader_stays_within_two_hundred_megabytes() -> None:
    # In a process of its own: this one has had other children, and the figure is the largest of all of them.
    paths = sorted(str(path) for path in (DATA / "xlsx").glob("*.xlsx"))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *paths],
        capture_output=True,
        text=True,
        check=True,
        cwd=DATA.parents[1],
    )
    assert int(done.stdout) < 200 * 1024


def test_a_slow_reader_of_rows_does_not_use_up_the_time_of_the_workbook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = workbook(("a",), *((str(number) * 50,) for number in range(4000)))
    monkeypatch.setattr(tabular, "_WAIT_SECONDS", 8.0)
    with open_table(io.BytesIO(content)) as stream:
        next(stream.rows)
        sleep(9)
        assert sum(1 for _ in stream.rows) == 3999


def test_a_workbook_that_is_not_read_in_time_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "_WAIT_SECONDS", 0.0)
    with pytest.raises(BadTable) as caught:
        read_table(workbook(("a",)))
    assert caught.value.code == "too_large"

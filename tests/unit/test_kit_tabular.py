"""Uploaded tables: read rightly or refused, within bounds."""

import subprocess
import sys
from pathlib import Path

import pytest

from campaign.kit.tabular import BadTable, read_table

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


_MEASURE = """
import resource, sys
from pathlib import Path
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

"""The page of imports: a kind chosen, its template fetched, a sheet looked at, taken over, refused rows fetched."""

import io
import re

import pytest
from sqlalchemy import text

from campaign.connectors.sheets.columns import KINDS
from campaign.kit.actor import SYSTEM
from campaign.kit.tabular import read_table


def tiles(page):
    return dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"fig\">([\d,]+)</dd>", page))


def upload(planner, kind, sheet, **form):
    planner.get(f"/hub/imports?kind={kind}")
    return planner.post("/hub/imports", file=(io.BytesIO(sheet.encode()), "表.csv"), kind=kind, **form)


def brands(database):
    with database.transaction(SYSTEM) as db:
        return list(db.execute(text("SELECT name FROM brand ORDER BY id")).scalars())


def test_a_sheet_is_looked_at_taken_over_and_its_refused_rows_fetched(planner, database):
    answer = upload(planner, "brands", "品牌,退货天数\n<b>甲</b>,7\n乙牌,七\n")
    where = answer.headers["Location"]
    page = planner.follow().text
    assert "Nothing has been taken over yet" in page
    assert tiles(page) == {"Rows": "2", "New": "1", "Changed": "0", "Same": "0", "Refused": "1"}
    assert "&lt;b&gt;甲&lt;/b&gt;" in page
    assert "退货天数 is no whole number: 七." in page
    assert brands(database) == []
    planner.post(f"{where}/commit")
    assert "Taken over" in planner.follow().text
    assert brands(database) == ["<b>甲</b>"]
    left = planner.get(f"{where}/refused?format=csv")
    assert [cells[0] for _, cells in read_table(left.data).rows] == ["乙牌"]
    # Pressed again, by a page that was open in another tab.
    planner.get("/hub/imports")
    planner.post(f"{where}/commit")
    assert "Its state does not allow that." in planner.follow().text


def test_a_sheet_that_goes_in_whole_waits_for_its_rows(planner, database):
    where = upload(planner, "brands", "品牌,退货天数\n甲,7\n乙,七\n", whole="1").headers["Location"]
    assert f"{where}/commit" not in planner.follow().text
    planner.get("/hub/imports")
    planner.post(f"{where}/commit")
    assert "goes in whole or not at all" in planner.follow().text
    assert brands(database) == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_explains_its_columns_and_has_a_template(planner, kind):
    page = planner.get(f"/hub/imports?kind={kind}")
    assert page.status_code == 200
    for column in KINDS[kind]:
        assert f"<b>{column.en}</b>" in page.text
    assert "column." not in page.text
    answer = planner.get(f"/hub/imports/templates/{kind}?format=csv")
    assert read_table(answer.data).header[0] == KINDS[kind][0].en


@pytest.mark.parametrize("sheet", ["", "英文名\nA\n", "品牌\n"])
def test_what_is_no_such_sheet_is_refused_in_words(planner, sheet):
    answer = upload(planner, "brands", sheet)
    assert answer.status_code == 422
    assert " " in re.search(r'role="alert">\s*<p>(.*?)</p>', answer.text)[1]


def test_the_week_is_exported_from_the_page(planner, stage):
    view = stage.book(title="=周会")
    page = planner.get("/hub/imports?kind=sessions").text
    assert 'action="/hub/exports/sessions"' in page
    day = view.starts_at.date()
    answer = planner.get(f"/hub/exports/sessions?from={day}&to={day}&format=xlsx")
    assert ["'=周会" in cells for _, cells in read_table(answer.data).rows] == [True]
    assert planner.get(f"/hub/exports/sessions?from={day}&to=2020-01-01").status_code == 422
    assert planner.get("/hub/imports?kind=nonsense").status_code == 422

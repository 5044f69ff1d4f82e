"""The picture of a result: what is drawn are the figures of the summary, of what its reader may see."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.insight.summary import brand_summary, session_sales
from campaign.kit import ids
from campaign.kit.errors import Unavailable
from campaign.kit.pictures import NoChineseFont, png
from campaign.web.show import fen, rate
from tests.drawn import after, drawn_words, needs_letters
from tests.factory import HUB, keyed
from tests.http.test_pages_sales import CANARY, EXPECTED, evening, taken
from tests.sales_kit import add_session
from tests.visitor import visitor_as

__all__ = ["evening"]
PAID = EXPECTED["session"]["paid_gmv_fen"]
pytestmark = needs_letters


def words_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "image/png"
    return drawn_words(answer.data)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("basis", ["cohort", "cash"])
def test_the_figures_drawn_are_those_of_the_summary(app, database, planner, evening, language, basis):
    taken(planner, evening, database)
    with database.transaction(HUB) as db:
        first, last = evening.day - timedelta(days=1), evening.day + timedelta(days=1)
        summary = brand_summary(db, HUB, evening.brand.id, first, last, basis=basis)
    (total,) = summary.totals
    own = visitor_as(app, database, "brand", language=language, brand_id=evening.brand.id)
    days = f"first={first}&last={last}&basis={basis}"
    words = words_of(own.get(f"/brand/picture?{days}"))
    paid, rated, orders, complete = {
        "en": ("Paid amount", "Refund rate", "Orders", "Data complete to"),
        "zh-CN": ("支付金额", "退款率", "订单数", "数据完整至"),
    }[language]
    assert words[words.index(paid) + 2] == fen(total.paid_gmv_fen)
    assert after(words, rated) == rate(total.refund_rate)
    assert after(words, orders) == f"{total.orders:,}"
    assert any(word.startswith(complete) for word in words)
    assert words[2] == (evening.brand.name_en if language == "en" else evening.brand.name)
    if basis == "cohort":
        kept, maturing, gone = {
            "en": ("Kept (final)", "Maturing", "Refunded"),
            "zh-CN": ("已留存（已定）", "待定（退货期内）", "已退款"),
        }[language]
        assert after(words, kept) == fen(total.kept_fen)
        assert after(words[words.index(kept) :], maturing) == fen(total.maturing_fen)
        assert after(words, gone) == fen(total.refund_fen)


def test_products_drawn_add_up_to_the_total(app, database, planner, evening, make):
    taken(planner, evening, database)
    with database.transaction(HUB) as db:
        sales = session_sales(db, HUB, evening.session_id)
    words = words_of(planner.get(f"/hub/sessions/{ids.public('ses', evening.session_id)}/picture"))
    drawn = words[words.index("Products") + 1 : words.index("Total")]
    amounts = [round(float(one[1:].replace(",", "")) * 100) for one in drawn[1::2]]
    assert sum(amounts) == sales.totals[0].paid_gmv_fen == PAID
    assert after(words, "Total") == fen(PAID)
    assert fen(PAID + 1) not in words


def test_each_reader_is_drawn_what_is_its_own(app, database, planner, evening, make):
    taken(planner, evening, database)
    agency = make.agency()
    shown = ids.public("ses", evening.session_id)
    own = visitor_as(app, database, "brand", brand_id=evening.brand.id)
    words = words_of(own.get(f"/brand/sessions/{shown}/picture"))
    assert fen(PAID) in words
    assert CANARY not in "".join(words)
    assert "Only what was sold of the reader's own brand." not in words
    other = visitor_as(app, database, "brand", brand_id=evening.other.id)
    assert other.get(f"/brand/sessions/{shown}/picture").status_code == 404
    agent = visitor_as(app, database, "agency", agency_id=agency.id)
    assert agent.get(f"/agency/sessions/{shown}/picture").status_code == 404
    assert own.get(f"/hub/sessions/{shown}/picture").status_code == 403


def test_an_agency_is_drawn_its_own_shifts_and_told_so(app, database, planner, evening, make):
    agency, other = make.agency(), make.agency()
    host, second = make.host(agency=agency), make.host(agency=other)
    with database.transaction(HUB) as db:
        begins, ends = db.execute(
            text("SELECT starts_at, ends_at FROM live_session WHERE id = :id"), {"id": evening.session_id}
        ).one()
        middle = begins + (ends - begins) / 2
        for one, of, span in ((host, agency, (begins, middle)), (second, other, (middle, ends))):
            db.execute(
                text(
                    "INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at)"
                    " VALUES (:id, :host, :agency, :begins, :ends)"
                ),
                {
                    "id": evening.session_id,
                    "host": one.id,
                    "agency": of.id,
                    "begins": span[0],
                    "ends": span[1],
                },
            )
        db.execute(
            text("UPDATE live_session SET agency_ids = :agencies, host_ids = :hosts WHERE id = :id"),
            {"id": evening.session_id, "agencies": [agency.id, other.id], "hosts": [host.id, second.id]},
        )
    taken(planner, evening, database)
    shown, drawn = ids.public("ses", evening.session_id), 0
    for of in (agency, other):
        visitor = visitor_as(app, database, "agency", agency_id=of.id)
        words = words_of(visitor.get(f"/agency/sessions/{shown}/picture"))
        assert "Only what was sold in the shifts of the reader's own hosts." in words
        drawn += round(float(words[words.index("Paid amount") + 2][1:].replace(",", "")) * 100)
    assert 0 < drawn <= PAID


def test_the_api_gives_the_same_picture_and_none_of_a_show_that_has_not_begun(
    app, database, planner, evening, make
):
    taken(planner, evening, database)
    key = {"Authorization": f"Bearer {keyed(database, HUB)}", "Accept-Language": "en"}
    client = app.test_client()
    shown = ids.public("ses", evening.session_id)
    page = words_of(planner.get(f"/hub/sessions/{shown}/picture"))
    assert words_of(client.get(f"/api/v1/sessions/{shown}/sales/picture", headers=key)) == page
    brand = ids.public("brd", evening.brand.id)
    days = f"from={evening.day}&to={evening.day + timedelta(days=1)}"
    assert fen(PAID) in words_of(client.get(f"/api/v1/brands/{brand}/summary/picture?{days}", headers=key))
    assert (
        client.get(f"/api/v1/brands/{brand}/summary/picture?{days}&basis=x", headers=key).status_code == 422
    )
    with database.transaction(HUB) as db:
        now = db.execute(text("SELECT now()")).scalar_one()
    ahead = add_session(make, now, now + timedelta(hours=2), brand=evening.brand, state="accepted")
    refused = client.get(f"/api/v1/sessions/{ids.public('ses', ahead)}/sales/picture", headers=key)
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")


def test_names_are_drawn_as_they_are_and_nothing_in_them_is_obeyed(app, database, planner, evening):
    taken(planner, evening, database)
    hostile = '#panic("x") *b* _i_ $x^2$ <l> @cite \\ [z] // `r` = 1'
    with database.transaction(HUB) as db:
        db.execute(text("UPDATE brand SET name = :name, name_en = ''").bindparams(name=hostile))
        db.execute(text("UPDATE live_session SET title = :name").bindparams(name=hostile))
    brand, shown = ids.public("brd", evening.brand.id), ids.public("ses", evening.session_id)
    assert words_of(planner.get(f"/hub/brands/{brand}/picture?{evening.range}"))[2] == hostile
    assert words_of(planner.get(f"/hub/sessions/{shown}/picture"))[2] == hostile


def test_without_a_chinese_font_it_says_so():
    with pytest.raises(NoChineseFont) as refused:
        png("report.typ", {}, fonts=("No Such Family",))
    assert (refused.value.status, refused.value.error_code) == (503, "no_chinese_font")


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        ("#let n = 0\n#for a in range(100000) { for b in range(100000) { n += 1 } }", 2.0),
        ('#let s = "x"\n#for n in range(40) { s = s + s }\n#s', 15.0),
    ],
    ids=["time", "memory"],
)
def test_a_drawing_that_does_not_end_is_ended(tmp_path, document, seconds):
    (tmp_path / "endless.typ").write_text(document)
    with pytest.raises(Unavailable):
        png(str(tmp_path / "endless.typ"), {}, seconds=seconds)

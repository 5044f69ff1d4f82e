"""Long files: carried in parts, gone on with after any break, and read by columns that people pointed out."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.connectors import carrying, files, imports
from campaign.connectors.reading import FileRefused
from campaign.kit import ids
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Invalid, WrongState
from tests.factory import HUB
from tests.sales_kit import assert_reconciled, fold_all

HEADER = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,订单应付金额,收件人"
AT = datetime(2026, 11, 8, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def row(number, paid="100.00", sku="", day="2026-11-06 20"):
    more = f",{sku}" if sku else ""
    return f"69{number:05},1,{paid},{day}:10:00,{day}:11:00,待发货,{paid},王{number}{more}"


@pytest.fixture
def bring(make, database, monkeypatch):
    """How to bring a file of ten rows a part to a shop of its own."""
    for module in (carrying, imports):
        monkeypatch.setattr(module, "PART_ROWS", 10)
    shop = make.shop(make.brand())

    def bring(*rows, header=HEADER, **given):
        given = {"kind": "douyin_orders", "filename": "o.csv", "shop_id": shop.id, "exported_at": AT} | given
        content = io.BytesIO("\n".join((header, *rows)).encode())
        with database.transaction(HUB) as db:
            return files.stage(db, HUB, content=content, **given)

    bring.shop = shop
    return bring


def carry_all(database, import_id, *, most=1000):
    """Part after part, each in its transaction; gives the last report."""
    report = None
    for _ in range(most):
        with database.transaction(SYSTEM) as db:
            told = carrying.carry(db, SYSTEM, import_id)
        if told is None:
            break
        report = told
    return report


def counts(report):
    return (
        report.state,
        report.rows,
        report.done,
        report.new,
        report.changed,
        report.same,
        report.refused_count,
    )


def test_a_long_file_is_carried_in_parts_and_tells_how_far_it_is(bring, database):
    report = bring(*(row(number) for number in range(25)))
    assert counts(report) == ("committing", 25, 0, 0, 0, 0, 0)
    assert counts(carry_all(database, report.id, most=2)) == ("committing", 25, 20, 20, 0, 0, 0)
    assert counts(carry_all(database, report.id)) == ("committed", 25, 25, 25, 0, 0, 0)
    assert carry_all(database, report.id) is None
    fold_all(database)
    assert_reconciled(database)


def test_a_long_file_is_looked_at_without_a_change_then_taken_over(bring, database):
    bad = row(30, paid="?")
    looked = carry_all(database, bring(*(row(n) for n in range(25)), bad, dry_run=True).id)
    assert counts(looked) == ("checked", 26, 26, 25, 0, 0, 1)
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM order_line")).scalar_one() == 0
    with database.transaction(HUB) as db:
        assert files.apply_checked(db, HUB, looked.id).state == "committing"
    assert counts(carry_all(database, looked.id)) == ("committed", 26, 26, 25, 0, 0, 1)
    with database.transaction(HUB) as db:
        with pytest.raises(WrongState):
            files.apply_checked(db, HUB, looked.id)
        _, header, rows = files.refused_rows(db, HUB, looked.id)
        assert [one.row for one, _ in rows] == [27]
    assert "收件人" not in header


def test_what_stands_twice_in_a_file_is_found_across_its_parts(bring, database):
    rows = [row(number) for number in range(12)]
    report = carry_all(database, bring(*rows, row(0), row(1, paid="7.00")).id)
    assert counts(report) == ("committed", 14, 14, 12, 0, 1, 1)
    (refused,) = report.refused
    assert (refused.row, refused.code, refused.params) == (15, "repeated_line", {"line_id": "6900001"})


def test_the_same_long_file_again_changes_nothing(bring, database):
    rows = [row(number) for number in range(25)]
    carry_all(database, bring(*rows).id)
    assert counts(carry_all(database, bring(*rows).id)) == ("committed", 25, 25, 0, 0, 25, 0)


def through(database):
    with database.transaction(SYSTEM) as db:
        found = "SELECT complete_through FROM shop_progress WHERE complete_through > '2001-01-01'"
        return db.execute(text(found)).scalar_one_or_none()


def test_orders_count_as_complete_only_once_all_of_the_file_is_in(bring, database):
    report = bring(*(row(number) for number in range(25)))
    carry_all(database, report.id, most=2)
    assert through(database) is None
    report = carry_all(database, report.id)
    assert through(database) == report.complete_to == AT


def beijing(day, hour, minute=0):
    return datetime(2026, 11, day, hour - 8, minute, tzinfo=UTC)


@pytest.mark.parametrize("place", [0, 12, 24])
def test_a_file_completes_its_shop_up_to_the_first_order_whose_row_is_refused(bring, database, place):
    """Whichever part it is in; a later one that is refused too moves it no further."""
    rows = [row(number) for number in range(25)]
    rows[place] = row(place, paid="?", day="2026-11-05 21")
    report = carry_all(database, bring(*rows, row(99, paid="?", day="2026-11-06 22"), dry_run=True).id)
    assert (report.state, report.complete_to, through(database)) == (
        "checked",
        beijing(5, 21, 10) - SECOND,
        None,
    )
    with database.transaction(HUB) as db:
        files.apply_checked(db, HUB, report.id)
    report = carry_all(database, report.id)
    assert through(database) == report.complete_to == beijing(5, 21, 10) - SECOND


def test_a_row_that_tells_an_order_otherwise_than_one_before_is_lacking_too(bring, database):
    report = bring(row(1), row(2, day="2026-11-06 19"), row(2, paid="7.00", day="2026-11-06 19"))
    assert through(database) == report.complete_to == beijing(6, 19, 10) - SECOND


@pytest.mark.parametrize(
    "odd",
    [
        "6900077,1,100.00,soon,,待发货,100.00,王",
        "6900077,1,100.00,2026-11-06 20:10:00",
        "合计,25,2500.00,,,,2500.00,",
    ],
)
def test_a_refused_row_of_no_time_leaves_open_how_far_the_shop_is_complete(bring, database, odd):
    carry_all(database, bring(*(row(number) for number in range(3)), exported_at=AT - DAY).id)
    report = bring(*(row(number) for number in range(4)), odd)
    assert (report.state, report.refused_count, report.complete_to) == ("committed", 1, None)
    assert through(database) == AT - DAY, "what was complete is not taken back"


def test_refused_rows_that_were_mended_complete_the_export_they_are_of(bring, database, call):
    report = bring(row(1), row(2, paid="?"))
    assert report.complete_to < AT
    answer = call(
        HUB, "GET", f"/imports/{ids.public('imp', report.id)}/refused", query_string={"format": "csv"}
    )
    (name,) = re.findall('filename="(.+)"', answer.headers["Content-Disposition"])
    assert name == "douyin_orders-refused-20261108080000.csv"
    mended = answer.get_data(as_text=True).replace("?", "100.00").encode()
    given = {"kind": "douyin_orders", "shop_id": bring.shop.id}
    with database.transaction(HUB) as db:
        report = files.stage(db, HUB, content=mended, filename=name, **given)
    assert (report.new, report.refused, report.exported_at) == (1, (), AT)
    assert through(database) == AT


def test_a_part_that_fails_stops_the_file_after_five_tries_and_goes_on_when_told(
    bring, database, monkeypatch
):
    report = bring(*(row(number) for number in range(25)))
    carry_all(database, report.id, most=1)
    for _ in range(carrying.MOST_ATTEMPTS):
        with database.transaction(SYSTEM) as db:
            carrying.note_failure(db, SYSTEM, report.id)
    assert carry_all(database, report.id) is None
    with database.transaction(HUB) as db:
        assert imports.get_import(db, HUB, report.id).state == "failed"
        assert files.apply_checked(db, HUB, report.id).done == 10
    assert counts(carry_all(database, report.id)) == ("committed", 25, 25, 25, 0, 0, 0)


def test_peoples_data_never_reaches_the_database(bring, database):
    bring(row(1))
    bring(*(row(number) for number in range(25)), dry_run=True)
    with database.transaction(SYSTEM) as db:
        for n, packed in db.execute(text("SELECT n, packed FROM import_part WHERE packed IS NOT NULL")):
            assert "王" not in str(imports.unpacked(packed)), n
        kept = db.execute(text("SELECT string_agg(payload::text, '') FROM sale_event")).scalar_one()
    assert "王" not in kept


ODD = HEADER.replace("订单应付金额", "应收") + ",款号"


def test_a_file_without_a_needed_column_is_refused_or_waits_for_one_to_be_pointed_out(bring, database):
    with pytest.raises(FileRefused) as caught:
        bring(row(1, sku="A-1"), header=ODD)
    assert (caught.value.error_code, caught.value.params) == ("missing_columns", {"columns": "订单应付金额"})
    report = bring(row(1, sku="A-1"), header=ODD, mappable=True, dry_run=True)
    assert (report.state, report.missing) == ("unmapped", ("payable",))
    with database.transaction(HUB) as db:
        looked = imports.remap(db, HUB, report.id, {"应收": "payable", "款号": "merchant_sku"})
    assert counts(looked) == ("checked", 1, 1, 1, 0, 0, 0)
    assert dict(looked.mapping)["款号"] == "merchant_sku"
    with database.transaction(HUB) as db:
        files.apply_checked(db, HUB, report.id)
        told = db.execute(text("SELECT merchant_sku, paid_fen FROM order_line")).one()
    assert tuple(told) == ("A-1", 10000)


def test_a_mapping_is_kept_for_the_shops_next_file_and_for_no_other_shop(bring, make, database):
    bring(row(1, sku="A-1"), header=ODD, mapping={"应收": "payable", "款号": "merchant_sku"})
    again = bring(row(2, sku="A-2"), header=ODD, dry_run=True)
    assert (again.state, dict(again.mapping)["应收"]) == ("checked", "payable")
    with pytest.raises(FileRefused):
        bring(row(2, sku="A-2"), header=ODD, shop_id=make.shop().id)
    undone = bring(row(2, sku="A-2"), header=ODD, mapping={"款号": None}, dry_run=True)
    assert dict(undone.mapping)["款号"] is None


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"应收": "no_field"}, "unknown_field"),
        ({"收件人": "product_name"}, "about_people"),
        ({" ": "payable"}, "unknown_column"),
        ({str(number): None for number in range(513)}, "too_many_columns"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(bring, mapping, code):
    with pytest.raises(Invalid) as caught:
        bring(row(1, sku="A-1"), header=ODD, mapping=mapping)
    assert caught.value.errors[0].code == code


def test_two_columns_pointed_at_one_field_refuse_the_file(bring):
    with pytest.raises(FileRefused) as caught:
        bring(row(1, sku="A-1"), header=ODD, mapping={"应收": "payable", "款号": "payable"})
    assert caught.value.error_code == "repeated_column"


def test_a_mapping_of_a_committed_file_is_refused(bring, database):
    report = bring(row(1))
    with database.transaction(HUB) as db, pytest.raises(WrongState):
        imports.remap(db, HUB, report.id, {"收件人": None})

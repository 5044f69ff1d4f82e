"""Douyin's report of a session: labels above or beside their values, variants of products not counted twice."""

import pytest

from campaign.connectors.douyin.session_report import read
from campaign.connectors.reading import FileRefused


def sheet(*rows):
    return [(number, tuple(cells)) for number, cells in enumerate(rows, start=1)]


ABOUT = sheet(
    ("直播间ID", "'7301"),
    ("达人ID", "800000000001"),
    ("开播时间", "2026/11/06 20:00:05"),
    ("主播昵称", "小棠"),
)
WHOLE = sheet(
    ("用户支付金额", "成交金额", "成交订单数", "成交人数", "累计观看人数", "退款金额", "千次观看成交金额"),
    ("¥12,345.60", "1.25万", "1,002", "987", "3.4万人", "-", "363.00"),
)
ITEMS = sheet(
    ("商品名称", "商品ID", "成交金额", "成交件数"),
    ("皮衣", "37", "300.00", "3"),
    ("-黑色 L", "", "100.00", "1"),
    ("-黑色 M", "", "200.00", "2"),
    ("皮带", "38", "50.00", "1"),
)
SHEETS = {
    "基本信息": ABOUT,
    "整体看板": WHOLE,
    "流量分析-流量转化": sheet(("累计观看人数", "9"), ("曝光次数", "70000")),
    "商品分析-商品明细": ITEMS,
}


def test_a_report_is_read_by_its_labels():
    found = read(SHEETS)
    assert (found.room_id, found.author_id) == ("7301", "800000000001")
    assert found.began_at.isoformat() == "2026-11-06T20:00:05+08:00"
    assert found.figures == {
        "paid_fen": 1_234_560,
        "merchant_fen": 1_250_000,
        "orders": 1002,
        "buyers": 987,
        "viewers": 34_000,  # the overview's; what another sheet calls so does not overrule it
        "impressions": 70_000,
    }


def test_products_are_their_summary_rows_alone():
    found = read(SHEETS)
    assert [(one["product"], one["paid_fen"], one["units"]) for one in found.products] == [
        ("皮衣", 30_000, 3),
        ("皮带", 5_000, 1),
    ]


def test_what_no_label_of_ours_names_is_kept_and_said():
    found = read(SHEETS)
    assert dict(found.mapping)["千次观看成交金额"] is None
    assert found.kept["整体看板"][1][6] == "363.00"


@pytest.mark.parametrize("beside", [True, False])
def test_labels_stand_above_or_beside(beside):
    rows = [("成交金额", "成交订单数"), ("10.00", "2")]
    rows = [("成交金额", "10.00", "成交订单数", "2")] if beside else rows
    assert read({"整体看板": sheet(*rows)}).figures == {"merchant_fen": 1000, "orders": 2}


def test_who_clicked_is_not_how_often():
    found = read({"整体看板": sheet(("商品点击人数", "成交人数"), ("420", "21"))})
    assert found.figures == {"product_clickers": 420, "buyers": 21}


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [
        ("16.4", 1_640),
        ("22.9人", 2_290),
        ("22", 2_200),
        ("1,016.45", 101_645),
        ("1.234万", 1_234_000),
        ("0", 0),
    ],
)
def test_an_average_keeps_its_fraction(written, hundredths):
    found = read({"整体看板": sheet(("平均在线人数", "最高在线人数"), (written, "30"))})
    assert found.figures == {"average_online_hundredths": hundredths, "peak_online": 30}
    assert dict(found.mapping)["平均在线人数"] == "average_online"


@pytest.mark.parametrize(
    ("sheets", "code"),
    [
        ({}, "not_a_report"),
        ({"S": sheet(("a", "b"), ("1", "2"))}, "not_a_report"),
        ({"S": sheet(("成交金额", "many"))}, "bad_figure"),
        ({"S": sheet(("成交人数", "-3"))}, "bad_figure"),
        ({"S": sheet(("成交人数", "NaN"))}, "bad_figure"),
        ({"S": sheet(("成交人数", "9" * 30))}, "bad_figure"),
        ({"S": sheet(("平均在线人数", "NaN"))}, "bad_figure"),
        ({"S": sheet(("平均在线人数", "-1.5"))}, "bad_figure"),
        ({"S": sheet(("平均在线人数", "many"))}, "bad_figure"),
    ],
)
def test_another_file_or_a_figure_that_is_none_is_refused(sheets, code):
    with pytest.raises(FileRefused) as caught:
        read(sheets)
    assert caught.value.error_code == code

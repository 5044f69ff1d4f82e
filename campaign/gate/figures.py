"""A summary and the lines below it as sheets, in the reader's language: what the page, the API and the CLI hand out."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Response
from flask_babel import get_locale
from sqlalchemy.orm import Session

from campaign.gate.wording import in_words
from campaign.insight.figures import Group, LineRow, Totals
from campaign.insight.lines import Drill, lines_of
from campaign.insight.summary import groups_of, whole
from campaign.insight.tallies import Scope, totals_by
from campaign.kit.actor import Actor
from campaign.kit.money import exponent_of
from campaign.kit.sheets import TYPES, Cell, Figures, pieces, spooled

_MONEY = (
    ("paid_gmv_fen", "refund_fen", "net_gmv_fen", "kept_fen", "maturing_fen", "placed_gmv_fen")
    + ("merchant_gmv_fen", "deposit_fen", "refund_pre_ship_fen", "refund_post_ship_fen")
    + (
        "refund_post_receipt_fen",
        "returned_fen",
        "money_only_fen",
        "price_protection_fen",
        "compensation_fen",
        "disputed_fen",
    )
)
_COUNTS = ("lines", "units", "refunded_lines", "refunded_units", "orders", "buyers")
_LINE: tuple[str, ...] = (
    "order",
    "line",
    "ordered_at",
    "paid_at",
    "shop",
    "platform",
    "product",
    "sku",
    "session",
    "host",
)
_LINE += ("rung", "status", "currency", "units", "paid_gmv_fen", "refund_fen", "net_gmv_fen")


def summary_sheet(db: Session, actor: Actor, scope: Scope, group_by: str) -> Figures:
    """A row per group and currency, and the totals: distinct orders and buyers do not add up, so they are told."""
    columns = (f"group.{group_by}", "figure.currency", *(f"figure.{name}" for name in (*_MONEY, *_COUNTS)))
    header = [_words(code) for code in (*columns, "figure.refund_rate")]
    groups = groups_of(db, actor, scope, group_by)
    total = Group("", _words("figure.total"), _words("figure.total"), whole(totals_by(db, actor, scope)))
    return Figures(_words("figure.summary"), header, list(_group_rows([*groups, total])))


def lines_sheet(db: Session, actor: Actor, drill: Drill, zone: ZoneInfo) -> Figures:
    """The lines of a figure, as a stream."""
    rows = (_line_row(one, zone) for one in lines_of(db, actor, drill))
    return Figures(_words("figure.lines"), [_words(f"figure.{name}") for name in _LINE], rows)


def sheet_answer(name: str, form: str, sheet: Figures) -> Response:
    """The file as an answer. It is written before the answer leaves, so that it is whole or an error."""
    content = spooled(form, sheet)
    answer = Response(pieces(content), content_type=TYPES[form])
    answer.call_on_close(content.close)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _group_rows(groups: Sequence[Group]) -> Iterator[list[Cell]]:
    english = _in_english()
    for group in groups:
        label = (group.label_en if english else "") or group.label or group.key or _words("figure.none")
        for one in group.totals:
            yield [label, one.currency, *_figures(one)]


def _figures(one: Totals) -> Iterator[Cell]:
    for name in _MONEY:
        amount = getattr(one, name)
        yield None if amount is None else _major(amount, one.currency)
    for name in _COUNTS:
        yield getattr(one, name)
    yield None if one.refund_rate is None else Decimal(one.refund_rate).scaleb(-4)


def _line_row(row: LineRow, zone: ZoneInfo) -> list[Cell]:
    english = _in_english()
    return [
        row.parent_order_id or row.line_id,
        row.line_id,
        f"{row.ordered_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        f"{row.paid_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if row.paid_at else None,
        row.shop_name,
        _words(f"platform.{row.platform}"),
        (row.product_name_en if english else "") or row.product_name,
        row.merchant_sku,
        row.session_title,
        (row.host_name_en if english else "") or row.host_name,
        _words(f"rung.{row.rung}"),
        _words(f"line.{row.status}"),
        row.currency,
        row.qty,
        _major(row.paid_fen, row.currency),
        _major(row.refund_fen, row.currency),
        _major(row.net_fen, row.currency),
    ]


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-exponent_of(currency))


def _words(code: str) -> str:
    return in_words(code, {})


def _in_english() -> bool:
    return str(get_locale() or "").startswith("en")

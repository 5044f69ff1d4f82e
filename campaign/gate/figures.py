"""A summary and the lines below it as sheets, in the reader's language: what the page, the API and the CLI hand out."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Response
from flask_babel import get_locale
from sqlalchemy.orm import Session

from campaign.gate.wording import in_words
from campaign.insight.figures import Group, LineRow, Totals, rows_of
from campaign.insight.freezing import Change, ClosedMonth, changed_since, closing_of
from campaign.insight.lines import Drill, lines_of
from campaign.insight.reach import Reach, Watched, watched
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
        "cancelled_fen",
        "returned_fen",
        "money_only_fen",
        "price_protection_fen",
        "compensation_fen",
        "disputed_fen",
    )
)
_CLOSED = ("figure.paid_since_closed", "figure.refund_since_closed", "figure.net_since_closed")
_COUNTS = ("lines", "units", "refunded_lines", "refunded_units", "orders", "buyers")
_REACH = ("shows", "views", "viewers", "likes", "comments", "product_clicks", "peak_online") + (
    "average_online_hundredths",
)
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
    """A row per group and currency, and the totals: distinct orders and buyers do not add up, so they are told.

    Where months of the range are closed, the totals also say what has changed of it since.
    Who watched stands in a group's first row alone, so that a column adds up; a show that sold nothing has a row, too.
    """
    columns = (f"group.{group_by}", "figure.currency", *(f"figure.{name}" for name in (*_MONEY, *_COUNTS)))
    reach = watched(db, actor, scope, group_by)
    seen = [f"figure.{_reach_word(name, reach)}" for name in _REACH] if reach else []
    closed = _closed(db, actor, scope)
    header = [_words(code) for code in (*columns, "figure.refund_rate", *seen, *(_CLOSED if closed else ()))]
    groups = groups_of(db, actor, scope, group_by)
    total = Group("", _words("figure.total"), _words("figure.total"), whole(totals_by(db, actor, scope)))
    groups += _unsold(groups, reach, total)
    if group_by == "day":
        groups.sort(key=lambda group: group.key)
    rows = rows_of(groups, in_order=group_by in ("day", "platform"))
    cells = list(_group_rows([*rows, *((total, one) for one in total.totals)]))
    if reach:
        told = {row.key: row.reach for row in reach.rows}
        _beside(cells, [*(told.pop(group.key, None) for group, _ in rows), reach.whole])
    if closed:
        since, first = changed_since(closed), len(cells) - len(total.totals)
        for place, row in enumerate(cells):
            currency = total.totals[place - first].currency if place >= first else None
            row.extend(_changed(since.get(currency), currency) if currency else [None] * len(_CLOSED))
    return Figures(_words("figure.summary"), header, cells)


def _unsold(groups: Sequence[Group], reach: Watched | None, total: Group) -> list[Group]:
    """Groups that were watched and sold nothing, with noughts."""
    sold = {group.key for group in groups}
    nothing = (Totals(total.totals[0].currency),)
    rows = reach.rows if reach else ()
    return [Group(row.key, row.label, row.label_en, nothing) for row in rows if row.key not in sold]


def _reach_word(name: str, reach: Watched) -> str:
    """Viewers of several rooms are another figure, and so have another name."""
    return "person_times" if name == "viewers" and reach.whole.is_person_times else name


def _beside(cells: list[list[Cell]], reaches: Sequence[Reach | None]) -> None:
    """Write who watched beside the figures; nothing where it is told already, or not at all."""
    for place, row in enumerate(cells):
        one = reaches[place] if place < len(reaches) else None
        for name in _REACH:
            value = getattr(one, name, None)
            if value is not None and name == "average_online_hundredths":
                value = Decimal(value).scaleb(-2)
            row.append(value)


def _closed(db: Session, actor: Actor, scope: Scope) -> Sequence[ClosedMonth]:
    """The closed months of a brand's whole figures; as of an age there is nothing to hold against what was closed."""
    part = scope.session_id is not None or scope.campaign_ids or scope.age is not None
    if scope.brand_id is None or scope.first is None or scope.last is None or part:
        return ()
    return closing_of(db, actor, scope.brand_id, scope.first, scope.last, basis=scope.basis)


def _changed(change: Change | None, currency: str) -> Iterator[Cell]:
    for name in ("paid_fen", "refund_fen", "net_fen"):
        yield _major(getattr(change, name) if change else 0, currency)


def lines_sheet(db: Session, actor: Actor, drill: Drill, zone: ZoneInfo) -> Figures:
    """The lines of a figure, as a stream; what each adds to it stands last, where it is none of the other columns."""
    own = [] if drill.only in ("all", "paid", "refunded") else [f"figure.{drill.only}_fen"]
    names = [_words(code) for code in (*(f"figure.{name}" for name in _LINE), *own)]
    rows = (_line_row(one, zone, own=bool(own)) for one in lines_of(db, actor, drill))
    return Figures(_words("figure.lines"), names, rows)


def sheet_answer(name: str, form: str, sheet: Figures) -> Response:
    """The file as an answer. It is written before the answer leaves, so that it is whole or an error."""
    content = spooled(form, sheet)
    answer = Response(pieces(content), content_type=TYPES[form])
    answer.call_on_close(content.close)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _group_rows(rows: Sequence[tuple[Group, Totals]]) -> Iterator[list[Cell]]:
    english = _in_english()
    for group, one in rows:
        label = (group.label_en if english else "") or group.label or group.key or _words("figure.none")
        yield [label, one.currency, *_figures(one)]


def _figures(one: Totals) -> Iterator[Cell]:
    for name in _MONEY:
        amount = getattr(one, name)
        yield None if amount is None else _major(amount, one.currency)
    for name in _COUNTS:
        yield getattr(one, name)
    yield None if one.refund_rate is None else Decimal(one.refund_rate).scaleb(-4)


def _line_row(row: LineRow, zone: ZoneInfo, *, own: bool) -> list[Cell]:
    english = _in_english()
    cells: list[Cell] = [
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
    return [*cells, _major(row.amount_fen or 0, row.currency)] if own else cells


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-exponent_of(currency))


def _words(code: str) -> str:
    return in_words(code, {})


def _in_english() -> bool:
    return str(get_locale() or "").startswith("en")

"""Print what a brand's sessions sold, over business days (both in).

python3 -m campaign summary --brand brd_… --from 2026-11-01 --to 2026-11-07 [--group-by session]
"""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from campaign.cli.days import day
from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    from campaign.insight.figures import Totals

GROUPS = ("day", "session", "host", "product", "platform", "shop", "campaign")
_RATIOS = ("refund_fen", "net_gmv_fen", "kept_fen", "refund_rate", "per_order_fen", "per_buyer_fen")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--brand", metavar="ID", required=True)
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)
    parser.add_argument("--group-by", choices=GROUPS, default="day")
    parser.add_argument("--basis", choices=("cohort", "cash"), default="cohort")
    parser.add_argument("--age", type=int, help="only what had happened that many days after the order")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.naming import inner_id, told
    from campaign.cli.place import joined
    from campaign.insight.summary import brand_summary, grouped
    from campaign.kit.actor import SYSTEM
    from campaign.kit.errors import DomainError

    if options.first > options.last:
        raise CommandFault("--from lies after --to")
    if options.basis == "cash" and options.age is not None:
        raise CommandFault(
            "--age asks what had happened to the orders of a day: money by its own day has no age"
        )
    brand_id = inner_id("brd", options.brand)
    given = {"basis": options.basis, "age": options.age}
    with joined() as parts, parts.database.transaction(SYSTEM, readonly=True) as db:
        try:
            found = brand_summary(db, SYSTEM, brand_id, options.first, options.last, **given)
            groups = grouped(db, SYSTEM, brand_id, options.first, options.last, options.group_by, **given)
        except DomainError as error:
            raise CommandFault(told(error)) from error
    if options.json:
        items = [{"key": one.key, "label": one.label, "totals": _plain(one.totals)} for one in groups]
        beneath = [asdict(one) for one in found.beneath]
        print(
            json.dumps(
                {"totals": _plain(found.totals), "items": items, "beneath": beneath}, ensure_ascii=False
            )
        )
        return 0
    for one in found.totals:
        _line("total", one)
    for group in groups:
        for one in group.totals:
            _line(group.label or group.key or "-", one)
    for row in found.beneath:
        print(f"beneath: unattributed {row.unattributed_fen} fen, outside live {row.outside_live_fen} fen")
    return 0


def _plain(totals: tuple["Totals", ...]) -> list[dict[str, Any]]:
    return [asdict(one) | {name: getattr(one, name) for name in _RATIOS} for one in totals]


def _line(label: str, one: "Totals") -> None:
    state = "maturing" if one.maturing else "final"
    print(
        f"{label}: {one.currency} paid {one.paid_gmv_fen} refunds {one.refund_fen} net {one.net_gmv_fen} fen"
        f" ({state}), {one.lines} lines, {one.units} units, {one.orders} orders"
    )

"""Closed months of a brand: close one that is over, list them, show one with what has changed since.

    python3 -m campaign months close --brand brd_… --month 2026-10
    python3 -m campaign months list --brand brd_…
    python3 -m campaign months show --brand brd_… --month 2026-10

A month that is closed is never opened again: its figures stay, later changes are told as adjustments.
"""

import argparse
from datetime import date
from typing import TYPE_CHECKING

from campaign.cli.faults import CommandFault
from campaign.cli.naming import inner_id, told

if TYPE_CHECKING:
    from campaign.insight.freezing import FrozenMonth
    from campaign.kit.parts import Parts


def _month(written: str) -> date:
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written!r} is no month such as 2026-10") from None


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    close = verbs.add_parser("close", help="keep a month's figures as they stand")
    listing = verbs.add_parser("list", help="the closed months, the latest first")
    show = verbs.add_parser("show", help="one closed month")
    for verb in (close, show):
        verb.add_argument("--month", metavar="MONTH", type=_month, required=True, help="such as 2026-10")
    for verb in (close, listing, show):
        verb.add_argument("--brand", metavar="ID", required=True)
        verb.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    with joined() as parts:
        try:
            _print(options, inner_id("brd", options.brand), _found(parts, options))
        except DomainError as error:
            raise CommandFault(told(error)) from error
    return 0


def _found(parts: "Parts", options: argparse.Namespace) -> "list[FrozenMonth]":
    from campaign.insight.freezing import freeze, frozen_month, page_of_months
    from campaign.kit.actor import SYSTEM

    brand_id = inner_id("brd", options.brand)
    with parts.database.transaction(SYSTEM, readonly=options.verb != "close") as db:
        if options.verb == "close":
            freeze(db, SYSTEM, brand_id, options.month)
        if options.verb != "list":
            return [frozen_month(db, SYSTEM, brand_id, options.month)]
        found: list[FrozenMonth] = []
        cursor = None
        while True:
            page = page_of_months(db, SYSTEM, brand_id, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def _print(options: argparse.Namespace, brand_id: int, months: "list[FrozenMonth]") -> None:
    from campaign.api.months import month_out

    for month in months:
        if options.json:
            print(month_out(brand_id, month).model_dump_json())
            continue
        print(f"{month.month:%Y-%m} closed by {month.frozen_by}")
        for basis in ("cohort", "cash"):
            for one in month.whole[basis]:
                print(
                    f"  {basis:6} {one.currency} net {one.frozen.net_gmv_fen} as closed,"
                    f" {one.net_fen:+} since, {one.current.net_gmv_fen} now"
                )

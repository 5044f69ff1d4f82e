"""Links that show one summary of a brand to whoever has them: make one, list them, end one.

    python3 -m campaign shares make --brand brd_… --from 2026-11-01 --to 2026-11-07 --days 30
    python3 -m campaign shares list --brand brd_… [--all]
    python3 -m campaign shares end --brand brd_… shr_…

The address is shown once. The link opens until its days are over or it is ended.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from campaign.cli.commands.summary import GROUPS
from campaign.cli.days import day
from campaign.cli.faults import CommandFault
from campaign.cli.naming import inner_id, told

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    make = verbs.add_parser("make", help="make a link and show its address this once")
    make.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
    make.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)
    make.add_argument("--basis", choices=("cohort", "cash"), default="cohort")
    make.add_argument("--group-by", choices=GROUPS, default="day")
    make.add_argument("--days", type=int, default=7, help="for how many days it opens (7)")
    listing = verbs.add_parser("list", help="links that open")
    listing.add_argument("--all", action="store_true", help="those that are over too")
    end = verbs.add_parser("end", help="from now on it shows nothing")
    end.add_argument("id", metavar="ID")
    for verb in (make, listing, end):
        verb.add_argument("--brand", metavar="ID", required=True)
        verb.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    verbs = {"make": _make, "list": _list, "end": _end}
    with joined() as parts:
        try:
            verbs[options.verb](parts, options)
        except DomainError as error:
            raise CommandFault(told(error)) from error
    return 0


def _make(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.api.shares import ShareMade, ShareOut, share_out
    from campaign.insight.sharing import LONGEST_DAYS, Shown, share
    from campaign.kit.actor import SYSTEM

    if options.first > options.last:
        raise CommandFault("--from lies after --to")
    if not 1 <= options.days <= LONGEST_DAYS:
        raise CommandFault(f"--days is a number from 1 to {LONGEST_DAYS}")
    shown = Shown(options.first, options.last, options.basis, options.group_by)
    with parts.database.transaction(SYSTEM) as db:
        made, token = share(db, SYSTEM, inner_id("brd", options.brand), shown, days=options.days)
        out = share_out(db, made)
    url = f"{parts.settings.base_url}/s/{token}"
    if options.json:
        given = {name: getattr(out, name) for name in ShareOut.model_fields}
        print(ShareMade(**given, url=url).model_dump_json(by_alias=True))
        return
    print(url)
    print("Keep it now: it is not shown again.", file=sys.stderr)


def _list(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.api.shares import share_out
    from campaign.insight.sharing import page_of_shares
    from campaign.kit.actor import SYSTEM
    from campaign.kit.instants import written

    brand_id, cursor = inner_id("brd", options.brand), None
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        while True:
            page = page_of_shares(db, SYSTEM, brand_id, everything=options.all, cursor=cursor)
            for one in page.items:
                out = share_out(db, one)
                if options.json:
                    print(out.model_dump_json(by_alias=True))
                else:
                    name = out.model_dump()["id"]
                    print(
                        f"{name}  {out.state:7}  {one.first_day}..{one.last_day}  to {written(one.expires_at)}"
                    )
            cursor = page.next_cursor
            if cursor is None:
                return


def _end(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.api.shares import share_out
    from campaign.insight.sharing import get_share, revoke
    from campaign.kit.actor import SYSTEM

    brand_id, share_id = inner_id("brd", options.brand), inner_id("shr", options.id)
    with parts.database.transaction(SYSTEM) as db:
        revoke(db, SYSTEM, brand_id, share_id)
        out = share_out(db, get_share(db, SYSTEM, brand_id, share_id))
    print(out.model_dump_json(by_alias=True) if options.json else f"ended {options.id}")

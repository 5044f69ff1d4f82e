# ruff: noqa: N999 - a command is a module of its own name
"""Import a file, CSV or XLSX: sales (Douyin's exports of orders, after-sales and settlements), or a sheet of parties or
sessions.

    python3 -m campaign import douyin_orders FILE --shop shp_… [--exported-at 2026-11-07T10:30:00+08:00]
    python3 -m campaign import douyin_orders FILE --shop shp_… --map 款号=merchant_sku
    python3 -m campaign import douyin_session_report FILE [--session ses_…]
    python3 -m campaign import hosts FILE [--dry-run] [--all-or-nothing]
    python3 -m campaign export template hosts --out hosts.xlsx

Importing the same again changes nothing. --dry-run says what would happen. Exit status 1 when rows are refused; the
others went in all the same, unless --all-or-nothing was given. Standard error then says how many were taken over, how
many refused, and where those are to be had as a file.
"""

import argparse
import json
import sys
import time
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.cli.faults import CommandFault
from campaign.cli.speaking import english

if TYPE_CHECKING:
    from campaign.cli.progress import Bar
    from campaign.connectors.reports import ImportReport
    from campaign.kit.parts import Parts


SALES = ("douyin_orders", "douyin_aftersale", "douyin_settlement")
KINDS = (
    *SALES,
    "douyin_session_report",
    "sessions",
    "hosts",
    "brands",
    "agencies",
    "studios",
    "shops",
    "platform_accounts",
    "products",
)
"""Those of connectors.files, which cannot be asked before the set-up; a test compares the two."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--shop", metavar="ID", help="the shop it was exported from (the file does not say)")
    parser.add_argument(
        "--session", metavar="ID", help="the session that a report is of, where it does not say"
    )
    parser.add_argument("--exported-at", metavar="T", help="when it was exported; else its name or rows tell")
    parser.add_argument("--dry-run", action="store_true", help="look, change nothing")
    parser.add_argument(
        "--all-or-nothing", action="store_true", help="of a sheet: a refused row keeps all out"
    )
    parser.add_argument(
        "--map",
        metavar="HEADER=FIELD",
        action="append",
        default=[],
        help="of sales: read that column as FIELD, in this file and the next ones of the shop",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    with joined() as parts:
        try:
            report = _import(parts, options)
        except OSError as error:
            raise CommandFault(f"{options.file} cannot be read: {error.strerror}") from error
        except DomainError as error:
            worded = _worded(parts, error.error_code, error.params)
            raise CommandFault(worded + _way_out(parts, options.kind, error.error_code)) from error
        _show(parts, report, as_json=options.json, dry_run=options.dry_run)
    return 1 if report.refused_count else 0


def _import(parts: "Parts", options: argparse.Namespace) -> "ImportReport":
    from campaign.cli.naming import inner_id
    from campaign.cli.progress import Bar
    from campaign.connectors.files import stage
    from campaign.kit import instants
    from campaign.kit.actor import SYSTEM
    from campaign.sales.folding import fold

    try:
        exported_at = instants.parse(options.exported_at) if options.exported_at else None
    except ValueError:
        raise CommandFault("--exported-at needs a time with its offset: 2026-11-07T10:30:00+08:00") from None
    with Bar("rows") as bar, options.file.open("rb") as file:
        with parts.database.transaction(SYSTEM) as db:
            report = stage(
                db,
                SYSTEM,
                kind=options.kind,
                filename=options.file.name,
                content=file,
                shop_id=inner_id("shp", options.shop) if options.shop else None,
                exported_at=exported_at,
                dry_run=options.dry_run,
                whole=options.all_or_nothing,
                session_id=inner_id("ses", options.session) if options.session else None,
                mapping=_pointed(options.map),
                progress=bar,
            )
        report = _carried(parts, report, bar)
    # Workers may not be running: what was imported shows in the summaries at once all the same.
    folded = not options.dry_run and options.kind in SALES
    while folded:
        with parts.database.transaction(SYSTEM) as db:
            folded = fold(db, SYSTEM) > 0
    return report


def _carried(parts: "Parts", report: "ImportReport", bar: "Bar") -> "ImportReport":
    """Part after part, to the end: those that a worker takes meanwhile are waited for."""
    from campaign.connectors.carrying import carry
    from campaign.connectors.reports import get_import
    from campaign.kit.actor import SYSTEM

    while report.is_under_way:
        bar(report.done, report.rows)
        with parts.database.transaction(SYSTEM) as db:
            carried = carry(db, SYSTEM, report.id)
        if carried is None:
            time.sleep(0.1)
            with parts.database.transaction(SYSTEM, readonly=True) as db:
                carried = get_import(db, SYSTEM, report.id)
        report = carried
    if report.state == "failed":
        raise CommandFault(
            "a part of the file could not be taken over: see the log; the page of the import goes on"
        )
    bar(report.done, report.rows)
    return report


def _pointed(given: list[str]) -> dict[str, str | None]:
    """HEADER=FIELD, or HEADER= for one that is not used."""
    pairs = [one.rpartition("=") for one in given]
    if any(not mark for _, mark, _ in pairs):
        raise CommandFault("--map needs HEADER=FIELD")
    return {header: field or None for header, _, field in pairs}


def _show(parts: "Parts", report: "ImportReport", *, as_json: bool, dry_run: bool) -> None:
    refused = _refused(parts, report)
    counts = {name: getattr(report, name) for name in ("rows", "new", "changed", "same")}
    if as_json:
        print(json.dumps(counts | {"refused": refused}, ensure_ascii=False))
        _say_refused(report)
        return
    print("  ".join(f"{name} {count:,}" for name, count in counts.items()) + f"  refused {len(refused):,}")
    for row in refused:
        print(f"row {row['row']}: {row['message']}")
    if report.state == "checked":
        print("nothing was changed " + ("(--dry-run)" if dry_run else "(--all-or-nothing)"))
    _say_refused(report)


def _say_refused(report: "ImportReport") -> None:
    """One sentence, apart from what is printed: whoever reads that alone is told by the exit status."""
    from campaign.kit import ids

    if not report.refused_count:
        return
    taken = report.rows - report.refused_count
    kept = "would be taken over" if report.state == "checked" else "taken over"
    if report.state == "checked" and report.whole:
        taken, kept = 0, "taken over"
    where = ids.public("imp", report.id)
    print(
        f"import: {taken:,} of {report.rows:,} rows {kept}, {report.refused_count:,} refused; as a file:"
        f" GET /api/v1/imports/{where}/refused or the page /hub/imports/{where}",
        file=sys.stderr,
    )
    if report.completes and taken:
        how_far = (
            f"is complete to {report.complete_to.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},"
            " before the first order that is refused"
            if report.complete_to
            else "is complete to no moment that is known: of a refused row it cannot be told when it was ordered"
        )
        print(f"import: by this file the shop's data {how_far}", file=sys.stderr)


def _refused(parts: "Parts", report: "ImportReport") -> list[dict[str, Any]]:
    from campaign.connectors.reports import all_refused
    from campaign.gate.wording import row_words
    from campaign.kit.actor import SYSTEM

    if not report.refused:
        return []
    with english(parts), parts.database.transaction(SYSTEM, readonly=True) as db:
        return [
            {"row": one.row, "column": one.column, "code": one.code, "message": row_words(one)}
            for one in all_refused(db, SYSTEM, report)
        ]


def _way_out(parts: "Parts", kind: str, code: str) -> str:
    """What a refused file of sales can be brought with."""
    from campaign.connectors.carrying import KINDS as READERS
    from campaign.connectors.carrying import PLATFORM
    from campaign.kit import ids
    from campaign.kit.actor import SYSTEM
    from campaign.parties.models import Shop
    from campaign.parties.queries import all_of

    if code == "missing_columns" and kind in SALES:
        columns = READERS[kind].columns
        fields = [f"{ours} ({theirs})" for ours, theirs in columns.fields.items() if columns.needs(ours)]
        return "\n  --map HEADER=FIELD reads another column as it: FIELD is one of " + ", ".join(fields)
    if code == "shop_needed":
        with parts.database.transaction(SYSTEM, readonly=True) as db:
            shops = [shop for shop in all_of(db, SYSTEM, Shop) if shop.platform == PLATFORM]
        return "".join(f"\n  --shop {ids.public('shp', shop.id)}  {shop.name}" for shop in shops)
    return ""


def _worded(parts: "Parts", code: str, params: dict[str, Any]) -> str:
    from campaign.gate.wording import in_words

    with english(parts):
        return in_words(code, params)

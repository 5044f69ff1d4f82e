# ruff: noqa: N999 - a command is a module of its own name
"""Import a file, CSV or XLSX: sales (Douyin's exports of orders, after-sales and settlements), or a sheet of parties or
sessions.

    python3 -m campaign import douyin_orders FILE --shop shp_… [--exported-at 2026-11-07T10:30:00+08:00]
    python3 -m campaign import hosts FILE [--dry-run] [--all-or-nothing]
    python3 -m campaign export template hosts --out hosts.xlsx

Importing the same again changes nothing. --dry-run says what would happen. Exit status 1 when rows of a sheet are
refused; the others went in all the same, unless --all-or-nothing was given.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.cli.faults import CommandFault
from campaign.cli.speaking import english

if TYPE_CHECKING:
    from campaign.connectors.imports import ImportReport
    from campaign.kit.parts import Parts


SALES = ("douyin_orders", "douyin_aftersale", "douyin_settlement")
KINDS = (
    *SALES,
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
    parser.add_argument("--exported-at", metavar="T", help="when it was exported; else its name or rows tell")
    parser.add_argument("--dry-run", action="store_true", help="look, change nothing")
    parser.add_argument(
        "--all-or-nothing", action="store_true", help="of a sheet: a refused row keeps all out"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    content = _content(options.file)
    with joined() as parts:
        try:
            report = _import(parts, options, content)
        except DomainError as error:
            raise CommandFault(_worded(parts, error.error_code, error.params)) from error
        _show(parts, report, as_json=options.json, dry_run=options.dry_run)
    return 1 if report.refused and report.kind not in SALES else 0


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFault(f"{path} cannot be read: {error.strerror}") from error


def _import(parts: "Parts", options: argparse.Namespace, content: bytes) -> "ImportReport":
    from campaign.cli.naming import inner_id
    from campaign.cli.progress import Bar
    from campaign.connectors.files import stage
    from campaign.connectors.imports import all_refused
    from campaign.kit import instants
    from campaign.kit.actor import SYSTEM
    from campaign.sales.folding import fold

    try:
        exported_at = instants.parse(options.exported_at) if options.exported_at else None
    except ValueError:
        raise CommandFault("--exported-at needs a time with its offset: 2026-11-07T10:30:00+08:00") from None
    with Bar("rows") as bar, parts.database.transaction(SYSTEM) as db:
        report = stage(
            db,
            SYSTEM,
            kind=options.kind,
            filename=options.file.name,
            content=content,
            shop_id=inner_id("shp", options.shop) if options.shop else None,
            exported_at=exported_at,
            dry_run=options.dry_run,
            whole=options.all_or_nothing,
            progress=bar,
        )
        if len(report.refused) < report.refused_count:
            report = replace(report, refused=all_refused(db, SYSTEM, report))
    # Workers may not be running: what was imported shows in the summaries at once all the same.
    folded = not options.dry_run and options.kind in SALES
    while folded:
        with parts.database.transaction(SYSTEM) as db:
            folded = fold(db, SYSTEM) > 0
    return report


def _show(parts: "Parts", report: "ImportReport", *, as_json: bool, dry_run: bool) -> None:
    refused = [
        {"row": one.row, "column": one.column, "code": one.code, "message": message}
        for one, message in zip(report.refused, _reasons(parts, report), strict=True)
    ]
    counts = {name: getattr(report, name) for name in ("rows", "new", "changed", "same")}
    if as_json:
        print(json.dumps(counts | {"refused": refused}, ensure_ascii=False))
        return
    print("  ".join(f"{name} {count:,}" for name, count in counts.items()) + f"  refused {len(refused):,}")
    for row in refused:
        print(f"row {row['row']}: {row['message']}")
    if report.state == "checked":
        print("nothing was changed " + ("(--dry-run)" if dry_run else "(--all-or-nothing)"))


def _reasons(parts: "Parts", report: "ImportReport") -> list[str]:
    from campaign.gate.wording import row_words

    if not report.refused:
        return []
    with english(parts):
        return [row_words(one) for one in report.refused]


def _worded(parts: "Parts", code: str, params: dict[str, Any]) -> str:
    from campaign.gate.wording import in_words

    with english(parts):
        return in_words(code, params)

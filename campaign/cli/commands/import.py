# ruff: noqa: N999 - a command is a module of its own name
"""Import sales from a file: KIND is douyin_orders (Douyin's order export, CSV or XLSX).

    python3 -m campaign import douyin_orders FILE --shop shp_… [--exported-at 2026-11-07T10:30:00+08:00]

Importing the same again changes nothing. --dry-run says what would happen.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    from campaign.connectors.imports import ImportReport
    from campaign.kit.parts import Parts


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=("douyin_orders",))
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--shop", metavar="ID", help="the shop it was exported from (the file does not say)")
    parser.add_argument("--exported-at", metavar="T", help="when it was exported; else its name or rows tell")
    parser.add_argument("--dry-run", action="store_true", help="look, change nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    content = _content(options.file)
    with joined() as parts:
        try:
            report = _import(parts, options, content)
        except DomainError as error:
            raise CommandFault(_worded(parts, [(error.error_code, error.params)])[0]) from error
        _show(parts, report, as_json=options.json)
    return 0


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFault(f"{path} cannot be read: {error.strerror}") from error


def _import(parts: "Parts", options: argparse.Namespace, content: bytes) -> "ImportReport":
    from campaign.cli.naming import inner_id
    from campaign.cli.progress import Bar
    from campaign.connectors.imports import stage
    from campaign.kit import instants
    from campaign.kit.actor import SYSTEM
    from campaign.sales.folding import fold

    try:
        exported_at = instants.parse(options.exported_at) if options.exported_at else None
    except ValueError:
        raise CommandFault("--exported-at needs a time with its offset: 2026-11-07T10:30:00+08:00") from None
    with Bar("lines") as bar, parts.database.transaction(SYSTEM) as db:
        report = stage(
            db,
            SYSTEM,
            kind=options.kind,
            filename=options.file.name,
            content=content,
            shop_id=inner_id("shp", options.shop) if options.shop else None,
            exported_at=exported_at,
            dry_run=options.dry_run,
            progress=bar,
        )
    # Workers may not be running: what was imported shows in the summaries at once all the same.
    folded = not options.dry_run
    while folded:
        with parts.database.transaction(SYSTEM) as db:
            folded = fold(db, SYSTEM) > 0
    return report


def _show(parts: "Parts", report: "ImportReport", *, as_json: bool) -> None:
    said = _worded(parts, [(f"row_{one.code}", one.params) for one in report.refused])
    refused = [
        {"row": one.row, "code": one.code, "message": message}
        for one, message in zip(report.refused, said, strict=True)
    ]
    counts = {name: getattr(report, name) for name in ("rows", "new", "changed", "same")}
    if as_json:
        print(json.dumps(counts | {"refused": refused}, ensure_ascii=False))
        return
    print("  ".join(f"{name} {count:,}" for name, count in counts.items()) + f"  refused {len(refused):,}")
    for row in refused:
        print(f"row {row['row']}: {row['message']}")
    if report.state == "checked":
        print("nothing was changed (--dry-run)")


def _worded(parts: "Parts", told: list[tuple[str, Any]]) -> list[str]:
    """Codes as sentences; the words live with the application, which is made only where there are some."""
    if not told:
        return []
    from flask_babel import force_locale

    from campaign.app import create_app
    from campaign.gate.wording import in_words

    with create_app(parts).test_request_context(), force_locale("en"):
        return [in_words(code, params) for code, params in told]

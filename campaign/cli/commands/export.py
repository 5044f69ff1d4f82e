"""Export the sessions of some days (both in), or a template to fill in for an import, as CSV or XLSX.

    python3 -m campaign export sessions --from 2026-11-23 --to 2026-11-29 --out week.xlsx [--language zh_CN]
    python3 -m campaign export template hosts --out hosts.csv

The name's ending says which it is; without --out CSV goes to standard output. What is exported reads back by
`import sessions` and changes nothing.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.cli.days import day
from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


KINDS = ("sessions", "hosts", "brands", "agencies", "studios", "shops", "platform_accounts", "products")
"""Those of connectors.sheets, which cannot be asked before the set-up; a test compares the two."""


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    sessions = verbs.add_parser("sessions", help="the sessions of some days")
    sessions.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
    sessions.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)
    template = verbs.add_parser("template", help="a sheet to fill in")
    template.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    for verb in (sessions, template):
        verb.add_argument(
            "--out", metavar="FILE", type=Path, help="NAME.csv or NAME.xlsx; else standard output"
        )
        verb.add_argument("--language", choices=("zh_CN", "en"), default="zh_CN", help="of the header")
        verb.add_argument("--json", action="store_true", help="print one JSON object about the file written")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.naming import told
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    form = _form(options.out)
    with joined() as parts:
        try:
            content = (
                _template(parts, options, form)
                if options.what == "template"
                else _sessions(parts, options, form)
            )
        except DomainError as error:
            raise CommandFault(told(error)) from error
    if options.out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    try:
        options.out.write_bytes(content)
    except OSError as error:
        raise CommandFault(f"{options.out} cannot be written: {error.strerror}") from error
    said = {"file": str(options.out), "bytes": len(content)}
    print(json.dumps(said, ensure_ascii=False) if options.json else f"{options.out}: {len(content):,} bytes")
    return 0


def _form(out: Path | None) -> str:
    if out is None:
        return "csv"
    form = out.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise CommandFault(f"{out} ends neither in .csv nor in .xlsx")
    return form


def _template(parts: "Parts", options: argparse.Namespace, form: str) -> bytes:
    from campaign.cli.speaking import spoken
    from campaign.connectors.sheets.export import template
    from campaign.gate.wording import in_words

    with spoken(parts, options.language):
        return template(options.kind, form, options.language, lambda code: in_words(code, {}))


def _sessions(parts: "Parts", options: argparse.Namespace, form: str) -> bytes:
    from campaign.cli.speaking import spoken
    from campaign.connectors.sheets.export import export_sessions
    from campaign.gate.wording import in_words
    from campaign.kit.actor import SYSTEM
    from campaign.kit.instants import day_span
    from campaign.parties.queries import zone_of_hub

    if options.first > options.last:
        raise CommandFault("--from lies after --to")
    with spoken(parts, options.language), parts.database.transaction(SYSTEM, readonly=True) as db:
        zone = zone_of_hub(db, SYSTEM)
        return export_sessions(
            db,
            SYSTEM,
            day_span(options.first, zone)[0],
            day_span(options.last, zone)[1],
            form=form,
            language=options.language,
            words=lambda code: in_words(code, {}),
        )

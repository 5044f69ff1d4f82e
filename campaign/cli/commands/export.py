"""Export sessions of some days (both in), a brand's figures or a template, as CSV or XLSX, or a result as a picture.

    python3 -m campaign export sessions --from 2026-11-23 --to 2026-11-29 --out week.xlsx [--language zh_CN]
    python3 -m campaign export template hosts --out hosts.csv
    python3 -m campaign export summary --brand brd_… --from 2026-11-01 --to 2026-11-30 --group-by session --out nov.xlsx
    python3 -m campaign export lines --brand brd_… --from 2026-11-01 --to 2026-11-30 --out lines.csv
    python3 -m campaign export picture --brand brd_… --from 2026-11-01 --to 2026-11-07 --out week.png
    python3 -m campaign export picture --session ses_… --out show.png [--language en]

The name's ending says which it is; without --out CSV goes to standard output. What is exported reads back by
`import sessions` and changes nothing.
"""

import argparse
import json
import shutil
import sys
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from campaign.cli.commands.summary import GROUPS
from campaign.cli.days import day
from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


KINDS = ("sessions", "hosts", "brands", "agencies", "studios", "shops", "platform_accounts", "products")
"""Those of connectors.sheets, which cannot be asked before the set-up; a test compares the two."""


_FIGURES = {"summary": "what a brand's sessions sold, by group", "lines": "the order lines below it"}


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    sessions = verbs.add_parser("sessions", help="the sessions of some days")
    sessions.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
    sessions.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)
    template = verbs.add_parser("template", help="a sheet to fill in")
    template.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    figures = [verbs.add_parser(what, help=said) for what, said in _FIGURES.items()]
    for verb in figures:
        verb.add_argument("--brand", metavar="ID", required=True)
        verb.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
        verb.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)
        verb.add_argument("--basis", choices=("cohort", "cash"), default="cohort")
        verb.add_argument("--age", type=int, help="only what had happened that many days after the order")
    picture = verbs.add_parser("picture", help="a session's result or a brand's, as a PNG to pass on")
    of = picture.add_mutually_exclusive_group(required=True)
    of.add_argument("--session", metavar="ID")
    of.add_argument("--brand", metavar="ID", help="with --from and --to")
    picture.add_argument("--from", dest="first", metavar="DAY", type=day)
    picture.add_argument("--to", dest="last", metavar="DAY", type=day)
    picture.add_argument("--basis", choices=("cohort", "cash"), default="cohort")
    picture.add_argument("--out", metavar="FILE", type=Path, required=True, help="NAME.png")
    figures[0].add_argument("--group-by", choices=GROUPS, default="day")
    for verb in (sessions, template, *figures):
        verb.add_argument(
            "--out", metavar="FILE", type=Path, help="NAME.csv or NAME.xlsx; else standard output"
        )
    for verb in (sessions, template, picture, *figures):
        verb.add_argument("--language", choices=("zh_CN", "en"), default="zh_CN", help="of the header")
        verb.add_argument("--json", action="store_true", help="print one JSON object about the file written")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.naming import told
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    form = "png" if options.what == "picture" else _form(options.out)
    with joined() as parts:
        try:
            if options.what == "picture":
                return _told(options, _write(options.out, BytesIO(_picture(parts, options))))
            if options.what in _FIGURES:
                return _told(options, _write_figures(parts, options, form))
            content = (
                _template(parts, options, form)
                if options.what == "template"
                else _sessions(parts, options, form)
            )
        except DomainError as error:
            raise CommandFault(told(error)) from error
    return _told(options, _write(options.out, BytesIO(content)))


def _write(out: Path | None, content: IO[bytes]) -> int:
    """Gives the bytes written."""
    if out is None:
        shutil.copyfileobj(content, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return 0
    try:
        with out.open("wb") as file:
            shutil.copyfileobj(content, file)
            return file.tell()
    except OSError as error:
        raise CommandFault(f"{out} cannot be written: {error.strerror}") from error


def _told(options: argparse.Namespace, size: int) -> int:
    if options.out is not None:
        said = {"file": str(options.out), "bytes": size}
        print(json.dumps(said, ensure_ascii=False) if options.json else f"{options.out}: {size:,} bytes")
    return 0


def _write_figures(parts: "Parts", options: argparse.Namespace, form: str) -> int:
    """Row by row: a year of lines needs no more memory than a day."""
    from campaign.cli.naming import inner_id
    from campaign.cli.speaking import spoken
    from campaign.gate.figures import lines_sheet, summary_sheet
    from campaign.insight.lines import drill
    from campaign.insight.summary import check_brand
    from campaign.insight.tallies import Scope
    from campaign.kit.actor import SYSTEM
    from campaign.kit.sheets import spooled
    from campaign.parties.queries import zone_of_hub

    if options.first > options.last:
        raise CommandFault("--from lies after --to")
    scope = Scope(
        brand_id=inner_id("brd", options.brand),
        first=options.first,
        last=options.last,
        basis=options.basis,
        age=options.age,
    )
    with spoken(parts, options.language), parts.database.transaction(SYSTEM, readonly=True) as db:
        check_brand(db, SYSTEM, scope.brand_id or 0)
        if options.what == "lines":
            sheet = lines_sheet(db, SYSTEM, drill(scope), zone_of_hub(db, SYSTEM))
        else:
            sheet = summary_sheet(db, SYSTEM, scope, options.group_by)
        with spooled(form, sheet) as content:
            return _write(options.out, content)


def _picture(parts: "Parts", options: argparse.Namespace) -> bytes:
    from campaign.cli.naming import inner_id
    from campaign.cli.speaking import spoken
    from campaign.gate.reports import range_report, session_report
    from campaign.kit.actor import SYSTEM

    if options.out.suffix.lower() != ".png":
        raise CommandFault(f"{options.out} does not end in .png")
    if options.brand and (options.first is None or options.last is None):
        raise CommandFault("--brand needs --from and --to")
    if options.brand and options.first > options.last:
        raise CommandFault("--from lies after --to")
    with spoken(parts, options.language):
        with parts.database.transaction(SYSTEM, readonly=True) as db:
            if options.session:
                report = session_report(db, SYSTEM, inner_id("ses", options.session))
            else:
                days = (options.first, options.last)
                report = range_report(db, SYSTEM, inner_id("brd", options.brand), *days, basis=options.basis)
        return report.drawn()


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

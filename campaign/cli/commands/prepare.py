"""Bring the database to the newest schema and compile the translations; --demo fills an empty one."""

import argparse
import os
import sys
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", action="store_true", help="fill an empty database with demo data, show logins"
    )
    parser.add_argument("--note", type=Path, help="make this file once the schema stands")


def run(options: argparse.Namespace) -> int:
    """Needs DATABASE_URL; safe to run again, also beside a running product."""
    from campaign.cli.setup.console import Step, say
    from campaign.kit import catalogue, schema
    from config.settings import load

    settings = load(os.environ)
    try:
        catalogue.compile_all()
    except catalogue.CatalogueFault as error:
        sys.stderr.write(f"warning: translations are not compiled: {error}\n")
    with Step("database") as step:
        schema.upgrade(settings.database_url)
        step.note(f"schema {schema.newest()}")
    if options.note:
        options.note.touch()
    if options.demo:
        from campaign.cli.demo.fill import fill

        with Step("demo data") as step:
            logins = fill(settings, step.progress)
            step.note(f"{len(logins)} logins")
        for login in logins:
            say(f"  {login.role:<12} {login.email:<32} {login.password}")
    return 0

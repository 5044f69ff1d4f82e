"""Check the settings in the environment: every fault at once."""

import argparse
import os
import sys
from dataclasses import fields


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="print the settings, or all that is wrong with them (exit status 1)")


def run(_options: argparse.Namespace) -> int:
    """Secrets and passwords are not shown. Servers that are not given are embedded: no fault."""
    from config.settings import SettingsError, load

    environ = dict(os.environ)
    for name, address in (("DATABASE_URL", "postgresql://embedded"), ("REDIS_URL", "redis://embedded")):
        sys.stdout.write(f"{name:<22} {'given' if environ.get(name) else 'embedded'}\n")
        environ[name] = environ.get(name) or address
    try:
        settings = load(environ)
    except SettingsError as error:
        sys.stderr.write("".join(f"{fault}\n" for fault in error.faults))
        return 1
    for one in fields(settings):
        if one.repr and not one.name.endswith("_url"):
            sys.stdout.write(f"{one.name:<22} {getattr(settings, one.name)}\n")
    return 0

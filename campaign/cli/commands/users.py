"""Users: make one who can sign in on the pages. The first admin of an empty installation is made here."""

import argparse
import getpass
import json
import secrets
import sys

from campaign.cli.faults import CommandFault
from campaign.cli.naming import scope_of, scope_options, told


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a user")
    scope_options(create, ("admin", "hub", "brand", "agency", "host"))
    create.add_argument("--email", required=True)
    create.add_argument("--name", required=True)
    create.add_argument("--locale", choices=("zh_CN", "en"), default="zh_CN")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.accounts.actions import create_user
    from campaign.cli.place import joined
    from campaign.kit.actor import SYSTEM
    from campaign.kit.errors import DomainError
    from campaign.kit.ids import public

    password, made_up = _password(options)
    try:
        with joined() as parts, parts.database.transaction(SYSTEM) as db:
            user = create_user(
                db,
                SYSTEM,
                email=options.email,
                name=options.name,
                password=password,
                scope=scope_of(options),
                locale=options.locale,
            )
    except DomainError as error:
        raise CommandFault(told(error)) from error
    shown = {"id": public("usr", user.id), "email": user.email} | ({"password": password} if made_up else {})
    if options.json:
        print(json.dumps(shown))
    else:
        for name, value in shown.items():
            print(f"{name:9} {value}")
    return 0


def _password(options: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether we made it up (no terminal to ask at)."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if not sys.stdin.isatty():
        return secrets.token_urlsafe(12), True
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise CommandFault("the two passwords differ")
    return first, False

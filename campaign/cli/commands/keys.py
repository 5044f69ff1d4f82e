"""API keys: make one, list them, revoke one.

A key is shown once. A connector's key comes with the secret that signs what it pushes.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from campaign.cli.faults import CommandFault
from campaign.cli.naming import inner_id, scope_of, scope_options, told

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a key and show it this once")
    scope_options(create, ("admin", "hub", "brand", "agency", "host", "connector"))
    create.add_argument("--shop", metavar="ID", action="append", help="with --role connector: its shops")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--json", action="store_true", help="print one JSON object")
    listing = verbs.add_parser("list", help="show keys, without their secret part")
    listing.add_argument("--json", action="store_true", help="print one JSON object a line")
    revoke = verbs.add_parser("revoke", help="make a key worthless from now on")
    revoke.add_argument("id", metavar="ID")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.errors import DomainError

    verbs = {"create": _create, "list": _list, "revoke": _revoke}
    with joined() as parts:
        try:
            verbs[options.verb](parts, options)
        except DomainError as error:
            raise CommandFault(told(error)) from error
    return 0


def _create(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.accounts.actions import create_key
    from campaign.kit.actor import SYSTEM
    from campaign.kit.ids import public

    shops = [inner_id("shp", shop) for shop in options.shop or ()]
    with parts.database.transaction(SYSTEM) as db:
        made = create_key(
            db,
            SYSTEM,
            secret_key=parts.settings.secret_key,
            name=options.name,
            scope=scope_of(options),
            shop_ids=shops,
        )
    shown = {"id": public("key", made.id), "key": made.key}
    if made.secret is not None and made.connector_id is not None:
        shown |= {"secret": made.secret, "connector_id": public("con", made.connector_id)}
    if options.json:
        print(json.dumps(shown))
        return
    for name, value in shown.items():
        print(f"{name:13} {value}")
    print("Keep it now: it is not shown again.", file=sys.stderr)


def _list(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.accounts.queries import all_keys
    from campaign.kit.actor import SYSTEM
    from campaign.kit.ids import public
    from campaign.kit.instants import written

    with parts.database.transaction(SYSTEM, readonly=True) as db:
        keys = all_keys(db, SYSTEM)
    for key in keys:
        row = {
            "id": public("key", key.id),
            "role": key.role,
            "name": key.name,
            "created_at": written(key.created_at),
            "revoked_at": key.revoked_at and written(key.revoked_at),
        }
        if options.json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            print(f"{row['id']}  {key.role:9}  {'revoked' if key.revoked_at else 'in use ':7}  {key.name}")


def _revoke(parts: "Parts", options: argparse.Namespace) -> None:
    from campaign.accounts.actions import revoke_key
    from campaign.kit.actor import SYSTEM

    with parts.database.transaction(SYSTEM) as db:
        revoke_key(db, SYSTEM, inner_id("key", options.id))
    print(f"revoked {options.id}")

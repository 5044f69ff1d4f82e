"""API keys: make one, list them, revoke one.

A key is shown once. A connector's key comes with the secret that signs what it pushes.
"""

import argparse
import json
import sys

from campaign.cli.faults import CommandFault

ROLES = ("admin", "hub", "brand", "agency", "host", "connector")


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a key and show it this once")
    create.add_argument("--role", choices=ROLES, required=True)
    create.add_argument("--hub-role", choices=("manager", "scheduler", "viewer"), help="with --role hub")
    for party in ("brand", "agency", "host"):
        create.add_argument(f"--{party}", metavar="ID", help=f"with --role {party}: whom the key acts for")
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
            return verbs[options.verb](parts, options)
        except DomainError as error:
            raise CommandFault(_told(error)) from error


def _create(parts: object, options: argparse.Namespace) -> int:
    from campaign.accounts.actions import Scope, create_key
    from campaign.kit.actor import SYSTEM
    from campaign.kit.ids import public
    from campaign.kit.parts import Parts
    from campaign.parties.models import Agency, Brand, Host, Shop
    from campaign.parties.queries import get

    assert isinstance(parts, Parts)  # noqa: S101 - for the type checker
    with parts.database.transaction(SYSTEM) as db:
        found = {
            name: get(db, SYSTEM, model, _id(prefix, written)).id
            for name, prefix, model, written in (
                ("brand_id", "brd", Brand, options.brand),
                ("agency_id", "agc", Agency, options.agency),
                ("host_id", "hst", Host, options.host),
            )
            if written
        }
        shops = [get(db, SYSTEM, Shop, _id("shp", shop)).id for shop in options.shop or ()]
        scope = Scope(options.role, hub_role=options.hub_role, **found)
        made = create_key(
            db, SYSTEM, secret_key=parts.settings.secret_key, name=options.name, scope=scope, shop_ids=shops
        )
    shown = {"id": public("key", made.id), "key": made.key}
    if made.secret is not None and made.connector_id is not None:
        shown |= {"secret": made.secret, "connector_id": public("con", made.connector_id)}
    if options.json:
        print(json.dumps(shown))
    else:
        for name, value in shown.items():
            print(f"{name:13} {value}")
        print("Keep it now: it is not shown again.", file=sys.stderr)
    return 0


def _list(parts: object, options: argparse.Namespace) -> int:
    from campaign.accounts.queries import all_keys
    from campaign.kit.actor import SYSTEM
    from campaign.kit.ids import public
    from campaign.kit.instants import written
    from campaign.kit.parts import Parts

    assert isinstance(parts, Parts)  # noqa: S101 - for the type checker
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
            print(f"{row['id']}  {key.role:9} {'revoked' if key.revoked_at else 'in use ':7}  {key.name}")
    return 0


def _revoke(parts: object, options: argparse.Namespace) -> int:
    from campaign.accounts.actions import revoke_key
    from campaign.kit.actor import SYSTEM
    from campaign.kit.parts import Parts

    assert isinstance(parts, Parts)  # noqa: S101 - for the type checker
    with parts.database.transaction(SYSTEM) as db:
        revoke_key(db, SYSTEM, _id("key", options.id))
    print(f"revoked {options.id}")
    return 0


def _id(prefix: str, written: str) -> int:
    from campaign.kit import ids

    try:
        return ids.internal(prefix, written)
    except ValueError:
        raise CommandFault(f"{written!r} is no id of this kind (it would start with {prefix}_)") from None


def _told(error: object) -> str:
    from campaign.kit.errors import DomainError, Invalid

    if isinstance(error, Invalid):
        return "; ".join(f"--{fault.field.removesuffix('_id')}: {fault.code}" for fault in error.errors)
    assert isinstance(error, DomainError)  # noqa: S101 - for the type checker
    return error.error_code

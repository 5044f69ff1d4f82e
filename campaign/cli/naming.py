"""Ids and refusals as the command line writes them."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    from campaign.accounts.actions import Scope
    from campaign.kit.errors import DomainError

_PREFIXES = {"brand": "brd", "agency": "agc", "host": "hst"}


def inner_id(prefix: str, written: str) -> int:
    """The inner id of one typed on the command line; raises CommandFault."""
    from campaign.kit import ids

    try:
        return ids.internal(prefix, written)
    except ValueError:
        raise CommandFault(f"{written!r} is no id of this kind (it would start with {prefix}_)") from None


def scope_options(parser: ArgumentParser, roles: tuple[str, ...]) -> None:
    """--role and the party it acts for."""
    parser.add_argument("--role", choices=roles, required=True)
    parser.add_argument("--hub-role", choices=("manager", "scheduler", "viewer"), help="with --role hub")
    for party in _PREFIXES:
        parser.add_argument(f"--{party}", metavar="ID", help=f"with --role {party}: for whom")


def scope_of(options: Namespace) -> "Scope":
    """The scope that scope_options() asked for."""
    from campaign.accounts.actions import Scope

    found = {
        f"{party}_id": inner_id(prefix, getattr(options, party))
        for party, prefix in _PREFIXES.items()
        if getattr(options, party)
    }
    return Scope(options.role, hub_role=options.hub_role, **found)


def told(error: "DomainError") -> str:
    """A refusal as a line: the fields at fault, or the code."""
    from campaign.kit.errors import Invalid

    if isinstance(error, Invalid):
        return "; ".join(f"{fault.field}: {fault.code}" for fault in error.errors)
    return error.error_code

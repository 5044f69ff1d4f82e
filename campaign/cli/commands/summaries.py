"""Summaries that are sent by themselves: set one up, list, change, pause, take up again, end.

    python3 -m campaign summaries channels
    python3 -m campaign summaries make --channel nch_… --every day --at 09:00 [--brand brd_…]
    python3 -m campaign summaries change smt_… --every week --at 08:30
    python3 -m campaign summaries pause smt_…

They are the hub's, by its own channels; with --for brd_… they are that brand's. Without --brand the hub's tells of all.
"""

import argparse
import json
from datetime import time
from typing import TYPE_CHECKING, Any

from campaign.cli.faults import CommandFault
from campaign.cli.naming import inner_id, told

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from campaign.kit.actor import Actor

_EVERY = ("day", "week", "month")


def _time(written: str) -> time:
    try:
        return time.fromisoformat(f"{written}:00")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written!r} is no time such as 09:00") from None


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    made = {
        name: verbs.add_parser(name, help=said)
        for name, said in {
            "list": "those that are set up",
            "channels": "where they can go",
            "make": "set one up",
            "change": "another channel or time, from the next turn on",
            "pause": "it rests",
            "resume": "it goes on with its next turn",
            "end": "it is sent no more",
        }.items()
    }
    for name in ("change", "pause", "resume", "end"):
        made[name].add_argument("id", metavar="ID")
    for name in ("make", "change"):
        needed = name == "make"
        made[name].add_argument("--channel", metavar="ID", required=needed)
        made[name].add_argument("--every", choices=_EVERY, required=needed)
        made[name].add_argument("--at", metavar="TIME", type=_time, required=needed, help="the hub's time")
    made["make"].add_argument("--brand", metavar="ID", help="of one brand")
    for verb in made.values():
        verb.add_argument("--for", dest="party", metavar="BRAND", help="that brand's own, not the hub's")
        verb.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.actor import SYSTEM, Actor
    from campaign.kit.errors import DomainError

    actor = SYSTEM
    if options.party:
        brand_id = inner_id("brd", options.party)
        actor = Actor(kind="system", role="brand", name="command line", brand_id=brand_id)
    verbs = {"list": _list, "channels": _channels, "make": _make, "end": _end}
    reading = options.verb in ("list", "channels")
    with joined() as parts:
        try:
            with parts.database.transaction(actor, readonly=reading) as db:
                verbs.get(options.verb, _change)(db, actor, options)
        except DomainError as error:
            raise CommandFault(told(error)) from error
    return 0


def _list(db: "Session", actor: "Actor", options: argparse.Namespace) -> None:
    from campaign.insight.standing import page_of_turns

    cursor = None
    while True:
        page = page_of_turns(db, actor, cursor=cursor)
        for one in page.items:
            _print(one, options)
        cursor = page.next_cursor
        if cursor is None:
            return


def _channels(db: "Session", actor: "Actor", options: argparse.Namespace) -> None:
    from campaign.delivery.notices.queries import page_of_channels
    from campaign.kit.fields import ListQuery
    from campaign.kit.ids import public
    from campaign.kit.paging import LARGEST_LIMIT

    for one in page_of_channels(db, actor, ListQuery(limit=LARGEST_LIMIT)).items:
        row = {"id": public("nch", one.id), "kind": one.kind, "name": one.name, "state": one.state}
        print(json.dumps(row, ensure_ascii=False) if options.json else "  ".join(row.values()))


def _make(db: "Session", actor: "Actor", options: argparse.Namespace) -> None:
    from campaign.insight.standing import get_turn, send_by_itself

    made = send_by_itself(
        db,
        actor,
        brand_id=inner_id("brd", options.brand) if options.brand else None,
        channel_id=inner_id("nch", options.channel),
        every=options.every,
        at=options.at,
    )
    _print(get_turn(db, actor, made), options)


def _change(db: "Session", actor: "Actor", options: argparse.Namespace) -> None:
    from campaign.insight.standing import change_turn, get_turn

    given: dict[str, Any] = {"state": "paused" if options.verb == "pause" else "active"}
    if options.verb == "change":
        channel_id = inner_id("nch", options.channel) if options.channel else None
        given = {"channel_id": channel_id, "every": options.every, "at": options.at}
        if not any(value is not None for value in given.values()):
            raise CommandFault("say what changes: --channel, --every or --at")
    inner = inner_id("smt", options.id)
    change_turn(db, actor, inner, **given)
    _print(get_turn(db, actor, inner), options)


def _end(db: "Session", actor: "Actor", options: argparse.Namespace) -> None:
    from campaign.insight.standing import end

    end(db, actor, inner_id("smt", options.id))
    print(json.dumps({"id": options.id, "state": "ended"}) if options.json else f"ended {options.id}")


def _print(one: Any, options: argparse.Namespace) -> None:
    from campaign.api.scheduled import scheduled_out

    out = scheduled_out(one)
    if options.json:
        print(out.model_dump_json())
        return
    told_of = one.brand or "all brands"
    name = out.model_dump()["id"]
    print(f"{name}  {out.state:6}  every {out.every} at {out.at:%H:%M}  {told_of}  by {one.channel}")

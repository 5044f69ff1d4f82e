"""Prove that raw events, lines, where they count, rollups and Redis agree to the fen; Redis is repaired.

With --repair lines are merged and placed again, rollups set right by what they posted, and all is looked at again. Exit
status 0 when all is equal, 1 with the differences. Beneath stand the platform's own figures, of sessions whose report
was brought: where they differ from ours is told by cause, and is no fault of ours by itself.
"""

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from campaign.cli.against import against_platform, show_against

if TYPE_CHECKING:
    from campaign.kit.parts import Parts
    from campaign.sales.reconciling import Difference

MOST_SHOWN = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quick",
        action="store_true",
        help="rollups and Redis only: raw events not replayed, lines not placed anew",
    )
    parser.add_argument("--repair", action="store_true", help="set lines and rollups right first")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit.actor import SYSTEM
    from campaign.kit.redis import RedisError
    from campaign.sales.finishing import check_finals
    from campaign.sales.mending import check_everything
    from campaign.sales.reconciling import check_inbox, check_redis, check_rollups

    with joined() as parts:
        _place_due(parts)
        _fold_all(parts)
        mended = _repair(parts, quick=options.quick) if options.repair else []
        replayed, differences = (0, []) if options.quick else _replay(parts)
        differences += [] if options.quick else _misplaced(parts)
        with parts.database.transaction(SYSTEM) as db:
            differences += check_inbox(db, SYSTEM)
            differences += check_rollups(db, SYSTEM)
            told = {(one.check, one.figure) for one in differences}
            differences += [
                one for one in check_everything(db, SYSTEM) if (one.check, one.figure) not in told
            ]
            differences += check_finals(db, SYSTEM)
        repaired = 0
        try:
            with parts.database.transaction(SYSTEM, readonly=True) as db:
                first = check_redis(db, SYSTEM, parts.redis)
            _fold_all(parts)
            with parts.database.transaction(SYSTEM, readonly=True) as db:
                second = check_redis(db, SYSTEM, parts.redis, again=first.suspects)
            differences += second.differences
            repaired = first.repaired + second.repaired
        except RedisError as error:
            print(f"Redis could not be checked: {type(error).__name__}", file=sys.stderr)
            return 1
        platform = against_platform(parts)
        _show(differences, mended, replayed, repaired, platform, as_json=options.json)
        if not options.json:
            show_against(parts, platform)
    return 1 if differences else 0


def _fold_all(parts: "Parts") -> None:
    from campaign.kit.actor import SYSTEM
    from campaign.sales.folding import fold

    taken = 1
    while taken:
        with parts.database.transaction(SYSTEM) as db:
            taken = fold(db, SYSTEM)


def _place_due(parts: "Parts") -> None:
    """What a change of the schedule or the catalogue has yet to move is no difference."""
    from campaign.kit.actor import SYSTEM
    from campaign.sales.placing import TURNS

    for due, place in TURNS:
        wanted = [0]
        while wanted:
            with parts.database.transaction(SYSTEM, readonly=True) as db:
                wanted = due(db, SYSTEM)
            for one in wanted:
                with parts.database.transaction(SYSTEM) as db:
                    place(db, SYSTEM, one)


def _repair(parts: "Parts", *, quick: bool) -> list["Difference"]:
    """Lines from the raw log, then where they count, then what they add up to: each stands on the one before it."""
    found = [] if quick else [*_replay(parts, repair=True)[1], *_misplaced(parts, repair=True)]
    return [*found, *_mend(parts)]


def _mend(parts: "Parts") -> list["Difference"]:
    from campaign.kit.actor import SYSTEM
    from campaign.sales.mending import all_brands, all_parts, mend_brand, mend_part

    with parts.database.transaction(SYSTEM, readonly=True) as db:
        wanted, brands = all_parts(db, SYSTEM), all_brands(db, SYSTEM)
    found = []
    for part in wanted:
        with parts.database.transaction(SYSTEM) as db:
            found += mend_part(db, SYSTEM, part)
    for brand_id in brands:
        with parts.database.transaction(SYSTEM) as db:
            found += mend_brand(db, SYSTEM, brand_id)
    _fold_all(parts)
    return found


def _misplaced(parts: "Parts", *, repair: bool = False) -> list["Difference"]:
    from campaign.cli.progress import Bar
    from campaign.kit.actor import SYSTEM
    from campaign.sales.placing import place_again
    from campaign.sales.recounting import keys_of_lines, misplaced, suspects

    done = 0
    found: list[Difference] = []
    with Bar("lines placed anew") as bar, parts.database.transaction(SYSTEM, readonly=True) as db:
        for keys in keys_of_lines(db, SYSTEM):
            suspected = suspects(db, SYSTEM, keys)
            if suspected:
                with parts.database.transaction(SYSTEM) as own:
                    found += misplaced(own, SYSTEM, suspected)
                    if repair:
                        place_again(own, SYSTEM, suspected)
            done += len(keys)
            bar(done)
    if repair and found:
        _fold_all(parts)
    return found


def _replay(parts: "Parts", *, repair: bool = False) -> tuple[int, list["Difference"]]:
    from campaign.cli.progress import Bar
    from campaign.kit.actor import SYSTEM
    from campaign.sales.reconciling import check_lines, merge_again

    replayed = 0
    found: list[Difference] = []
    with Bar("lines replayed") as bar, parts.database.transaction(SYSTEM, readonly=True) as db:
        for step in check_lines(db, SYSTEM):
            if isinstance(step, int):
                replayed = step
                bar(step)
                continue
            if len(found) < MOST_SHOWN:
                found.append(step)
            if repair:
                shop_id, line_id = step.subject.split(" ", 1)
                with parts.database.transaction(SYSTEM) as own:
                    merge_again(own, SYSTEM, int(shop_id), line_id)
    if repair and found:
        _fold_all(parts)
    return replayed, found


def _show(
    differences: list["Difference"],
    mended: list["Difference"],
    replayed: int,
    repaired: int,
    platform: list[dict[str, Any]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        told = {
            "equal": not differences,
            "lines_replayed": replayed,
            "redis_repaired": repaired,
            "mended": [asdict(one) for one in mended],
            "differences": [asdict(one) for one in differences],
            "platform": platform,
        }
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in mended[:MOST_SHOWN]:
        print(f"set right: {one.check}: {one.subject} {one.figure}: {one.found} → {one.expected}")
    for one in differences[:MOST_SHOWN]:
        print(f"{one.check}: {one.subject} {one.figure}: expected {one.expected}, found {one.found}")
    print(f"{replayed:,} lines replayed, {repaired:,} sessions brought up in Redis")
    print("all equal" if not differences else f"{len(differences):,} differences")

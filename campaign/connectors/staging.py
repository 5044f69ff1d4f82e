"""A file that was looked at and waits to be taken over, as it lies in the database."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaign.connectors.reading import FileLine, Reading, Refused
from campaign.sales.merging import dump_statement, load_statement


def packed(reading: Reading) -> bytes:
    """The lines and the refused rows; the rest stands in the report."""
    lines = [
        {
            "row": line.row,
            "line_id": line.line_id,
            "order_id": line.order_id,
            "occurred_at": line.occurred_at.isoformat(),
            "statement": dump_statement(line.statement) if line.statement else None,
            "refund_id": line.refund_id,
            "record": line.record,
            "raw": dict(line.raw),
        }
        for line in reading.lines
    ]
    kept = {"lines": lines, "refused": [asdict(refused) for refused in reading.refused]}
    return zlib.compress(json.dumps(kept, ensure_ascii=False).encode())


def unpacked(staged: bytes, exported_at: datetime, report: Mapping[str, Any]) -> Reading:
    """Read what packed() wrote."""
    kept = json.loads(zlib.decompress(staged))
    lines = tuple(
        FileLine(
            line["row"],
            line["line_id"],
            line["order_id"],
            datetime.fromisoformat(line["occurred_at"]),
            load_statement(line["statement"]) if line["statement"] else None,
            line["raw"],
            line.get("refund_id"),
            line.get("record"),
        )
        for line in kept["lines"]
    )
    mapping = tuple((name, ours) for name, ours in report["mapping"])
    refused = tuple(Refused(**one) for one in kept["refused"])
    return Reading(mapping, report["rows"], exported_at, lines, refused)


def packed_refused(refused: Sequence[Refused]) -> bytes:
    """Refused rows that are too many for a report."""
    return zlib.compress(json.dumps([asdict(one) for one in refused], ensure_ascii=False).encode())


def unpacked_refused(kept: bytes) -> tuple[Refused, ...]:
    """Read what packed_refused() wrote."""
    return tuple(Refused(**one) for one in json.loads(zlib.decompress(kept)))

"""A file that waits to be taken over, as it lies in the database: parts of its rows, and the rows that were refused."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict

import msgspec

from campaign.connectors.reading import Refused
from campaign.kit.tabular import Row

_ROWS = msgspec.json.Decoder(list[Row])


def packed(rows: Sequence[Row]) -> bytes:
    """Rows with their numbers."""
    return zlib.compress(msgspec.json.encode(rows), 1)


def unpacked(kept: bytes) -> list[Row]:
    """Read what packed() wrote."""
    return _ROWS.decode(zlib.decompress(kept))


def packed_refused(refused: Sequence[Refused]) -> bytes:
    """Refused rows that are too many for a report."""
    return zlib.compress(json.dumps([asdict(one) for one in refused], ensure_ascii=False).encode())


def unpacked_refused(kept: bytes) -> tuple[Refused, ...]:
    """Read what packed_refused() wrote."""
    return tuple(Refused(**one) for one in json.loads(zlib.decompress(kept)))

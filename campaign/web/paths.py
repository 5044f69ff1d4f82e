"""Ids in page addresses."""

from campaign.kit import ids
from campaign.kit.errors import NotFound


def read_id(prefix: str, written: str) -> int:
    """The inner id of a path part. What we would never have written is simply not there: NotFound."""
    try:
        return ids.internal(prefix, written)
    except ValueError:
        raise NotFound from None

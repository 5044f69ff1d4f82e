"""When a server says that it may be asked again."""

from email.utils import parsedate_to_datetime

from campaign.kit.numbers import whole

_LONGEST_NUMBER = 100  # digits: a number however long is one, and then capped
LONGEST_SECONDS = 86_400


def seconds_of(written: str, said_at: str) -> int | None:
    """Retry-After in seconds, at most a day; None for what is none.

    A date is held against the answer's own (`said_at`, its Date), so that one clock made both.
    """
    seconds = whole(written, _LONGEST_NUMBER)
    if seconds is None and written:
        try:
            seconds = round((parsedate_to_datetime(written) - parsedate_to_datetime(said_at)).total_seconds())
        except (ValueError, TypeError, OverflowError):
            # No date, or one with its zone and one without.
            return None
    return None if seconds is None else min(max(seconds, 0), LONGEST_SECONDS)

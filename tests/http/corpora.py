"""Hostile values for every field, and a look at whether a refusal left anything behind."""

import json
import random
from pathlib import Path

from sqlalchemy import text

DATA = Path(__file__).parents[1] / "data"


def _values(name):
    rows = [json.loads(line) for line in (DATA / name).read_text().splitlines()]
    return [row[key] for row in rows for key in ("value", "start", "end") if key in row]


STRINGS, NUMBERS, TIMES = (
    _values("bad_strings.jsonl"),
    _values("bad_numbers.jsonl"),
    _values("bad_times.jsonl"),
)


# What is of another kind than was asked for.
_KINDS = (None, True, 0, 2**63, 10**40, 1.5, "", " ", "a" * 6000, [], [[]], [None], {}, {"a": {"b": []}})


# Dates and times of the right shape at the ends of what a date can be: sums of them leave it.
_ENDS = ("9999-12-31", "0001-01-01", "9999-12-31T23:59", "0001-01-01T00:00", "23:59:59.999999", "2026-02-30")


def as_json():
    """Every value as it stands in a JSON body: texts, numbers bare, and other kinds of things."""
    return [json.dumps(value) for value in [*STRINGS, *TIMES, *NUMBERS, *_ENDS, *_KINDS]] + NUMBERS


def as_text():
    """Every value as it is typed into a form. A lone surrogate cannot be sent by one."""
    return [value for value in [*STRINGS, *TIMES, *NUMBERS, *_ENDS] if value.isprintable() or _encodes(value)]


def _encodes(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def sample(values, seed, share):
    """All values for a field; where a run has not the time, one, for that share of the fields. Chosen by a seed."""
    chance = random.Random(seed)
    if share is None:
        return values
    return [chance.choice(values)] if chance.random() < share else []


def digest(database):
    """Table → (rows, a sum over their whole content), inside the transaction of the test."""
    connection = database._bind
    # As the owner, who sees every row: the last caller's role still stands in the outer transaction.
    connection.execute(text("SET LOCAL ROLE NONE"))
    tables = connection.execute(
        text(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
    ).scalars()
    one = "SELECT '{0}', count(*), coalesce(sum(hashtext(t::text)), 0) FROM {0} t"
    every = " UNION ALL ".join(one.format(name) for name in tables)
    return {row[0]: tuple(row)[1:] for row in connection.execute(text(every))}


class Watch:
    """Requests that are refused leave nothing behind; those that are not are taken back."""

    def __init__(self, database):
        self.database = database
        self.statuses = {}

    def __enter__(self):
        self.before = digest(self.database)
        self.refused = []
        return self

    def tell(self, send, what, *, done=range(200, 400)):
        """Send, in a savepoint that is kept when it is refused."""
        savepoint = self.database._bind.begin_nested()
        answer = send()
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (what, answer.text[-500:])
        if answer.status_code in done:
            savepoint.rollback()
        else:
            savepoint.commit()
            self.refused.append(what)
        return answer

    def __exit__(self, kind, *_):
        if kind is None:
            after = digest(self.database)
            left = {
                name: (self.before[name], after[name]) for name in after if self.before[name] != after[name]
            }
            assert not left, (left, self.refused)

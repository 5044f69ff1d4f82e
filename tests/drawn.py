"""What a picture of a result says, read from the PNG itself."""

import struct
import zlib

import pytest
import typst

from campaign.kit.pictures import CHINESE

_THERE = {family.lower() for family in typst.Fonts().families()}
needs_letters = pytest.mark.skipif(
    not _THERE & {family.lower() for family in CHINESE}, reason="no font with Chinese letters is installed"
)


def drawn_words(picture: bytes) -> list[str]:
    """A line for each word or figure, as drawn; the picture is whole and of the width that is promised."""
    found = _chunks(picture)
    width, height = struct.unpack_from(">II", found[b"IHDR"])
    assert width == 1080
    assert 900 < height < 4000
    return found[b"iTXt"].removeprefix(b"Description\0\0\0\0\0").decode().split("\n")


def after(words: list[str], label: str) -> str:
    """The line that follows a label."""
    return words[words.index(label) + 1]


def _chunks(picture: bytes) -> dict[bytes, bytes]:
    """A PNG's chunks by type, their checksums looked at."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    found: dict[bytes, bytes] = {}
    at = 8
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        body = picture[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length) == (zlib.crc32(body),)
        found.setdefault(body[:4], body[4:])
        at += 12 + length
    return found

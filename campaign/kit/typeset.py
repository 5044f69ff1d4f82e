"""Child process of kit.pictures: reads what to draw from standard input, writes a PNG to standard output.

Run by its path, alone: it imports nothing of the product. Its limits hold for whatever is drawn.
"""

import json
import resource
import struct
import sys
import zlib
from typing import Any

MEMORY = 768 * 1024 * 1024
CPU_SECONDS = 20
PIXELS_PER_INCH = 144
"""Twice the size of the document: sharp on a phone."""

NO_FONT = 3


def main() -> int:
    """Exit status 0 with the picture, NO_FONT where none of the fonts is there.

    Reads {"document": path, "told": {...}, "fonts": [family, the best first]}. The picture carries its words as
    text, as they were drawn: what bears the label <shown> in the document.
    """
    import typst  # before the limits: loading needs room of its own

    asked = json.load(sys.stdin.buffer)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    there = {family.lower() for family in typst.Fonts().families()}
    fonts = [family for family in asked["fonts"] if family.lower() in there]
    if not fonts:
        return NO_FONT
    told = json.dumps(asked["told"] | {"fonts": fonts})
    compiler = typst.Compiler(asked["document"], sys_inputs={"told": told})
    picture = compiler.compile(format="png", ppi=PIXELS_PER_INCH)
    if not isinstance(picture, bytes):
        raise TypeError("more than one page")
    words = [_text(one) for one in json.loads(compiler.query("<shown>"))]
    sys.stdout.buffer.write(_with_text(picture, "\n".join(words)))
    return 0


def _text(content: Any) -> str:
    """The words of a piece of the document."""
    if isinstance(content, list):
        return "".join(_text(one) for one in content)
    if not isinstance(content, dict):
        return ""
    if content.get("func") == "space":
        return " "
    return str(content.get("text", "")) or _text(content.get("body") or content.get("children"))


def _with_text(picture: bytes, words: str) -> bytes:
    """The PNG with a chunk of international text behind its header (PNG, 11.3.3.4)."""
    head = 8 + 25
    body = b"iTXt" + b"Description\0" + b"\0\0\0\0" + words.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:head] + chunk + picture[head:]


if __name__ == "__main__":
    sys.exit(main())

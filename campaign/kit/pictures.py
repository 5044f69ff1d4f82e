"""Pictures drawn on the server: a document of templates/pictures and what it is told, as PNG."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from campaign.kit.errors import Unavailable

CHINESE = (
    ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC")
    + ("Source Han Sans CN", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei")
    + ("Droid Sans Fallback", "Noto Serif CJK SC")
)
"""Families with Chinese letters, the best first. One of them has to be installed."""

DOCUMENTS = Path(__file__).resolve().parents[2] / "templates" / "pictures"
_CHILD = Path(__file__).with_name("typeset.py")
_CHILD_SECONDS = 20.0
_ROOM_SECONDS = 10.0
_NO_FONT = 3
# Each takes a core for half a second: more at once would only make all of them slower.
_room = threading.BoundedSemaphore(2)


class NoChineseFont(Unavailable):
    """No font with Chinese letters is installed: a picture would be rows of empty boxes."""

    code = "no_chinese_font"


def png(
    document: str,
    told: Mapping[str, Any],
    *,
    fonts: Sequence[str] = CHINESE,
    seconds: float = _CHILD_SECONDS,
) -> bytes:
    """Draw `document` with what it is told. Raises NoChineseFont, or Unavailable where there is no room or time.

    In a child that may not grow or run long. It knows no database: call it with no transaction open.
    """
    if not _room.acquire(timeout=_ROOM_SECONDS):
        raise Unavailable(retry_after=5)
    asked = {"document": str(DOCUMENTS / document), "told": told, "fonts": fonts}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(retry_after=5) from error
    finally:
        _room.release()
    if done.returncode == _NO_FONT:
        raise NoChineseFont(retry_after=3600)
    if done.returncode < 0:
        # Ended by its limits.
        raise Unavailable(retry_after=5)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode("utf-8", "replace")[-2000:])
    return done.stdout

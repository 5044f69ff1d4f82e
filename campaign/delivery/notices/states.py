"""Kinds of channel, and the pace each may be used at. Pure."""

from datetime import timedelta
from typing import Literal

ChannelKind = Literal["dingtalk", "feishu", "wecom", "mail"]
CHANNEL_KINDS: tuple[ChannelKind, ...] = ("dingtalk", "feishu", "wecom", "mail")
ROBOTS: frozenset[ChannelKind] = frozenset(("dingtalk", "feishu", "wecom"))
SIGNED: frozenset[ChannelKind] = frozenset(("dingtalk", "feishu"))
"""Robots that take a signing secret; WeCom's key lies in its address."""

PACE: dict[ChannelKind, timedelta] = {
    # DingTalk and WeCom take 20 messages a minute from a robot.
    "dingtalk": timedelta(seconds=3),
    "wecom": timedelta(seconds=3),
    # Feishu takes five a second and a hundred a minute.
    "feishu": timedelta(seconds=1),
    "mail": timedelta(milliseconds=200),
}

IN_ONE_MESSAGE: dict[ChannelKind, int] = {"dingtalk": 8, "wecom": 8, "feishu": 8, "mail": 1}
"""Notices that wait together go out together: forty shows that start at eight are not forty messages."""

LARGEST_TEXT: dict[ChannelKind, int] = {"dingtalk": 15_000, "wecom": 2_048, "feishu": 15_000, "mail": 100_000}
"""Bytes of UTF-8 in one message."""

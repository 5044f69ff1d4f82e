"""People's data is dropped at the door (PIPL): names, phones, addresses, messages. Pure."""

import hmac
import re
from functools import lru_cache
from typing import Any

from campaign.kit.sealing import derive
from campaign.sales.events import TYPES

_PERSONAL = re.compile(
    r"(buyer|receiver|recipient|consignee|customer|user)_?(name|nick|phone|tel|mobile|address|info|message|id)?\Z"
    r"|.*(phone|mobile|telephone|address|id_?card|e_?mail|wechat|passport)"
    r"|(full_?name|nick_?name|message|remark|buyer_words|seller_words|province|city|district|street|post_?code)\Z"
)

_FLAT = frozenset((str, int, float, bool, type(None)))
_IMPERSONAL = frozenset(name for kind in TYPES.values() for name in kind.__struct_encode_fields__)
"""The fields we understand: none of them tells of a person (a test holds them against the pattern)."""


def scrubbed(value: Any) -> Any:
    """The value without every member that tells of a person, at any depth."""
    if type(value) is dict and _FLAT.issuperset(map(type, value.values())):
        if _IMPERSONAL.issuperset(value):
            return value.copy()
        return {name: inner for name, inner in value.items() if not _is_personal(name)}
    if isinstance(value, dict):
        return {name: scrubbed(inner) for name, inner in value.items() if not _is_personal(name)}
    if isinstance(value, list):
        return [scrubbed(inner) for inner in value]
    return value


@lru_cache(maxsize=4096)
def _is_personal(name: str) -> bool:
    lowered = name.lower()
    return lowered != "buyer_hash" and _PERSONAL.match(lowered) is not None


def salted(buyer: str, salt: bytes) -> str:
    """A buyer's mark under the hub's salt: equal buyers stay equal, and nobody else can tell who."""
    return hmac.digest(salt, buyer.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def salt_of(secret_key: bytes) -> bytes:
    """The installation's one salt for buyers: the same buyer gives the same hash in every shop and file."""
    return derive(secret_key, "buyer")

"""One example of `data` for each shape: leather of Xinji, as a receiver would read it."""

from typing import Any

_SESSION: dict[str, Any] = {
    "id": "ses_0cna3k7v200dw",
    "title": "皮衣返场",
    "state": "offered",
    "version": 2,
    "studio": {"id": "std_0cna3k7tm0001", "name": "直播间 A"},
    "starts_at": "2026-11-11T12:00:00Z",
    "ends_at": "2026-11-11T16:00:00Z",
    "actual_starts_at": None,
    "actual_ends_at": None,
    "answer_by": "2026-11-10T04:00:00Z",
    "cancel_code": None,
    "brands": [{"id": "brd_0cna3k7tq001h", "name": "束兰皮业"}],
    "channels": [{"platform": "douyin", "account": "束兰皮业旗舰店", "room_ids": ["7326112430000000045"]}],
    "hosts": [{"name": "南星", "role": "host"}],
    "lineup": [{"position": 1, "sku": "XJ101", "name": "女士羊皮机车夹克"}],
}
_PERSON = {
    "id": "ptc_0cna3k7v300dx",
    "host_id": "hst_0cna3k7tt001y",
    "name": "南星",
    "role": "host",
    "from": "2026-11-11T12:00:00Z",
    "to": "2026-11-11T16:00:00Z",
    "acceptance": "asked",
    "reason": "",
}
_TOTALS = {
    "currency": "CNY",
    "placed_gmv_fen": 13_988_000,
    "paid_gmv_fen": 12_735_300,
    "refund_fen": 1_299_000,
    "net_gmv_fen": 11_436_300,
    "lines": 98,
    "units": 104,
    "maturing": True,
}


def of_session(seq: int = 1, /, state: str = "offered", **more: Any) -> dict[str, Any]:
    """`data` of a fact of a session in that state, with what the type adds."""
    answered = "asked" if state == "offered" else "accepted"
    live = {"actual_starts_at": "2026-11-11T12:01:00Z"} if state in ("live", "ended") else {}
    over = {"actual_ends_at": "2026-11-11T15:58:00Z"} if state == "ended" else {}
    session = _SESSION | {"state": state, "version": seq + 1} | live | over
    people = [_PERSON | {"acceptance": answered}]
    return {"session_id": _SESSION["id"], "seq": seq, "session": session, "participants": people} | more


def countered() -> dict[str, Any]:
    """An hour later was proposed."""
    later = {"starts_at": "2026-11-11T13:00:00Z", "ends_at": "2026-11-11T17:00:00Z"}
    proposal = {"id": "prp_0cna3k7v400dy", "kind": "time"} | later
    return of_session(2, proposal=proposal, reason="主播 20:30 才能到")


def cancelled() -> dict[str, Any]:
    """Called off, with its code and reason."""
    data = of_session(4, "cancelled", code="stock", reason="样衣未到")
    return data | {"session": data["session"] | {"cancel_code": "stock"}}


def released() -> dict[str, Any]:
    """A week in which one session is new, one was moved and one was given to somebody else's host."""
    new = {name: _SESSION[name] for name in ("id", "title", "version", "state", "starts_at", "ends_at")}
    new |= {name: _SESSION[name] for name in ("studio", "answer_by", "cancel_code")}
    new |= {"what": "added", "changed": [], "was_starts_at": None, "participants": [_PERSON]}
    moved = new | {
        "id": "ses_0cna3k7v200dz",
        "title": "羊皮专场",
        "what": "changed",
        "changed": ["moved", "longer"],
    }
    moved |= {"was_starts_at": "2026-11-12T12:00:00Z"}
    moved |= {"starts_at": "2026-11-12T11:00:00Z", "ends_at": "2026-11-12T16:00:00Z"}
    gone = {"id": "ses_0cna3k7v200e1", "title": "清仓", "version": 5, "what": "parted", "state": "parted"}
    days = {"first_day": "2026-11-09", "last_day": "2026-11-15"}
    return {"release_id": "pln_0cna3k7v500dy", **days, "sessions": [new, moved, gone]}


def sold(*, maturing: bool) -> dict[str, Any]:
    """Figures of a session, for the agency whose hosts sold."""
    return {
        "session_id": _SESSION["id"],
        "seq": 9,
        "version": 31,
        "as_of": "2026-11-11T16:05:00Z",
        "totals": [_TOTALS | {"maturing": maturing}],
    }

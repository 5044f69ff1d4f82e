"""What the database holds of sessions, put beside what the oracle says they are."""

from tests.oracle.shows import CORRECTS, FOLLOWS

_SESSIONS = """
    SELECT id, state, version, starts_at, ends_at, studio_id, hold_until, offer_deadline_at, actual_starts_at,
           actual_ends_at, last_sign_at, agency_ids FROM live_session WHERE id = ANY (:ids)
"""
_PEOPLE = """
    SELECT session_id, host_id, starts_at, ends_at, acceptance, arrived_at IS NOT NULL
    FROM participant WHERE session_id = ANY (:ids)
"""
_CLAIMS = """
    SELECT c.session_id, r.kind, coalesce(r.studio_id, r.host_id, r.platform_account_id), c.starts_at, c.ends_at,
           CASE WHEN s.state <> 'cancelled' THEN c.expires_at END
    FROM claim c JOIN resource r ON r.id = c.resource_id JOIN live_session s ON s.id = c.session_id
    WHERE c.session_id = ANY (:ids) ORDER BY 1, 2, 3, 4
"""
_EVENTS = "SELECT session_id, type FROM outbox_event WHERE session_id = ANY (:ids) ORDER BY session_id, seq"
_HISTORY = """
    SELECT session_id, version, verb, from_state, to_state FROM session_history
    WHERE session_id = ANY (:ids) ORDER BY session_id, version
"""


def _empty():
    return {"people": set(), "claims": [], "events": []}


def _expected(show):
    return {
        "id": show.id,
        "state": show.state,
        "version": show.version,
        "starts_at": show.lo,
        "ends_at": show.hi,
        "studio_id": show.studio,
        "hold_until": show.hold,
        "offer_deadline_at": show.deadline,
        "actual_starts_at": show.began,
        "actual_ends_at": show.ended,
        "last_sign_at": show.sign,
        "agency_ids": sorted(show.told),
        "people": {(who.host, who.lo, who.hi, who.answer, who.here) for who in show.people},
        "claims": [(*claim, show.hold) for claim in sorted(show.claims)],
        "events": show.events,
    }


def compare(rows, shows):
    """Sessions, people, claims, events and history, each as it should be. rows(statement, **values) reads."""
    ids = list(shows)
    stands = {one: _empty() for one in ids}
    for row in rows(_SESSIONS, ids=ids):
        stands[row.id] |= row._asdict()
    for row in rows(_PEOPLE, ids=ids):
        stands[row.session_id]["people"].add(tuple(row)[1:])
    for row in rows(_CLAIMS, ids=ids):
        stands[row.session_id]["claims"].append(tuple(row)[1:])
    for row in rows(_EVENTS, ids=ids):
        stands[row.session_id]["events"].append(row.type)
    for show in shows.values():
        assert stands[show.id] == _expected(show), (stands[show.id], _expected(show))
    _history_is_whole(rows(_HISTORY, ids=ids), shows)
    assert not rows("SELECT id FROM alert WHERE kind = 'clock_stuck'")


def _history_is_whole(history, shows):
    """Versions without a gap, each from the state before, by a step the domain knows."""
    last = {}
    for row in history:
        version, state = last.get(row.session_id, (0, None))
        assert (row.version, row.from_state) == (version + 1, state), row
        if row.verb == "correct":
            assert row.to_state in CORRECTS[row.from_state], row
        else:
            assert (state, row.to_state) in FOLLOWS or state == row.to_state, row
        last[row.session_id] = (row.version, row.to_state)
    assert last == {show.id: (show.version, show.state) for show in shows.values()}

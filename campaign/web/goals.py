"""A campaign's targets as rows of a page. Pure."""

from typing import Any

from campaign.insight.progress import Progress


def goal_rows(progress: Progress) -> list[tuple[str, int, int, Any]]:
    """(code, done, target, pace) of the money targets that are set, then (code, planned, target, None) of the rest."""
    goal, planned = progress.goal, progress.planned
    rows: list[tuple[str, int, int, Any]] = []
    for code, pace in (("paid", progress.paid), ("net", progress.net)):
        if pace is not None:
            rows.append((code, pace.actual_fen, pace.target_fen, pace))
    if goal.sessions:
        rows.append(("sessions", planned.sessions, goal.sessions, None))
    if goal.hours:
        rows.append(("hours", planned.minutes, goal.hours * 60, None))
    return rows

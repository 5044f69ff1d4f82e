"""The one table of periodic jobs: task name → seconds between turns. Each sweeps for its own work."""

PERIODIC: dict[str, float] = {
    "live.tick": 0.5,  # what time decides: ready, no-show, inferred end, deadlines, lapsing holds; within 2 s
    "live.waiting": 10.0,  # freed places to the next on the waiting list
    "live.clashes": 60.0,  # sessions booked in a leave or closure, and those set right
    "sales.fold": 5.0,  # changes whose nudge was lost
    "sales.reattribute": 15.0,  # lines of sessions, shops, products and return windows that changed
    "sales.tell": 20.0,  # agencies, of what their hosts' shifts sold: at most once a minute per session
    "sales.watch": 30.0,  # shows on air that sell nothing, are refunded in a rush, or are told of late
    "sales.finish": 900.0,  # sessions whose every line is past its returns: final, or final anew
    "sales.mend": 120.0,  # sums against their lines: a session that has ended, each night all that changed
    "sales.sweep": 3600.0,  # days of the raw log made 30 ahead
    "sales.project": 10.0,  # live figures whose version in Redis is older than in SQL
    "connectors.pull": 15.0,  # accounts whose listing is due, or that have details to ask for
    "connectors.carry": 10.0,  # files of sales whose carrier died, or whose nudge was lost
    "delivery.sweep": 30.0,  # deliveries whose endpoint paused or left, the sender woken
    "delivery.troubles": 300.0,  # endpoints that fail for a day, for three, or gave something up
    "delivery.partitions": 3600.0,  # days made 30 ahead, old ones dropped
    "notices.remind": 10.0,  # reminders, deadlines, arrivals, who is off air
    "notices.summaries": 20.0,  # summaries that are sent by themselves, when they are due
    "notices.sweep": 60.0,  # notices whose channel paused or left, or that nobody needs any more
    "accounts.tidy": 600.0,  # sign-ins and idempotency keys past their time
}

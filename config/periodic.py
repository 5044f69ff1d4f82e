"""The one table of periodic jobs: task name → seconds between turns. Each sweeps for its own work."""

PERIODIC: dict[str, float] = {
    "live.tick": 5.0,  # what time decides: ready, no-show, inferred end, deadlines, lapsing holds
    "sales.fold": 5.0,  # changes whose nudge was lost
    "sales.project": 10.0,  # live figures whose version in Redis is older than in SQL
    "delivery.sweep": 30.0,  # partitions made ahead, leases that ran out
    "accounts.tidy": 600.0,  # sign-ins and idempotency keys past their time
}

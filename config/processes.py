"""The processes the product consists of, as arguments of the Python that runs them. Compose runs the same."""

STOP_SECONDS = 2
"""What each gets to finish what it does; whatever is cut off is taken up again from SQL."""


def web(host: str, port: int, workers: int) -> list[str]:
    """Pages and API. Threads may outnumber the pool's connections: most wait for a client, or for a commit that
    they share. More than pushes may hold (campaign.sales.intake.MOST_INSIDE): the rest are for pages.
    """
    return [
        *("-m", "granian", "--interface", "wsgi", "--factory", "campaign.app:create_app"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", "96", "--no-ws"),
        # Without it an open event stream keeps the process from ending.
        *("--workers-kill-timeout", f"{STOP_SECONDS - 1}s"),
    ]


def worker(concurrency: int = 2) -> list[str]:
    """Celery's tasks. Nobody listens to its gossip, and mingling delays the start by a second."""
    return [
        *("-m", "celery", "-A", "workers.app", "worker", "--concurrency", str(concurrency)),
        *("--without-gossip", "--without-mingle", "--loglevel", "warning"),
    ]


def clock() -> list[str]:
    """Celery beat: sends what config.periodic names. Two at once would be harmless."""
    return ["-m", "celery", "-A", "workers.clock", "beat", "--pidfile=", "--loglevel", "warning"]


def sender(*drain: str) -> list[str]:
    """Webhooks out. At a stop calls under way may take their time, unless `--drain SECONDS` gives less."""
    return ["-m", "campaign", "sender", *drain]

"""What each role may do: one table, deny by default. Which rows it may do it to is for queries and RLS."""

from campaign.kit.actor import Actor

_HUB = {"admin", "hub:manager", "hub:scheduler", "hub:viewer"}
_PLAN = {"admin", "hub:manager", "hub:scheduler"}
_MANAGE = {"admin", "hub:manager"}

PERMISSIONS: dict[str, frozenset[str]] = {
    name: frozenset(who)
    for name, who in {
        # parties and catalogue
        "parties.read": _HUB,
        "parties.write": _PLAN,
        "brands.read": _HUB | {"brand"},
        "agencies.read": _HUB | {"agency"},
        "hosts.read": _HUB | {"agency"},
        "products.read": _HUB | {"brand"},
        "campaigns.read": _HUB | {"brand", "agency"},
        "availability.read": _HUB | {"agency", "host"},
        "availability.write": _PLAN | {"agency", "host"},
        "rules.read": _HUB,
        "rules.write": _MANAGE,
        # sessions
        "sessions.read": _HUB | {"brand", "agency", "host"},
        "sessions.plan": _PLAN,
        "sessions.check": _HUB,
        "sessions.answer": _PLAN | {"agency", "host"},
        "sessions.counter": _PLAN | {"agency"},
        "sessions.run": _PLAN | {"host"},
        "sessions.correct": _PLAN,
        "calendars.share": _PLAN,
        "calendars.own": {"brand", "agency"},
        "plans.read": _HUB,
        "plans.write": _PLAN,
        "series.read": _HUB,
        "waiting.read": _HUB,
        "waiting.write": _PLAN,
        # sales
        "sales.read": _HUB | {"brand", "agency", "host"},
        "summary.read": _HUB | {"brand"},
        "summary.share": _PLAN,
        "summary.share_own": {"brand"},
        "shares.write": _PLAN | {"brand"},
        "summary.send": _MANAGE | {"brand"},
        "months.freeze": _MANAGE,
        "rankings.read": _HUB,
        "sales.live": _HUB | {"brand"},
        "sales.assign": _PLAN,
        "sales.ingest": {"connector"},
        "imports.read": _HUB,
        "imports.write": _PLAN,
        "exports.read": _HUB,
        "connectors.read": _HUB,
        "connectors.write": _MANAGE,
        # what leaves the house
        "endpoints.read": _HUB | {"agency"},
        "endpoints.write": _MANAGE | {"agency"},
        "deliveries.read": _HUB | {"agency"},
        "deliveries.resend": _MANAGE | {"agency"},
        "events.read": _HUB | {"agency"},
        # notices to people
        "notices.read": _HUB | {"brand", "agency", "host"},
        "notices.acknowledge": _PLAN | {"brand", "agency", "host"},
        "alerts.write": _PLAN,
        "channels.read": _HUB | {"brand", "agency"},
        "channels.write": _MANAGE | {"brand", "agency"},
        # the house itself
        "audit.read": {"admin", "hub:manager"},
        "accounts.write": {"admin"},
        # pages every signed-in user has
        "home": _HUB | {"brand", "agency", "host"},
        "hub.pages": _HUB,
        "brand.pages": {"brand"},
        "agency.pages": {"agency"},
        "host.pages": {"host"},
    }.items()
}


def allows(actor: Actor, permission: str) -> bool:
    """Whether the actor's role has the permission. An unknown permission is a fault in our code: KeyError."""
    if actor.role == "system":
        return True
    name = f"hub:{actor.hub_role}" if actor.role == "hub" else actor.role
    return name in PERMISSIONS[permission]

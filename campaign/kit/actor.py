"""Who acts. Every query and action takes one; the database scopes rows by it too."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["admin", "hub", "brand", "agency", "host", "connector", "system"]
ROLES: tuple[Role, ...] = ("admin", "hub", "brand", "agency", "host", "connector")


@dataclass(frozen=True)
class Actor:
    """A role with its scope. `kind` tells how it came in; `id` is the user's or key's id."""

    kind: Literal["user", "key", "link", "system"]
    role: Role
    id: int | None = None
    name: str = ""
    hub_role: Literal["manager", "scheduler", "viewer"] | None = None
    brand_id: int | None = None
    agency_id: int | None = None
    host_id: int | None = None
    connector_id: int | None = None
    shop_ids: tuple[int, ...] = ()

    @property
    def is_hub(self) -> bool:
        """Sees the whole house: hub staff, admin, and the system itself."""
        return self.role in ("admin", "hub", "system")


SYSTEM = Actor(kind="system", role="system", name="system")

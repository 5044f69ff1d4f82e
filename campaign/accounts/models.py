"""Rows of accounts. Secrets are stored as hashes, or sealed where they must be read again."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class User(Base):
    __tablename__ = "app_user"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="zh_CN")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Membership(Base):
    """A user's role with exactly the scope it means (CHECK membership_scope)."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("app_user.id"))
    role: Mapped[str]
    hub_role: Mapped[str | None]
    brand_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("brand.id"))
    agency_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agency.id"))
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))


class SignIn(Base):
    """A signed-in browser, kept on the server so that it can be revoked."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    token_hash: Mapped[bytes]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("app_user.id"))
    membership_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("membership.id"))
    user_agent: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Connector(Base):
    """A machine that pushes sales. No shop_ids: it may push for any shop."""

    __tablename__ = "connector"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    kind: Mapped[str] = mapped_column(default="push")
    name: Mapped[str]
    shop_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    push_from: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    secret_sealed: Mapped[bytes]
    previous_sealed: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    rev: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class ApiKey(Base):
    """A bearer key; only its SHA-256 is kept. The key has 256 random bits, so a plain hash is enough."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    key_hash: Mapped[bytes]
    role: Mapped[str]
    hub_role: Mapped[str | None]
    brand_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("brand.id"))
    agency_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agency.id"))
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    connector_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("connector.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    revoked_at: Mapped[datetime | None]


class Idempotency(Base):
    """The first answer to a POST with an Idempotency-Key, kept 24 h. `digest` is of method, path and body."""

    __tablename__ = "idempotency"

    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())

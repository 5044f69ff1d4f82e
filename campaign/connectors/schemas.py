"""What is given of a connector, by API and by form."""

from typing import Annotated, Literal

from pydantic import Field

from campaign.kit.fields import Name, ShopId, Strict

Credential = Annotated[str, Field(min_length=1, max_length=200)]
Token = Annotated[str, Field(max_length=1000)]
Address = Annotated[str, Field(min_length=1, max_length=500)]


class CredentialsIn(Strict):
    """What the platform gave the account; sealed at rest and never shown again.

    With an access or refresh token the platform is asked for the detail of what it pushes, at base_url. Left out that
    stays as it is; null: at the platform's own address, as from the first.
    """

    app_key: Credential
    app_secret: Credential
    access_token: Token = ""
    refresh_token: Token = ""
    shop_cipher: Token = ""
    base_url: Address | None = None


class ConnectorIn(Strict):
    """No shop_ids: it may push for any shop. A platform's account needs app_key and app_secret, a push has none.

    With an access or refresh token the platform is asked for the detail of what it pushes.
    """

    kind: Literal["push", "tiktok_shop", "douyin"] = "push"
    name: Name
    app_key: Credential | None = None
    app_secret: Credential | None = None
    access_token: Token = ""
    refresh_token: Token = ""
    shop_cipher: Token = ""
    base_url: Address | None = None
    shop_ids: Annotated[list[ShopId], Field(max_length=500)] = Field(default_factory=list)


class ConnectorChangeIn(Strict):
    """push_from: the address ranges that a platform's account may push from (203.0.113.0/24); none: any."""

    push_from: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=100)]


ACCOUNT_FIELDS = tuple(CredentialsIn.model_fields)

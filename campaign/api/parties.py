"""Parties and catalogue: one set of routes per kind, all with the same manners."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel, create_model
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.catalog import products
from campaign.catalog import schemas as catalog
from campaign.catalog.models import PlatformAccount, Product
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.insight.usage import refuse_in_use
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.parties import actions, queries, schemas
from campaign.parties.models import Agency, Brand, Host, Party, Shop, Studio
from campaign.schedule.crew_schemas import CrewPoolIn, CrewPoolOut
from campaign.schedule.models import CrewPool

bp = APIBlueprint("api_parties", __name__, tag="Parties")

Row = TypeVar("Row", bound=Party)


@dataclass(frozen=True)
class Kind(Generic[Row]):
    """One kind of thing: its path, id prefix, table, shapes and who may read it."""

    path: str
    prefix: str
    model: type[Row]
    given: type[BaseModel]
    shown: type[BaseModel]
    read: str = "parties.read"
    changed: type[BaseModel] | None = None

    @property
    def name(self) -> str:
        return self.path.replace("-", "_")


KINDS: tuple[Kind[Any], ...] = (
    Kind("studios", "std", Studio, schemas.StudioIn, schemas.StudioOut),
    Kind("brands", "brd", Brand, schemas.BrandIn, schemas.BrandOut, "brands.read"),
    Kind("agencies", "agc", Agency, schemas.AgencyIn, schemas.AgencyOut, "agencies.read"),
    Kind(
        "hosts",
        "hst",
        Host,
        schemas.HostIn,
        schemas.HostOut,
        "hosts.read",
        schemas.partial(schemas.HostChange),
    ),
    Kind("shops", "shp", Shop, schemas.ShopIn, schemas.ShopOut),
    Kind("products", "prd", Product, catalog.ProductIn, catalog.ProductOut, "products.read"),
    Kind("platform-accounts", "acc", PlatformAccount, catalog.AccountIn, catalog.AccountOut),
    Kind("crew-pools", "crw", CrewPool, CrewPoolIn, CrewPoolOut),
)


def _routes(kind: Kind[Any]) -> None:
    listed = create_model(
        kind.shown.__name__.replace("Out", "List"),
        items=cast(Any, (list.__class_getitem__(kind.shown), ...)),
        next_cursor=(str | None, None),
    )
    changed = kind.changed or schemas.partial(kind.given)

    def show(row: Party, status: int = 200) -> Answer:
        headers = {"ETag": etag(row.rev)}
        if status == 201:
            headers["Location"] = url_for(f"api_parties.get_{kind.name}", thing_id=_written(kind, row))
        return Answer(kind.shown.model_validate(row), status, headers)

    @reads(kind.read, query=ListQuery, answer=listed)
    def page(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
        found = queries.page_of(
            db, actor, kind.model, limit=query.limit, cursor=query.cursor, updated_since=query.updated_since
        )
        return listed(
            items=[kind.shown.model_validate(row) for row in found.items], next_cursor=found.next_cursor
        )

    @writes("parties.write", body=kind.given, answer=kind.shown, status=201)
    def add(*, db: Session, actor: Actor, body: Any) -> Answer:
        if isinstance(body, schemas.HostIn):
            return show(actions.add_host(db, actor, body), 201)
        # Not model_dump(): that would write ids as the outside sees them.
        given = {name: getattr(body, name) for name in type(body).model_fields}
        return show(actions.add(db, actor, kind.model(**given)), 201)

    @reads(kind.read, answer=kind.shown)
    def get(*, db: Session, actor: Actor, thing_id: str) -> Answer:
        return show(queries.get(db, actor, kind.model, read_id(kind.prefix, thing_id)))

    @writes("parties.write", body=changed, answer=kind.shown)
    def change(*, db: Session, actor: Actor, thing_id: str, body: Any) -> Answer:
        row = queries.get(db, actor, kind.model, read_id(kind.prefix, thing_id))
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        if isinstance(row, Product):
            products.change_product(db, actor, row, changes, expected_rev=expected_version())
        else:
            actions.change(db, actor, row, changes, expected_rev=expected_version())
        return show(row)

    @writes("parties.write", status=204)
    def archive(*, db: Session, actor: Actor, thing_id: str) -> Response:
        row = queries.get(db, actor, kind.model, read_id(kind.prefix, thing_id))
        refuse_in_use(db, actor, row)
        actions.archive(db, actor, row, expected_rev=expected_version())
        return Response(status=204)

    one = f"/{kind.path}/<thing_id>"
    bp.get(f"/{kind.path}", endpoint=f"list_{kind.name}")(page)
    bp.post(f"/{kind.path}", endpoint=f"add_{kind.name}")(add)
    bp.get(one, endpoint=f"get_{kind.name}")(get)
    bp.patch(one, endpoint=f"change_{kind.name}")(change)
    bp.delete(one, endpoint=f"archive_{kind.name}")(archive)


def _written(kind: Kind[Any], row: Party) -> str:
    shown: dict[str, Any] = kind.shown.model_validate(row).model_dump()
    return str(shown["id"])


for _kind in KINDS:
    _routes(_kind)


def _contracts(db: Session, actor: Actor, host_id: int) -> schemas.ContractsOut:
    return schemas.ContractsOut(
        items=[
            schemas.ContractOut(
                agency_id=row.agency_id,
                starts_on=row.during.lower,
                ends_on=row.during.upper,
                exclusive=row.exclusive,
            )
            for row in queries.contracts_of(db, actor, host_id)
            if row.during.lower is not None
        ]
    )


@bp.get("/hosts/<host_id>/contracts")
@reads("hosts.read", answer=schemas.ContractsOut)
def get_contracts(*, db: Session, actor: Actor, host_id: str) -> BaseModel:
    """A host's contracts by their start."""
    return _contracts(db, actor, read_id("hst", host_id))


@bp.put("/hosts/<host_id>/contracts")
@writes("parties.write", body=schemas.ContractsIn, answer=schemas.ContractsOut)
def put_contracts(*, db: Session, actor: Actor, host_id: str, body: schemas.ContractsIn) -> BaseModel:
    """Replace them all."""
    host = queries.get(db, actor, Host, read_id("hst", host_id))
    actions.set_contracts(db, actor, host, body.items)
    return _contracts(db, actor, host.id)


@bp.get("/hosts/<host_id>/aliases")
@reads("parties.read", answer=schemas.AliasesOut)
def get_aliases(*, db: Session, actor: Actor, host_id: str) -> BaseModel:
    """The other names a host goes by: sheets find it by them."""
    host = queries.get(db, actor, Host, read_id("hst", host_id))
    return schemas.AliasesOut(items=queries.aliases_of(db, actor, [host.id])[host.id])


@bp.put("/hosts/<host_id>/aliases")
@writes("parties.write", body=schemas.AliasesIn, answer=schemas.AliasesOut)
def put_aliases(*, db: Session, actor: Actor, host_id: str, body: schemas.AliasesIn) -> BaseModel:
    """Replace them all."""
    host = queries.get(db, actor, Host, read_id("hst", host_id))
    actions.set_aliases(db, actor, host, body.items)
    return schemas.AliasesOut(items=queries.aliases_of(db, actor, [host.id])[host.id])


@bp.get("/products/<product_id>/brands")
@reads("parties.read", answer=catalog.StretchesOut)
def get_product_brands(*, db: Session, actor: Actor, product_id: str) -> BaseModel:
    """Whose a product was and is, oldest first."""
    row = queries.get(db, actor, Product, read_id("prd", product_id))
    return _brands(db, actor, row)


@bp.put("/products/<product_id>/brands")
@writes("parties.write", body=catalog.StretchesIn, answer=catalog.StretchesOut)
def put_product_brands(*, db: Session, actor: Actor, product_id: str, body: catalog.StretchesIn) -> BaseModel:
    """Replace them all. What was sold on days that are another brand's now is counted there soon after."""
    row = queries.get(db, actor, Product, read_id("prd", product_id))
    products.set_stretches(db, actor, row, body.items, expected_rev=expected_version())
    return _brands(db, actor, row)


def _brands(db: Session, actor: Actor, row: Product) -> catalog.StretchesOut:
    found = products.stretches_of(db, actor, row)
    return catalog.StretchesOut(items=[catalog.StretchOut.model_validate(one) for one in found])

"""Forms: what was typed becomes a schema's value, or faults that stand beside their fields."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.gate.bodies import validated
from campaign.gate.door import mended
from campaign.gate.wording import in_words
from campaign.kit.errors import DomainError, FieldError, Invalid
from campaign.kit.numbers import whole

Model = TypeVar("Model", bound=BaseModel)
Build = Callable[["MultiDict[str, str]"], Mapping[str, Any]]

# Not part of the input: the form token, and what buttons or the page itself need.
_OURS = re.compile(r"csrf_token|_.*")


class Form(Generic[Model]):
    """One filled-in form. `value` is None while a field is at fault; texts stay as they were typed."""

    def __init__(self, typed: "MultiDict[str, str]", value: Model | None = None) -> None:
        self.typed = typed
        self.value = value
        self.errors: dict[str, list[str]] = {}
        self.faults: list[str] = []
        self.refusal: DomainError | None = None

    def text(self, name: str) -> str:
        """What stands in a field."""
        return self.typed.get(name, "")

    def texts(self, name: str) -> list[str]:
        """What stands in a field that may be there several times (ticks)."""
        return self.typed.getlist(name)

    def errors_of(self, name: str) -> list[str]:
        """Faults of one field, worded."""
        return self.errors.get(name, [])

    @property
    def status(self) -> int:
        """The status a page showing this form answers with."""
        return self.refusal.status if self.refusal else 200

    def refuse(self, error: DomainError, fields: Mapping[str, str] | None = None) -> None:
        """Show why the action was refused: by field where the error names fields, else above the form."""
        self.refusal = error
        if not isinstance(error, Invalid):
            self.faults.append(in_words(error.error_code, error.params))
            return
        for fault in error.errors:
            self._note(fault, fields or {})

    def _note(self, fault: FieldError, fields: Mapping[str, str]) -> None:
        words = in_words(fault.code, fault.params)
        name = fields.get(fault.field, fault.field)
        if name:
            self.errors.setdefault(name, []).append(words)
        else:
            self.faults.append(words)


def blank(**initial: Any) -> Form[Any]:
    """A form nobody has sent yet, with its first values; a list fills a field several times."""
    typed: MultiDict[str, str] = MultiDict()
    for name, value in initial.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None:
                typed.add(name.replace("__", "."), str(one))
    return Form(typed)


def read(
    schema: type[Model],
    typed: "MultiDict[str, str]",
    *,
    lists: Sequence[str] = (),
    build: Build | None = None,
    fields: Mapping[str, str] | None = None,
) -> Form[Model]:
    """Check what was typed. Fields left empty are left out, so that the schema's defaults hold.

    `build` turns the fields into the schema's input where they differ (a date and a time into an instant);
    it may raise Invalid. `fields` says where a fault of a schema's field is shown.
    """
    form: Form[Model] = Form(typed)
    try:
        form.value = validated(schema, (build or (lambda given: folded(given, lists)))(typed))
    except Invalid as error:
        form.refuse(error, fields)
    return form


def folded(typed: "MultiDict[str, str]", lists: Sequence[str] = ()) -> dict[str, Any]:
    """Flat names into nested values: participants.0.host_id → {"participants": [{"host_id": …}]}."""
    found: dict[str, Any] = {}
    for name, values in typed.lists():
        if _OURS.fullmatch(name):
            continue
        given = [value for value in values if value.strip()]
        if name in lists:
            found[name] = given
        elif given:
            _put(found, name.split("."), given[0])
    return {name: _unnumbered(value) for name, value in found.items()}


def columns(value: BaseModel) -> dict[str, Any]:
    """The value's fields as a row takes them. Not model_dump(): that writes ids as the outside sees them."""
    return {name: getattr(value, name) for name in type(value).model_fields}


def sent_rev(typed: "MultiDict[str, str]") -> int | None:
    """The revision of what a form was filled from: a later one refuses the change as stale."""
    return whole(typed.get("_rev"))


@contextmanager
def refusals(form: Form[Any], db: Session, fields: Mapping[str, str] | None = None) -> Iterator[None]:
    """Try an action: what it refuses is undone and noted on the form. `fields` as read() takes them."""
    try:
        with mended(), db.begin_nested():
            yield
            db.flush()
    except DomainError as error:
        if error.status >= 500:
            raise
        error.look_further(db)
        form.refuse(error, fields)


def whole_numbers(typed: Mapping[str, str], names: Iterable[str]) -> dict[str, int | str]:
    """These fields as whole numbers; what is none is left as text, for the schema to refuse."""
    given = {name: typed.get(name, "").strip() for name in names}
    return {name: text if (number := whole(text, 5)) is None else number for name, text in given.items()}


def _put(found: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = found.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        found = inner
    found[path[-1]] = value


def _unnumbered(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _unnumbered(one) for key, one in value.items()}
    if inner and all(whole(key) is not None for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner

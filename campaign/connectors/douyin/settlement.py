"""Douyin's settlement export: checked and kept as it is, until settlements are reckoned with.

Its header may stand in two rows, groups above names: then the data begin in the third.
"""

from datetime import datetime

from campaign.connectors.douyin.cells import Cells, RowRefused
from campaign.connectors.douyin.columns import SETTLEMENTS, normalised
from campaign.connectors.douyin.rows import Header, Kind
from campaign.connectors.reading import FileLine

_MONEY = ("amount", "platform_fee", "commission", "recruiter_fee", "spent")


def _names(groups: Header, names: Header) -> Header | None:
    """The names of the second row, where it is one: a group's own name stands over the first of its columns."""
    if len(names) != len(groups) or not any(normalised(name) == "结算金额" for name in names):
        return None
    return tuple(name.strip() or above for above, name in zip(groups, names, strict=True))


class _Row(Cells):
    """One settled line."""

    def lines(self, _exported_at: datetime) -> list[FileLine]:
        """The row, checked. Raises RowRefused."""
        self.check_width()
        order_id = self.id("order_id")
        settled_at = self.moment("settled_at")
        if settled_at is None:
            raise RowRefused("missing_value", column=self.named("settled_at"))
        amounts = [self.money(name, signed=True) for name in _MONEY]
        line_id = self.id_or_none("line_id") or order_id
        kind = self.text("kind") or ""
        # A line may be settled in parts within one second; only the amounts tell them apart.
        parts = "/".join("" if amount is None else str(amount) for amount in amounts)
        key = f"{line_id}:{settled_at:%Y%m%d%H%M%S}:{kind}:{parts}"
        return [FileLine(self.number, line_id, order_id, settled_at, None, self.raw(), record=key)]

    def moments(self) -> list[datetime]:
        """When it was settled."""
        try:
            moment = self.moment("settled_at")
        except RowRefused:
            return []
        return [moment] if moment is not None else []


KIND = Kind(SETTLEMENTS, _Row, header=_names)

"""What each kind of sheet holds: its columns, the headings they go by in Chinese and English. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from campaign.connectors.reading import FileRefused

# What stands beside a heading: a note in brackets, a star for "needed", marks that cannot be seen.
_BESIDE = re.compile(r"[(\[【].*?[)\]】]|[\s*_\-:.\u200b-\u200f\ufeff]")


@dataclass(frozen=True)
class Column:
    """One field: its heading in both languages, other headings it goes by, an example for the template.

    needed: a file without it is refused. shown: stands in templates; else it is taken where a file has it.
    about: whose words explain it, when not its own field's.
    """

    field: str
    zh: str
    en: str
    also: tuple[str, ...] = ()
    needed: bool = False
    example: str = ""
    example_en: str | None = None
    shown: bool = True
    about: str = ""

    def heading(self, language: str) -> str:
        return self.en if language == "en" else self.zh

    def example_in(self, language: str) -> str:
        return self.example_en if language == "en" and self.example_en is not None else self.example


_ENGLISH = Column("name_en", "英文名", "English name", ("英文名称",), example="Example")
_PLATFORM = Column("platform", "平台", "Platform", ("渠道", "直播平台"), True, "抖音", "douyin")
_BRAND = Column("brand", "品牌", "Brand", ("品牌名称", "商家"), example="示例品牌")

KINDS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "sessions": (
            Column("id", "场次ID", "Session ID", ("场次编号",)),
            Column("title", "场次", "Title", ("标题", "场次名称", "主题"), True, "示例专场"),
            Column("studio", "直播间", "Studio", ("演播间", "演播厅"), True, "示例直播间"),
            Column(
                "starts_at", "开始时间", "Start", ("开播时间", "开始", "开播"), example="2026-11-24 20:00"
            ),
            Column("ends_at", "结束时间", "End", ("下播时间", "结束", "下播"), example="2026-11-25 02:00"),
            Column("day", "日期", "Date", ("直播日期", "开播日期"), shown=False, example="2026-11-24"),
            Column("hours", "时段", "Hours", ("时间", "时间段", "time"), shown=False, example="20:00-02:00"),
            Column("brands", "品牌", "Brands", ("商家", "brand"), True, "示例品牌"),
            Column(
                "channels",
                "平台账号",
                "Channels",
                ("平台", "账号", "渠道", "platform"),
                True,
                "抖音/800000000001",
                "douyin/800000000001",
            ),
            Column("hosts", "主播", "Hosts", ("host",), example="示例主播", about="people"),
            Column(
                "assistants",
                "副播",
                "Assistants",
                ("助播", "assistant"),
                example="示例副播@20:00-22:00",
                about="people",
            ),
            Column("influencers", "达人", "Influencers", ("influencer",), about="people"),
            Column("lineup", "排品", "Line-up", ("选品", "商品"), example="XP-001=999.00"),
            Column("crew", "共用人员", "Crew", ("支持人员",), example=""),
            Column("campaign", "活动", "Campaign"),
            Column("hold_until", "保留至", "Hold until", ("占位至",)),
            Column("notes", "备注", "Notes", ("说明",)),
            Column("override", "放行理由", "Override reason", ("例外理由",)),
        ),
        "hosts": (
            Column("name", "主播", "Host", ("名称", "姓名", "艺名", "达人", "name"), True, "示例主播"),
            _ENGLISH,
            Column("kind", "类型", "Kind", ("主播类型",), example="签约", example_en="signed"),
            Column("aliases", "别名", "Aliases", ("曾用名", "昵称", "alias"), example="小示; Nan"),
            Column("agency", "机构", "Agency", ("MCN", "MCN机构", "所属机构"), example="示例机构"),
            Column(
                "starts_on", "合同开始", "Contract from", ("签约日期", "合同开始日期"), example="2026-01-01"
            ),
            Column("ends_on", "合同结束", "Contract to", ("到期日期", "合同结束日期"), example="2027-01-01"),
            Column("exclusive", "独家", "Exclusive", ("是否独家",), example="否", example_en="no"),
        ),
        "brands": (
            Column("name", "品牌", "Brand", ("名称", "品牌名称", "商家", "name"), True, "示例品牌"),
            _ENGLISH,
            Column("return_window_days", "退货天数", "Return days", ("无理由退货天数",), example="7"),
        ),
        "agencies": (
            Column(
                "name", "机构", "Agency", ("名称", "MCN", "MCN机构", "机构名称", "name"), True, "示例机构"
            ),
            _ENGLISH,
        ),
        "studios": (
            Column("name", "直播间", "Studio", ("名称", "演播间", "演播厅", "name"), True, "示例直播间"),
            _ENGLISH,
            Column(
                "setup_minutes",
                "布置分钟",
                "Set-up minutes",
                ("布场时间", "setup"),
                example="30",
                about="minutes",
            ),
            Column(
                "teardown_minutes",
                "撤场分钟",
                "Tear-down minutes",
                ("撤场时间", "teardown"),
                example="15",
                about="minutes",
            ),
        ),
        "shops": (
            Column(
                "name", "店铺", "Shop", ("名称", "店铺名称", "name"), True, "示例旗舰店", about="shown_name"
            ),
            _PLATFORM,
            Column("external_id", "店铺ID", "Shop ID", ("店铺编号", "平台店铺ID"), True, "4463798"),
            _BRAND,
        ),
        "platform_accounts": (
            Column(
                "name",
                "账号",
                "Account",
                ("名称", "账号名称", "账号昵称", "name"),
                True,
                "示例的直播间",
                about="shown_name",
            ),
            _PLATFORM,
            Column("external_id", "达人ID", "Author ID", ("账号ID", "作者ID"), True, "800000000001"),
            Column("host", "主播", "Host", ("所属主播",), example="示例主播"),
            Column("shop", "店铺ID", "Shop ID", ("所属店铺", "店铺"), example=""),
        ),
        "products": (
            Column("brand", "品牌", "Brand", ("品牌名称", "商家"), True, "示例品牌"),
            Column("sku", "商家编码", "SKU", ("货号", "款号", "编码"), True, "XP-001"),
            Column(
                "name",
                "商品",
                "Product",
                ("名称", "商品名称", "品名", "name"),
                True,
                "绵羊皮夹克",
                about="shown_name",
            ),
            _ENGLISH,
            Column("category", "类目", "Category", ("品类", "分类"), example="夹克", example_en="Jackets"),
            Column("price", "吊牌价", "List price", ("价格", "标价", "price"), example="1,299.00"),
            Column("currency", "币种", "Currency", ("货币",), example="CNY"),
        ),
    }
)


def normalised(heading: str) -> str:
    """A heading without what differs by habit: width, case, spaces, stars, notes in brackets."""
    return _BESIDE.sub("", unicodedata.normalize("NFKC", heading).casefold())


def placed(kind: str, header: Sequence[str]) -> tuple[tuple[tuple[str, str | None], ...], Mapping[str, int]]:
    """(heading → our field or None, field → its place). Raises FileRefused: missing_columns, repeated_column."""
    known = _known(kind)
    mapping = tuple((heading, known.get(normalised(heading))) for heading in header)
    places: dict[str, int] = {}
    for at, (heading, field) in enumerate(mapping):
        if field is not None and field in places:
            raise FileRefused("repeated_column", column=heading[:60])
        if field is not None:
            places[field] = at
    missing = [f"{one.zh} / {one.en}" for one in KINDS[kind] if one.needed and one.field not in places]
    if missing:
        raise FileRefused("missing_columns", columns=", ".join(missing))
    return mapping, places


def _known(kind: str) -> Mapping[str, str]:
    """Normalised heading → field. A column's own headings win over what another also goes by."""
    known: dict[str, str] = {}
    for column in KINDS[kind]:
        for heading in (column.zh, column.en):
            known[normalised(heading)] = column.field
    for column in KINDS[kind]:
        for heading in (column.field, *column.also):
            known.setdefault(normalised(heading), column.field)
    return known


def shown(kind: str) -> tuple[Column, ...]:
    """The columns of templates and exports, in order."""
    return tuple(column for column in KINDS[kind] if column.shown)


def is_example(kind: str, given: Mapping[str, str]) -> bool:
    """Whether a row is the template's own, left in."""
    return any(
        given == {one.field: one.example_in(language) for one in shown(kind) if one.example_in(language)}
        for language in ("zh_CN", "en")
    )

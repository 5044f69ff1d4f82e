"""Who and what the demo shows. All names are made up."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class DemoBrand:
    """A brand with its shops (platform, the platform's shop id)."""

    name: str
    name_en: str
    shops: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DemoHost:
    """A host with its author id; `agency` is an index into AGENCIES."""

    name: str
    name_en: str
    kind: str
    agency: int | None = None


@dataclass(frozen=True)
class DemoEndpoint:
    """An address of an agency, an index into AGENCIES, and how its receiver behaves.

    gone_before: it answers 410 since so long ago. is_steady: it takes all that comes before; else some of it fails.
    """

    agency: int
    url: str
    description: str
    event_types: tuple[str, ...] = ("*",)
    gone_before: timedelta | None = None
    is_steady: bool = False


STUDIOS = (
    ("直播间 A", "Studio A"),
    ("直播间 B", "Studio B"),
    ("直播间 C", "Studio C"),
    ("直播间 D", "Studio D"),
    ("皮草展厅", "Fur Hall"),
    ("走播间", "Walking Studio"),
)

BRANDS = (
    DemoBrand("辛皮记", "Xinpi & Co", (("douyin", "4463801"), ("kuaishou", "8810021"))),
    DemoBrand("束兰皮业", "Shulan Leather", (("douyin", "4463802"),)),
    DemoBrand("冀皮坊", "Jipi Works", (("douyin", "4463803"), ("tiktok_shop", "7494000000000000003"))),
    DemoBrand("鹿皮匠", "Deerskin Atelier", (("douyin", "4463804"),)),
    DemoBrand("北疆裘革", "Beijiang Fur", (("douyin", "4463805"),)),
)

AGENCIES = (
    ("星桥传媒", "Starbridge Media"),
    ("滹沱文化", "Hutuo Culture"),
    ("南风互娱", "Southwind"),
)

ENDPOINTS = (
    DemoEndpoint(0, "https://hooks.starbridge.example/xinji", "排播系统 · Scheduling"),
    DemoEndpoint(
        0,
        "https://bi.starbridge.example/sales",
        "销售日报 · Daily sales",
        ("sales.updated", "sales.final"),
        is_steady=True,
    ),
    DemoEndpoint(
        1,
        "https://old.hutuo.example/webhook",
        "旧系统 · Old system",
        gone_before=timedelta(hours=30),
        is_steady=True,
    ),
)

HOSTS = (
    DemoHost("南星", "Nanxing", "signed", 0),
    DemoHost("小棠", "Xiaotang", "signed", 0),
    DemoHost("墨墨", "Momo", "signed", 1),
    DemoHost("七喜", "Qixi", "signed", 1),
    DemoHost("老皮匠", "Old Tanner", "in_house"),
    DemoHost("阿瑞", "A Rui", "in_house"),
    DemoHost("青禾", "Qinghe", "independent"),
    DemoHost("半夏", "Banxia", "signed", 2),
)

# name, English name, category, list price in fen
GOODS = (
    ("女士羊皮机车夹克", "Women's lambskin biker jacket", "皮衣", 159900),
    ("男士牛皮翻领夹克", "Men's cowhide lapel jacket", "皮衣", 189900),
    ("双面绵羊皮大衣", "Double-faced sheepskin coat", "大衣", 369900),
    ("复古水洗皮衣", "Vintage washed leather jacket", "皮衣", 139900),
    ("真皮手提包", "Leather tote", "箱包", 69900),
    ("绒里皮靴", "Shearling-lined boots", "鞋靴", 59900),
    ("羊皮手套", "Lambskin gloves", "配件", 19900),
    ("牛皮腰带", "Cowhide belt", "配件", 15900),
)

# a season, the festival in it that is on, a group of the first brand
CAMPAIGNS = (
    ("冬季皮草季", "Winter leather season"),
    ("双十一皮草节返场", "Double 11 leather encore"),
    ("首发专场周", "Launch week"),
)

# role → address on the sign-in page; the password is made per installation
LOGINS = (
    ("admin", "admin@xinji.example", "值守管理员"),
    ("hub", "hub@xinji.example", "排期 小赵"),
    ("brand", "brand@xinji.example", "辛皮记 运营"),
    ("agency", "agency@xinji.example", "星桥 商务"),
    ("host", "host@xinji.example", "南星"),
)

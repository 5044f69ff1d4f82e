"""Words of sheets: what their columns hold, and why a file or a row of one was not taken."""

from flask_babel import lazy_gettext as _

WORDS = {
    # files
    "too_many_rows": _("A sheet holds at most %(most)s rows: split it."),
    "no_rows": _("There is no row under the header."),
    "cell_too_long": _("A workbook cannot hold so much in one cell: take CSV."),
    "rows_refused": _("Nothing was taken over: rows are refused, and the sheet goes in whole or not at all."),
    # rows
    "row_unknown_name": _("%(column)s: nothing here is called “%(value)s”."),
    "row_unknown_name_near": _("%(column)s: nothing here is called “%(value)s”. Is it %(near)s?"),
    "row_several_named": _("%(column)s: “%(value)s” can be more than one. Write the id instead: %(ids)s."),
    "row_bad_day": _("%(column)s is no date: %(value)s."),
    "row_bad_hours": _("%(column)s is no span of two clock times such as 20:00-02:00: %(value)s."),
    "row_clock_change": _(
        "%(column)s: the clocks change then, and %(value)s comes twice or never. Write it with its offset from UTC."
    ),
    "row_bad_value": _("%(column)s cannot be “%(value)s”."),
    "row_bad_choice": _("%(column)s cannot be “%(value)s”, only one of: %(allowed)s."),
    "row_too_long": _("%(column)s is too long: at most %(most)s."),
    "row_twice": _("%(column)s: the same is named twice."),
    "row_not_yes_or_no": _("%(column)s is neither yes nor no: %(value)s."),
    "row_archived": _("“%(value)s” is out of use."),
    "row_alias_of_other": _("%(column)s: another host is called “%(value)s”."),
    "row_repeated_row": _("An earlier row is about the same one."),
    "row_example_row": _("This is the example of the template."),
    "row_with_reason": _("A reason in the column “Override reason” lets it through."),
    "alias_taken": _("Another host is called “%(name)s”."),
    # verdicts
    "verdict.new": _("New"),
    "verdict.changed": _("Changed"),
    # kinds
    "sheet.sessions": _("Sessions"),
    "sheet.hosts": _("Hosts"),
    "sheet.brands": _("Brands"),
    "sheet.agencies": _("Agencies"),
    "sheet.studios": _("Studios"),
    "sheet.shops": _("Shops"),
    "sheet.platform_accounts": _("Platform accounts"),
    "sheet.products": _("Products"),
    "sheet.douyin_orders": _("Douyin order export (CSV or XLSX)"),
    "sheet.douyin_orders.short": _("Douyin orders"),
    "sheet.douyin_aftersale.short": _("Douyin after-sales"),
    "sheet.douyin_session_report": _("Douyin session report (XLSX)"),
    "sheet.douyin_session_report.short": _("Douyin session reports"),
    "sheet.douyin_settlement.short": _("Douyin settlements"),
    "sheet.douyin_aftersale": _("Douyin after-sale export (CSV or XLSX)"),
    "sheet.douyin_settlement": _("Douyin settlement export (CSV or XLSX)"),
    "sheet.reason": _("Reason it was refused"),
    "sheet.needed": _("yes"),
    # columns
    "column.id": _(
        "Filled by an export: the row is about this session. Left empty, about the one that starts there then."
    ),
    "column.title": _("What the session is called."),
    "column.studio": _("By name, English name or id."),
    "column.starts_at": _(
        "In the hub's time: 2026-11-24 20:00. Beside a date column the clock alone will do."
    ),
    "column.ends_at": _("As the start; a clock alone is the next one after it: 02:00, or 26:00."),
    "column.day": _("In place of the start: the day, with the hours in a column of their own."),
    "column.hours": _("20:00-02:00 runs past midnight, and so does 20:00-26:00."),
    "column.brands": _("One or more, separated by ; by name, English name or id."),
    "column.channels": _(
        "Platform/author id, one or more, separated by ; and room ids after #: douyin/8001 #7301."
    ),
    "column.people": _(
        "One or more, separated by ; by name, alias or id. A shift of its own: NAME@20:00-22:00."
    ),
    "column.lineup": _(
        "SKU=live price, in order, separated by ; another currency after the price: 199.00 USD."
    ),
    "column.crew": _("Shared crews, separated by ; with how many of each: NAME*2."),
    "column.campaign": _("By name or id."),
    "column.hold_until": _("A draft is held until then and lapses after it."),
    "column.notes": _("For the hub and those who take part."),
    "column.override": _("Lets through what only wants a reason; the reason is kept."),
    "column.name": _("Found again by this name, the English name or the id, and never renamed."),
    "column.shown_name": _("What it is called. Changing it here renames it."),
    "column.name_en": _("Shown to those who read English."),
    "column.kind": _("in_house, signed or independent."),
    "column.aliases": _("Other names of the host, separated by ; added to those known, none is taken away."),
    "column.agency": _("The agency the host has a contract with."),
    "column.starts_on": _("First day of the contract; left empty, today."),
    "column.ends_on": _("The day after the contract's last; left empty, until further notice."),
    "column.exclusive": _("yes: on those days the host is booked through this agency alone."),
    "column.return_window_days": _("Days in which goods may come back without a reason."),
    "column.minutes": _("Minutes the studio is taken besides the session."),
    "column.platform": _("douyin, kuaishou, taobao, wechat, tiktok_shop or other."),
    "column.external_id": _("The platform's own id. Keep the cell as text: long numbers lose digits."),
    "column.brand": _("By name, English name or id."),
    "column.host": _("By name, alias or id."),
    "column.shop": _("The platform's id of the shop, or its name."),
    "column.sku": _("Our own code, unique within the brand: rows are found again by it."),
    "column.category": _("What kind of goods it is."),
    "column.price": _("In the currency's major unit: 1,299.00."),
    "column.currency": _("An ISO code; left empty, CNY or what the product has."),
}

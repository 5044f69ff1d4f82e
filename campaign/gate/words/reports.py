"""Words of the picture of a result."""

from flask_babel import lazy_gettext as _

WORDS = {
    "no_chinese_font": _(
        "This server has no font with Chinese letters, so it draws no picture. Whoever runs it installs one"
        " (on Debian: fonts-noto-cjk)."
    ),
    "figure.per_order_fen": _("Amount per order"),
    "figure.per_buyer_fen": _("Amount per buyer"),
    "figure.per_unit_fen": _("Amount per unit"),
    "figure.viewers": _("Viewers"),
    "figure.person_times": _("Viewers (person-times)"),
    "figure.views": _("Views"),
    "figure.gpm_fen": _("GPM (paid per thousand views)"),
    "report.session": _("Session result"),
    "report.range": _("Sales result"),
    "report.products": _("Products"),
    "report.unknown": _("Not in the catalogue"),
    "report.rest": _("Other products: %(num)s"),
    "report.kept": _("Kept (final)"),
    "report.maturing": _("Maturing"),
    "report.refunded": _("Refunded"),
    "report.over_time": _("Paid amount over time"),
    "report.per_day": _("paid amount per day, top %(top)s"),
    "report.per_minutes": _("paid amount per %(minutes)s min, top %(top)s"),
    "report.others": _("and other brands: %(num)s"),
    "report.complete": _("Data complete to %(at)s"),
    "report.complete_but": _("Data complete to %(at)s; shops that have sent none: %(num)s"),
    "report.no_data": _("No shop has sent data yet."),
    "report.as_of": _("As of %(at)s"),
    "report.cohort": _("by the day of the order"),
    "report.cash": _("by the day the money moved"),
    "report.meant_paid": _("Paid amount: what buyers paid for the goods, never reduced by refunds."),
    "report.meant_net": _("Net amount: the paid amount without what was refunded."),
    "report.meant_maturing": _("Maturing: still within its time of return, so it may shrink."),
    "report.unattributed": _("Not part of it: %(amount)s that no session could be found for."),
    "report.own_shifts": _("Only what was sold in the shifts of the reader's own hosts."),
    "report.own_brand": _("Only what was sold of the reader's own brand."),
}

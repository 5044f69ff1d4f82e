"""Words of campaigns, the calendar, ranked places and the waiting list."""

from flask_babel import lazy_gettext as _

WORDS = {
    "campaign_kind.season": _("Season"),
    "campaign_kind.fair": _("Fair"),
    "campaign_kind.festival": _("Festival"),
    "campaign_kind.group": _("Brand group"),
    "campaign_not_below": _(
        "A season holds fairs and festivals, these hold brand groups: not the other way."
    ),
    "campaign_before_parent": _("The campaign above starts on %(day)s."),
    "campaign_after_parent": _("The campaign above ends on %(day)s."),
    "campaign_currency": _("The campaign above counts in %(currency)s."),
    "campaign_not_in_parent": _("The campaign above does not name all of these."),
    "campaign_leaves_child": _("“%(name)s” below would no longer fit in."),
    "campaign_without_brand": _("The campaign does not name this brand."),
    "trade_day.platform": _("Sales festival"),
    "trade_day.fair": _("Fair"),
    "trade_day.holiday": _("Holiday"),
    "trade_day.own": _("The hub's own"),
    "trade_day_unknown": _("There is no such day in that year's table."),
    "slot_prime": _("prime time"),
    "slot_part_prime": _("%(percent)s %% prime time"),
    "slot_off_prime": _("outside prime time"),
    "slot_host_sold_brand": _("sold this brand %(times)s times lately"),
    "slot_host_sold_category": _("sold such goods %(times)s times lately"),
    "slot_host_new_to_brand": _("new to this brand"),
    "slot_short_rest": _("less than %(minutes)s min of rest"),
    "slot_adjoins": _("right beside another show"),
    "slot_odd_end": _("leaves a gap too short to use"),
    "waiting.waiting": _("Waiting"),
    "waiting.offered": _("Place held"),
    "waiting.taken": _("Booked"),
    "waiting.withdrawn": _("Withdrawn"),
    "waiting.expired": _("Expired"),
    "place.open": _("Held"),
    "place.taken": _("Taken"),
    "place.passed": _("Passed up"),
    "place.expired": _("Lapsed"),
    "place.withdrawn": _("Given back"),
    "no_offer_open": _("No place is held for it any more."),
    "waiting_windows": _("At least one of the times must lie ahead and be long enough."),
    "notice.change.place_held": _(
        "A place is held for “%(title)s”: %(studio)s, %(starts_at)s, until %(until_at)s. Take it or pass."
    ),
    "notice.change.place_lapsed": _("The place held for “%(title)s” (%(starts_at)s) has lapsed."),
}

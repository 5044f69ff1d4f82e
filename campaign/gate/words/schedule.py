"""What stands in a session's way, and what its verbs refuse."""

from flask_babel import lazy_gettext as _

WORDS = {
    # hard conflicts
    "studio_overlap": _(
        "Studio %(name)s is taken by “%(title)s”, %(from)s to %(to)s (set-up and tear-down added)."
    ),
    "host_overlap": _("%(name)s is in “%(title)s”, %(from)s to %(to)s."),
    "account_overlap": _("The account %(name)s is on air in “%(title)s”, %(from)s to %(to)s."),
    "just_taken": _("Somebody else was booking the same at this moment. Try again."),
    # soft conflicts
    "needs_override": _("That is unusual. Give a reason to book it all the same."),
    "past_start": _("It starts in the past."),
    "platform_too_short": _("%(platform)s takes shows of %(minutes)s minutes or more."),
    "platform_too_long": _("%(platform)s takes shows of at most %(minutes)s minutes."),
    "platform_products": _("%(platform)s takes at most %(most)s products in one show."),
    "outside_hours": _("The hub is open from %(opens)s to %(closes)s."),
    "host_stretch": _("%(host)s would be on for %(minutes)s minutes on end; at most %(most)s are planned."),
    "host_day": _("%(host)s would work %(minutes)s minutes that day; at most %(most)s are planned."),
    "host_night": _(
        "%(host)s would rest %(minutes)s minutes between two days; at least %(least)s are planned."
    ),
    # fields
    "too_short_session": _("A session lasts at least %(minutes)s minutes."),
    "too_long_session": _("A session lasts at most %(hours)s hours."),
    "outside_session": _("The shift lies outside the session."),
    "twice": _("The same is named twice."),
    "account_of_other_platform": _("This account belongs to another platform."),
    "product_of_other_brand": _("This product's brand does not take part."),
    "brand_in_lineup": _("Products of a brand that leaves are still on the line-up."),
    "already_past": _("That time has passed."),
    "still_ahead": _("That time has not come yet."),
    "only_drafts_lapse": _("Only a draft can be held for a time."),
    "search_span": _("Search at most %(days)s days."),
    # verbs
    "nobody_to_ask": _("Nobody has to be asked: confirm it instead."),
    "must_be_asked": _("Somebody has to be asked first: offer it."),
    "nothing_to_answer": _("There is nothing for you to answer here."),
    "people_missing": _("Not everybody has agreed yet."),
    "not_while_live": _("While it is on air only room ids, line-up and end can change."),
    "too_early": _("It is too early to start: the show is more than two hours away."),
    "too_late": _("It is too late to take that back; the hub can correct it."),
    # what the clock and the platforms found
    "alert.live_unscheduled": _("On air, but not scheduled"),
    "alert.without_claims": _("On air late, and its place is booked by others"),
    "alert.clock_stuck": _("The clock gave up on this session"),
    # why it was cancelled
    "cancel.brand_request": _("The brand asked for it"),
    "cancel.host_unavailable": _("The host cannot come"),
    "cancel.studio_fault": _("Fault in the studio"),
    "cancel.goods_missing": _("Goods are missing"),
    "cancel.platform": _("The platform"),
    "cancel.weather": _("Weather"),
    "cancel.duplicate": _("Booked twice by mistake"),
    "cancel.other": _("Other reason"),
    "cancel.hold_lapsed": _("The hold ran out"),
}

"""What the rules of the schedule find, what they are called, and what their settings refuse."""

from flask_babel import lazy_gettext as _

WORDS = {
    "studio_closed": _("Studio %(name)s is closed from %(from)s to %(to)s."),
    "hub_closed": _("The hub is closed from %(from)s to %(to)s."),
    "host_away": _("%(host)s is on leave from %(from)s to %(to)s."),
    "host_unavailable": _("%(host)s does not usually work from %(from)s to %(to)s."),
    "agency_exclusive": _("%(host)s works through %(agency)s alone on that day."),
    "brand_exclusive": _("%(host)s is promised to %(brand)s and would sell for %(other)s."),
    "rival_brands": _(
        "%(brand)s and %(other)s compete, and “%(title)s” (%(from)s to %(to)s) is right beside it."
    ),
    "same_sku": _(
        "%(skus)s is also in “%(title)s” on %(platform)s, %(from)s to %(to)s: less than %(minutes)s minutes apart."
    ),
    "answer_time": _("%(host)s has to be asked, and less than %(minutes)s minutes are left to answer."),
    "crew_overlap": _("All of %(name)s are taken, by “%(title)s” (%(from)s to %(to)s) among others."),
    # what each rule is called on the settings page
    "rule.studio_overlap": _("Studio taken, set-up and tear-down added"),
    "rule.host_overlap": _("Host taken"),
    "rule.account_overlap": _("Platform account on air twice"),
    "rule.crew_overlap": _("Shared crew all taken"),
    "rule.just_taken": _("Taken at this moment"),
    "rule.studio_closed": _("Studio closed"),
    "rule.hub_closed": _("Hub closed that day"),
    "rule.outside_hours": _("Outside the hub's opening hours"),
    "rule.host_away": _("Host on leave"),
    "rule.host_unavailable": _("Outside the host's weekly hours"),
    "rule.host_stretch": _("Host too long on end"),
    "rule.host_day": _("Host too long in one day"),
    "rule.host_night": _("Too little rest between two days"),
    "rule.agency_exclusive": _("Host bound to another agency"),
    "rule.brand_exclusive": _("Host promised to another brand"),
    "rule.rival_brands": _("Competing brands back to back"),
    "rule.same_sku": _("Same SKU again on the platform"),
    "rule.platform_too_short": _("Shorter than the platform takes"),
    "rule.platform_too_long": _("Longer than the platform takes"),
    "rule.platform_products": _("More products than the platform takes"),
    "rule.answer_time": _("Little time left to answer an offer"),
    "rule.past_start": _("Start in the past"),
    "level.hard": _("Refuse"),
    "level.soft": _("Ask for a reason"),
    "level.off": _("Do not look"),
    # settings and windows
    "rule_fixed": _("The database itself refuses this: it cannot be changed."),
    "window_too_long": _("A window lasts at most %(days)s days."),
    "scope.all": _("all other brands"),
    "scope.rivals": _("brands that compete"),
    "windows_overlap": _("This overlaps another entry."),
    "pool_promised": _("More of this crew are promised already than that."),
    "more_than_the_crew": _("This crew has only %(most)s."),
    "needed_for_no_time": _("The crew must be needed before the start, during the show, or both."),
    "alert.host_away": _("A host is on leave during a booked session"),
    "alert.studio_closed": _("A studio is closed during a booked session"),
    "alert.hub_closed": _("The hub is closed during a booked session"),
    "alert.outside_hours": _("A session is booked outside the hub's opening hours"),
}

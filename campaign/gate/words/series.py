"""Series, worded: what a rule may say, and why dates are not booked."""

from flask_babel import lazy_gettext as _

WORDS = {
    "series_rule": _(
        "Not a rule that is taken: FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY or BYMONTHDAY."
    ),
    "series_end": _("Say either how many (COUNT) or until when (UNTIL)."),
    "series_empty": _("The rule has no date in that time."),
    "series_too_many": _("At most %(most)s dates at once."),
    "series_too_long": _("At most %(days)s days from the first date to the last."),
    "series_not_later": _("The series goes that far already."),
    "series_rooms": _("Room ids belong to a single date."),
    "series_refused": _("Nothing was done: some dates are not free."),
    "series_needs_reason": _("Nothing was done yet: some dates need a reason."),
    "series_no_such_date": _("The series has no such date that this could be done to."),
    "series_nothing_ahead": _("No date of the series lies ahead."),
    "series_field.title": _("title"),
    "series_field.studio_id": _("studio"),
    "series_field.brand_ids": _("brands"),
    "series_field.campaign_id": _("campaign"),
    "series_field.notes": _("notes"),
    "series_field.starts": _("start"),
    "series_field.ends": _("end"),
    "series_field.channels": _("channels"),
    "series_field.participants": _("people"),
    "series_field.lineup": _("line-up"),
    "series_field.crew": _("crew"),
    "series_repeat.daily": _("every day"),
    "series_repeat.weekly": _("every week"),
    "series_repeat.monthly": _("every month"),
}

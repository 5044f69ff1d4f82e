"""A series' rule in words."""

from flask_babel import gettext as _

from campaign.schedule.series.models import Series
from campaign.web.hub.series_form import WEEKDAYS
from campaign.web.show import weekday_name


def rule_words(series: Series) -> str:
    """FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE → every 2 weeks: Mon, Wed."""
    parts = dict(part.split("=", 1) for part in series.rule.split(";"))
    number = int(parts.get("INTERVAL", "1"))
    days = [name for name in parts.get("BYDAY", "").split(",") if name]
    if parts["FREQ"] == "DAILY":
        return str(_("every day") if number == 1 else _("every %(number)s days", number=number))
    if parts["FREQ"] == "WEEKLY":
        on = days or [WEEKDAYS[series.first_on.weekday()]]
        names = ", ".join(weekday_name(WEEKDAYS.index(name) + 1) for name in on)
        often = _("every week") if number == 1 else _("every %(number)s weeks", number=number)
        return str(_("%(often)s: %(days)s", often=often, days=names))
    on_days = ", ".join(days) or parts.get("BYMONTHDAY", str(series.first_on.day))
    often = _("every month") if number == 1 else _("every %(number)s months", number=number)
    return str(_("%(often)s: %(days)s", often=often, days=on_days))

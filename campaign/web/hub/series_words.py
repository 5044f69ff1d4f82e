"""A series' rule in words."""

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.schedule.series.models import Series
from campaign.web.hub.series_form import WEEKDAYS
from campaign.web.show import weekday_name


def rule_words(series: Series) -> str:
    """FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE → every 2 weeks: Mon, Wed."""
    parts = dict(part.split("=", 1) for part in series.rule.split(";"))
    number = int(parts.get("INTERVAL", "1"))
    days = [name for name in parts.get("BYDAY", "").split(",") if name]
    if parts["FREQ"] == "DAILY":
        return ngettext("every day", "every %(num)s days", number)
    if parts["FREQ"] == "WEEKLY":
        on = days or [WEEKDAYS[series.first_on.weekday()]]
        names = ", ".join(weekday_name(WEEKDAYS.index(name) + 1) for name in on)
        return f"{ngettext('every week', 'every %(num)s weeks', number)}{_(': ')}{names}"
    on_days = ", ".join(days) or parts.get("BYMONTHDAY", str(series.first_on.day))
    return f"{ngettext('every month', 'every %(num)s months', number)}{_(': ')}{on_days}"

"""Connectors: their kinds, and why a platform did not tell what it was asked."""

from flask_babel import lazy_gettext as _

WORDS = {
    "connector.push": _("Our own push"),
    "connector.tiktok_shop": _("TikTok Shop"),
    "connector.douyin": _("Douyin shop"),
    "ask.order": _("Order"),
    "ask.aftersale": _("After-sale case"),
    "pull_error.rate": _("The platform says it was asked too often."),
    "pull_error.token": _("The access token has ended."),
    "pull_error.refused": _("The platform refuses these credentials."),
    "pull_error.away": _("The platform does not answer."),
    "pull_error.unreadable": _("The platform's answer cannot be read."),
    "pull_error.failed": _("Something went wrong here: the reason is in the server's log."),
    "pull_error.not_there": _("The platform does not know it."),
    "pull_error.no_shop": _("It is of no shop, or of one that this account does not feed."),
    "event_elsewhere": _("It came from %(field)s, from where this account may not push."),
    "no_address_range": _("Address ranges look like 203.0.113.0/24."),
    "done.connector_test": _("The platform is being asked. Its answer appears here."),
    "done.connector_archived": _("Out of use. What it brought stays."),
    "done.connector_leave": _("Left. The data counts as complete past it."),
    "nothing_given_up": _(
        "None of it is given up: it came meanwhile, is being asked for, or was left already."
    ),
    "done.connector_again": _("It is asked for once more."),
}

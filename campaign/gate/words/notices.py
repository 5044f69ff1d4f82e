"""Notices and channels, worded. A notice is read in a chat group too: one sentence, what and when first."""

from flask_babel import lazy_gettext as _

WORDS = {
    "notice_from": _("Xinji Live"),
    "notice_group.alert": _("Alert"),
    "notice_group.arrival": _("Arrival"),
    "notice_group.deadline": _("Deadline"),
    "notice_group.reminder": _("Reminder"),
    "notice_group.change": _("Schedule change"),
    "notice_group.system": _("System"),
    "notice_group.summary": _("Summary"),
    # summaries
    "notice.summary.due": _("%(name)s, %(range)s: %(totals)s.%(brands)s As of %(as_of_at)s%(complete)s."),
    "notice.summary.late": _(
        "%(name)s, %(range)s: %(totals)s.%(brands)s Sent late, due at %(due_at)s; as of %(as_of_at)s%(complete)s."
    ),
    "summary.totals": _(
        "paid %(paid_gmv)s, refunds so far %(refund)s, net %(net_gmv)s, %(orders)s orders; %(state)s"
    ),
    "summary.maturing": _("maturing, %(maturing)s may still come back"),
    "summary.final": _("final"),
    "summary.nothing": _("nothing sold"),
    "summary.brands": _(" Most sold: %(listed)s."),
    "summary.complete": _(", data complete to %(at)s"),
    "summary.incomplete": _(", a shop has sent no data yet"),
    "every.day": _("Every day, of the day before"),
    "every.week": _("Every Monday, of the week before"),
    "every.month": _("On the first, of the month before"),
    "done.turn_add": _("It is sent from its next turn on."),
    "done.turn_change": _("It is sent so from its next turn on."),
    "done.turn_pause": _("It rests until it is taken up again."),
    "done.turn_resume": _("It goes on with its next turn."),
    "done.turn_end": _("It is sent no more."),
    # reminders
    "notice.reminder.day": _(
        "Starts within 24 hours: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    "notice.reminder.hour": _(
        "Starts within the hour: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    "notice.reminder.quarter": _(
        "Starts within 15 minutes: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    "notice.reminder.missed": _(
        "The last reminder of “%(title)s”, %(starts_at)s, was not sent: the clock stood still from"
        " %(stood_at)s, and the start had passed when it went on."
    ),
    # deadlines
    "notice.deadline.soon": _(
        "An answer is due by %(deadline_at)s: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    "notice.deadline.expired": _(
        "Nobody answered in time: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    # arrivals
    "notice.arrival.missing": _(
        "Not here at call time %(call_at)s: %(hosts)s. “%(title)s” starts at %(starts_at)s in %(studio)s."
    ),
    # changes
    "notice.change.offered": _("Offered: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."),
    "notice.change.declined": _("Declined: “%(title)s”, %(starts_at)s, %(studio)s. Reason: %(reason)s."),
    "notice.change.countered": _(
        "Another time is proposed: “%(title)s”, %(starts_at)s, %(studio)s. Reason: %(reason)s."
    ),
    "notice.change.moved": _("Moved: “%(title)s” is now at %(starts_at)s in %(studio)s."),
    "notice.change.people_changed": _(
        "People changed: “%(title)s”, %(starts_at)s, %(studio)s. Hosts: %(hosts)s."
    ),
    "notice.change.parted": _("You no longer take part in “%(title)s”."),
    "notice.change.cancelled": _("Cancelled: “%(title)s”, %(starts_at)s, %(studio)s."),
    "notice.change.no_show": _("Nobody went on air: “%(title)s”, %(starts_at)s, %(studio)s."),
    "notice.change.overrunning": _("Runs past its end %(ends_at)s: “%(title)s” in %(studio)s."),
    "notice.change.schedule_released": _("The schedule of %(days)s was released: %(sessions)s."),
    "released.added": _("new “%(title)s” %(starts_at)s %(studio)s"),
    "released.changed": _("changed (%(changed)s) “%(title)s” %(starts_at)s %(studio)s"),
    "released.cancelled": _("cancelled “%(title)s” %(starts_at)s %(studio)s"),
    "released.parted": _("no longer yours “%(title)s”"),
    "released.more": _("and %(more)s more"),
    # alerts
    "notice.alert.live_unscheduled": _("On air, but not scheduled: “%(title)s”, %(studio)s."),
    "notice.alert.live_unscheduled_nowhere": _("On air, but in no schedule: %(subject)s."),
    "notice.alert.without_claims": _(
        "On air late, and its place is booked by others: “%(title)s”, %(starts_at)s, %(studio)s."
    ),
    "notice.alert.clock_stuck": _("The clock gave up on “%(title)s”, %(starts_at)s, %(studio)s."),
    "notice.alert.off_air": _("Scheduled, but off air: “%(title)s”, %(starts_at)s, %(studio)s. %(why)s"),
    "notice.alert.host_mismatch": _(
        "Another account is on air than planned: “%(title)s”, %(studio)s. Seen: %(seen)s."
    ),
    "notice.alert.event_unusable": _("An event could not be sent to agencies: %(type)s (%(event)s)."),
    "notice.alert.no_sales": _("Nothing sold for %(minutes)s minutes: “%(title)s”, %(studio)s."),
    "notice.alert.refund_surge": _(
        "Refunds in a rush: “%(title)s”, %(studio)s. %(refunds)s came through within half an hour."
    ),
    "notice.alert.sales_late": _(
        "Sales arrive late: “%(title)s”, %(studio)s. What is known of them is %(minutes)s minutes old."
    ),
    "notice.alert.sales_drift": _(
        "Figures differed from their order lines and were set right: “%(title)s”, %(studio)s. %(figures)s figures."
    ),
    "notice.alert.sales_drift_nowhere": _(
        "Figures outside of sessions differed from their order lines and were set right"
        " (%(subject)s, %(figures)s figures)."
    ),
    "notice_why.late": _("It should have started."),
    "notice_why.silent": _("No sign of life for ten minutes."),
    "notice_why.early": _("The platform says that it is over."),
    "alert.off_air": _("Scheduled, but off air"),
    "alert.host_mismatch": _("Another account than planned"),
    "alert.event_unusable": _("An event could not be sent"),
    "alert.no_sales": _("Nothing is sold"),
    "alert.refund_surge": _("Refunds in a rush"),
    "alert.sales_late": _("Sales arrive late"),
    "alert.sales_drift": _("Figures differed from their lines"),
    # the system itself
    "notice.system.test": _("A test of the channel “%(name)s”. It works."),
    "notice.system.channel_disabled": _("The channel “%(name)s” failed for good and is switched off."),
    "notice.system.endpoint_failing": _("Webhooks to %(address)s have failed for %(hours)s hours."),
    "notice.system.endpoint_given_up": _(
        "A webhook to %(address)s was given up after its last try. It can be sent again by hand."
    ),
    "notice.system.endpoint_disabled_failing": _(
        "Webhooks to %(address)s failed for five days and are switched off."
        " Events are held until you enable them again."
    ),
    "notice.system.endpoint_disabled_gone": _(
        "%(address)s answered 410 Gone: its webhooks are switched off. Events are held until you enable them again."
    ),
    # the hub's: of its people not everybody may
    "notice.system.endpoint_disabled_failing_hub": _(
        "Webhooks to %(address)s failed for five days and are switched off."
        " Events are held until the agency or a manager of the hub enables them again."
    ),
    "notice.system.endpoint_disabled_gone_hub": _(
        "%(address)s answered 410 Gone: its webhooks are switched off."
        " Events are held until the agency or a manager of the hub enables them again."
    ),
    # channels
    "channel_kind.dingtalk": _("DingTalk group"),
    "channel_kind.feishu": _("Feishu group"),
    "channel_kind.wecom": _("WeCom group"),
    "channel_kind.mail": _("Mail"),
    "channel_not_active": _("The channel is paused or disabled. Enable it first."),
    "channel_disabled": _("The channel is switched off. Enable it first, then pause it."),
    "mail_off": _("This installation sends no mail (CAMPAIGN_MAIL_URL is not set)."),
    "no_secret_here": _("This kind of channel has no signing secret."),
    "not_your_group": _("Notices of this kind are not for your party."),
    "quiet_both": _("Quiet hours need a beginning and an end."),
    "quiet_same": _("Quiet hours must not end when they begin."),
    "language": _("There is no such language here."),
    "disabled_channel.gone": _("The robot or its group is no more, or its key was changed."),
    "disabled_channel.failing": _("Nothing was delivered for five days."),
    "delivery_error.robot_busy": _("The robot asks to wait"),
    "delivery_error.robot_gone": _("The robot is no more"),
    "delivery_error.robot_refused": _("The robot refused"),
    "delivery_error.mail_refused": _("The mail server refused"),
    "delivery_error.mail_off": _("No mail server is set"),
    "done.sales_watch": _("Saved. What stands is judged by it within half a minute."),
    "done.notices_read": _("Marked as read."),
    "done.notice_acknowledge": _("Noted that you see to it."),
    "done.alert_acknowledge": _("Noted that you see to it."),
    "done.alert_close": _("Closed."),
    "done.channel_add": _("Added. Send a test to see it arrive."),
    "done.channel_change": _("Saved."),
    "done.channel_test": _("A test is on its way."),
    "done.channel_pause": _("Paused. What comes is held."),
    "done.channel_enable": _("Enabled. What was held and still matters is on its way."),
    "done.channel_remove": _("Removed."),
}

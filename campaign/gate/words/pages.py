"""Words that only pages use: what a button did, what needs somebody, what a form's field lacks."""

from flask_babel import lazy_gettext as _

WORDS = {
    "done.offer": _("Offered. Those who must answer have been asked."),
    "done.confirm": _("Confirmed."),
    "done.accept": _("Accepted."),
    "done.decline": _("Declined. The hub has been told."),
    "done.ready": _("Marked as ready."),
    "done.arrive": _("Noted: arrived."),
    "done.start": _("On air."),
    "done.end": _("Off air."),
    "done.extend": _("Fifteen minutes longer."),
    "done.cancel": _("Cancelled. What it held is free again."),
    "done.review": _("The review is kept."),
    "done.correct": _("Corrected. Its sales are attributed again."),
    "done.undo": _("Undone."),
    "done.import": _("Taken over."),
    "done.mapping_changed": _("Kept for the shop's next files."),
    "done.mapping_forgotten": _("Forgotten: the shop's next files are read by the platform's own names."),
    "done.mapping": _("Kept for this file and the next ones of the shop."),
    "done.assigned": _("Placed. The figures follow within seconds."),
    "done.refund_assigned": _("The refund counts with its line. The figures follow within seconds."),
    "attention.person_missing": _("A host is missing"),
    "attention.offer_soon_due": _("The answer is due soon"),
    "attention.late_start": _("Should be on air"),
    "attention.not_confirmed": _("Not confirmed yet"),
    "attention.overrunning": _("Runs past its end"),
    "clock_time": _("Must be a time such as 20:00."),
    "price": _("Must be an amount such as 1,299.00."),
    "range_days": _("The range must run forwards and be at most %(most)s days long."),
}

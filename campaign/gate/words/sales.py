"""Sales: why a file, a row or an event was not taken."""

from flask_babel import lazy_gettext as _

WORDS = {
    # files
    "file_refused": _("The file cannot be imported."),
    "unknown_kind": _("There is no import of the kind %(kind)s."),
    "shop_needed": _("The file names no shop: choose the one it was exported from."),
    "other_platform": _("This kind of file is for Douyin shops; the shop chosen is on %(platform)s."),
    "wrong_shop": _(
        "%(known)s of its %(orders)s orders stand under another shop. Was the right shop chosen?"
    ),
    "missing_columns": _("Columns are missing: %(columns)s."),
    "repeated_column": _("The column %(column)s stands twice."),
    "no_export_time": _("When the file was exported is not known: give the time."),
    "exported_in_future": _("The export time lies in the future."),
    "empty_file": _("The file is empty."),
    "no_header": _("The first line names no columns."),
    "not_a_table": _("The file is neither CSV nor an Excel workbook that can be read."),
    "broken_quote": _("A quotation mark is opened and never closed."),
    "column_taken_twice": _("Two fields cannot be read from one column."),
    "unknown_column": _("“%(value)s” is no column of a file."),
    "about_people": _("“%(value)s” is about people: it is not read."),
    "too_many_columns": _("A file has not so many columns."),
    # rows of a file
    "row_ragged": _("It has %(cells)s cells, the header %(columns)s."),
    "row_missing_value": _("%(column)s is empty."),
    "row_repeated_line": _("Order line %(line_id)s stands in the file already, with other content."),
    "row_conflict": _("After-sale case %(refund_id)s was told of another order line before."),
    "row_digits_lost": _("%(column)s has lost digits in a spreadsheet. Export the file again."),
    "row_bad_id": _("%(column)s is no order or line number."),
    "row_bad_money": _("%(column)s is no amount: %(value)s."),
    "row_bad_count": _("%(column)s is no whole number: %(value)s."),
    "row_bad_time": _("%(column)s is no date and time: %(value)s."),
    "row_bad_text": _("%(column)s holds characters that cannot be stored, or too many."),
    "row_unknown_kind": _("The kind of case %(value)s is not known."),
    "row_unknown_status": _("The status %(value)s is not known."),
    "row_freight_exceeds": _("%(column)s is more than what was payable."),
    # events of a push
    "event_missing": _("%(field)s is needed."),
    "event_wrong_type": _("%(field)s has another type or an impossible value."),
    "event_not_an_object": _("This is no event."),
    "event_unstorable": _("It holds characters that cannot be stored."),
    "event_conflict": _("It was sent before with other content."),
    "event_out_of_scope": _("This connector may not push for that shop."),
    "event_malformed": _("This line is no JSON."),
    "event_too_deep": _("It nests too deep."),
    "event_too_large": _("It is too large."),
    "event_duplicate_key": _("A field stands twice."),
    "event_not_utf8": _("It is not UTF-8."),
    "batch_size": _("A batch holds 1 to %(most)s events."),
    "date_range": _("The range runs backwards or over more than %(most)s days."),
}

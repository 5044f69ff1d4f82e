"""Five-minute columns of the board as css classes, since the content policy refuses style attributes."""

SLOT_MINUTES = 5
# The longest day is that on which clocks are put back.
SLOTS = 25 * 60 // SLOT_MINUTES


def css() -> str:
    """static/css/slots.css: .s0 starts at the first column, .e300 ends after the last, .n0 has the line of now."""
    starts = "".join(f".s{slot}{{grid-column-start:{slot + 1}}}\n" for slot in range(SLOTS))
    ends = "".join(f".e{slot}{{grid-column-end:{slot + 1}}}\n" for slot in range(1, SLOTS + 1))
    nows = "".join(f".n{slot}{{--now:{slot}}}\n" for slot in range(SLOTS))
    return f"/* Made by campaign.web.slots; a test compares. */\n{starts}{ends}{nows}"

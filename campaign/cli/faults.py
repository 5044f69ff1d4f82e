"""What can go wrong before the product runs, said in a sentence the reader can act on."""


class SetupFault(Exception):
    """Set-up or start cannot go on. The message names what is wrong and what to do; no traceback is shown."""

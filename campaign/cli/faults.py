"""What ends a command, said in a sentence the reader can act on. No traceback is shown for these."""


class CommandFault(Exception):
    """The command was refused or failed: exit status 1."""


class SetupFault(CommandFault):
    """Set-up or start cannot go on; the message says what is wrong and what to do."""

"""python3 -m campaign COMMAND: makes the environment on first use, then runs the command in it."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in words before newer syntax is met
    sys.exit("Xinji Live needs Python 3.11 or newer; this is %d.%d" % sys.version_info[:2])  # noqa: UP031

from campaign.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The commands: one module each, found by its name (`python3 -m campaign reconcile` → reconcile.py).

A module holds a docstring, whose first line `--help` shows, and two functions:

    def arguments(parser: argparse.ArgumentParser) -> None:   # options; sub-verbs by parser.add_subparsers
    def run(options: argparse.Namespace) -> int:              # exit status 0 done, 1 refused or failed

`run` imports the product inside the function, so that `--help` answers at once. Usage faults end with
status 2 (argparse). Raise campaign.cli.faults.CommandFault("…") to end with status 1 and that sentence.
Database and Redis: `with campaign.cli.place.joined() as parts:` (Parts; the servers of a running `up`,
the given DATABASE_URL and REDIS_URL, or embedded ones started for the command alone).
"""

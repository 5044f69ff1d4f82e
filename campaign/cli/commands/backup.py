"""Write everything the database holds into one file, while the product runs or not.

    python3 -m campaign backup FILE [--overwrite]

What it holds is of one moment. Passwords of endpoints and robots are sealed in it: keep the secret key of the
installation (CAMPAIGN_SECRET_KEY, else secret.key in the data folder) in another place; without it they are lost.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

from campaign.cli.faults import CommandFault


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--overwrite", action="store_true", help="where FILE is there already")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.embedded import programs
    from campaign.cli.place import joined

    if options.file.exists() and not options.overwrite:
        raise CommandFault(f"{options.file} is there already (--overwrite writes over it)")
    unfinished = options.file.with_name(f"{options.file.name}.part")
    with joined() as parts:
        environ = programs.environ_of(parts.settings.database_url)
        try:
            # For the owner alone: it holds what buyers bought and what brands pay.
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            words = programs.command("pg_dump", "--format=custom", f"--file={unfinished}")
            done = subprocess.run(words, env=environ, stderr=subprocess.PIPE, check=False)
            programs.finished("pg_dump", done)
            unfinished.rename(options.file)
        except OSError as error:
            raise CommandFault(f"{options.file} cannot be written: {error.strerror}") from error
        finally:
            unfinished.unlink(missing_ok=True)
    size = options.file.stat().st_size
    said = {"file": str(options.file), "bytes": size}
    print(json.dumps(said, ensure_ascii=False) if options.json else f"{options.file}: {size:,} bytes")
    return 0

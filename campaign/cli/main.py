"""The command parser. Commands are the modules of campaign.cli.commands; see there how to add one."""

import argparse
import ast
import errno
import importlib
import sys
from pathlib import Path
from types import ModuleType

from campaign.cli.faults import CommandFault
from campaign.cli.setup import environment
from campaign.cli.setup.assets import Assets

_FOLDER = Path(__file__).parent / "commands"


def names() -> list[str]:
    """All commands, as typed."""
    return sorted(p.stem.replace("_", "-") for p in _FOLDER.glob("*.py") if p.stem != "__init__")


def main(argv: list[str]) -> int:
    """Run one command; gives its exit status: 0 done, 1 refused or failed, 2 wrongly called."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(_overview())
        return 0 if argv else 2
    if argv[0] not in names():
        sys.stderr.write(f"campaign: no command {argv[0]!r}\n\n{_overview()}")
        return 2
    try:
        return _run(argv)
    except CommandFault as fault:
        sys.stdout.flush()
        sys.stderr.write(f"{argv[0]}: {fault}\n")
        return 1
    except BrokenPipeError:
        return 1  # whoever read our output has gone
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write(f"{argv[0]}: the disk is full ({error.filename or 'while writing'})\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(argv: list[str]) -> int:
    name, rest = argv[0], argv[1:]
    wants_help = any(word in ("-h", "--help") for word in rest) and name != "test"
    if not environment.is_given() and not wants_help:
        _set_up(name, argv)
    module = importlib.import_module(f"campaign.cli.commands.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(
        prog=f"python3 -m campaign {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.arguments(parser)
    return _status(module, _parse(parser, rest, module))


def _parse(parser: argparse.ArgumentParser, rest: list[str], module: ModuleType) -> argparse.Namespace:
    """A command with PASSES_ON hands words it does not know to another program (options.passed_on)."""
    if not getattr(module, "PASSES_ON", False):
        return parser.parse_args(rest)
    options, passed_on = parser.parse_known_args(rest)
    options.passed_on = passed_on
    return options


def _status(module: ModuleType, options: argparse.Namespace) -> int:
    # Only now: `config` may be read before the environment stands, its libraries not.
    from config.settings import SettingsError

    try:
        status: int = module.run(options)
    except SettingsError as error:
        raise CommandFault("\n".join(error.faults)) from error
    return status


def _set_up(name: str, argv: list[str]) -> None:
    """Environment for every command, page assets where pages are made; returns inside the environment."""
    if environment.was_entered():
        environment.enter(argv)
        return
    dev = name == "test" or (name == "setup" and "--dev" in argv)
    assets = Assets(dev=dev) if name in ("up", "test", "setup") else None
    if assets:
        assets.begin()
    environment.make("dev" if dev else "runtime")
    if assets:
        assets.finish()
    environment.enter(argv)


def _overview() -> str:
    """Names and what they do, read from the sources: importing them may need the environment."""
    lines = ["usage: python3 -m campaign COMMAND [options]", "", "commands:"]
    for name in names():
        source = (_FOLDER / f"{name.replace('-', '_')}.py").read_text()
        doc = ast.get_docstring(ast.parse(source)) or ""
        lines.append(f"  {name:<12} {doc.splitlines()[0] if doc else ''}")
    lines += ["", "python3 -m campaign COMMAND --help tells more."]
    return "\n".join(lines) + "\n"

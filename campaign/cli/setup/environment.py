"""The virtual environment in .venv: made and filled on first use, then every command runs in it.

Runs on a bare Python, so the standard library is all there is.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from campaign.cli.faults import SetupFault
from campaign.cli.setup.console import Step

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
_STAMP = VENV / "xinji-stamp.json"
_FULL_BYTES = 10_000_000
_ROOM_BYTES = {"runtime": 400_000_000, "dev": 700_000_000}


def is_given() -> bool:
    """Whether the Python that runs has all packages already (CAMPAIGN_ENVIRONMENT=given, in images)."""
    return os.environ.get("CAMPAIGN_ENVIRONMENT") == "given"


def make(need: str) -> None:
    """Make .venv hold the packages of requirements/`need`.txt (runtime, dev), unless it does."""
    if not stands(need):
        with _alone():
            if not stands(need):
                _build(need)


def was_entered() -> bool:
    """Whether this process was started by enter(), after all set-up was done."""
    return "XINJI_ENTERED" in os.environ


def enter(argv: Sequence[str]) -> None:
    """Come back inside the environment; from outside, start `python -m campaign argv` over in it."""
    if not _inside():
        if was_entered():
            raise SetupFault(f"{VENV} is no working environment: remove it and start again")
        environ = {**with_bytecode(os.environ), "XINJI_ENTERED": "1"}
        sys.stdout.flush()
        os.execve(_python(), [str(_python()), "-m", "campaign", *argv], environ)  # noqa: S606 - no shell wanted
    os.environ.pop("XINJI_ENTERED", None)


def with_bytecode(environ: Mapping[str, str]) -> dict[str, str]:
    """The same environment, with compiled modules kept.

    Compiling at every start costs each process a second or more. Who forbids Python to write beside the
    sources (PYTHONDONTWRITEBYTECODE) gets them below .venv.
    """
    kept = dict(environ)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "bytecode"))
    return kept


def stands(need: str) -> bool:
    """Whether .venv holds what the requirements file asks for, made by the Python that it still points to."""
    try:
        stamp = json.loads(_STAMP.read_text())
    except (OSError, ValueError):
        return False
    packages = need if need in stamp else "dev"
    return (
        _python().exists()
        and stamp.get("python") == _version(_python().resolve())
        and stamp.get(packages) == digest(packages)
    )


def digest(need: str) -> str:
    """What an environment is good for: the requirements file, by content."""
    return hashlib.sha256(_requirements(need).read_bytes()).hexdigest()


def _requirements(need: str) -> Path:
    return ROOT / "requirements" / f"{need}.txt"


def _python() -> Path:
    return VENV / "bin" / "python"


def _inside() -> bool:
    return VENV.exists() and Path(sys.prefix).samefile(VENV)


def _version(executable: Path) -> str:
    """Which Python an environment belongs to, told without starting it."""
    status = executable.stat()
    return f"{executable} {status.st_size} {int(status.st_mtime)}"


@contextmanager
def _alone() -> Iterator[None]:
    """Two starts at once in one folder: the second waits for the first's environment."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _build(need: str) -> None:
    free = shutil.disk_usage(ROOT).free
    if free < _ROOM_BYTES[need]:
        raise SetupFault(
            f"the disk is full: {free // 1_000_000} MB left at {ROOT},"
            f" the environment needs {_ROOM_BYTES[need] // 1_000_000} MB"
        )
    with Step("environment") as step:
        _make_venv()
        count = _install(need, step)
        _write_stamp(need)
        step.note(f"{count} packages in .venv")


def _make_venv() -> None:
    base = getattr(sys, "_base_executable", None) or sys.executable
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(_STAMP.read_text())["python"]
        if _python().exists() and known == _version(_python().resolve()):
            return
    if not _STAMP.exists() and _python().exists() and (VENV / "bin" / "pip").exists():
        return  # made by hand or cut short: pip completes it
    done = _run([base, "-m", "venv", "--clear", str(VENV)])
    if done.returncode != 0:
        said = done.stdout.strip()
        if "ensurepip is not available" in said:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            said = (
                f"this Python has no venv module; on Debian and Ubuntu: apt-get install python{version}-venv"
            )
        raise SetupFault(f"cannot make the environment {VENV}: {_reason(said) or said}")


def _install(need: str, step: Step) -> int:
    """Install the locked file by pip; gives the number of packages it names."""
    wanted = _requirements(need)
    total = len(re.findall(r"^[A-Za-z0-9][^\s]*==", wanted.read_text(), re.MULTILINE))
    command = [str(_python()), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
    # The file is complete, so there is nothing to resolve; modules are compiled when first imported.
    command += ["--no-deps", "--no-compile", "--disable-pip-version-check", "--no-input"]
    command += ["--retries", "2", "--progress-bar", "off", "-r", str(wanted)]
    pip = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    seen = 0
    for line in pip.stdout or ():
        said.append(line)
        if line.startswith(("Collecting", "Requirement already")):
            seen += 1
            step.progress(f"{seen} of {total} packages")
        elif line.startswith("Installing"):
            step.progress("installing")
    if pip.wait() != 0:
        text = "".join(said)
        raise SetupFault(
            _reason(text) or "pip could not install the packages:\n" + "".join(said[-8:]).rstrip()
        )
    return total


def _reason(said: str) -> str | None:
    """What pip or venv meant, for the causes that have a remedy."""
    if "No space left" in said or "Errno 28" in said or shutil.disk_usage(ROOT).free < _FULL_BYTES:
        return f"the disk is full: no space left at {ROOT}"
    if re.search(r"NewConnection|ConnectionError|name resolution|unreachable|ReadTimeout|ProxyError", said):
        return (
            "the package index cannot be reached: the first run needs the network, later ones do not."
            " pip's own settings (PIP_INDEX_URL, proxies) are respected"
        )
    if "DO NOT MATCH THE HASHES" in said:
        return "a package differs from what requirements/*.txt expects (its hash): nothing was installed"
    return None


def _write_stamp(need: str) -> None:
    """Last of all, so that a set-up cut short is taken up again."""
    stamp = {"python": _version(_python().resolve()), "runtime": digest("runtime"), need: digest(need)}
    unfinished = _STAMP.with_suffix(".new")
    unfinished.write_text(json.dumps(stamp))
    unfinished.rename(_STAMP)


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

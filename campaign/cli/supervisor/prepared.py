"""Whether the last start has already brought the database to this code's schema."""

import hashlib
from pathlib import Path

from campaign.cli.setup.environment import ROOT


class Prepared:
    """A note in the data folder. It only decides what may run side by side; preparing is never left out."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "prepared"
        digest = hashlib.sha256()
        for path in sorted((ROOT / "migrations" / "versions").glob("*.py")):
            digest.update(path.read_bytes())
        self._now = digest.hexdigest()
        self.before = self._path.exists() and self._path.read_text() == self._now

    def note(self) -> None:
        """The database is prepared for this code."""
        self._path.write_text(self._now)

"""Message catalogues: the area files of a language are merged into the one compiled file that Babel loads."""

import io
import os
import tempfile
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parents[2] / "translations"


class CatalogueFault(Exception):
    """Two areas translate the same message differently; `faults` has a line for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def merged(language: Path) -> Catalog:
    """All area files of one language folder in one catalogue. Raises CatalogueFault naming every clash."""
    whole = Catalog(locale=language.name)
    origin: dict[object, tuple[str, object]] = {}
    faults = []
    for area in sorted(language.glob("*.po")):
        with area.open("rb") as file:
            messages = read_po(file, locale=language.name)
        for message in messages:
            if not message.id or not message.string or message.fuzzy:
                continue
            key = message.id if message.context is None else (message.context, message.id)
            known = origin.setdefault(key, (area.name, message.string))
            if known[1] != message.string:
                faults.append(
                    f"{language.name}: {message.id!r} is {known[1]!r} in {known[0]} and"
                    f" {message.string!r} in {area.name}"
                )
            whole.add(message.id, message.string, context=message.context)
    if faults:
        raise CatalogueFault(faults)
    return whole


def compile_all(folder: Path = FOLDER) -> list[Path]:
    """Write messages.mo of every language whose area files are newer; gives the files written."""
    written = []
    for language in sorted(p for p in folder.iterdir() if p.is_dir()):
        # Babel reads zh_CN as zh_Hans_CN and looks for the compiled file under that name.
        target = folder / str(Locale.parse(language.name)) / "LC_MESSAGES" / "messages.mo"
        areas = list(language.glob("*.po"))
        if not areas or _is_newer(target, [language, *areas]):
            continue
        content = io.BytesIO()
        write_mo(content, merged(language))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place: a server may be reading the old one.
        descriptor, unfinished = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.getvalue())
        Path(unfinished).chmod(0o644)
        Path(unfinished).rename(target)
        written.append(target)
    return written


def _is_newer(target: Path, sources: list[Path]) -> bool:
    """Whether the compiled file is younger than all area files."""
    try:
        made = target.stat().st_mtime_ns
    except FileNotFoundError:
        return False
    return all(source.stat().st_mtime_ns <= made for source in sources if source.suffix == ".po")

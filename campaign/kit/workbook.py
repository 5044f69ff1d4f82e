"""Child process of kit.tabular: reads a workbook from standard input, writes its first sheet as JSON.

Run by its path, alone: it imports nothing of the product. Its limits hold for whatever the file does to it.
"""

import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta

MEMORY = 160 * 1024 * 1024
CPU_SECONDS = 20
MOST_CELLS = 8_000_000
MOST_COLUMNS = 512


def main() -> int:
    """Exit status 0 with [[row number, [cells…]], …] on standard output, 2 not a workbook, 3 too large."""
    from python_calamine import CalamineWorkbook  # before the limits: loading needs room of its own

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    content = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.width > MOST_COLUMNS or sheet.width * sheet.height > MOST_CELLS:
            return 3
        rows = [[number, [_text(cell) for cell in row]] for number, row in enumerate(sheet.iter_rows(), 1)]
        sys.stdout.write(json.dumps(rows))
    except MemoryError:
        return 3
    except Exception:  # noqa: BLE001 - whatever the reader raises, the file is at fault; the parent says so
        return 2
    return 0


def _text(cell: object) -> str:
    """A cell as its reader would see it. Whole numbers lose their ".0"; past 15 digits they are not exact."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())

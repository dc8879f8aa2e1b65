"""Tables of dated rows (CSV) as commands take them."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from sitewatch.cli._values import parse_day
from sitewatch.errors import InputError

__all__ = ["dated_rows", "is_whole_date", "read_days"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def dated_rows(file: Path, columns: Sequence[str] = ()) -> list[tuple[int, dict[str, str]]]:
    """(line, its named columns without spaces around) of a table whose first line names its columns.

    Args:
        file: CSV in UTF-8 with a column `date`, which is always told.
        columns: others to tell where the table has them; their names in lower case.

    Raises:
        InputError: it cannot be read, is no CSV, or has no column `date`.
    """
    wanted = {"date", *columns}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            names = {name: name.strip().lower() for name in table.fieldnames or () if name}
            if "date" not in names.values():
                found = ", ".join(names) or "none"
                raise InputError(f"{file}: has no column `date` (its columns: {found[:200]}); name one so")
            return [
                (
                    table.line_num,
                    {names[k]: v.strip() for k, v in row.items() if names.get(k) in wanted and isinstance(v, str)},
                )
                for row in table
            ]
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); give a CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: is no CSV file in UTF-8 ({error}); save it as one") from error


def is_whole_date(text: str) -> bool:
    """True: a year, a month and a day, with or without a time. Whether there is such a day is not looked at."""
    return _DAY.fullmatch(text) is not None


def read_days(file: Path) -> tuple[list[tuple[int, dt.date]], list[int]]:
    """(line, day in UTC) of a table's rows with a whole date, and the lines of those without.

    Raises:
        InputError: as `dated_rows`.
        OptionError: a whole date is no day, or lies outside of 1900 to 2200.
    """
    days, skipped = [], []
    for line, row in dated_rows(file):
        date = row.get("date", "")
        if not is_whole_date(date):
            skipped.append(line)
            continue
        moment = parse_day(f"{file}, line {line}: date", date)
        assert moment is not None
        days.append((line, moment.date()))
    return days, skipped

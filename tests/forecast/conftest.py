"""The real record, back-tested once."""

from __future__ import annotations

import csv
import datetime as dt
import re
from pathlib import Path

import pytest

from sitewatch.forecast import Backtest, EventRecord, backtest, make_record


@pytest.fixture(scope="session")
def real_events(shared: Path) -> Path:
    """A public record of tests; skipped where it is absent."""
    file = shared / "nk-missile-tests" / "events.csv"
    file = file if file.exists() else shared / "data" / "nk-missile-tests" / "events.csv"
    if not file.exists():
        pytest.skip(f"no record of tests in {shared}")
    return file


@pytest.fixture(scope="session")
def real_record(real_events: Path) -> EventRecord:
    with real_events.open(encoding="utf-8", newline="") as lines:
        dates = [row["date"] for row in csv.DictReader(lines)]
    whole = [dt.date.fromisoformat(date) for date in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", date)]
    return make_record(whole, skipped=len(dates) - len(whole))


@pytest.fixture(scope="session")
def real_backtest(real_record: EventRecord) -> Backtest:
    return backtest(real_record, start=dt.date(2014, 1, 1), since=dt.date(2012, 1, 1))

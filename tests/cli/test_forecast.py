"""`sitewatch forecast backtest` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ran import Run


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Twelve years of events, one line without a day, told out of order and some twice."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2005-03-01")
    days = (start + np.sort(rng.choice(4300, 150, replace=False))).astype(str).tolist()
    file = tmp_path / "events.csv"
    file.write_text("\n".join(["Date,what", *(f"{day},launch" for day in reversed(days)), "2009-05,?", f"{days[0]},x"]))
    return file


def test_scores_are_printed_for_scripts(run: Run, events: Path) -> None:
    ran = run("forecast", "backtest", events, "--start", "2012-01-01", "--every", "30", "--horizons", "30,7", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["record"]["skipped"] == 1
    assert told["record"]["event_days"] == 150
    assert told["learns_since"] == "2010-01-01"
    assert [one["horizon"] for one in told["horizons"]] == [7, 30]
    for one in told["horizons"]:
        assert 0 < one["brier"] < 0.5
        assert one["n"] > 40
        assert 0 < one["event_rate"] < 1
        assert set(one["baselines"]) == {"recent", "climatology", "poisson", "half", "in-sample climatology"}
        assert one["baselines"]["half"] == 0.25
        assert len(one["ci"]) == 2
        assert "calibration_slope" in one
    assert "issuing forecasts" in ran.err


def test_scores_are_printed_for_people_and_drawn(run: Run, events: Path, tmp_path: Path) -> None:
    picture = tmp_path / "reliability.svg"
    ran = run(
        "forecast", "backtest", events, "--every", "60", "--horizons", "1,30", "--seed", "3", "--quiet",
        "--until", "2017-12-31", "--picture", picture,
    )  # fmt: skip
    assert ran.code == 0
    assert "150 event days to 2017-12-31, 1 rows without a whole date skipped" in ran.out
    assert "1 day: an event in" in ran.out
    assert "30 days: an event in" in ran.out
    assert "climatology" in ran.out
    assert ran.last == str(picture)
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert "30 days" in drawn


def test_the_same_command_prints_the_same(run: Run, events: Path) -> None:
    command = ("forecast", "backtest", events, "--start", "2015-01-01", "--every", "60", "--json", "--quiet")
    assert run(*command).out == run(*command).out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--horizons", "-7"], "--horizons must be 1 to 3650 days each, got -7"),
        (["--horizons", "7,week"], "--horizons must be whole days such as 7,14,30,90, got '7,week'"),
        (["--horizons", ""], "--horizons must be whole days"),
        (["--every", "0"], "--every must be 1 to 3650 days, got 0"),
        (["--start", "2025-01-01"], "--start (2025-01-01) lies after"),
        (["--start", "2001-01-01"], "must lie after the first event"),
        (["--start", "soon"], "--start must be a date such as 2019-01-31, got 'soon'"),
        (["--start", "2015-01-01", "--end", "2014-01-01"], "exchange --start and --end"),
        (["--start", "2015-01-01", "--since", "2016-01-01"], "lies after the first forecast"),
        (["--start", "2016-01-01", "--horizons", "7,3000"], "no window of 3000 days from 2016-01-01 on ends by"),
        (["--until", "1990-01-01"], "lies before the first event"),
        (["--until", "2199-01-01"], "is still to come"),
        (["--picture", "reliability.png"], "must be a file that ends in .svg"),
    ],
)
def test_options_that_cannot_be_are_told_in_a_sentence(run: Run, events: Path, options: list[str], says: str) -> None:
    ran = run("forecast", "backtest", events, "--quiet", *options)
    assert ran.code == 2
    assert says in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no column `date`"),
        ("when\n2020-01-01\n", "has no column `date` (its columns: when)"),
        ("date\n", "has no rows; give at least one event"),
        ("date\n2020\n2020-05\n\n", "none of them with a whole date"),
        ("date\n2020-01-01\n", "its only event is on its last day"),
        ("date\n2020-01-01\n2020-02-31\n", "line 3: date must be a date such as"),
        ("date\n2020-01-01\n2150-01-01\n", "line 3: date 2150-01-01 is still to come"),
        ("date\n2020-01-01\n2020-01-09\n", "no window of 7 days"),
    ],
)
def test_tables_that_cannot_be_are_told_in_a_sentence(run: Run, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "events.csv"
    file.write_text(text)
    ran = run("forecast", "backtest", file, "--quiet")
    assert ran.code == 2
    assert str(file) in ran.err
    assert says in ran.err


def test_a_file_that_is_none_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    ran = run("forecast", "backtest", tmp_path / "none.csv")
    assert ran.code == 2
    assert "cannot be read" in ran.err
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\x00\x01date")
    assert run("forecast", "backtest", tmp_path / "picture.csv").code == 2


def test_a_record_said_to_be_complete_may_be_forecast_before_its_first_event(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("date\n2020-06-01\n2020-07-15\n2020-07-16\n")
    ran = run(
        "forecast", "backtest", file, "--since", "2018-01-01", "--start", "2019-01-01", "--every", "30",
        "--horizons", "7,90", "--json", "--quiet",
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["record"]["complete_since"] == "2018-01-01"
    assert told["horizons"][0]["brier"] < 0.2

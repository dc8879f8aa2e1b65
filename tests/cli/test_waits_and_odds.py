"""`sitewatch looks wait` and `looks odds` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from orbiting import ELEMENTS, NOW, write_forecast, write_sensors, write_site
from ran import Run

from sitewatch.cube import read_looks
from sitewatch.planning import clear_odds, was_clear

RECORD = Path(__file__).parents[2] / "examples" / "march-16" / "record"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str | Path, ...]:
    """A site file with elements and sensors, as arguments."""
    monkeypatch.chdir(tmp_path)
    tle = tmp_path / "some.tle"
    tle.write_text(ELEMENTS)
    return (write_site(tmp_path), "--elements", tle, "--sensors", write_sensors(tmp_path))


def told(run: Run, *arguments: object) -> dict[str, Any]:
    ran = run("looks", *arguments, "--json", "--now", NOW)
    assert ran.code == 0, ran
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_each_option_shortens_the_wait_and_free_radar_is_one(run: Run, plant: tuple[str | Path, ...]) -> None:
    document = told(run, "wait", *plant)
    free, options = document["free"], {one["name"]: one for one in document["options"]}
    assert free["sensors"] == ["sentinel-2"]
    assert list(options) == ["sentinel-1 (radar, free)", "agile", "dear"]
    assert options["agile"]["cost"] == 300
    assert options["dear"]["cost"] is None
    for one in (free, *options.values()):
        by_day = one["by_day"]
        assert len(by_day) == 61
        assert by_day == sorted(by_day)
        assert one["within"] == {str(n): by_day[n] for n in (1, 3, 7, 14, 30)}
        days = one["days_8_of_10"]
        assert days is None or by_day[days] >= 0.8 - 1e-4 > by_day[days - 1] - 2e-4
        assert one["unseen_within_horizon"] == pytest.approx(1 - by_day[-1], abs=1e-3)
        assert all(a >= b - 1e-9 for a, b in zip(by_day, free["by_day"], strict=True))
    assert options["sentinel-1 (radar, free)"]["within"]["30"] > free["within"]["30"]
    assert document["weather"]["prior_only"] is True


def test_the_table_says_what_the_document_says(run: Run, plant: tuple[str | Path, ...]) -> None:
    document = told(run, "wait", *plant)
    said = run("looks", "wait", *plant, "--now", NOW).out
    for name, one in (
        ("what is free", document["free"]),
        *((f"+ {one['name']}", one) for one in document["options"]),
    ):
        row = next(line for line in said.splitlines() if line.strip().startswith(name))
        assert [cell for cell in row.split() if cell.endswith("%")] == [f"{p:.0%}" for p in one["within"].values()]
        days = one["days_8_of_10"]
        assert row.rstrip().endswith("over 60 days" if days is None else f"{days} day{'' if days == 1 else 's'}")
    assert document["sentence"] in said
    assert "Passes are the rhythm of the satellites" in said
    assert "There is no ledger of looks" in said
    assert "Erected at any moment from 2026-09-24 to 2026-10-24. What is free: sentinel-2." in said


def test_elements_that_are_old_for_single_times_serve(run: Run, plant: tuple[str | Path, ...]) -> None:
    later = told(run, "wait", *plant, "--since", "2027-01-01", "--until", "2027-01-31")
    assert 0 < later["free"]["within"]["7"] < 1
    refused = run("looks", "wait", *plant, "--now", NOW, "--since", "2028-01-01", "--until", "2028-01-31")
    assert refused.code == 2
    assert "are 467 days from the window; give newer ones" in refused.err
    assert told(run, "wait", *plant, "--since", "2028-01-01", "--until", "2028-01-31", "--stale")["free"]["by_day"]


def test_a_ledger_and_a_forecast_change_the_wait(run: Run, plant: tuple[str | Path, ...], tmp_path: Path) -> None:
    where = (RECORD / "site.geojson", *plant[1:])
    bare = told(run, "wait", *where, "--until", "2026-09-28")
    known = told(run, "wait", *where, "--record", RECORD, "--until", "2026-09-28")
    assert known["weather"]["looks"] == 234
    assert known["free"]["within"] != bare["free"]["within"]
    overcast, bright = (
        told(run, "wait", *where, "--until", "2026-09-28", "--forecast",
             write_forecast(tmp_path, "2026-09-24", days=9, cover=cover))
        for cover in (100, 0)
    )  # fmt: skip
    assert overcast["free"]["within"]["3"] < bare["free"]["within"]["3"] < bright["free"]["within"]["3"]
    assert overcast["weather"]["forecast"]["used"] is True


def test_waits_become_a_picture(run: Run, plant: tuple[str | Path, ...], tmp_path: Path) -> None:
    picture = tmp_path / "waits.svg"
    ran = run("looks", "wait", *plant, "--now", NOW, "--picture", picture)
    assert ran.last == str(picture)
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own
    curves = root.findall(".//{*}path[@class='curve']")
    assert len(curves) == 4
    # Told apart without colours, and named for who cannot see them.
    assert len({curve.get("stroke-dasharray") for curve in curves}) == 4
    assert root.get("role") == "img"
    label = root.get("aria-label")
    assert label is not None
    document = told(run, "wait", *plant)
    for name, one in (("what is free", document["free"]), *((f"+ {o['name']}", o) for o in document["options"])):
        assert f"{name}: 8 of 10 " in label
        title = next(c.findtext("{*}title") for c in curves if str(c.findtext("{*}title")).startswith(name))
        days = one["days_8_of_10"]
        assert title is not None
        assert title.endswith("not within 60 days" if days is None else f"within {days} day{'' if days == 1 else 's'}")
        heights = [float(point.split()[1]) for point in _path(curves, name)[1:].split("L")]
        assert heights == sorted(heights, reverse=True)
        top, base = _plot(root)
        assert (base - heights[-1]) / (base - top) == pytest.approx(one["within"]["30"], abs=1e-3)
    assert run("looks", "wait", *plant, "--picture", tmp_path / "waits.png").code == 2


def _path(curves: list[ET.Element], name: str) -> str:
    return next(str(c.get("d")) for c in curves if str(c.findtext("{*}title")).startswith(name))


def _plot(root: ET.Element) -> tuple[float, float]:
    """Where 100 % and 0 % lie."""
    rules = [float(str(line.get("y1"))) for line in root.iterfind(".//{*}line") if "rule" in str(line.get("class"))]
    return min(rules), max(rules)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since", "2026-10-02", "--until", "2026-09-30"], "exchange them"),
        (["--until", "2028-09-30"], "a year at most"),
        (["--picture", "x.png"], "ends in .svg"),
        (["--forecast", "none.json"], "none.json: cannot be read"),
        (["--record", "nowhere"], "nowhere"),
    ],
)
def test_faults_are_one_sentence(run: Run, plant: tuple[str | Path, ...], options: list[str], says: str) -> None:
    ran = run("looks", "wait", *plant, "--now", NOW, *options)
    assert ran.code == 2, ran
    assert says in ran.err
    assert ran.out == ""


def test_odds_are_scored_from_the_looks_before_each_pass(run: Run) -> None:
    where = (RECORD / "site.geojson", "--record", RECORD)
    document = told(run, "odds", *where)
    ledger = document["ledger"]
    looks = [k for k in read_looks(RECORD / "looks.geojson") if was_clear(k) is not None]
    assert ledger["n"] == len(looks) - 10
    assert ledger["brier"] == pytest.approx(
        ledger["reliability"] - ledger["resolution"] + ledger["uncertainty"] + ledger["within"], abs=1e-3
    )
    # What knows each look beforehand is better than what is told ahead.
    known = clear_odds(looks)
    hindsight = sum((known.chance(k.captured) - bool(was_clear(k))) ** 2 for k in looks if k.captured) / len(looks)
    assert ledger["brier"] > hindsight
    said = run("looks", "odds", *where, "--now", NOW).out
    assert f"{ledger['brier']:.3f}" in said
    assert "P(clear) by ledger" in said
    assert document["forecast"] is None


def test_kept_forecasts_are_scored_beside_the_ledger(run: Run, tmp_path: Path) -> None:
    """A forecast that knows what came is better than the ledger, and its opposite is worse."""
    looks = [k for k in read_looks(RECORD / "looks.geojson") if was_clear(k) is not None and k.captured is not None]
    verdicts = []
    for knows in (True, False):
        files = []
        for n, k in enumerate(looks[60:100]):
            assert k.captured is not None
            hour = k.captured.replace(minute=0, second=0, microsecond=0)
            cover = 0 if was_clear(k) == knows else 100
            times = [f"{hour:%Y-%m-%dT%H:%M}", f"{hour:%Y-%m-%dT}{hour.hour:02}:59"]
            path = tmp_path / f"{knows}-{n}.json"
            path.write_text(json.dumps({"hourly": {"time": times, "cloud_cover": [cover, cover]}}))
            files += ["--forecast", path]
        verdicts.append(told(run, "odds", RECORD / "site.geojson", "--record", RECORD, *files))
    good, bad = (one["ledger_on_forecast_passes"]["difference"] for one in verdicts)
    assert verdicts[0]["forecast"]["n"] == 40
    assert good < 0 < bad or good < -0.05


def test_a_site_without_looks_has_no_score(run: Run, plant: tuple[str | Path, ...]) -> None:
    ran = run("looks", "odds", plant[0])
    assert ran.code == 0
    assert "too few to score" in ran.out
    assert told(run, "odds", plant[0])["ledger"] is None

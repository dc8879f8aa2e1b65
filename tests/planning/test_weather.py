"""Cloud forecasts: files, what they are worth, and the score afterwards."""

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from scipy.io import netcdf_file

from sitewatch.cube import Look, Outcome
from sitewatch.errors import InputError, OptionError
from sitewatch.planning import (
    DEFAULT_LINE,
    CoverForecast,
    ForecastOdds,
    clear_odds,
    learn_cover_line,
    read_cloud_forecast,
    score_clear_odds,
    wait_distribution,
)

START = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
HOURS = [f"2026-11-26T{h:02}:00" for h in range(4)]


def at(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def look(when: dt.datetime, *, clear: bool, **more: Any) -> Look:
    return Look(
        scene=f"{when:%Y%m%d%H%M}", sensor=more.pop("sensor", "sentinel-2"), captured=when, published=when,
        published_is_recorded=False, clear_share=float(clear),
        outcome=more.pop("outcome", Outcome.USED if clear else Outcome.COULD_NOT_SEE), **more,
    )  # fmt: skip


def written(folder: Path, document: object) -> Path:
    path = folder / "forecast.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def read(path: Path) -> CoverForecast:
    return read_cloud_forecast(path, longitude=15.1, latitude=46.2)


def hourly(covers: object, times: object = None, **more: object) -> dict[str, object]:
    return {"hourly": {"time": HOURS if times is None else times, "cloud_cover": covers}, **more}


def test_open_meteo(tmp_path: Path) -> None:
    found = read(written(tmp_path, hourly([0, 50, None, 100])))
    assert found.times == (at(0), at(1), at(3))
    assert found.covers == (0, 0.5, 1)
    assert found.cover(at(0.5)) == pytest.approx(0.25)
    assert found.cover(at(2)) == pytest.approx(0.75)
    assert found.cover(at(3)) == 1
    assert found.cover(at(3.01)) is None
    assert found.cover(at(-0.01)) is None
    assert found.chance(at(1)) == pytest.approx(0.5)
    assert found.until == at(3)
    near = hourly([0, 50, None, 100], latitude=46.25, longitude=360 + 15.0)
    assert read(written(tmp_path, near)) == found
    untold = hourly([0, 50, None, 100], latitude="46", longitude=math.nan)
    assert read(written(tmp_path, untold)) == found


def test_open_meteo_of_old_in_local_time_and_in_seconds(tmp_path: Path) -> None:
    old = {"utc_offset_seconds": 7200, "hourly": {"time": HOURS, "cloudcover": [1, 2, 3, 4]}}
    assert read(written(tmp_path, old)).times[0] == at(-2)
    unix = hourly([1, 2], [int(at(0).timestamp()), int(at(1).timestamp())], utc_offset_seconds=7200)
    assert read(written(tmp_path, unix)).times == (at(0), at(1))
    assert read(written(tmp_path, "\ufeff " + json.dumps(hourly([1, 2, 3, 4])))).covers[0] == 0.01


def test_a_gap_of_more_than_six_hours_tells_nothing() -> None:
    found = CoverForecast(times=(at(0), at(6), at(13)), covers=(0.0, 1.0, 0.0))
    assert found.cover(at(3)) == pytest.approx(0.5)
    assert found.cover(at(7)) is None
    assert found.cover(at(13)) == 0


HOSTILE = {
    "not whole JSON": '{"hourly": {',
    "2 places": "[{}, {}]",
    "hourly: is missing": "{}",
    "ask Open-Meteo for hourly=cloud_cover": {"hourly": {"time": HOURS, "rain": [0] * 4}},
    "one length, got 4 and 3": hourly([1, 2, 3]),
    "one length, got none and 4": hourly([1, 2, 3, 4], "2026"),
    r"cloud_cover\[1\]: must be percent, 0 to 100, got 101": hourly([1, 101, 2, 3]),
    r"cloud_cover\[0\]: must be percent, 0 to 100, got nan": hourly([math.nan], HOURS[:1]),
    r"cloud_cover\[2\]: must be percent, 0 to 100, got 'x'": hourly([1, 2, "x", 3]),
    r"cloud_cover\[3\]: must be percent, 0 to 100, got True": hourly([1, 2, 3, True]),
    r"time\[1\]: '2026-11-26T00:00' does not come after": hourly([1, 2], [HOURS[0]] * 2),
    r"time\[0\]: must be a time such as .* got 'yesterday'": hourly([1], ["yesterday"]),
    r"time\[0\]: must be a time such as .* got \[\]": hourly([1], [[]]),
    r"time\[0\]: must be a time": hourly([1], [10**30]),
    "must lie in 1950 to 2200, got 9999-12-31": hourly([1], ["9999-12-31T00:00"]),
    "utc_offset_seconds: must be within 18 hours, got '7200'": hourly([1, 2, 3, 4], utc_offset_seconds="7200"),
    "utc_offset_seconds: must be within 18 hours, got 1000000": hourly([1, 2, 3, 4], utc_offset_seconds=1_000_000),
    r"forecast of -33.00 N, 151.25 E, \d+ km from the site; fetch that of 46.20 N, 15.10 E": hourly(
        [1, 2, 3, 4], latitude=-33, longitude=151.25
    ),
    "more than 20000": hourly([1] * 20_001, list(range(20_001))),
    "holds no value": hourly([None] * 4),
    "is not whole JSON": "{" + '"a":[' * 100_000,
    "neither NetCDF nor GRIB, it begins with b'hello'": "hello",
    "neither NetCDF nor GRIB, it begins with b''": "",
    "cannot be read as GRIB": "GRIB and nothing more of it",
    "cannot be read as netCDF": "CDF\x01 and nothing more of it",
}


@pytest.mark.parametrize("message", HOSTILE)
def test_hostile_files_are_refused_in_one_sentence(tmp_path: Path, message: str) -> None:
    path = written(tmp_path, HOSTILE[message])
    with pytest.raises(InputError, match=message) as refused:
        read(path)
    told = str(refused.value)
    assert told.startswith(str(path))
    assert "\n" not in told
    assert len(told) < 400


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "none.json")


def netcdf(path: Path, *, name: str = "tcc", unit: str = "(0 - 1)", east: float = 14.0, **more: Any) -> Path:
    """Six steps of three hours over 3 x 4 cells of a degree; cover rises by a tenth a step."""
    with netcdf_file(path, "w") as file:
        axes = {"time": np.arange(0, 18, 3.0), "latitude": np.array([47.0, 46, 45]), "longitude": east + np.arange(4.0)}
        units = {
            "time": more.get("times", "hours since 2026-11-26 00:00:00"),
            "latitude": "degrees_north",
            "longitude": "degrees_east",
        }
        for axis, values in axes.items():
            file.createDimension(axis, len(values))
            variable = file.createVariable(axis, "d", (axis,))
            variable[:] = values
            variable.units = units[axis]
        for held in (name, *more.get("others", ())):
            variable = file.createVariable(held, "f", tuple(axes))
            rising = np.arange(6)[:, None, None] / 10 * more.get("scale", 1)
            variable[:] = np.broadcast_to(rising if held == name else rising * 0 + 280, (6, 3, 4))
            variable.units = unit
    return path


def test_netcdf(tmp_path: Path) -> None:
    found = read(netcdf(tmp_path / "a.nc"))
    assert found.times[:2] == (at(0), at(3))
    assert found.covers == pytest.approx([n / 10 for n in range(6)])
    assert found.cover(at(4.5)) == pytest.approx(0.15)


def test_netcdf_of_several_variables_in_percent_around_the_world(tmp_path: Path) -> None:
    path = netcdf(tmp_path / "a.nc", name="clt", unit="%", scale=100, others=("t2m",), times="days since 2026-11-26")
    assert read(path).covers == pytest.approx([n / 10 for n in range(6)])
    assert read(path).until == at(15 * 24)
    west = netcdf(tmp_path / "b.nc", east=354.0)
    found = read_cloud_forecast(west, longitude=-4.0, latitude=46)
    assert found.covers[1] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("message", "more"),
    [
        ("no layer of the total cloud cover", {"name": "t2m"}),
        ("cover must be 0 to 1, got 10", {"scale": 100}),
        ("not told as", {"times": "fortnights since 2026-11-26"}),
        ("not told as", {"times": "now"}),
        ("must lie in 1950 to 2200", {"times": "hours since 0001-01-01"}),
        ("no layers on a grid that covers 46.200, 15.100", {"east": 100.0}),
    ],
)
def test_netcdf_that_cannot_be_used(tmp_path: Path, message: str, more: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=message):
        read(netcdf(tmp_path / "a.nc", **more))


def grib(path: Path, *, level: int = 10, hours: tuple[int, ...] = (0, 6)) -> Path:
    """NCEP's total cloud cover, one message a step: 25 % and then 1 % more an hour."""
    content = b""
    for hour in hours:
        options = {
            "DISCIPLINE": "0",
            "IDS": "CENTER=7 SIGNF_REF_TIME=1 REF_TIME=2026-11-26T00:00:00Z TYPE=1",
            "PDS_PDTN": "0",
            "PDS_TEMPLATE_ASSEMBLED_VALUES": f"6 1 2 0 96 0 0 1 {hour} {level} 0 85000 255 0 0",
        }
        with rasterio.MemoryFile(ext=".grb2") as memory:
            grid = {"crs": "EPSG:4326", "transform": from_origin(13.5, 47.5, 1, 1), "width": 4, "height": 3}
            with memory.open(driver="GRIB", count=1, dtype="float32", **grid, **options) as target:
                target.write(np.full((1, 3, 4), 25 + hour, dtype=np.float32))
            content += memory.read()
    path.write_bytes(content)
    return path


def test_grib(tmp_path: Path) -> None:
    found = read(grib(tmp_path / "a.grb2"))
    assert found.times == (at(0), at(6))
    assert found.covers == pytest.approx((0.25, 0.31))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.grb2"]  # nothing is written beside it


def test_grib_of_one_level_of_the_air_is_not_the_sky(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at single levels only .* entire atmosphere"):
        read(grib(tmp_path / "a.grb2", level=100))


def test_a_cut_grib_is_refused(tmp_path: Path) -> None:
    path = grib(tmp_path / "a.grb2")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError):
        read(path)


def test_the_end_of_the_forecast_turns_into_the_ledger() -> None:
    usual = clear_odds([])
    sunny = CoverForecast(times=tuple(at(3 * h) for h in range(41)), covers=(0.0,) * 41)  # five days
    odds = ForecastOdds(odds=usual, forecast=sunny)
    assert odds.chance(at(24)) == pytest.approx(DEFAULT_LINE.chance(0.0))
    assert odds.chance(at(72)) == pytest.approx(DEFAULT_LINE.chance(0.0))
    logit = lambda p: math.log(p / (1 - p))
    half = (logit(DEFAULT_LINE.chance(0.0)) + logit(usual.chance(at(96)))) / 2
    assert odds.chance(at(96)) == pytest.approx(1 / (1 + math.exp(-half)))
    assert odds.chance(at(120)) == pytest.approx(usual.chance(at(120)))
    assert odds.chance(at(130)) == usual.chance(at(130))
    assert odds.chance(at(24), radar=True) == usual.radar_chance
    low, high = odds.interval(at(96))
    assert usual.interval(at(96))[0] < low < odds.chance(at(96)) < high
    assert np.ptp(odds.interval(at(24))) < 1e-9
    with pytest.raises(OptionError):
        ForecastOdds(odds=usual, forecast=sunny, blend_days=-1)


def test_any_source_with_a_chance_will_do_for_a_wait() -> None:
    class Never:
        until = at(1000)

        def chance(self, when: dt.datetime) -> float | None:
            return 1e-9

    odds = ForecastOdds(odds=clear_odds([]), forecast=Never())
    assert wait_distribution([], odds, start=START, horizon=3).unseen == 1
    assert odds.chance(at(5)) == pytest.approx(1e-6)


def test_the_line_is_learned_where_there_are_pairs() -> None:
    assert learn_cover_line([], []) == DEFAULT_LINE
    rng = np.random.default_rng(0)
    times = [at(24 * n) for n in range(400)]
    covers = rng.random(400)
    forecast = CoverForecast(times=tuple(times), covers=tuple(covers.tolist()))
    p = 1 / (1 + np.exp(-(0.5 - 1.0 * covers)))  # forecasts that are worth little here
    looks = [look(t, clear=rng.random() < q) for t, q in zip(times, p.tolist(), strict=True)]
    silent = [look(at(12), clear=True, outcome=Outcome.FAILED), look(at(0), clear=True, sensor="sentinel-1")]
    line = learn_cover_line([forecast], looks + silent)
    assert line.pairs == 400
    assert line.intercept == pytest.approx(0.5, abs=0.4)
    assert line.slope == pytest.approx(-1.0, abs=0.7)
    assert 0 < line.chance(1.0) < line.chance(0.0) < 1


def test_odds_are_scored_against_what_was_seen() -> None:
    told = {at(0): 0.8, at(48): 0.4, at(96): 0.9, at(144): 0.5}
    seen = [
        look(at(0.2), clear=True),
        look(at(48.1), clear=False),
        look(at(48.2), clear=True),  # a second scene of the pass: it was clear
        look(at(96), clear=True, outcome=Outcome.REJECTED),
        look(at(147), clear=True),  # too late to be of the pass
    ]
    found = score_clear_odds(told, seen)
    assert found is not None
    assert found.n == 2
    assert found.brier == pytest.approx((0.2**2 + 0.6**2) / 2)
    assert score_clear_odds(told, []) is None
    dated = score_clear_odds(told, [look(at(144), clear=False, whole_day=True)])
    assert dated is not None
    assert dated.brier == pytest.approx(0.25)

"""The hazard, its fit and what it expects."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from drawn import FIRST, day, draw

from sitewatch.forecast import Form, fit_base_rate, make_record
from sitewatch.forecast import _base_rate as room

PLAIN = Form(scales=(10.0,), harmonics=0, memory=None)
FULL = Form(scales=(10.0, 300.0), harmonics=2, memory=400.0)
THETA = np.array([-4.0, -0.5, -0.8, 2.0, 5.5, 0.1, -0.1, 0.05, 0.02])


def brute_hazard(days: list[int], on: int, theta: np.ndarray) -> float:
    """By the formula of the model, event by event."""
    mu, ratio, scales, season = np.exp(theta[0]), np.exp(theta[1:3]), np.exp(theta[3:5]), theta[5:]
    hazard = mu
    for a, scale in zip(ratio / (1 + ratio.sum()), scales, strict=True):
        r = np.exp(-1 / scale)
        hazard += a * sum((1 - r) * r ** (on - 1 - d) for d in days if d < on)
    t = 2 * np.pi * (FIRST.toordinal() + on) / 365.2425
    return float(
        hazard
        * np.exp(season[0] * np.cos(t) + season[1] * np.sin(t) + season[2] * np.cos(2 * t) + season[3] * np.sin(2 * t))
    )


@pytest.fixture
def few() -> list[int]:
    return [0, 3, 4, 40, 95, 96, 180]


def test_the_likelihood_is_that_of_the_formula(few: list[int]) -> None:
    """The first event begins the record: it excites, and is not counted itself."""
    record = make_record([day(n) for n in few], until=day(210))
    data, prior = room._Data.of(record, FULL), room._Prior.of(FULL)
    expected = 0.0
    for on in range(1, 211):
        h = brute_hazard(few, on, THETA)
        weight = np.exp((on - 211) / 400.0)
        expected -= weight * (np.log(1 - np.exp(-h)) if on in few else -h)
    away = THETA - prior.mean
    expected += 180 * np.exp(THETA[0]) - 0.5 * THETA[0] + 0.5 * np.sum(prior.precision * away**2)
    assert room._objective(THETA, data, prior, FULL)[0] == pytest.approx(expected, rel=1e-12)


def test_events_before_the_complete_time_excite_and_are_not_counted(few: list[int]) -> None:
    record = make_record([day(n) for n in few], began=day(50), until=day(210))
    data = room._Data.of(record, FULL)
    hazard, _ = room._hazard(THETA, data, FULL)
    assert data.events == 3
    assert hazard == pytest.approx([brute_hazard(few, on, THETA) for on in range(50, 211)], rel=1e-12)


def test_the_gradient_is_that_of_the_likelihood(few: list[int]) -> None:
    record = make_record([day(n) for n in few], until=day(210))
    data, prior = room._Data.of(record, FULL), room._Prior.of(FULL)
    _, gradient, second = room._objective(THETA, data, prior, FULL)
    value = lambda theta: room._objective(theta, data, prior, FULL)[0]
    numbers = [(value(THETA + 1e-5 * e) - value(THETA - 1e-5 * e)) / 2e-5 for e in np.eye(9)]
    assert gradient == pytest.approx(numbers, abs=1e-6)
    assert (np.linalg.eigvalsh(second) > 0).all()


def test_the_chance_is_exact_along_the_path_without_an_event(few: list[int]) -> None:
    """P(at least one) by the formula, and by playing the process 20 000 times."""
    record = make_record([day(n) for n in few], until=day(99))
    hazards = room._ahead(THETA[None], record, day(100), 30, FULL)[0]
    known = [n for n in few if n < 100]
    assert hazards == pytest.approx([brute_hazard(known, 100 + n, THETA) for n in range(30)], rel=1e-12)
    rng = np.random.default_rng(1)
    _, shares, scales, harmonics = room._unpack(THETA, FULL)
    season = np.exp(harmonics @ room._harmonics(FIRST.toordinal() + np.arange(100, 130), 2))
    keep = np.exp(-1 / scales)[:, None]
    excited = np.array([sum((1 - r) * r ** (99 - d) for d in known) for r in keep[:, 0]])[:, None].repeat(20_000, 1)
    hit = np.zeros(20_000, dtype=bool)
    for n in range(30):
        now = rng.random(20_000) < -np.expm1(-season[n] * (np.exp(THETA[0]) + shares @ excited))
        hit |= now
        excited = keep * excited + (1 - keep) * now
    assert hit.mean() == pytest.approx(-np.expm1(-hazards.sum()), abs=4 * np.sqrt(0.25 / 20_000))


def test_the_parameters_of_a_drawn_record_are_found() -> None:
    """Half a century, so that a fit can tell; the true values lie within about two standard errors."""
    record = draw(seed=4, days=18_000, level=0.02, branching=0.5, scale=15.0)
    fit = fit_base_rate(record, issued=record.until + dt.timedelta(days=1), form=PLAIN)
    assert fit.level == pytest.approx(0.02, rel=0.2)
    assert fit.branching[0] == pytest.approx(0.5, abs=0.1)
    assert fit.scales[0] == pytest.approx(15.0, rel=0.35)
    assert fit.events == len(record.days)
    assert fit.days == 18_000


def test_a_season_is_found() -> None:
    record = draw(seed=5, days=12_000, level=0.03, season=1.0)
    fit = fit_base_rate(record, issued=record.until + dt.timedelta(days=1), form=Form(scales=(), memory=None))
    assert fit.parameters[1] == pytest.approx(1.0, abs=0.2)
    assert np.abs(fit.parameters[2:]).max() < 0.2


def test_an_event_raises_the_chance_and_time_lowers_it() -> None:
    record = draw(seed=4, days=4000, level=0.02, branching=0.5, scale=15.0)
    last = record.days[-1]
    after, later = (
        fit_base_rate(record, issued=last + dt.timedelta(days=n), ahead=7, form=PLAIN).chance(7) for n in (1, 60)
    )
    assert after > 1.5 * later


@pytest.mark.parametrize("events", [[], [0], [10], [10, 11], [10, 400, 700], list(range(60)), [0, 3000]])
@pytest.mark.parametrize("days", [1, 60, 1200])
def test_sparse_and_short_records_give_moderate_chances(events: list[int], days: int) -> None:
    kept = [n for n in events if n < days]
    record = make_record([day(n) for n in kept], began=FIRST, until=day(days - 1))
    fit = fit_base_rate(record, issued=day(days))
    chances, first = fit.chances(), fit.first_days()
    assert (np.diff(chances) >= 0).all()
    assert 0.0001 <= chances[0] < chances[-1] <= 0.9999
    assert first.sum() == pytest.approx(chances[-1], abs=2e-4)
    assert (first > 0).all()


def test_without_excitation_the_level_is_that_of_the_prior_and_the_counts() -> None:
    record = make_record([day(n) for n in (5, 50, 200)], began=FIRST, until=day(359))
    fit = fit_base_rate(record, issued=day(360), form=Form(scales=(), harmonics=0, memory=None))
    assert fit.level == pytest.approx(3.5 / 540, rel=0.01)


@pytest.mark.parametrize(("events", "days"), [(0, 1), (0, 700), (1, 90), (6, 400)])
def test_without_excitation_the_chance_is_that_of_the_gamma_posterior(events: int, days: int) -> None:
    """P(none in h days) = ((days + 180) / (days + 180 + h)) ^ (events + 1/2), while event days are rare."""
    record = make_record([day(10 * n) for n in range(events)], began=FIRST, until=day(days - 1))
    fit = fit_base_rate(record, issued=day(days), form=Form(scales=(), harmonics=0, memory=None))
    for horizon in (7, 90):
        none = ((days + 180) / (days + 180 + horizon)) ** (events + 0.5)
        assert fit.chance(horizon) == pytest.approx(1 - none, rel=0.15)


def test_what_few_events_leave_open_draws_chances_to_the_middle() -> None:
    record = make_record([day(n) for n in range(0, 100, 2)], until=day(99))
    sure, open_ = (
        fit_base_rate(record, issued=day(100), form=Form(average=average)).chance(7) for average in (False, True)
    )
    assert 0.5 < open_ < sure


def test_a_horizon_or_form_that_is_none_is_refused() -> None:
    fit = fit_base_rate(make_record([day(0)], until=day(9)), issued=day(10), ahead=30)
    for horizon in (0, 31):
        with pytest.raises(ValueError, match="1 to 30"):
            fit.chance(horizon)
    with pytest.raises(ValueError, match="1 day ahead"):
        fit_base_rate(make_record([day(0)], until=day(9)), issued=day(10), ahead=0)
    with pytest.raises(ValueError, match="above 0"):
        Form(scales=(0.0,))

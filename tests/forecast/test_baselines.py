"""Baselines against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import FIRST

from sitewatch.forecast import Baseline, baseline_chances, make_record


def test_running_baselines_count_windows_that_were_over() -> None:
    rng = np.random.default_rng(5)
    start = FIRST.toordinal()
    days = sorted(rng.choice(900, 40, replace=False).tolist())
    record = make_record([FIRST.fromordinal(start + n) for n in days], began=FIRST)
    events = set(record.ordinals.tolist())
    issued = np.arange(start + 400, int(record.ordinals[-1]) - 28, 7)
    told = baseline_chances(record, issued, horizon=30, since=start + 100, every=5)
    recent = lambda t: any(d in events for d in range(t - 30, t))
    comes = lambda t: any(d in events for d in range(t, t + 30))
    for n, t in enumerate(issued.tolist()):
        over = [w for w in range(start + 100, t, 5) if w + 30 <= t]
        like = [w for w in over if recent(w) == recent(t)]
        assert told[Baseline.RECENT][n] == pytest.approx((sum(map(comes, like)) + 1) / (len(like) + 2))
        assert told[Baseline.CLIMATOLOGY][n] == pytest.approx((sum(map(comes, over)) + 1) / (len(over) + 2))
        seen = sum(d < t for d in events)
        rate = (seen + 0.5) / (t - start + 180)
        assert told[Baseline.POISSON][n] == pytest.approx(1 - np.exp(-30 * rate))
    assert set(told[Baseline.IN_SAMPLE]) == {np.mean([comes(t) for t in issued.tolist()])}
    assert not Baseline.IN_SAMPLE.fair
    assert all(name.fair for name in Baseline if name is not Baseline.IN_SAMPLE)


def test_before_any_window_is_over_running_baselines_say_one_half() -> None:
    record = make_record([FIRST], until=FIRST.fromordinal(FIRST.toordinal() + 60))
    told = baseline_chances(record, record.ordinals + 5, horizon=30, since=FIRST.toordinal() + 1, every=7)
    assert told[Baseline.RECENT].tolist() == [0.5]
    assert told[Baseline.CLIMATOLOGY].tolist() == [0.5]

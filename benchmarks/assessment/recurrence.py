"""How well medians of few spells are told, and what it costs to censor what is cut at its start.

python benchmarks/assessment/recurrence.py
"""

from __future__ import annotations

import numpy as np

from sitewatch.structures import Length, recurrence

SHAPES = {
    "log-normal, sd .25": lambda rng: 100 * np.exp(rng.normal(0, 0.25)),
    "log-normal, sd .7": lambda rng: 100 * np.exp(rng.normal(0, 0.7)),
    "exponential": lambda rng: rng.exponential(100 / np.log(2)),
}
"""Lengths of spells, days, all with a median of 100."""


def told(length: float, rng: np.random.Generator, *, censored: bool = False, revisit: float = 10.0) -> Length:
    """With a bracket of up to `revisit` days at either end."""
    less, more = rng.uniform(0, revisit, 2)
    return Length(shortest=max(0.0, length - less), longest=length + more, censored=censored)


def interval_coverage(rng: np.random.Generator) -> None:
    for name, draw in SHAPES.items():
        for number, cut in ((3, 0), (4, 0), (6, 0), (10, 0), (4, 1), (8, 2)):
            hits = []
            for _ in range(400):
                lengths = [told(draw(rng), rng) for _ in range(number - cut)]
                for _ in range(cut):
                    whole = draw(rng)
                    lengths.append(told(rng.uniform(0, whole), rng, censored=True))
                low, high = recurrence(lengths).median_interval
                hits.append((low or 0) <= 100 and (high is None or high >= 100))
            print(f"{name}: {number} spells, {cut} cut off: interval holds the median in {np.mean(hits):.2f}")


def cut_at_the_start(rng: np.random.Generator) -> None:
    """Spells with gaps of about 200 days seen for three years from any moment on."""
    for name, draw in SHAPES.items():
        kept, dropped = [], []
        for _ in range(600):
            at, spells = -2000.0, []
            while at < 1095:
                length = draw(rng)
                spells.append((at, at + length))
                at += length + 200 * np.exp(rng.normal(0, 0.3))
            seen = [(max(a, 0.0), min(b, 1095.0), a <= 0, b >= 1095) for a, b in spells if b > 0]
            every = [Length(shortest=b - a, longest=b - a, censored=bool(i or j)) for a, b, i, j in seen]
            late = [one for one, told_ in zip(every, seen, strict=True) if not told_[2]]
            kept.append(recurrence(every).median[0] or np.nan)
            dropped.append(recurrence(late).median[0] or np.nan)
        print(
            f"{name}: typical median with what was cut at its start {np.nanmedian(kept):.0f}, without it "
            f"{np.nanmedian(dropped):.0f}, true 100; their means {np.nanmean(kept):.1f} and {np.nanmean(dropped):.1f}"
        )


if __name__ == "__main__":
    interval_coverage(np.random.default_rng(1))
    cut_at_the_start(np.random.default_rng(2))

"""A series, and what followed, for JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sitewatch.structures._before_after import Around, Neighbour
from sitewatch.structures._series import LEVEL, Length, Recurrence, Series
from sitewatch.structures._structure import Bracket

__all__ = ["series_document"]


def series_document(series: Series, around: Sequence[Around] = ()) -> dict[str, object]:
    """A series as JSON; days to a tenth, shares and probabilities 0-1.

    Args:
        series: of one structure.
        around: what else happened around its turns.
    """
    since = series.since_last
    return {
        "structure": series.structure,
        "first_look": _told(series.first),
        "last_look": _told(series.last),
        "spells": [
            {
                "erected": _bracket(spell.erected),
                "dismantled": _bracket(spell.dismantled),
                **_length(spell.length),
                "stood_before_first_look": spell.left_cut,
                "stands_at_last_look": spell.right_cut,
                "probability": spell.probability,
            }
            for spell in series.spells
        ],
        "gaps": [
            {"since": _told(gap.since), "until": _told(gap.until), **_length(gap.length)} for gap in series.absences
        ],
        "away_since_last": None if since is None else _length(since.length),
        "season": [vars(month) for month in series.season],
        "standing": _recurrence(series.standing),
        "away": _recurrence(series.away),
        "around": [_around(one) for one in around],
    }


def _recurrence(lengths: Recurrence) -> dict[str, object]:
    steps = zip(lengths.days, lengths.low, lengths.high, lengths.interval_low, lengths.interval_high, strict=True)
    names = ("days", "low", "high", "interval_low", "interval_high")
    return {
        "number": lengths.number,
        "censored": lengths.censored,
        "median_days": [_rounded(value, 1) for value in lengths.median],
        "median_interval_days": [_rounded(value, 1) for value in lengths.median_interval],
        "level": LEVEL,
        "survival": [dict(zip(names, (round(v, 4) for v in step), strict=True)) for step in steps],
    }


def _around(around: Around) -> dict[str, object]:
    return {
        "turn": around.turn.value,
        "within_days": around.within_days,
        "occasions": [
            {
                "bracket": _bracket(one.bracket),
                "probability": one.probability,
                "window_reaches_out_of_record": one.cut,
                "near": [_neighbour(near) for near in one.neighbours],
            }
            for one in around.occasions
        ],
        "summary": [
            {
                "what": one.what,
                "side": one.side.value,
                "certainly": one.certainly,
                "possibly": one.possibly,
                "of": one.of,
                "expected_by_chance": [round(value, 3) for value in one.expected],
                "chance": round(one.chance, 4),
            }
            for one in around.summary
        ],
        "by_luck": round(around.by_luck, 2),
        "least_probability": around.least,
        "left_out": around.left_out,
        "others_left_out": around.others_left_out,
    }


def _neighbour(near: Neighbour) -> dict[str, object]:
    return {
        "what": near.what,
        "began": _told(near.began),
        "ended": _told(near.ended),
        "days": [round(value, 1) for value in near.days],
        "side": near.side.value,
        "certain": near.certain,
        "probability": near.probability,
    }


def _length(length: Length) -> dict[str, object]:
    return {
        "shortest_days": round(length.shortest, 1),
        "longest_days": round(length.longest, 1),
        "censored": length.censored,
    }


def _bracket(bracket: Bracket | None) -> dict[str, str] | None:
    return None if bracket is None else {"after": _told(bracket.after), "by": _told(bracket.by)}


def _told(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)

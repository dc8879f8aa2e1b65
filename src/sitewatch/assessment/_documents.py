"""A judgement for JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sitewatch.assessment._assessment import Assessment
from sitewatch.assessment._matrix import matrix
from sitewatch.assessment._paragraph import paragraph
from sitewatch.assessment._weigh import LEVEL

__all__ = ["assessment_document"]


def assessment_document(found: Assessment) -> dict[str, object]:
    """All of a judgement for JSON; probabilities to six places, times UTC."""
    return {
        "title": found.title,
        "question": found.question,
        "site": found.site,
        "since": _time(found.since),
        "at": _time(found.at),
        "paragraph": [
            {"text": one.text, "topic": one.topic.value, "evidence": list(one.evidence), "scenes": list(one.scenes)}
            for one in paragraph(found)
        ],
        "band": LEVEL,
        "hypotheses": [
            {
                "key": h.key,
                "title": h.title,
                "benign": h.benign,
                "prior": round(h.prior, 6),
                "probability": round(h.probability, 6),
                "low": round(h.low, 6),
                "high": round(h.high, 6),
                "word": h.word.value,
                "going_on": round(h.going_on, 6),
            }
            for h in found.hypotheses
        ],
        "active": {name: round(p, 6) for name, p in
                   (("probability", found.active), ("low", found.active_low), ("high", found.active_high))},
        "confidence": {
            "level": found.confidence.level.value,
            "reasons": [{"text": one.text, "weight": one.weight} for one in found.confidence.reasons],
        },
        "items": [
            {
                "indicator": item.key,
                "title": item.title,
                "kind": item.kind.value,
                "says": item.says,
                "scenes": list(item.scenes),
                "shown": list(item.shown),
                "claims": list(item.claims),
                "structures": list(item.structures),
                "support": _rounded(item.support),
                "without": _rounded(item.without),
                "counted": round(item.counted, 4),
            }
            for item in found.items
        ],
        "matrix": [
            {"indicator": row.key, "symbols": {cell.hypothesis: cell.symbol for cell in row.cells}}
            for row in matrix(found)
        ],
        "left_out": [{"indicator": one.key, "title": one.title, "why": one.why} for one in found.left_out],
        "next_looks": {
            "tried": found.looks_tried,
            "days_apart": round(found.next_after_days, 2),
            "each": [
                {
                    "indicator": one.indicator,
                    "shows": one.shows,
                    "after": _rounded(one.after),
                    "until_another_leads": one.until_leader,
                    "leader": one.leader,
                    "until_another_word": one.until_word,
                }
                for one in found.next_looks
            ],
        },
        "levers": [
            {
                "indicator": one.indicator,
                "hypothesis": one.hypothesis,
                "side": one.side,
                "told": round(one.told, 6),
                "changed": round(one.changed, 6),
                "leader": one.leader,
            }
            for one in found.levers
        ],
        "prior_factor": round(found.prior_factor, 4),
        "looks": {"used": list(found.used), **{name: list(scenes) for name, scenes in found.unused.items()}},
        "covered": None if found.covered is None else round(found.covered, 4),
        "counted": None if found.counted is None else round(found.counted, 4),
        "hindsight": found.hindsight,
        "draws": {"count": found.draws, "effective": round(found.effective_draws, 1), "seed": found.seed,
                  "ways": found.ways},
        "path": [
            {
                "time": _time(point.time),
                "probability": _rounded(point.probability),
                "low": _rounded(point.low),
                "high": _rounded(point.high),
            }
            for point in found.path
        ],
        "activity": [{"time": _time(time), "probability": round(p, 6)} for time, p in found.activity],
    }  # fmt: skip


def _rounded(told: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 6) for key, value in told.items()}


def _time(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"

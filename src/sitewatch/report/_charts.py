"""The looks in time, and the life of a structure, as SVG that stays readable at any width."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sitewatch.cube import Gap, Look, Outcome
from sitewatch.report._svg import Axis, tag
from sitewatch.structures import Presence, Structure

__all__ = ["LANES", "Curve", "life_chart", "looks_chart", "presence_marks"]

LANES = (Outcome.USED, Outcome.COULD_NOT_SEE, Outcome.REJECTED, Outcome.FAILED)
"""Order of the outcomes, from top to bottom."""

_LANE = 30
_CURVE = 84


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Brightness of a footprint and of its surroundings."""

    times: tuple[dt.datetime, ...]
    inside: NDArray[np.float64]
    around: NDArray[np.float64]
    """NaN where the surroundings were not seen."""


def looks_chart(looks: Sequence[Look], *, axis: Axis, long_gaps: Sequence[Gap]) -> Markup:
    """One mark per look: outcome by lane and by shape."""
    height = _LANE * len(LANES)
    parts = axis.grid(height=height, label_at=height + 18)
    for lane in range(1, len(LANES)):
        parts.append(tag("line", x1="0%", x2="100%", y1=lane * _LANE, y2=lane * _LANE, class_="rule"))
    for gap in long_gaps:
        left, right = axis.at(gap.after), axis.at(gap.by)
        parts.append(
            tag("rect", tag("title", gap.sentence), x=f"{left:g}%", width=f"{right - left:g}%", y=3, height=_LANE - 6,
                class_="gap")
        )  # fmt: skip
        if right - left > 4.5:
            name = "gap-name" if right - left > 11 else "gap-name narrow"
            parts.append(tag("text", f"{gap.days} d", x=f"{(left + right) / 2:g}%", y=_LANE // 2 + 4, class_=name))
    for look in looks:
        if look.captured is not None:
            parts.append(_mark(look, axis.x(look.captured)))
    counts = ", ".join(f"{sum(k.outcome is o for k in looks)} {o.value}" for o in LANES)
    return tag(
        "svg", *parts, role="img", width="100%", height=height + 24, class_="plot",
        aria_label=f"Looks in time by outcome: {counts}. The table below lists every look.",
    )  # fmt: skip


def _mark(look: Look, x: str) -> Markup:
    lane = LANES.index(look.outcome)
    middle = lane * _LANE + _LANE // 2
    when = f"{look.captured:%Y-%m-%d}" if look.whole_day else f"{look.captured:%Y-%m-%d %H:%M} UTC"
    clear = "" if look.clear_share is None else f", {100 * look.clear_share:.0f} % clear"
    title = tag("title", f"{when} · {look.sensor} · {look.scene}: {look.outcome.value}{clear}. {look.reason}".strip())
    shape = ("m-used", "m-unseen", "m-rejected", "m-failed")[lane]
    return tag("use", title, href=f"#{shape}", x=x, y=middle, class_=shape)


def life_chart(structure: Structure, *, axis: Axis, clear: Sequence[tuple[dt.datetime, bool]], curve: Curve) -> Markup:
    """The life line of a structure, when its ground was seen, and its brightness over time."""
    bar, ticks, top = 22, 58, 78
    height = top + _CURVE
    parts = axis.grid(height=height, label_at=height + 18)
    parts.append(tag("line", x1="0%", x2="100%", y1=bar + 9, y2=bar + 9, class_="rule"))
    for presence in structure.presences:
        parts += presence_marks(presence, axis=axis, y=bar)
    for time, seen in clear:
        x = axis.x(time)
        parts.append(
            tag("line", x1=x, x2=x, y1=ticks - (5 if seen else 0), y2=ticks + 5, class_="seen" if seen else "hid")
        )
    parts += _curve(curve, axis=axis, top=top)
    return tag(
        "svg", *parts, role="img", width="100%", height=height + 24, class_="plot",
        aria_label="Life line and brightness over time; the sentences beside it say the same in words.",
    )  # fmt: skip


def presence_marks(presence: Presence, *, axis: Axis, y: int) -> list[Markup]:
    """A bar for a spell of standing, 18 high, hatched where it lies between two looks, with its phases."""
    start = axis.at(presence.erected.by) if presence.erected else 0.0
    end = axis.at(presence.dismantled.after) if presence.dismantled else 100.0
    parts = [
        tag("rect", tag("title", "standing"), x=f"{start:g}%", y=y, width=f"{max(0.3, end - start):.2f}%", height=18,
            class_="stands")
    ]  # fmt: skip
    for bracket, verb in ((presence.erected, "erected"), (presence.dismantled, "taken down")):
        if bracket is not None:
            left, right = axis.at(bracket.after), axis.at(bracket.by)
            words = f"{verb} after {bracket.after:%Y-%m-%d %H:%M} and by {bracket.by:%Y-%m-%d %H:%M} UTC"
            parts.append(
                tag("rect", tag("title", words), x=f"{left:g}%", y=y, width=f"{max(0.3, right - left):.2f}%",
                    height=18, class_="bracket")
            )  # fmt: skip
    last = -20.0
    for phase in presence.phases:
        position = axis.at(phase.began.by)
        title = tag("title", f"{phase.name}: after {phase.began.after:%Y-%m-%d} and by {phase.began.by:%Y-%m-%d}")
        parts.append(tag("line", title, x1=f"{position:g}%", x2=f"{position:g}%", y1=y - 6, y2=y + 18, class_="phase"))
        if position - last >= 11:
            side = "phase-name end" if position > 85 else "phase-name"
            parts.append(tag("text", phase.name, x=f"{position:g}%", y=y - 9, class_=side))
            last = position
    return parts


def scale_of(curve: Curve) -> tuple[float, float]:
    """Lowest and highest value drawn, rounded outwards."""
    values = np.concatenate([curve.inside, curve.around])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    low, high = math.floor(low * 20) / 20, math.ceil(high * 20) / 20
    return (low, high) if high > low else (low, low + 0.05)


def _curve(curve: Curve, *, axis: Axis, top: int) -> list[Markup]:
    low, high = scale_of(curve)
    parts = [
        tag("line", x1="0%", x2="100%", y1=top, y2=top, class_="rule"),
        tag("line", x1="0%", x2="100%", y1=top + _CURVE, y2=top + _CURVE, class_="rule base"),
    ]
    for name, values in (("around", curve.around), ("inside", curve.inside)):
        for time, value in zip(curve.times, values, strict=True):
            if math.isfinite(value):
                y = top + _CURVE * (1 - (value - low) / (high - low))
                parts.append(tag("circle", cx=axis.x(time), cy=round(y, 1), r=2.4, class_=name))
    return parts

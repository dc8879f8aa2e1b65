"""The series of a structure in words and as a picture: how long it stands, and how long until it comes again."""

from __future__ import annotations

import calendar
import textwrap
from collections.abc import Sequence

from markupsafe import Markup

from sitewatch.report._charts import presence_marks
from sitewatch.report._sentences import bracket_words, moment, plural
from sitewatch.report._svg import Axis, standalone, tag
from sitewatch.structures import LEAST_ENDED, LEVEL, Around, Followed, Length, Recurrence, Series, Structure

__all__ = ["around_sentences", "length_words", "occasion_words", "series_picture", "series_sentences"]

_STYLE = """
.grid { stroke: #efede7; } .rule { stroke: #dcd9d2; } .tick { text-anchor: middle; } .share { text-anchor: end; }
.stands { fill: #c07a12; } .bracket { fill: url(#hatch); stroke: #c07a12; } .phase { stroke: #1b1d21; }
.phase-name { font-size: 11px; } .band { fill: #1f4e79; fill-opacity: .55; }
.interval { fill: #1f4e79; fill-opacity: .13; }
.half { stroke: #9a5b00; stroke-dasharray: 4 3; } .step { fill: none; stroke: #1f4e79; stroke-width: 1.4px; }
.month { text-anchor: middle; font-size: 11px; }
.stood { fill: #c07a12; } .maybe { fill: url(#hatch); stroke: #c07a12; }
.empty { fill: none; stroke: #dcd9d2; } .name { fill: #1b1d21; font-weight: 600; }
"""
_WIDTH = 1100
_PANEL = 150
_MOST_TYPES = 12
"""Types of events that are told in words; JSON has all."""
_CERTAIN = 0.995
"""A chance from there on is printed as 1: what random occasions would have as often says nothing."""


def series_sentences(series: Series) -> tuple[str, ...]:
    """What the series says, a sentence for each question; what it cannot say is said too."""
    spells = series.spells
    looks = f"in the looks from {moment(series.first)} to {moment(series.last)}"
    cut = [
        words
        for words, is_cut in (
            ("the first stood before them", spells and spells[0].left_cut),
            ("the last still stands", spells and spells[-1].right_cut),
        )
        if is_cut
    ]
    times = "once" if len(spells) == 1 else f"{len(spells)} times"
    parts = [f"It stood {times} {looks}" + (f"; {' and '.join(cut)}" if cut else "") + "."]
    parts.append(f"How long it stands: {_usual(series.standing, 'spell')}.")
    if spells and spells[0].left_cut and series.standing.censored < series.standing.number:
        parts.append(
            "The spell that stood before the first look counts as one that lasted longer than what was seen of it; "
            "that leans a little long."
        )
    if len(spells) == 1 and series.since_last is None:
        parts.append("How long until it comes again: it has not been seen to go, so there is no gap to tell it from.")
    else:
        parts.append(f"How long until it comes again: {_usual(series.away, 'gap')}.")
    since = series.since_last
    if since is not None:
        known = [a.length for a in series.absences if not a.length.censored]
        beside = ""
        if known:
            longest, shortest = max(g.longest for g in known), min(g.shortest for g in known)
            if since.length.shortest > longest:
                beside = ", longer than every gap before"
            elif since.length.longest < shortest:
                beside = ", shorter than every gap before"
            else:
                beside = f"; the gaps before lasted {shortest:.0f} to {longest:.0f} days"
        parts.append(f"It has been away for {length_words(since.length)} so far{beside}.")
    stood = [f"{calendar.month_name[m.month]} ({m.stood} of {m.of})" for m in series.season if m.stood]
    if stood:
        parts.append(f"Months in which it stood, and in how many of the years looked at: {', '.join(stood)}.")
    return tuple(parts)


def around_sentences(around: Around) -> tuple[str, ...]:
    """What happened near the turns: a sentence for each type that random occasions might not have.

    The least likely by chance comes first; what is left out is counted.
    """
    near = [f for f in around.summary if f.possibly]
    found = [f for f in near if f.chance < _CERTAIN]
    days = f"{around.within_days:g} days"
    unlikely = [
        words
        for words, count in (
            (f"{around.left_out} of its own", around.left_out),
            (f"{around.others_left_out} of others", around.others_left_out),
        )
        if count
    ]
    without = (
        [f"Turns less likely than {100 * around.least:g} % are left out: {' and '.join(unlikely)}."] if unlikely else []
    )
    if not around.occasions:
        return (f"It was not seen being {around.turn.value}, so nothing can be set beside it.", *without)
    head = (
        f"{plural(len(around.occasions), 'time')} {around.turn.value}; {plural(len(around.summary), 'comparison')} "
        f"with what else was seen or is recorded, of which {around.by_luck:.1f} or fewer would have a chance under .05 "
        "by luck alone."
    )
    parts = [head, *without]
    cut = sum(one.cut for one in around.occasions)
    if cut:
        parts.append(
            f"With {cut} of them the window of {days} reaches out of the record: what is missing may be there."
        )
    parts += [_followed(one, days) for one in found[:_MOST_TYPES]]
    if len(found) > _MOST_TYPES:
        parts.append(f"{len(found) - _MOST_TYPES} further types came near as well, none of them less likely by chance.")
    if len(near) > len(found):
        count = plural(len(near) - len(found), "line")
        parts.append(f"{count} left out, of what occasions at random times would surely have near them as often.")
    if not near:
        parts.append(f"Nothing else is known within {days} before or after.")
    return tuple(parts)


def _followed(found: Followed, days: str) -> str:
    side = "within {} {}".format(days, "after" if found.side.value == "after" else "before")
    count = f"{found.certainly}" if found.certainly == found.possibly else f"{found.certainly} to {found.possibly}"
    least, most = found.expected
    return (
        f"{found.what}: {side} in {count} of {found.of} (by chance {least:.1f} to {most:.1f}; chance of as many "
        f"{found.chance:.2g})."
    )


def length_words(length: Length) -> str:
    """A length in days, as far as its brackets tell it."""
    low, high = f"{length.shortest:.0f}", f"{length.longest:.0f}"
    return f"{low} days" if low == high else f"{low} to {high} days"


def _usual(lengths: Recurrence, noun: str) -> str:
    """The median with its interval, and what it rests on."""
    cut = f", {lengths.censored} of them cut off" if lengths.censored else ""
    basis = f"{plural(lengths.number, noun)}{cut}"
    ended = lengths.number - lengths.censored
    low, high = lengths.median
    if not ended:
        return f"not defined, as no end of one was seen ({basis})"
    if low is None:
        return f"not defined, as fewer than half were seen to end ({basis})"
    span = f"{low:.0f} days or more" if high is None else _span(low, high)
    if ended == 1:
        return f"{span}, once; one is too few to tell what is usual ({basis})"
    least, most = lengths.median_interval
    if ended < LEAST_ENDED or least is None:
        sure = "; two ends are too few for an interval" if ended < LEAST_ENDED else "; no interval is defined"
    else:
        until = "with no upper end" if most is None else f"to {most:.0f} days"
        sure = (
            f", {100 * LEVEL:.0f} % interval {least:.0f} days {until}"
            if most is None
            else (f", {100 * LEVEL:.0f} % interval {least:.0f} {until}")
        )
    return f"half of them last longer than {span}{sure} ({basis})"


def _span(low: float, high: float) -> str:
    return f"{low:.0f} days" if round(low) == round(high) else f"{low:.0f} to {high:.0f} days"


def series_picture(series: Series, structure: Structure, *, title: str) -> str:
    """The life line, the months of standing and the two survival functions, as an SVG file of its own.

    Args:
        series: of `structure`.
        structure: whose life it is.
        title: what stands above it.
    """
    inner = _WIDTH - 32
    axis = Axis(start=series.first, end=series.last)
    life: list[Markup] = axis.grid(height=44, label_at=60)
    life.append(tag("line", x1="0%", x2="100%", y1=27, y2=27, class_="rule"))
    for presence in structure.presences:
        life += presence_marks(presence, axis=axis, y=18)
    parts = [
        tag("text", title, x=16, y=26, class_="title"),
        tag("svg", *life, x=16, y=44, width=inner, height=64, overflow="visible"),
        *_months(series, y=136),
    ]
    y, half = 216, inner // 2
    parts += _curve(series.standing, "How long it stands", "spell", x=16, y=y, width=half - 40)
    parts += _curve(series.away, "How long until it comes again", "gap", x=16 + half + 20, y=y, width=half - 40)
    y += _PANEL + 88
    parts += [
        tag("rect", x=16, y=y - 10, width=16, height=11, class_="band"),
        tag("text", "what the brackets allow", x=38, y=y),
        tag("rect", x=206, y=y - 10, width=16, height=11, class_="interval"),
        tag("text", f"{100 * LEVEL:.0f} % confidence interval", x=228, y=y),
        tag("rect", x=396, y=y - 10, width=16, height=11, class_="stood"),
        tag("text", "stood", x=418, y=y),
        tag("rect", x=476, y=y - 10, width=16, height=11, class_="maybe"),
        tag("text", "between two looks", x=498, y=y),
        tag("line", x1=640, x2=656, y1=y - 4, y2=y - 4, class_="half"),
        tag("text", "a half", x=662, y=y),
    ]
    y += 30
    lines = [line for sentence in series_sentences(series) for line in _wrapped(sentence, 160)]
    for number, line in enumerate(lines):
        parts.append(tag("text", line, x=16, y=y + 18 * number))
    return standalone(
        *parts, width=_WIDTH, height=y + 18 * len(lines), style=_STYLE, label=f"{title}: {series_sentences(series)[0]}"
    )


def _months(series: Series, *, y: int) -> list[Markup]:
    """A box for every month: how many of its years it stood in."""
    parts = [tag("text", "Months of standing", x=16, y=y, class_="name")]
    for n, month in enumerate(series.season):
        x = 16 + n * 62
        parts.append(tag("rect", x=x, y=y + 10, width=58, height=16, class_="empty"))
        if month.of:
            stood, maybe = 58 * month.stood / month.of, 58 * month.maybe / month.of
            if stood:
                parts.append(tag("rect", x=x, y=y + 10, width=round(stood, 1), height=16, class_="stood"))
            if maybe:
                parts.append(
                    tag("rect", x=round(x + stood, 1), y=y + 10, width=round(maybe, 1), height=16, class_="maybe")
                )
        words = f"{calendar.month_abbr[month.month]} {month.stood}/{month.of}"
        parts.append(tag("text", words, x=x + 29, y=y + 40, class_="month"))
    return parts


def _curve(lengths: Recurrence, title: str, noun: str, *, x: int, y: int, width: int) -> list[Markup]:
    """A survival function with its band, in pixels."""
    cut = f", {lengths.censored} cut off" if lengths.censored else ""
    parts = [tag("text", f"{title}: {plural(lengths.number, noun)}{cut}", x=x, y=y, class_="name")]
    top, left = y + 16, x + 44
    wide = width - 44
    for share, label in ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")):
        level = top + _PANEL * (1 - share)
        parts.append(
            tag("line", x1=left, x2=left + wide, y1=level, y2=level, class_="half" if share == 0.5 else "rule")
        )
        parts.append(tag("text", label, x=left - 6, y=level + 4, class_="share"))
    if not lengths.number:
        return [*parts, tag("text", f"There is no {noun} to tell it from.", x=left + 8, y=top + _PANEL / 2 - 8)]
    if lengths.censored == lengths.number:
        words = f"No end of a {noun} was seen, so that no curve can be drawn."
        return [*parts, tag("text", words, x=left + 8, y=top + _PANEL / 2 - 8)]
    most = max(lengths.days[-1] * 1.04, 1.0)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if most / s <= 8)
    for day in range(0, int(most) + 1, step):
        at = left + wide * day / most
        parts.append(tag("line", x1=round(at, 1), x2=round(at, 1), y1=top, y2=top + _PANEL, class_="grid"))
        parts.append(tag("text", f"{day}", x=round(at, 1), y=top + _PANEL + 18, class_="tick"))
    parts.append(tag("text", "days, and the share that lasts longer", x=left, y=top + _PANEL + 36))
    days = (*lengths.days, most)

    def path(values: Sequence[float], *, back: bool = False) -> str:
        points = []
        for n, value in enumerate(values):
            level = top + _PANEL * (1 - value)
            points += [(left + wide * days[n] / most, level), (left + wide * days[n + 1] / most, level)]
        return "L".join(f"{a:.1f} {b:.1f}" for a, b in (reversed(points) if back else points))

    for high, low, name in (
        (lengths.interval_high, lengths.interval_low, "interval"),
        (lengths.high, lengths.low, "band"),
    ):
        parts.append(tag("path", d=f"M{path(high)}L{path(low, back=True)}Z", class_=name))
    parts += [tag("path", d=f"M{path(values)}", class_="step") for values in (lengths.high, lengths.low)]
    return parts


def occasion_words(around: Around) -> list[str]:
    """Each occasion with what was near it, one line each."""
    lines = []
    for one in around.occasions:
        lines.append(f"{one.turn.value} {bracket_words(one.bracket)}:")
        for near in one.neighbours:
            least, most = near.days
            sure = "" if near.certain else ", possibly within"
            lines.append(f"  {least:+.0f} to {most:+.0f} days: {near.what} ({near.side.value}{sure})")
        if not one.neighbours:
            lines.append("  nothing else is known")
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)

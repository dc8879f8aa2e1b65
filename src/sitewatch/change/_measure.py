"""Kernels that read from the images what a patch and its surroundings look like, look by look."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["MEASURED", "SIDES", "measure"]

_RING = 3
"""Width of the surroundings that a patch is compared with, pixels, after a gap of one for mixed pixels."""

_MIN_QUIET = 12
"""Fewer quiet pixels around say too little."""
_SAME_DATE_DAYS = 60.0

_OWN_LOOKS = 2
"""Dates of other spells this near to the patch's own, in looks, are its own."""

SIDES = (
    "bright",
    "contrast",
    "local_contrast",
    "texture",
    "vegetation",
    "built",
    "white",
    "warm",
    "restless",
    "seasonal",
    "green_around",
)
"""What is measured before, in and after a spell, see `_side`."""

_SIDES = len(SIDES)
MEASURED = 16 + 3 * _SIDES
"""How many numbers `measure` gives for each patch."""


@numba.njit(cache=True, parallel=True)
def measure(values, valid, days, shape, told, spell_start, spell_end, positions, visible, tone, south):  # type: ignore[no-untyped-def]
    """What the images say of every patch, in the order of `FEATURES` from `sharp` on, without `common`.

    Args:
        values: (pixel, time, band).
        valid: (pixel, time), True = ground seen.
        days: (time,) capture times in days.
        shape: (y, x) of the grid.
        told: of the n patches, (n + 1,) where the pixels of each begin in the next; flat indices into (y, x); the first
            look of each spell; the first after it; (n, band) its change.
        spell_start: (pixel, event) of all pixels, as `scan` gives it.
        spell_end: likewise.
        positions: of red, green, blue, nir and swir16 among the bands, -1 for none.
        visible: positions of the bands that make up brightness to the eye.
        tone: pictures: (value that was made 0, range that was made 1); else (0, 1).
        south: True: shadows fall to the south.

    Returns:
        (n,) True where a patch could be measured, and (n, MEASURED).
    """
    offsets, pixels, starts, ends, deltas = told
    count = len(starts)
    measured = np.zeros(count, dtype=np.bool_)
    numbers = np.zeros((count, MEASURED))
    for i in numba.prange(count):
        body = pixels[offsets[i] : offsets[i + 1]]
        measured[i] = _measure_one(
            values,
            valid,
            days,
            shape,
            body,
            starts[i],
            ends[i],
            deltas[i],
            spell_start,
            spell_end,
            positions,
            visible,
            tone,
            south,
            numbers[i],
        )
    return measured, numbers


@numba.njit(cache=True)
def _measure_one(  # type: ignore[no-untyped-def]
    values,
    valid,
    days,
    shape,
    body,
    start,
    end,
    delta,
    spell_start,
    spell_end,
    positions,
    visible,
    tone,
    south,
    out,
):
    looks = days.size
    rim, ring, flanks, flank_of = _surroundings(body, shape)
    if ring.size == 0:
        return False
    loud = _changes_with(ring, start, end, spell_start, spell_end, days)
    quiet = ring[~loud]
    around = quiet if quiet.size >= _MIN_QUIET else ring
    begin, last = _neighbouring_dates(body, start, end, spell_start, spell_end, looks)
    step = end >= looks
    own, own_seen = _series(values, valid, body)
    other, other_seen = _series(values, valid, around)
    # No look at the patch or around it between its own date and a neighbouring one: that one is looked past.
    for earliest, latest in ((begin, last), (0, last), (begin, looks), (0, looks)):
        if _seen_on_two_sides(own_seen, other_seen, earliest, start, end, latest):
            begin, last = earliest, latest
            break
    # 0: neither, 1: in the spell, 2: before it, 3: after it
    when = np.zeros(looks, dtype=np.int8)
    when[begin:start] = 2
    when[start : min(end, last)] = 1
    if not step:
        when[end : max(end, last)] = 3
    sides = np.empty((3, _SIDES))
    found = np.zeros(3, dtype=np.bool_)
    for k in range(3):
        if k < 2 or not step:
            found[k] = _side(
                values,
                valid,
                body,
                around,
                own,
                own_seen,
                other,
                other_seen,
                when,
                k + 1,
                positions,
                visible,
                tone,
                sides[k],
            )
    if step:
        found[2] = found[1]
        sides[2] = sides[1]
    if not found[0] or not (found[1] or found[2]):
        return False
    if not found[1]:
        sides[1] = sides[2]
    if not found[2]:
        sides[2] = sides[1]
    change = np.sqrt((delta * delta).sum())
    direction = delta / max(change, 1e-6)
    rim_series, rim_seen = _series(values, valid, rim)
    out[0] = _sharpness(own, own_seen, start, end, direction, change)
    out[1] = _fit(own, own_seen, when, direction)
    out[2] = min(2.0, max(-2.0, _rise(rim_series, rim_seen, when, direction) / max(change, 1e-6)))
    out[3] = min(2.0, max(-2.0, _rise(other, other_seen, when, direction) / max(change, 1e-6)))
    out[4] = 1.0 - quiet.size / ring.size
    everywhen = np.ones(looks, dtype=np.int8)
    out[5] = _restless(other, other_seen, everywhen, 1, visible)
    out[6] = _seasonal(other, other_seen, everywhen, 1, positions, tone)
    until = min(end, last, looks - 1)
    out[7] = np.log(max(1.0, days[until] - days[start]))
    seen_in, seen_out = 0, 0
    for t in range(looks):
        if own_seen[t]:
            seen_in += when[t] == 1
            seen_out += when[t] > 1
    out[8] = np.log(max(1, seen_in))
    out[9] = np.log(max(1, seen_out))
    out[10] = 1.0 if step else 0.0
    out[11] = _unseen_days(own_seen, days, start)
    out[12] = 0.0 if step else _unseen_days(own_seen, days, end)
    eye = np.zeros(delta.size)
    for b in visible:
        eye[b] = 1.0 / visible.size
    darkest = np.inf
    brighter = np.zeros(4)
    for side in range(4):
        flank, flank_seen = _series(values, valid, flanks[flank_of[side] : flank_of[side + 1]])
        brighter[side] = _rise(flank, flank_seen, when, eye)
        darkest = min(darkest, brighter[side])
    poleward, equatorward = (brighter[1], brighter[0]) if south else (brighter[0], brighter[1])
    out[13] = poleward - equatorward
    out[14] = poleward
    out[15] = darkest
    for k in range(3):
        out[16 + k * _SIDES : 16 + (k + 1) * _SIDES] = sides[k]
    return True


@numba.njit(cache=True)
def _unseen_days(seen, days, at):  # type: ignore[no-untyped-def]
    """Log of 1 + the days between the last look before a date and the first from it on that saw the patch."""
    before, after = at - 1, at
    while before > 0 and not seen[before]:
        before -= 1
    while after < days.size - 1 and not seen[after]:
        after += 1
    return np.log1p(days[after] - days[max(before, 0)])


@numba.njit(cache=True)
def _surroundings(body, shape):  # type: ignore[no-untyped-def]
    """(rim, ring, flanks, where each flank begins): pixels next to a patch, those beyond, and two rows on each side.

    The flanks lie to the north, south, east and west.
    """
    height, width = shape
    margin = _RING + 2
    top, bottom = height, 0
    left, right = width, 0
    for p in body:
        top, bottom = min(top, p // width), max(bottom, p // width)
        left, right = min(left, p % width), max(right, p % width)
    top, left = max(0, top - margin), max(0, left - margin)
    bottom, right = min(height, bottom + margin + 1), min(width, right + margin + 1)
    far = _RING + 2
    distance = np.full((bottom - top, right - left), far, dtype=np.int64)
    for p in body:
        y, x = p // width - top, p % width - left
        for dy in range(-far + 1, far):
            for dx in range(-far + 1, far):
                if 0 <= y + dy < distance.shape[0] and 0 <= x + dx < distance.shape[1]:
                    distance[y + dy, x + dx] = min(distance[y + dy, x + dx], max(abs(dy), abs(dx)))
    rim = np.empty((distance == 1).sum(), dtype=np.int64)
    ring = np.empty(((distance > 1) & (distance < far)).sum(), dtype=np.int64)
    i = j = 0
    for y in range(distance.shape[0]):
        for x in range(distance.shape[1]):
            if distance[y, x] == 1:
                rim[i] = (y + top) * width + x + left
                i += 1
            elif 1 < distance[y, x] < far:
                ring[j] = (y + top) * width + x + left
                j += 1
    flanks = np.empty(8 * body.size, dtype=np.int64)
    begins = np.zeros(5, dtype=np.int64)
    count = 0
    for side, (sy, sx) in enumerate(((-1, 0), (1, 0), (0, 1), (0, -1))):
        taken = np.zeros(distance.shape, dtype=np.bool_)
        for p in body:
            for k in (1, 2):
                y, x = p // width - top + k * sy, p % width - left + k * sx
                if not (0 <= y < distance.shape[0] and 0 <= x < distance.shape[1]):
                    continue
                if distance[y, x] > 0 and not taken[y, x]:
                    taken[y, x] = True
                    flanks[count] = (y + top) * width + x + left
                    count += 1
        begins[side + 1] = count
    return rim, ring, flanks[:count], begins


@numba.njit(cache=True)
def _changes_with(ring, start, end, spell_start, spell_end, days):  # type: ignore[no-untyped-def]
    """(pixel,) True where a spell of the pixel begins or ends on a date of the patch."""
    looks = days.size
    result = np.zeros(ring.size, dtype=np.bool_)
    for i in range(ring.size):
        for e in range(spell_start.shape[1]):
            if spell_start[ring[i], e] < 0:
                continue
            for date in (spell_start[ring[i], e], spell_end[ring[i], e]):
                for own in (start, end):
                    if date < looks and own < looks and abs(days[date] - days[own]) <= _SAME_DATE_DAYS:
                        result[i] = True
    return result


@numba.njit(cache=True)
def _neighbouring_dates(body, start, end, spell_start, spell_end, looks):  # type: ignore[no-untyped-def]
    """The looks, from and before, between which half of a patch changes on its own dates only."""
    counts = np.zeros(looks)
    for p in body:
        for e in range(spell_start.shape[1]):
            if spell_start[p, e] >= 0:
                counts[spell_start[p, e]] += 1
                if spell_end[p, e] < looks:
                    counts[spell_end[p, e]] += 1
    begin, last = 0, looks
    for at in range(looks):
        near = counts[max(0, at - _OWN_LOOKS) : at + _OWN_LOOKS + 1].sum()
        if near < body.size / 2 or abs(at - start) <= 2 * _OWN_LOOKS or abs(at - end) <= 2 * _OWN_LOOKS:
            continue
        if at < start:
            begin = at
        elif (at > end or end >= looks) and at < last:
            # A change within the spell ends it where it is a step: what comes then is another stage.
            last = at
    return begin, last


@numba.njit(cache=True)
def _seen_on_two_sides(own_seen, other_seen, begin, start, end, last):  # type: ignore[no-untyped-def]
    """Whether a patch and its surroundings were seen in its spell and on another side."""
    seen = np.zeros(3, dtype=np.bool_)
    for k, (first, until) in enumerate(((start, min(end, last)), (begin, start), (end, max(end, last)))):
        seen[k] = own_seen[first:until].any() and other_seen[first:until].any()
    return seen[0] and (seen[1] or seen[2])


@numba.njit(cache=True)
def _series(values, valid, pixels):  # type: ignore[no-untyped-def]
    """(time, band) mean of a region over its seen pixels, and (time,) True where at least half of it was seen."""
    looks, bands = values.shape[1:]
    series = np.zeros((looks, bands))
    count = np.zeros(looks, dtype=np.int64)
    for p in pixels:
        for t in range(looks):
            if valid[p, t]:
                count[t] += 1
                for b in range(bands):
                    series[t, b] += values[p, t, b]
    for t in range(looks):
        if count[t] > 0:
            series[t] /= count[t]
    return series, count >= max(1, (pixels.size + 1) // 2)


@numba.njit(cache=True)
def _level(series, seen, when, side, out):  # type: ignore[no-untyped-def]
    """Mean level over the looks of one side that saw the region into `out`; False where none did."""
    count = 0
    out[:] = 0.0
    for t in range(len(seen)):
        if when[t] == side and seen[t]:
            count += 1
            out += series[t]
    if count:
        out /= count
    return count > 0


@numba.njit(cache=True)
def _rise(series, seen, when, direction):  # type: ignore[no-untyped-def]
    """Level in the spell less that before and after it, along a direction; 0 where one of them was not seen."""
    inside, outside = 0.0, 0.0
    n, m = 0, 0
    for t in range(len(seen)):
        if when[t] == 0 or not seen[t]:
            continue
        level = (series[t] * direction).sum()
        if when[t] == 1:
            inside += level
            n += 1
        else:
            outside += level
            m += 1
    return inside / n - outside / m if n and m else 0.0


@numba.njit(cache=True)
def _fit(series, seen, when, direction):  # type: ignore[no-untyped-def]
    """Share of the variance of a patch's mean, along its change, that a level inside and one outside explain."""
    count, total, square = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(len(seen)):
        if when[t] == 0 or not seen[t]:
            continue
        side = 0 if when[t] == 1 else 1
        level = (series[t] * direction).sum()
        count[side] += 1
        total[side] += level
        square[side] += level * level
    if count[0] == 0 or count[1] == 0:
        return 0.0
    whole = square.sum() - total.sum() ** 2 / count.sum()
    left = square[0] - total[0] ** 2 / count[0] + square[1] - total[1] ** 2 / count[1]
    return 1.0 - left / max(whole, 1e-9)


@numba.njit(cache=True)
def _sharpness(series, seen, start, end, direction, change):  # type: ignore[no-untyped-def]
    """Share of the change between the three seen looks before and after its dates, mean of both ends, -1 to 2."""
    looks = len(seen)
    total, ends = 0.0, 0
    for date, sign in ((start, 1.0), (end, -1.0)):
        if not 0 < date < looks:
            continue
        before, after = 0.0, 0.0
        n, m = 0, 0
        t = date - 1
        while t >= 0 and n < 3:
            if seen[t]:
                before += (series[t] * direction).sum()
                n += 1
            t -= 1
        t = date
        while t < looks and m < 3:
            if seen[t]:
                after += (series[t] * direction).sum()
                m += 1
            t += 1
        if n and m:
            total += min(2.0, max(-1.0, sign * (after / m - before / n) / max(change, 1e-6)))
            ends += 1
    return total / ends if ends else 0.0


@numba.njit(cache=True)
def _side(  # type: ignore[no-untyped-def]
    values, valid, body, around, own, own_seen, other, other_seen, when, side, positions, visible, tone, out
):
    """The `SIDES` on one side of a change into `out`; False where patch or surroundings were not seen.

    bright: mean of the visible bands. contrast: spectral distance between patch and surroundings. local_contrast: the
    same over the surroundings' own variety. texture: variety within the patch. vegetation: NDVI, or (green - red) /
    (green + red) where there is no near infrared. built: (swir16 - nir) / (swir16 + nir), 0 where these are missing.
    white: smallest over largest visible band. warm: (red - blue) / (red + blue). restless: standard deviation of
    brightness from look to look. seasonal: range of the vegetation index, 10th to 90th percentile of looks.
    green_around: vegetation index of the surroundings.
    """
    bands = own.shape[1]
    level, beside = np.empty(bands), np.empty(bands)
    if not _level(own, own_seen, when, side, level) or not _level(other, other_seen, when, side, beside):
        return False
    contrast = np.sqrt(((level - beside) ** 2).sum() / bands)
    dark, span = tone
    colour = level * span + dark  # colours are those of the picture, not of its rescaled values
    lightest, darkest = 0.005, np.inf
    bright = 0.0
    for b in visible:
        bright += level[b] / visible.size
        lightest = max(lightest, colour[b])
        darkest = min(darkest, colour[b])
    red, _, blue, nir, swir = positions
    out[0] = bright
    out[1] = contrast
    out[2] = min(contrast / (_variety(values, valid, around, when, side, visible) + 0.01), 10.0)
    out[3] = _variety(values, valid, body, when, side, visible)
    out[4] = _greenness(level, positions, tone)
    out[5] = _ratio(colour[swir], colour[nir]) if swir >= 0 and nir >= 0 else 0.0
    out[6] = max(darkest, 0.005) / lightest
    out[7] = _ratio(colour[red], colour[blue]) if red >= 0 and blue >= 0 else 0.0
    out[8] = _restless(own, own_seen, when, side, visible)
    out[9] = _seasonal(own, own_seen, when, side, positions, tone)
    out[10] = _greenness(beside, positions, tone)
    return True


@numba.njit(cache=True)
def _variety(values, valid, pixels, when, side, visible):  # type: ignore[no-untyped-def]
    """Standard deviation over pixels of their mean brightness on the looks of one side that saw them; 0: none did."""
    total, square, count = 0.0, 0.0, 0
    for p in pixels:
        level, seen = 0.0, 0
        for t in range(len(when)):
            if when[t] == side and valid[p, t]:
                seen += 1
                for b in visible:
                    level += values[p, t, b]
        if seen:
            level /= seen * visible.size
            total += level
            square += level * level
            count += 1
    return np.sqrt(max(0.0, square / count - (total / count) ** 2)) if count else 0.0


@numba.njit(cache=True)
def _restless(series, seen, when, side, visible):  # type: ignore[no-untyped-def]
    """Standard deviation of a region's brightness from look to look; 0 where it was not seen."""
    total, square, count = 0.0, 0.0, 0
    for t in range(len(seen)):
        if when[t] == side and seen[t]:
            level = 0.0
            for b in visible:
                level += series[t, b] / visible.size
            total += level
            square += level * level
            count += 1
    return np.sqrt(max(0.0, square / count - (total / count) ** 2)) if count else 0.0


@numba.njit(cache=True)
def _seasonal(series, seen, when, side, positions, tone):  # type: ignore[no-untyped-def]
    """Range of a region's vegetation index, 10th to 90th percentile of the looks of one side; 0: it was not seen."""
    index = np.empty(len(seen))
    count = 0
    for t in range(len(seen)):
        if when[t] == side and seen[t]:
            index[count] = _greenness(series[t], positions, tone)
            count += 1
    if count == 0:
        return 0.0
    ordered = np.sort(index[:count])
    return _quantile(ordered, 0.9) - _quantile(ordered, 0.1)


@numba.njit(cache=True)
def _quantile(ordered, share):  # type: ignore[no-untyped-def]
    """Quantile of sorted numbers, linear between two of them; numba's own takes four seconds to compile."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


@numba.njit(cache=True)
def _greenness(level, positions, tone):  # type: ignore[no-untyped-def]
    """Vegetation index of one spectrum: NDVI, without near infrared (green - red) / (green + red), without either 0."""
    more = positions[3] if positions[3] >= 0 else positions[1]
    if positions[0] < 0 or more < 0:
        return 0.0
    dark, span = tone
    return _ratio(level[more] * span + dark, level[positions[0]] * span + dark)


@numba.njit(cache=True)
def _ratio(a, b):  # type: ignore[no-untyped-def]
    """Normalised difference, -1 to 1; 0 where both are dark."""
    total = max(a, 0.0) + max(b, 0.0)
    return min(1.0, max(-1.0, (a - b) / total)) if total > 1e-6 else 0.0

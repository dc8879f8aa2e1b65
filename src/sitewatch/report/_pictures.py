"""Figures a stranger can check: true pixels, whole-number zoom, one stretch; date, source, scale and north on each."""

from __future__ import annotations

import base64
import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sitewatch.report._record import Frame, Record

__all__ = ["Picture", "figure", "map_picture", "time_lapse"]

_STRIP = (20, 22, 26)
_PAPER = (240, 241, 243)
_QUIET = (168, 174, 184)
_STILL = 560
"""Wanted width of a still, pixels."""
_MOVING = 280
_MAP = 1120


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image that is part of the page."""

    src: str
    """data: URI."""
    width: int
    height: int
    alt: str
    ground: tuple[int, int] = (0, 0)
    """Width and height of the part that shows the ground; below it lies the caption strip."""
    bytes: int = 0


def figure(record: Record, index: int, *, frame: Frame, mark: NDArray[np.bool_], number: str, alt: str) -> Picture:
    """One look at one frame: the pixels, corner marks around the footprint, and a strip that says what it is."""
    ground, zoom = _ground(record.picture(index, frame.rows, frame.columns), _STILL)
    image = _with_strip(ground, record, index, pixel=record.pixel_m / zoom)
    box = _box(mark[frame.rows, frame.columns], zoom)
    if box is not None:
        _corners(ImageDraw.Draw(image), box, limit=ground.size, number=number)
    return _png(image, alt=alt, ground=ground.size)


def map_picture(record: Record, index: int, *, alt: str) -> Picture:
    """The whole grid at one look; outlines and numbers are laid over it by the page."""
    ground, zoom = _ground(record.picture(index, slice(None), slice(None)), _MAP)
    image = _with_strip(ground, record, index, pixel=record.pixel_m / zoom)
    if record.reflectance[0, 0].size <= 400 * 400:
        return _png(image, alt=alt, ground=ground.size)
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=88, method=4)
    return _picture(buffer, "webp", image, alt=alt, ground=ground.size)


def time_lapse(
    record: Record,
    indices: Sequence[int],
    *,
    frame: Frame,
    mark: NDArray[np.bool_],
    standing: Sequence[bool | None],
    limit: int,
    alt: str,
) -> tuple[Picture, Picture]:
    """The given looks one after the other (animated WebP) and their first frame alone.

    Args:
        record: the looks.
        indices: which of them, in time order.
        frame: the window shown.
        mark: the footprint's pixels on the grid.
        standing: per look, whether the structure stood; None inside a bracket.
        limit: largest wanted size, bytes; frames are left out evenly until it fits.
        alt: text for who cannot see it.
    """
    chosen = list(range(len(indices)))
    while True:
        frames = [_moving_frame(record, indices, n, frame=frame, mark=mark, standing=standing) for n in chosen]
        buffer = io.BytesIO()
        durations = [420] * (len(frames) - 1) + [1800]
        frames[0].save(
            buffer, format="WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0,
            quality=62, method=1, kmin=9, kmax=17,
        )  # fmt: skip
        if buffer.tell() <= limit or len(chosen) <= 6:
            break
        keep = max(6, int(len(chosen) * max(0.5, 0.9 * limit / buffer.tell())))
        chosen = [chosen[round(n)] for n in np.linspace(0, len(chosen) - 1, keep)]
    moving = _picture(buffer, "webp", frames[0], alt=f"{alt}, {len(frames)} looks", ground=frames[0].size)
    return moving, _png(frames[0], alt=f"{alt}: first frame", ground=frames[0].size)


def _moving_frame(
    record: Record,
    indices: Sequence[int],
    position: int,
    *,
    frame: Frame,
    mark: NDArray[np.bool_],
    standing: Sequence[bool | None],
) -> Image.Image:
    index = indices[position]
    ground, zoom = _ground(record.picture(index, frame.rows, frame.columns), _MOVING)
    width, height = ground.size
    image = Image.new("RGB", (width, height + 40), _STRIP)
    image.paste(ground, (0, 0))
    draw = ImageDraw.Draw(image)
    box = _box(mark[frame.rows, frame.columns], zoom)
    if box is not None:
        _corners(draw, box, limit=ground.size, number="")
    draw.text((8, height + 8), record.look_name(index), font=_font(15), fill=_PAPER)
    span = (record.times[indices[-1]] - record.times[indices[0]]).total_seconds() or 1.0
    places = [
        round((width - 17) * (record.times[i] - record.times[indices[0]]).total_seconds() / span) for i in indices
    ]
    for n, (place, state) in enumerate(zip(places, standing, strict=True)):
        colour = {True: (246, 190, 60), False: (84, 90, 100), None: (150, 132, 92)}[state]
        until = places[n + 1] if n + 1 < len(places) else place + 3
        draw.rectangle((8 + place, height + 31, 8 + max(place, until - 1), height + 33), fill=colour)
    draw.rectangle((7 + places[position], height + 28, 9 + places[position], height + 36), fill=_PAPER)
    return image


def _ground(pixels: NDArray[np.uint8], wanted: int) -> tuple[Image.Image, float]:
    """The pixels as they are, each a square of whole-number edge; averaged only where they are too many to show."""
    side = max(pixels.shape[:2])
    if side > 1.4 * wanted:
        step = math.ceil(side / (1.4 * wanted))
        image = Image.fromarray(pixels).reduce(step)
        return image, 1 / step
    zoom = max(1, round(wanted / side))
    return Image.fromarray(pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)), float(zoom)


def _with_strip(ground: Image.Image, record: Record, index: int, *, pixel: float) -> Image.Image:
    """The ground above a strip with date, sensor, scene, credit, scale bar and north arrow."""
    width, height = ground.size
    size = max(15, round(min(width, 760) / 28))
    line = round(size * 1.45)
    image = Image.new("RGB", (width, height + 3 * line + size), _STRIP)
    image.paste(ground, (0, 0))
    draw = ImageDraw.Draw(image)
    left, top = round(size * 0.7), height + round(size * 0.55)
    bar, words = _scale(pixel, width)
    right = width - round(size * 0.7)
    _north(draw, (right - size * 0.6, top + line * 0.85), radius=size * 0.95, angle=record.true_north())
    end = right - size * 2
    draw.text((end - bar / 2, top + line * 0.2), words, font=_font(size * 0.86), fill=_PAPER, anchor="mt")
    foot = top + line * 1.35
    draw.line((end - bar, foot, end, foot), fill=_PAPER, width=max(2, size // 9))
    for x in (end - bar, end):
        draw.line((x, foot - size * 0.28, x, foot), fill=_PAPER, width=max(2, size // 9))
    room = end - bar - 1.5 * size - left
    draw.text((left, top), _fit(record.look_name(index), room, size), font=_font(size), fill=_PAPER)
    small = size * 0.78
    text = _fit(f"{record.sensor(index)} · {record.scenes[index]}", room, small)
    draw.text((left, top + line), text, font=_font(small), fill=_QUIET)
    draw.text((left, top + 2 * line), _fit(record.credit(index), right - left, small), font=_font(small), fill=_QUIET)
    return image


def _north(draw: ImageDraw.ImageDraw, centre: tuple[float, float], *, radius: float, angle: float) -> None:
    """An arrow to true north; `angle` is clockwise from the top of the picture."""
    x, y = centre
    turn = math.radians(angle)

    def at(forward: float, side: float) -> tuple[float, float]:
        dx = side * math.cos(turn) + forward * math.sin(turn)
        dy = -forward * math.cos(turn) + side * math.sin(turn)
        return x + dx * radius, y + dy * radius

    draw.polygon([at(0.55, 0), at(-1.0, -0.62), at(-0.62, 0), at(-1.0, 0.62)], fill=_PAPER)
    draw.text(at(0.68, 0), "N", font=_font(radius * 0.95), fill=_PAPER, anchor="ms")


def _scale(pixel: float, width: int) -> tuple[float, str]:
    """Length of the scale bar in picture pixels, and its words."""
    most = 0.26 * width * pixel
    power = 10 ** math.floor(math.log10(most))
    metres = next(step * power for step in (5, 2, 1) if step * power <= most)
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return metres / pixel, words


def _box(mark: NDArray[np.bool_], zoom: float) -> tuple[float, float, float, float] | None:
    rows, columns = np.nonzero(mark)
    if not rows.size:
        return None
    return columns.min() * zoom, rows.min() * zoom, (columns.max() + 1) * zoom, (rows.max() + 1) * zoom


def _corners(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], *, limit: tuple[int, int], number: str
) -> None:
    """Corner marks just outside a footprint: its pixels and their neighbours stay visible."""
    away = max(3, limit[0] // 90)
    left, top = max(2, box[0] - away), max(2, box[1] - away)
    right, bottom = min(limit[0] - 3, box[2] + away), min(limit[1] - 3, box[3] + away)
    arm = max(limit[0] // 40, 0.16 * min(right - left, bottom - top))
    lines = [
        ((x, y), (x + sx * arm, y), (x, y + sy * arm))
        for x, sx in ((left, 1), (right, -1))
        for y, sy in ((top, 1), (bottom, -1))
    ]
    thin = max(1, limit[0] // 280)
    for colour, wide in (((12, 12, 14), thin + 2), ((255, 214, 64), thin)):
        for corner, across, along in lines:
            draw.line([across, corner, along], fill=colour, width=wide, joint="curve")
    if number:
        font = _font(limit[0] / 26)
        spot = (right, top - limit[0] / 90)
        anchor = "rb" if top > limit[0] / 18 else "rt"
        draw.text(spot, number, font=font, fill=(255, 214, 64), anchor=anchor, stroke_width=2, stroke_fill=(12, 12, 14))


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fit(text: str, room: float, size: float) -> str:
    """Text in the letters that the built-in font has, shortened in the middle to the room there is."""
    flat = unicodedata.normalize("NFKD", text.replace("\u2013", "-"))
    plain = "".join(c if c.isascii() or c in "·©" else "?" for c in flat if not unicodedata.combining(c))
    plain = "".join(c if c.isprintable() else " " for c in plain)
    font = _font(size)
    if font.getlength(plain) <= room:
        return plain
    keep = len(plain)
    while keep > 8:
        keep -= 1
        head = keep * 3 // 5
        short = f"{plain[:head]}…{plain[len(plain) - (keep - head) :]}"
        if font.getlength(short) <= room:
            return short
    return plain[:8]


def _png(image: Image.Image, *, alt: str, ground: tuple[int, int]) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=7)
    return _picture(buffer, "png", image, alt=alt, ground=ground)


def _picture(buffer: io.BytesIO, kind: str, image: Image.Image, *, alt: str, ground: tuple[int, int]) -> Picture:
    data = buffer.getvalue()
    return Picture(
        src=f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}",
        width=image.width,
        height=image.height,
        alt=alt,
        ground=ground,
        bytes=len(data),
    )

"""Pictures laid on the ground that is known: first each for itself, then all on what they show together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from sitewatch.archive._reference import Known, Reference, chosen, known_picture, make_reference, plan, projections
from sitewatch.archive._similarity import Fit, Shade, Similarity, coarser, find, follow
from sitewatch.site import Site, context_bounds, project

__all__ = ["Laid", "Loose", "lay"]

_WORKERS = 2
_LONGEST = 1_200
"""Longer side, pixels, to which a picture is averaged for registration."""
_LEAST_STRENGTH = 36.0
"""What a fit must reach: of 94 pictures of one place, wrong places reached 12 to 33, right ones without cloud 48 to
113."""
_LEAST_LEAD = 1.4
"""How much stronger than any other place it must be."""
_MAX_SIGMA = 0.5
"""Standard error, pixels of the known images, from which on a picture is not used (looks are held to the same)."""
_SYSTEMATIC = 0.15
"""Standard error along an axis, pixels of the known images, that no agreement of the parts takes away: shadows of two
seasons move the same way everywhere (measured on 94 pictures of one place against looks registered to each other)."""
_WITHIN = 2.45
"""Standard errors along an axis within which a place lies in 95 of 100 cases."""
_SAMPLE = 6
"""Pictures that decide on the projection."""
_ENOUGH = 3
"""Placed pictures from which on all are laid once more, on the median of them."""
_SMALLEST, _LARGEST, _LARGEST_CONTEXT = 0.5, 8.0, 4.0
"""What a picture's longer side shows of the ground: from half the outline's length to eight times that, or to four
times that of the outline with its margin where that is more."""


@dataclass(frozen=True, kw_only=True)
class Loose:
    """A picture that is to be laid."""

    shape: tuple[int, int]
    """Its (rows, columns)."""
    read: Callable[[], Shade]
    """Gives its brightness."""

    @property
    def level(self) -> float:
        """Edge of the pixels in which it is registered, in its own."""
        return max(1.0, max(self.shape) / _LONGEST)

    @property
    def small_shape(self) -> tuple[int, int]:
        """(rows, columns) of these pixels."""
        return max(1, int(self.shape[0] / self.level)), max(1, int(self.shape[1] / self.level))

    def small(self) -> Shade:
        """Its brightness in these pixels."""
        return self.read() if self.level == 1 else coarser(self.read(), self.level)

    def known(self, identifier: str, grid: GeoBox) -> Known:
        """The picture with its place."""
        small = GeoBox(self.small_shape, grid.affine * Affine.scale(self.level), grid.crs)
        return known_picture(identifier, small, self.small)


@dataclass(frozen=True, kw_only=True)
class Laid:
    """What became of a picture."""

    grid: GeoBox | None
    """Where its pixels lie; None where that is not known well enough."""
    how: str
    """How well it is known, or why not."""


def lay(pictures: Sequence[Loose], anchors: Sequence[Known], site: Site) -> Iterator[Laid]:
    """Lay pictures on known images, then once more on the median of all that could be laid.

    The second round finds what the first could not, since a median has no clouds and holds more ground than one image;
    and it brings the pictures nearer to each other, which is what changes are measured by. In which projection they are
    drawn is decided by a few of them.

    Args:
        pictures: what is to be laid.
        anchors: the known images, of which one must show the site.
        site: the watched place.

    Yields:
        For each picture, in their order, what became of it.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        reference, found = _drawn_in(pictures, anchors, site, pool)
        unit = reference.metres

        def once(number: int) -> Fit | None:
            return found[number] if number in found else _find(pictures[number].small(), reference, site)

        first = list(pool.map(once, range(len(pictures))))
        pairs = list(zip(pictures, first, strict=True))
        believed = [(picture, fit) for picture, fit in pairs if fit is not None and not _doubt(fit, reference, unit)]
        if len(believed) < _ENOUGH:
            yield from (_laid(picture, fit, reference, unit) for picture, fit in pairs)
            return
        others = [p.known(str(i), _lies(p, fit, reference)) for i, (p, fit) in enumerate(believed)]
        sharper = _sharper(site, anchors, others, reference)

        def again(picture: Loose, fit: Fit | None) -> Fit | None:
            if fit is None or _doubt(fit, reference, unit):
                return _find(picture.small(), sharper, site)
            start = _onto(fit.similarity, reference.grid, sharper.grid)
            return follow(picture.small(), sharper.shade, start, sharper.watched)

        for picture, fit in zip(pictures, pool.map(again, pictures, first), strict=True):
            yield _laid(picture, fit, sharper, unit)


def _drawn_in(
    pictures: Sequence[Loose], anchors: Sequence[Known], site: Site, pool: ThreadPoolExecutor
) -> tuple[Reference, dict[int, Fit | None]]:
    """The reference in the projection in which a sample of the pictures is neither too wide nor too high.

    Returns:
        The reference, and what was found on it of the sample, by the pictures' numbers.
    """
    grids = [grid for crs in projections(site) if (grid := plan(site, anchors, crs)) is not None]
    references = [make_reference(site, grid, anchors) for grid in grids]
    if len(references) == 1:
        return references[0], {}
    sample = range(0, len(pictures), max(1, len(pictures) // _SAMPLE))[:_SAMPLE]

    def fits(reference: Reference) -> dict[int, Fit | None]:
        found = pool.map(lambda number: _find(pictures[number].small(), reference, site), sample)
        return dict(zip(sample, found, strict=True))

    def aspects(reference: Reference, found: Mapping[int, Fit | None]) -> list[float]:
        some = (fit for fit in found.values() if fit is not None)
        return [fit.aspect for fit in some if not _doubt(fit, reference, reference.metres)]

    tried = [(reference, fits(reference)) for reference in references]
    told = [aspects(*one) for one in tried]
    most = max(len(several) for several in told)
    fitting = [
        (abs(float(np.median(several))), number)
        for number, several in enumerate(told)
        if several and 2 * len(several) > most
    ]
    return tried[min(fitting, default=(0.0, 0))[1]]


def _find(picture: Shade, reference: Reference, site: Site) -> Fit | None:
    """Look for a picture everywhere, at the scales at which pictures of a site are taken."""
    crs = reference.grid.crs
    if crs is None:
        return None
    outline = project(site.outline, to=crs).bounds
    context = context_bounds(site, crs=crs).bbox
    length, wide = (max(b[2] - b[0], b[3] - b[1]) for b in (outline, context))
    pixels = max(picture.grey.shape) * float(reference.grid.affine.a)
    most = max(_LARGEST * length, _LARGEST_CONTEXT * wide)
    return find(picture, reference.shade, (pixels / most, pixels / (_SMALLEST * length)), reference.watched)


def _doubt(fit: Fit, reference: Reference, unit: float) -> str:
    """Why a fit is not believed; empty where it is. `unit` is the edge of the known images' pixels, metres."""
    if fit.strength < max(_LEAST_STRENGTH, _LEAST_LEAD * fit.rival):
        return f"its best place is hardly better than others (correlation {fit.correlation:.2f})"
    return "" if fit.sigma * reference.metres <= _MAX_SIGMA * unit else "its parts disagree on where it lies"


def _laid(picture: Loose, fit: Fit | None, reference: Reference, unit: float) -> Laid:
    doubt = "nothing in it was found again" if fit is None else _doubt(fit, reference, unit)
    if fit is None or doubt:
        return Laid(grid=None, how=doubt)
    length = _WITHIN * math.hypot(fit.sigma * reference.metres, _SYSTEMATIC * unit)
    how = f"{length:.1f} m" if length < 10 else f"{length:.0f} m"
    return Laid(grid=_lies(picture, fit, reference), how=f"{how} (similarity, {fit.points} points)")


def _sharper(site: Site, anchors: Sequence[Known], others: Sequence[Known], reference: Reference) -> Reference:
    """A reference of all that is known by now, with pixels as fine as the finest pictures have."""
    # A turned pixel's edge is the root of its area; all these grids have the reference's coordinates.
    pixel = min(float(reference.grid.affine.a), *(abs(one.grid.affine.determinant) ** 0.5 for one in others))
    crs = reference.grid.crs
    grid = None if crs is None else plan(site, [*anchors, *others], crs, pixel=pixel)
    return reference if grid is None else make_reference(site, grid, chosen([*anchors, *chosen(others)]))


def _lies(picture: Loose, fit: Fit, reference: Reference) -> GeoBox:
    """Where a picture's own pixels lie."""
    similarity = fit.similarity.to_finer(picture.level)
    back = 1 / similarity.scale
    # Similarities count from the middle of the first pixel, grids from its corner.
    corner = back * (complex(-0.5, -0.5) - similarity.shift) + complex(0.5, 0.5)
    own = Affine(back.real, -back.imag, corner.real, back.imag, back.real, corner.imag)
    return GeoBox(picture.shape, reference.grid.affine * own, reference.grid.crs)


def _onto(similarity: Similarity, old: GeoBox, new: GeoBox) -> Similarity:
    """The same map from another grid of the same coordinates, north-up like the first."""
    level = float(new.affine.a / old.affine.a)
    x, y = ~old.affine * (new.affine * (0.5, 0.5))
    return Similarity(
        scale=similarity.scale * level, shift=similarity.shift + similarity.scale * complex(x - 0.5, y - 0.5)
    )

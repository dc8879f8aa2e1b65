"""The listings of several catalogs as one: the same acquisition under two ids is one scene."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sitewatch.archive._acquisition import likeness
from sitewatch.archive._scene import Faulty, Listing, Scene
from sitewatch.archive._sign import Signer

__all__ = ["reconcile"]

_NEAR = dt.timedelta(days=1)
"""Entries further apart than this are not compared."""


def reconcile(listings: Sequence[Listing], *, unanswered: Mapping[str, str] | None = None) -> Listing:
    """Join the listings of catalogs that answered, the preferred one first.

    A scene keeps the id of the first catalog that lists it and is read from there; what the others have of it stands in
    its `alternatives`. What only one of them lists is listed.

    Args:
        listings: at least one answer of `search_catalog`; a single one comes back as it is.
        unanswered: what is wrong with the catalogs that did not answer, by name.
    """
    if len(listings) == 1:
        return replace(listings[0], unanswered=dict(unanswered or {}))
    scenes: list[Scene] = []
    faulty: list[Faulty] = []
    for listing in listings:
        scenes = _joined(scenes, listing.scenes)
    usable = {identifier for scene in scenes for identifier in scene.ids}
    for listing in listings:
        own = {scene.id for scene in listing.scenes}
        # What one catalog describes badly and another well is no fault of the scene.
        faulty += [f for f in listing.faulty if f.scene in own or f.scene not in usable]
    signers = {
        band.href: listing.signer
        for listing in listings
        if listing.signer is not None
        for scene in listing.scenes
        for band in scene.bands
    }
    return Listing(
        scenes=tuple(sorted(scenes, key=lambda s: (s.captured, s.id))),
        faulty=tuple(_once(faulty)),
        asked=tuple(name for listing in listings for name in listing.asked),
        unanswered=dict(unanswered or {}),
        signer=_EachItsOwn(signers) if signers else None,
    )


@dataclass(frozen=True)
class _EachItsOwn:
    """Signs every address as its own catalog asks: no token of one provider ever goes to another."""

    signers: Mapping[str, Signer]

    def __call__(self, href: str) -> str:
        """The address to open."""
        signer = self.signers.get(href)
        return href if signer is None else signer(href)


def _joined(known: Sequence[Scene], more: Sequence[Scene]) -> list[Scene]:
    """The scenes of one more catalog set beside those known: each to the one that it is most surely, at most once."""
    by_id = {identifier: i for i, scene in enumerate(known) for identifier in scene.ids}
    partner = {j: by_id[scene.id] for j, scene in enumerate(more) if scene.id in by_id}
    taken = set(partner.values())
    order = sorted(range(len(known)), key=lambda i: known[i].captured)
    times = [known[i].captured for i in order]
    pairs = [
        (-like, i, j)
        for j, scene in enumerate(more)
        if j not in partner
        for i in order[bisect_left(times, scene.captured - _NEAR) : bisect_right(times, scene.captured + _NEAR)]
        if i not in taken and (like := likeness(known[i], scene)) is not None
    ]
    for _, i, j in sorted(pairs):
        if i not in taken and j not in partner:
            partner[j] = i
            taken.add(i)
    joined = list(known)
    for j, scene in enumerate(more):
        if j in partner:
            first = joined[partner[j]]
            joined[partner[j]] = replace(
                first, listed_by=(*first.listed_by, *scene.listed_by), alternatives=(*first.alternatives, scene)
            )
        else:
            joined.append(scene)
    return joined


def _once(faulty: Sequence[Faulty]) -> list[Faulty]:
    """Faults of one scene that two catalogs list alike are one."""
    found: list[Faulty] = []
    for fault in faulty:
        alike = [i for i, f in enumerate(found) if (f.scene, f.duplicate) == (fault.scene, fault.duplicate)]
        other = next((i for i in alike if not set(fault.listed_by) & set(found[i].listed_by)), None)
        if other is None:
            found.append(fault)
        else:
            found[other] = replace(found[other], listed_by=(*found[other].listed_by, *fault.listed_by))
    return found

"""Which structure found today is which one of last year."""

from __future__ import annotations

from collections.abc import Sequence

from sitewatch.structures._known import Correction, Known, Recognised, Recognition
from sitewatch.structures._structure import Structure

__all__ = ["recognise"]


def recognise(
    found: Sequence[Structure], known: Sequence[Known], corrections: Sequence[Correction] = ()
) -> Recognition:
    """Set what a search found beside what was known.

    Args:
        found: what the search claims and reports now.
        known: what was known before.
        corrections: what an analyst knows better, the oldest first.
    """
    del corrections
    before = {one.thing: one for one in known}
    things = {one.id: Recognised(thing=one.id, structure=one) for one in found}
    lost = [
        Recognised(thing=key, structure=one.structure, claimed=False)
        for key, one in before.items()
        if key not in things
    ]
    return Recognition(things=(*things.values(), *lost))

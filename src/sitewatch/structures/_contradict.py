"""Where a search contradicts what readers confirmed.

Growing knowledge contradicts nobody: a bracket inside the confirmed one, a later presence, an end that only a look
after those that were read shows, more looks behind a presence, another probability.
"""

from __future__ import annotations

import datetime as dt

from sitewatch.archive import SAME_PASS
from sitewatch.structures._ground import overlap
from sitewatch.structures._known import Confirmed
from sitewatch.structures._since import spell_in_words
from sitewatch.structures._structure import Bracket, Presence, Structure

__all__ = ["contradictions", "life_in_words"]

_SAME_GROUND = 0.5
"""Intersection over union below which a footprint is another one than was confirmed."""
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


def contradictions(confirmed: Confirmed, found: Structure) -> tuple[str, ...]:
    """What a search tells otherwise of a structure than readers confirmed, each in words; empty: nothing material."""
    was = confirmed.structure
    words = []
    if found.kind is not was.kind:
        words.append(f"is of kind {found.kind.value} (confirmed: {was.kind.value})")
    shared = overlap(was.footprint, found.footprint)
    if shared < _SAME_GROUND:
        # In tenths, so that a pixel more or less is the same conflict still.
        words.append(f"lies elsewhere (of the ground of both only {shared:.1f} is common)")
    return (*words, *_other_lives(confirmed, found))


def life_in_words(structure: Structure) -> str:
    """All spells of standing."""
    return "; ".join(_told(presence) for presence in structure.presences)


def _told(presence: Presence) -> str:
    return spell_in_words(presence) + ("" if presence.dismantled is not None else ", stands")


def _other_lives(confirmed: Confirmed, found: Structure) -> list[str]:
    words = []
    agreeing: set[int] = set()
    for was in confirmed.structure.presences:
        same = next((i for i, now in enumerate(found.presences) if _agree(was, now, confirmed)), None)
        if same is not None:
            agreeing.add(same)
            continue
        instead = [i for i, one in enumerate(found.presences) if _meet(was, one)]
        told = "; ".join(_told(found.presences[i]) for i in instead) or "did not stand then"
        words.append(f"{told} (confirmed: {_told(was)})")
        agreeing.update(instead)
    for i, now in enumerate(found.presences):
        if i not in agreeing and i < max(agreeing, default=-1) and not _before(now, confirmed.first_look):
            words.append(f"stood also then: {_told(now)} (confirmed: it did not)")
    return words


def _agree(was: Presence, now: Presence, confirmed: Confirmed) -> bool:
    """Whether what is told now of a presence lies within what was confirmed."""
    first, last = confirmed.first_look, confirmed.last_look
    if was.erected is None:
        # Looks from before those that were read may show how it went up.
        erected = now.erected is None or (first is not None and now.erected.after < first)
    else:
        erected = _within(now.erected, was.erected)
    if was.dismantled is None:
        # And later ones how it went; the last look without it need not have seen this ground.
        dismantled = now.dismantled is None or (last is not None and now.dismantled.by > last)
    else:
        dismantled = _within(now.dismantled, was.dismantled)
    return erected and dismantled


def _within(now: Bracket | None, was: Bracket) -> bool:
    return now is not None and was.after - SAME_PASS <= now.after and now.by <= was.by + SAME_PASS


def _meet(one: Presence, other: Presence) -> bool:
    """Whether two spells can have had a moment in common."""
    return _begins(one) < _ends(other) and _begins(other) < _ends(one)


def _before(presence: Presence, first: dt.datetime | None) -> bool:
    return first is not None and _ends(presence) <= first


def _begins(presence: Presence) -> dt.datetime:
    return _EARLIEST if presence.erected is None else presence.erected.after


def _ends(presence: Presence) -> dt.datetime:
    return _LATEST if presence.dismantled is None else presence.dismantled.by

"""Who lists a look's scene, and the looks of scenes that nobody lists any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sitewatch.archive import Chip, Listing, Remembered
from sitewatch.cube._look import Look, Outcome

__all__ = ["listed_by_one", "look_of_gone", "with_listing"]


def with_listing(looks: Sequence[Look], listing: Listing, chips: Sequence[Chip]) -> list[Look]:
    """Looks with the names of the catalogs that list them, and a remark where another than the first one was read."""
    names = {fault.scene: fault.listed_by for fault in listing.faulty}
    names |= {scene.id: scene.listed_by for scene in listing.scenes}
    read = {chip.scene.id: chip.scene.catalog for chip in chips}
    noted = []
    for look in looks:
        listed_by = names.get(look.scene, ())
        reason = look.reason
        source = read.get(look.scene)
        if len(listed_by) > 1 and source in listed_by[1:] and look.outcome is not Outcome.FAILED:
            remark = f"read from {source}, since the files of {listed_by[0]} could not be"
            reason = f"{reason}; {remark}" if reason else remark
        noted.append(replace(look, listed_by=listed_by, reason=reason))
    return noted


def look_of_gone(entry: Remembered) -> Look:
    """The look of a scene that is listed no longer: *rejected*, since the answer follows the present listing."""
    kept = "its chip is kept in the archive" if entry.pixels_sha256 else "it was never read"
    instead = f" and listed as {entry.instead} instead" if entry.instead else ""
    return Look(
        scene=entry.scene,
        sensor=entry.sensor,
        captured=entry.captured,
        whole_day=entry.whole_day,
        published=entry.published or entry.recorded,
        published_is_recorded=entry.published is None,
        outcome=Outcome.REJECTED,
        reason=f"no longer listed since {entry.gone_since:%Y-%m-%d}{instead}; {kept}",
        credit=entry.credit,
        listed_by=entry.listed_by,
        unlisted_since=entry.gone_since,
    )


def listed_by_one(looks: Sequence[Look], catalogs: Sequence[str]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Scenes that one of several catalogs lists and another does not: ids by (who lists them, who does not).

    Args:
        looks: the ledger.
        catalogs: names of the catalogs that answered.
    """
    found = {}
    for name in catalogs:
        for other in catalogs:
            scenes = tuple(
                look.scene
                for look in looks
                if look.unlisted_since is None and name in look.listed_by and other not in look.listed_by
            )
            if scenes:
                found[name, other] = scenes
    return found

"""What is known of a site after a run."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from sitewatch import __version__
from sitewatch.archive import Memory, News
from sitewatch.change import MIN_LOOKS
from sitewatch.cube import (
    Asking,
    Gaps,
    GoodShare,
    Look,
    NewPicture,
    Outcome,
    Passes,
    Stall,
    find_gaps,
    find_stalls,
    new_pictures,
)
from sitewatch.site import Site
from sitewatch.structures import (
    Reading,
    Recognition,
    SinceLast,
    Structure,
    since_document,
)

__all__ = ["Answer", "Watched"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What kind of answer a run gives: the three are never mixed."""

    exit_code: int
    """0 looked and compared, 3 nothing could be seen, 4 could not look."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is known of a site after a run."""

    site: Site
    looks: tuple[Look, ...]
    """One per scene that is listed, or was by an earlier run, sorted by capture time."""
    found: tuple[Structure, ...] = ()
    """What the search itself found."""
    structures: tuple[Structure, ...]
    """What is known of it, set beside what was known before."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """What people call these structures and say of them, by id."""
    cubes: Mapping[str, xr.Dataset]
    """The used looks by the family they belong to ("sentinel-2 reflectance"), the main one first; empty where no look
    was used."""
    main: str | None = None
    """The family whose pixels make the site's grid, whether a look of it was used or not; None: no scene was read."""
    seen_share: float
    """Share of the outline that lies inside at least one image, 0-1."""
    false_alarms: float
    """The budget that was asked for: expected false structures a year."""
    pixel: float | None = None
    """The pixel edge that was asked for, metres; None: the images' own."""
    asking: Asking
    """Who was asked for which period, and when."""
    since_last: SinceLast | None = None
    """What is otherwise than in the run before; None: there was none."""
    news: News | None = None
    """What the listing tells beside the one of the run before; None: there was none, or nobody answered."""
    memory: Memory | None = None
    """What the next run must know; None: nothing new to remember."""
    whole: int | None = None
    """How many of the used looks (of all cubes) there were when all were searched last; None: no cube."""
    harmony: Mapping[str, Any] | None = None
    """Which families were searched as one series, how they were brought together, and why others were not
    (`sitewatch.cube.Harmony.document`); None: this was not asked for."""
    recognition: Recognition | None = None
    """What is known of all structures now; None: nothing was known before that these could be set beside, or nothing
    could be compared."""
    now: dt.datetime
    """When this was made, UTC: the time of the run, or of opening it again."""

    @property
    def gaps(self) -> Gaps:
        """The long stretches without a used look."""
        return find_gaps(self.looks, start=self.asking.since, end=self.asking.end)

    def stalls(self, passes: Passes | None = None) -> tuple[Stall, ...]:
        """Catalogs that answered and have been silent for longer than their passes explain (`find_stalls`)."""
        return find_stalls(self.looks, self.asking, site=self.site.id, passes=passes)

    def new_pictures(self, before: Sequence[Look], good: GoodShare | None = None) -> tuple[NewPicture, ...]:
        """What is clear at the site and was not used before (`sitewatch.cube.new_pictures`).

        Args:
            before: the looks of the run before; empty: there was none.
            good: what counts as good; None: 0.9 of the site.
        """
        radar = {
            str(scene)
            for cube in self.cubes.values()
            if cube.attrs["units"] == "backscatter"
            for scene in cube["scene"].values
        }
        return new_pictures(
            self.looks,
            before=before,
            site=self.site.id,
            now=self.asking.run,
            good=good,
            notices=() if self.news is None else self.news.notices,
            radar=radar,
        )

    @property
    def cube(self) -> xr.Dataset | None:
        """The used looks of the main family; None where no look was used."""
        return next(iter(self.cubes.values()), None)

    @property
    def used(self) -> list[dt.datetime]:
        """When the used looks were captured, UTC."""
        return [look.captured for look in self.looks if look.outcome is Outcome.USED and look.captured is not None]

    @property
    def _grid_m(self) -> float | None:
        """Edge of the pixels that were searched first, metres: of the sensors that are one series, else of the main."""
        if self.harmony is not None and self.harmony["families"]:
            return float(self.harmony["grid_m"])
        return None if self.cube is None else round(abs(self.cube.odc.geobox.affine.a), 4)

    @property
    def head(self) -> dict[str, object]:
        """The `sitewatch` member of structures.geojson: what was asked for, and how far the looks reach."""
        used = self.used
        asked = self.asking.document()
        return {
            "version": __version__,
            "site": self.site.id,
            "looks": len(used),
            "first_look": f"{min(used):%Y-%m-%dT%H:%M:%SZ}" if used else None,
            "last_look": f"{max(used):%Y-%m-%dT%H:%M:%SZ}" if used else None,
            "false_alarms_per_year": self.false_alarms,
            "seen_share": round(self.seen_share, 4),
            "pixel_m": self.pixel,
            "grid_m": self._grid_m,
            "main": self.main,
            "since": asked["since"],
            "whole_search_looks": self.whole,
            "until": asked["until"],
            **({} if self.harmony is None else {"harmonised": dict(self.harmony)}),
        }

    @property
    def news_document(self) -> dict[str, object]:
        """What is otherwise than in the run before, for JSON; empty where there is nothing to tell."""
        if self.since_last is None or not self.since_last.tells:
            return {}
        return since_document(self.since_last)

    @property
    def ledger_head(self) -> dict[str, object]:
        """The `sitewatch` member of looks.geojson."""
        news = self.news_document
        return {"version": __version__, **self.asking.document(), **({"since_last_run": news} if news else {})}

    @property
    def compared(self) -> bool:
        """True: there were looks enough to tell a change from noise, so that finding none means something.

        Of fewer, two are compared (`sitewatch.change.compare_pair`): what they show may be claimed, never that nothing
        changed.
        """
        together = 0 if self.harmony is None else int(self.harmony["looks"])
        return max((together, *(cube.sizes["time"] for cube in self.cubes.values()))) >= MIN_LOOKS

    @property
    def answer(self) -> Answer:
        """Looked, saw nothing, or could not look."""
        listed = [look for look in self.looks if look.unlisted_since is None]
        counts = Counter(look.outcome for look in listed)
        if counts[Outcome.USED] and not self.compared:
            few = f"{counts[Outcome.USED]} of {len(listed)} looks used, too few to tell a change from noise"
            alone = counts[Outcome.USED] == 1
            what = "there is nothing to compare it with" if alone else "only two were compared"
            if self.cube is not None and self.cube.attrs["units"] == "backscatter" and not alone:
                what = "of radar, fewer are not compared"
            return Answer(exit_code=0, sentence=f"{few}: {MIN_LOOKS} are needed, {what}")
        if counts[Outcome.USED]:
            return Answer(exit_code=0, sentence=f"{counts[Outcome.USED]} of {len(listed)} looks used")
        if counts[Outcome.COULD_NOT_SEE] or counts[Outcome.REJECTED]:
            return Answer(exit_code=3, sentence=f"nothing could be seen on any of the {len(listed)} looks")
        why = "no scene is listed" if not listed else f"none of the {len(listed)} scenes could be read"
        return Answer(exit_code=4, sentence=f"could not look: {why}")

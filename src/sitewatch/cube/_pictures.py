"""New good pictures: used looks that are clear at the site, and that nobody was told of before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sitewatch.archive import SAME_PASS, Lag, Notice, What
from sitewatch.cube._feeds import lag_of
from sitewatch.cube._look import Look, Outcome

__all__ = ["GOOD_SHARE", "Arrival", "GoodShare", "NewPicture", "new_pictures", "picture_document"]

GOOD_SHARE = 0.9
"""Of the site, seen clearly: what counts as a good picture unless the user says otherwise."""
_RECENT_DAYS = 14.0


class Arrival(StrEnum):
    """How a picture came, by when it was captured and when it was published."""

    ON_TIME = "on time"
    LATE = "late"
    """Published long after its capture, or listed only after newer ones; captured within the last days all the same, or
    newer than all that was listed before."""
    BACK_FILLED = "back-filled"
    """Captured before the newest scene of the run before and long ago, and not listed then."""
    NOT_KNOWN = "not known"
    """The provider does not tell when it was published, and nobody had asked before."""


@dataclass(frozen=True, kw_only=True)
class GoodShare:
    """How much must be clear in a good picture."""

    site: float = GOOD_SHARE
    """Share of the site, 0-1."""
    areas: Mapping[str, float] = field(default_factory=dict)
    """Share of named sub-areas, 0-1; all must be reached too."""

    def reached(self, look: Look) -> bool:
        """True where a look shows at least these shares; what was not measured is not reached."""
        of_areas = look.clear_share_of_areas
        return (
            look.clear_share is not None
            and look.clear_share >= self.site
            and all(name in of_areas and of_areas[name] >= least for name, least in self.areas.items())
        )


@dataclass(frozen=True, kw_only=True)
class NewPicture:
    """A picture that is clear at the site and that nobody was told of before."""

    site: str
    """Id."""
    look: Look
    """Used, and captured at a known time."""
    arrival: Arrival
    areas: Mapping[str, float] = field(default_factory=dict)
    """Clear shares, 0-1, of the sub-areas that were asked for."""

    @property
    def title(self) -> str:
        """Kind of event that it is: "new good picture", or "back-filled good picture" for an old one."""
        return f"{'back-filled' if self.arrival is Arrival.BACK_FILLED else 'new'} good picture"

    @property
    def sentence(self) -> str:
        """What it is of, when it was taken and published, and how clear it is, in one line without a full stop."""
        look = self.look
        if look.captured is None:
            raise ValueError(look.scene)
        taken = f"{look.captured:%Y-%m-%d}" if look.whole_day else f"{look.captured:%Y-%m-%d %H:%M} UTC"
        published = "first listed" if look.published_is_recorded else "published"
        came = (
            ""
            if self.arrival is Arrival.NOT_KNOWN
            else f", {published} {_length(look.published - look.captured)} later"
        )
        if self.arrival is Arrival.LATE:
            came += " (late)"
        clear = [f"{look.clear_share:.0%}" if look.clear_share is not None else "?"]
        clear += [f"{name} {share:.0%}" for name, share in self.areas.items()]
        shares = ", ".join(clear).replace("%", " %")
        return f"{self.title} of {self.site}: {look.scene}, taken {taken}{came}, {shares} clear"


def new_pictures(
    looks: Sequence[Look],
    *,
    before: Sequence[Look],
    site: str,
    now: dt.datetime,
    good: GoodShare | None = None,
    notices: Sequence[Notice] = (),
    radar: Collection[str] = (),
    recent_days: float = _RECENT_DAYS,
) -> tuple[NewPicture, ...]:
    """Used looks of this run that are clear at the site, recent, and were not used in the run before.

    Recent is what was captured within the last days, or is listed for the first time since the run before: it is newer
    than all that was listed then, or a question asked then should have brought it (its notice says that it is late or
    back-filled). So a first run over years of scenes tells of the last days, and so does one for a longer period. Of
    several pictures of one pass (tiles, or one scene under two ids) the clearest one is told. What is dated after the
    run is no news: its date is wrong, or the run is a replay that cannot have seen it.

    Args:
        looks: of this run.
        before: those known from the run before; empty: there was none.
        site: id.
        now: time of the run, UTC.
        good: what counts as good; None: 0.9 of the site.
        notices: what the listing tells beside the one before.
        radar: ids of radar scenes, which no cloud ever hides: that they are clear is no news.
        recent_days: captured so many days before the run, or later, a picture is recent.

    Returns:
        The pictures by capture.
    """
    least = good or GoodShare()
    used = [look for look in before if look.outcome is Outcome.USED]
    scenes = {look.scene for look in used}
    told = [(look.sensor, look.captured) for look in used if look.captured is not None and least.reached(look)]
    newest = max((look.captured for look in before if look.captured is not None), default=None)
    out_of_order = {n.scene: n.what for n in notices if n.what in {What.LATE, What.BACK_FILLED}}
    lags: dict[tuple[str, tuple[str, ...]], Lag] = {}
    found: list[NewPicture] = []
    for look in sorted(looks, key=lambda look: (-(look.clear_share or 0.0), look.order)):
        at = look.captured
        if look.outcome is not Outcome.USED or at is None or look.scene in radar or not least.reached(look):
            continue
        if look.scene in scenes or any(name == look.sensor and _same(at, other) for name, other in told):
            continue
        if at > now:
            continue
        recent = (now - at) / dt.timedelta(days=1) <= recent_days
        what = out_of_order.get(look.scene)
        if not (recent or what is not None or (newest is not None and at > newest)):
            continue
        feed = (look.sensor, look.listed_by)
        if feed not in lags:
            alike = [one for one in looks if one.sensor == feed[0] and set(one.listed_by) & set(feed[1])]
            lags[feed] = lag_of(alike or [look])
        arrival = _arrival(look, what, recent=recent, first=not before, lag=lags[feed])
        shares = {name: look.clear_share_of_areas[name] for name in least.areas}
        found.append(NewPicture(site=site, look=look, arrival=arrival, areas=shares))
        told.append((look.sensor, at))
    return tuple(sorted(found, key=lambda picture: picture.look.order))


def _arrival(look: Look, what: What | None, *, recent: bool, first: bool, lag: Lag) -> Arrival:
    """By both times: `what` compares the capture with what was listed, `lag` the publication with the capture."""
    if what is What.BACK_FILLED or (what is What.LATE and not recent):
        return Arrival.BACK_FILLED
    if what is What.LATE:
        return Arrival.LATE
    if first and look.published_is_recorded:
        return Arrival.NOT_KNOWN
    captured = look.captured or look.published
    return Arrival.LATE if (look.published - captured) / dt.timedelta(days=1) > lag.late_days else Arrival.ON_TIME


def picture_document(picture: NewPicture) -> Mapping[str, object]:
    """A new picture for JSON."""
    look = picture.look
    if look.captured is None:
        raise ValueError(look.scene)
    return {
        "scene": look.scene,
        "sensor": look.sensor,
        "captured": f"{look.captured:%Y-%m-%d}" if look.whole_day else f"{look.captured:%Y-%m-%dT%H:%M:%SZ}",
        "published": f"{look.published:%Y-%m-%dT%H:%M:%SZ}",
        "published_is_recorded": look.published_is_recorded,
        "arrival": picture.arrival.value,
        "clear_share": look.clear_share,
        "clear_share_of_areas": dict(picture.areas),
        "sentence": picture.sentence,
    }


def _same(one: dt.datetime, other: dt.datetime) -> bool:
    return abs(one - other) <= SAME_PASS


def _length(time: dt.timedelta) -> str:
    """A time in minutes, from an hour and a half in hours, from two days in days."""
    minutes = max(0, round(time.total_seconds() / 60))
    if minutes < 90:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{minutes // 1440} days"

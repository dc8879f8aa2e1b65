"""A case and a record to observations: what was seen, what was not, what could not be seen, and what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._activity import MOST_OBSERVABLES
from sitewatch.assessment._once import LeftOut, Once, seen_once
from sitewatch.assessment._reality import Real, realities
from sitewatch.assessment._record import SiteRecord
from sitewatch.case import ActivityIn, Case, Indicator, StandingStructure, sources
from sitewatch.cube import Look, Outcome
from sitewatch.errors import InputError
from sitewatch.structures import Structure

__all__ = ["Coming", "Evidence", "Seen", "gather"]

_MOSTLY = 0.5
"""What lies in a sub-area by more than this share of its footprint lies in it."""
_DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Coming:
    """An indicator that comes and goes, and what the looks say of it."""

    key: str
    title: str
    shown: tuple[str, ...]
    """Scene ids of the looks that show it, as far as what is told is real; in time order."""
    not_shown: tuple[str, ...]
    """Of those that saw the ground and do not."""
    between: int
    """Used looks that lie in a bracket: they did not see that ground."""
    structures: tuple[str, ...]
    """Ids of the structures that it rests on, sorted."""
    uncalibrated: bool
    """True: radar alone saw one of them, so that its probability is not calibrated."""
    seen: float
    """P(a look at the whole site in clear weather shows it | it is there)."""
    last_shown: dt.datetime | None
    last_not_shown: dt.datetime | None

    @property
    def told(self) -> bool:
        """True: at least one look says something of it."""
        return bool(self.shown or self.not_shown)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One way in which the told presences can be real, and what the looks show then."""

    weight: float
    shown: NDArray[np.int8]
    """(m, T) 1: the look shows the indicator, 0: it does not, -1: it could not tell."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known for a case at a time."""

    since: dt.datetime
    at: dt.datetime
    coming: tuple[Coming, ...]
    """Sorted by key."""
    once: tuple[Once, ...]
    """Sorted by key."""
    left_out: tuple[LeftOut, ...]
    looks: tuple[Look, ...]
    """(T,) the used looks of the period, in time order."""
    unused: Mapping[str, tuple[str, ...]]
    """Scene ids of the looks of the period that were not used, by what came of them ("could not see", ...)."""
    seen: NDArray[np.float64]
    """(m, T) P(the look shows the indicator | it is there)."""
    ways: tuple[Seen, ...]
    """Weights add up to 1."""
    hindsight: bool
    """True: the record holds what could not have been known then."""
    later_claims: tuple[str, ...] = ()
    """Keys of the claims, published later, that priors, lengths or likelihoods of the case rest on; sorted."""

    @property
    def days(self) -> NDArray[np.float64]:
        """(T,) times of the looks, days from `since`."""
        return np.array([_days(self.since, _captured(look)) for look in self.looks])

    @property
    def length(self) -> float:
        """Days from `since` to `at`."""
        return _days(self.since, self.at)


def gather(case: Case, record: SiteRecord, *, at: dt.datetime, seed: int = 0, untold: bool = False) -> Evidence:
    """What is known for a case at a time.

    Args:
        case: what is asked.
        record: what is known of its site.
        at: the time, UTC; looks taken or published later are left out.
        seed: of the draws of growth, and of realities where these are many.
        untold: True: indicators that come and go are kept where no look says anything of them, for looks to come.

    Raises:
        InputError: the case names something that the record does not know, judges no time at all, or has more than
            `MOST_OBSERVABLES` indicators that come and go.
    """
    since = dt.datetime.combine(case.since, dt.time(), tzinfo=dt.UTC)
    if at < since:
        raise InputError(f"the case judges the time since {case.since}, and {at:%Y-%m-%d} lies before it; ask later")
    listed = sorted((k for k in record.looks if _known(k, since, at)), key=lambda k: k.order)
    looks = [k for k in listed if k.outcome is Outcome.USED]
    unused: dict[str, tuple[str, ...]] = {}
    for look in listed:
        if look.outcome is not Outcome.USED:
            unused[look.outcome.value] = (*unused.get(look.outcome.value, ()), look.scene)
    bound, twice = _bound(case, record)
    if len(bound) > MOST_OBSERVABLES:
        raise InputError(
            f"the case has {len(bound)} indicators that come and go, more than {MOST_OBSERVABLES}; join some of them"
        )
    sights = {key: [_sight(case.indicators[key], things, k) for k in looks] for key, things in bound.items()}
    elsewhere = {s.id for key, things in bound.items() if _names(case.indicators[key]) for s in things}
    told = {
        key: [_Told.of(things, k, apart=frozenset() if _names(case.indicators[key]) else elsewhere) for k in looks]
        for key, things in bound.items()
    }
    named = {s.id: s for things in bound.values() for s in things}
    ways = realities(
        [s for s in named.values() if _in_period(s, since, at)],
        confirmed=record.confirmed, rejected=record.rejected, seed=seed,
    )  # fmt: skip
    most = frozenset((s.id, n) for s in named.values() if s.id in record.confirmed or s.id not in record.rejected
                     for n in range(len(s.presences)))  # fmt: skip
    sure = [
        _coming(
            key,
            case.indicators[key],
            things,
            list(zip(looks, (t.shown(most) for t in told[key]), sights[key], strict=True)),
        )
        for key, things in bound.items()
    ]
    coming = tuple(one for one in sure if one.told or untold)
    kept = [one.key for one in coming]
    seen = np.array([sights[key] for key in kept]).reshape(len(kept), len(looks))
    found: dict[bytes, Seen] = {}
    for way in ways:
        shown = np.array([[t.shown(way.real) for t in told[key]] for key in kept], dtype=np.int8)
        shown = np.where(seen > 0, shown.reshape(seen.shape), -1).astype(np.int8)
        same = found.get(shown.tobytes())
        found[shown.tobytes()] = Seen(weight=way.weight + (same.weight if same else 0.0), shown=shown)
    once, left = seen_once(case, record, looks, since=since, at=at, seed=seed)
    silent = [LeftOut(key=one.key, title=one.title, why=_silence(looks)) for one in sure if one not in coming]
    return Evidence(
        since=since,
        at=at,
        coming=coming,
        once=once,
        left_out=tuple(sorted((*twice, *silent, *left), key=lambda one: one.key)),
        looks=tuple(looks),
        unused=dict(sorted(unused.items())),
        seen=seen,
        ways=tuple(found.values()),
        hindsight=record.hindsight or any(k.captured is not None and k.captured > at for k in record.looks),
        later_claims=_later_claims(case, at),
    )


def _known(look: Look, since: dt.datetime, at: dt.datetime) -> bool:
    """Whether a look lies in the period and was known by its end.

    When sitewatch first recorded a scene is not when it was published: that day hides no look.
    """
    if look.captured is None or not since <= look.captured <= at:
        return False
    return look.published_is_recorded or look.published <= at


def _later_claims(case: Case, at: dt.datetime) -> tuple[str, ...]:
    named = {key for path, keys in sources(case) if path[0] in {"hypotheses", "indicators"} for key in keys}
    return tuple(sorted(key for key in named if key in case.claims and case.claims[key].published > at.date()))


def _captured(look: Look) -> dt.datetime:
    assert look.captured is not None
    return look.captured


def _names(indicator: Indicator) -> bool:
    return isinstance(indicator.observable, StandingStructure)


def _bound(case: Case, record: SiteRecord) -> tuple[dict[str, tuple[Structure, ...]], list[LeftOut]]:
    """The structures of each indicator that comes and goes, and those that say what another one says already."""
    bound: dict[str, tuple[Structure, ...]] = {}
    twice: list[LeftOut] = []
    taken: dict[object, str] = {}
    for key, one in sorted(case.indicators.items()):
        if not isinstance(one.observable, StandingStructure | ActivityIn):
            continue
        things = _things(one, record)
        what: object = one.observable
        if _names(one) and things:
            what = tuple(s.id for s in things)
        if what in taken:
            why = f"It is what the indicator {taken[what]!r} says already, and it would count twice."
            twice.append(LeftOut(key=key, title=one.title, why=why))
        else:
            taken[what] = key
            bound[key] = things
    return bound, twice


def _things(indicator: Indicator, record: SiteRecord) -> tuple[Structure, ...]:
    """The structures whose standing an indicator is about, sorted by id; of a sub-area those that lie mostly in it."""
    observable = indicator.observable
    if isinstance(observable, StandingStructure):
        return record.named(observable.structure)
    assert isinstance(observable, ActivityIn)
    area = record.area(observable.activity)
    inside = (s for s in record.structures if s.footprint.intersection(area).area > _MOSTLY * s.footprint.area)
    return tuple(sorted(inside, key=lambda s: s.id))


def _sight(indicator: Indicator, things: Sequence[Structure], look: Look) -> float:
    """P(a used look shows what an indicator is about | it is there); 0: it says nothing."""
    share = 1.0 if look.clear_share is None else look.clear_share
    if isinstance(indicator.observable, ActivityIn):
        share = look.clear_share_of_areas.get(indicator.observable.activity, share)
    elif things and all(s.sensors for s in things):
        # Radar may never see what a camera sees: only sensors that have seen a structure say that it is not there.
        families = {name for s in things for name in s.sensors}
        if not any(name == look.sensor or name.startswith(f"{look.sensor} ") for name in families):
            return 0.0
    return indicator.seen * min(1.0, max(0.0, share))


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What is told of an indicator at the time of a look."""

    stands: Real
    """Presences that it lies in."""
    open: Real
    """Presences in whose brackets it lies: it did not see that ground. And what another indicator counts."""

    @classmethod
    def of(cls, things: Sequence[Structure], look: Look, *, apart: AbstractSet[str]) -> _Told:
        """Of a look; what stands of the structures `apart` is counted by another indicator, and tells nothing more."""
        time = _captured(look)
        stands: set[tuple[str, int]] = set()
        between: set[tuple[str, int]] = set()
        for one in things:
            for number, spell in enumerate(one.presences):
                up, down = spell.erected, spell.dismantled
                if (up is None or up.by <= time) and (down is None or time <= down.after):
                    (between if one.id in apart else stands).add((one.id, number))
                elif any(b is not None and b.after < time < b.by for b in (up, down)):
                    between.add((one.id, number))
        return cls(stands=frozenset(stands), open=frozenset(between))

    def shown(self, real: Real) -> int:
        """1: the look shows it, 0: it does not, -1: it could not tell; if so much is real."""
        if self.stands & real:
            return 1
        return -1 if self.open & real else 0


def _in_period(structure: Structure, since: dt.datetime, at: dt.datetime) -> bool:
    """Whether any of its presences is told within the period: what lies outside of it makes no difference."""
    return any(
        (p.erected is None or p.erected.after <= at) and (p.dismantled is None or p.dismantled.by >= since)
        for p in structure.presences
    )


def _coming(
    key: str,
    indicator: Indicator,
    things: Sequence[Structure],
    told: Sequence[tuple[Look, int, float]],
) -> Coming:
    """What the looks say of it: each with what it shows, and P(it shows it | it is there)."""
    yes, no, open_ = ([look for look, so, sight in told if sight > 0 and so == what] for what in (1, 0, -1))
    return Coming(
        key=key,
        title=indicator.title,
        shown=tuple(look.scene for look in yes),
        not_shown=tuple(look.scene for look in no),
        between=len(open_),
        structures=tuple(s.id for s in things),
        uncalibrated=any(s.by_radar_alone for s in things),
        seen=indicator.seen,
        last_shown=_captured(yes[-1]) if yes else None,
        last_not_shown=_captured(no[-1]) if no else None,
    )


def _silence(looks: Sequence[Look]) -> str:
    if not looks:
        return "No look of the period was used, so that nobody looked there."
    return "No used look of the period could tell whether it was there."


def _days(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / _DAY_S

"""What looks can be asked about: is it up, on which side of a day did it change, when exactly, which explanation holds.

Each question says how its answer and what looks show hang together (`gains`). What looks show is wrong as often as the
assessment holds it to be: a thing that is there is missed in one clear look of five, one that is not there is seen in
one of ten thousand. With `weather`, looks near in time are clear or covered together; without, each for itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment import Outlook
from sitewatch.errors import OptionError
from sitewatch.planning._gains import BracketGains, Gains, WorldGains, Worlds
from sitewatch.planning._opportunities import Opportunity
from sitewatch.planning._persistence import Persistence
from sitewatch.planning._sights import Sights
from sitewatch.planning._worlds import paths

__all__ = ["FALSE_SIGHT", "SEEN", "Dating", "Deadline", "Explaining", "Question", "Standing"]

SEEN = 0.8
"""P(a clear look that resolves a thing shows it | it is there): what a case takes unless it says otherwise."""
FALSE_SIGHT = 1e-4
"""P(such a look shows what is not there)."""
_MOST_INDICATORS = 3
"""Of a case, followed together: those of which one look tells most. Each doubles what a look may show."""
_DAY_S = 86_400.0

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Is it up at a time? A thing that stands or does not, and turns at constant rates."""

    name: str
    """Of the thing, for people."""
    at: dt.datetime
    """The time that is asked about, UTC."""
    known: dt.datetime
    """From when the belief is, UTC: the last look. Looks before it tell nothing."""
    up: float
    """P(it stood then), 0-1."""
    erected: float
    """Rate at which it is erected while it does not stand, per day, 0 or more."""
    removed: float
    """Rate at which it is removed while it stands."""
    seen: float = SEEN

    def __post_init__(self) -> None:
        _check_shares(up=self.up, seen=self.seen)
        _check_rates(self.erected, self.removed)

    @property
    def asked(self) -> str:
        """What is not known, as a clause."""
        return f"whether {self.name} stands on {_day(self.at)}"

    def gains(self, looks: Sequence[Opportunity], *, weather: Persistence | None = None) -> Gains:
        """What looks add to each other; bits of the entropy of "up or not"."""

        def step(days: float) -> _Floats:
            total = self.erected + self.removed
            moved = -math.expm1(-total * days) / total if total > 0 else 0.0
            up, down = self.erected * moved, self.removed * moved
            return np.array([[1 - up, up], [down, 1 - down]])

        begin = min(self.known, self.at)
        times = [_days(begin, look.start) for look in looks]
        asked = _days(begin, self.at)
        day_known = _days(begin, self.known)
        later = [n for n, time in enumerate(times) if time >= day_known]
        order = sorted({*(times[n] for n in later), max(asked, day_known)})
        weight, states = paths(
            np.array([1 - self.up, self.up]), step, [time - day_known for time in order], label=np.arange(2)
        )
        column = {time: n for n, time in enumerate(order)}
        told = {n: states[:, column[times[n]]] for n in later}
        blank = np.ones((2, len(weight))) / 2
        return WorldGains(
            Worlds(
                weight=weight,
                target=states[:, column[max(asked, day_known)]],
                shows=tuple(_shows(told[n] == 1, self.seen) if n in told else blank for n in range(len(looks))),
                p=np.array([look.p if n in told else 0.0 for n, look in enumerate(looks)]),
                sights=Sights(looks, weather=weather),
            )
        )


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """On which side of a day does it change? One change, which has come or has not when a look is taken."""

    name: str
    """Of what changes, for people."""
    day: dt.datetime
    """The end of the side before, UTC."""
    after: dt.datetime
    """It had not changed by then, UTC: the last look."""
    by: dt.datetime | None = None
    """It had changed by then; None: it has not been seen to, and may never."""
    rate: float | None = None
    """At which it comes, per day; None: it lies anywhere in `(after, by]` alike."""
    erection: bool = True
    """False: a thing is removed, and a look that misses it takes it for gone."""
    seen: float = SEEN

    def __post_init__(self) -> None:
        _check_shares(seen=self.seen)
        _check_change(self.after, self.by, self.rate)

    @property
    def asked(self) -> str:
        """What is not known, as a clause."""
        return f"whether {self.name} changes by {_day(self.day)}"

    def gains(self, looks: Sequence[Opportunity], *, weather: Persistence | None = None) -> Gains:
        """What looks add to each other; bits of the entropy of "by the day or not". Exact: cells between looks."""
        end = math.inf if self.by is None else _days(self.after, self.by)
        times = np.array([_days(self.after, look.start) for look in looks])
        day = _days(self.after, self.day)
        told = (times > 0) & (times < end)
        edges = np.array(sorted({0.0, *times[told].tolist(), min(end, max(0.0, day)), end}))
        if self.rate is None:
            weight = np.diff(edges) / end
        else:
            survival = np.exp(-self.rate * edges)
            weight = (survival[:-1] - survival[1:]) / (1 - survival[-1])
        last = edges[1:]
        sides = (last[None] <= times[:, None]) if len(times) else np.zeros((0, len(last)), dtype=bool)
        shows = tuple(_shows(side, self.seen) if self.erection else _shows(~side, self.seen)[::-1] for side in sides)
        target = (last <= day).astype(np.intp)
        p = np.array([look.p if so else 0.0 for look, so in zip(looks, told, strict=True)])
        return WorldGains(Worlds(weight=weight, target=target, shows=shows, p=p, sights=Sights(looks, weather=weather)))


@dataclass(frozen=True, kw_only=True)
class Dating:
    """How long will the bracket of a change be? One that has come, or that may come within the window."""

    name: str
    """Of what changes, for people."""
    after: dt.datetime
    """It had not changed by then, UTC: the last look."""
    by: dt.datetime
    """It had changed by then; or, with a rate, the end of the window, where a look is taken to be sure to tell."""
    rate: float | None = None
    """At which it comes, per day; None: it lies anywhere in `(after, by]` alike."""
    seen: float = SEEN

    def __post_init__(self) -> None:
        _check_shares(seen=self.seen)
        _check_change(self.after, self.by, self.rate)

    @property
    def asked(self) -> str:
        """What is not known, as a clause."""
        return f"when {self.name} changes"

    def gains(self, looks: Sequence[Opportunity], *, weather: Persistence | None = None) -> Gains:
        """What looks add to each other; days of the expected bracket, given that the change comes by the end. Exact.

        A look that misses what is there counts as one that could not tell, as brackets are set right by later looks.
        """
        return BracketGains(
            [_days(self.after, look.start) for look in looks],
            Sights(looks, weather=weather, seen=self.seen),
            after=0.0,
            by=_days(self.after, self.by),
            rate=self.rate,
        )


@dataclass(frozen=True, kw_only=True)
class Explaining:
    """Which explanation of a case holds?"""

    outlook: Outlook
    standing: str | None = None
    """Key of an indicator, to ask whether that shows at `at` instead."""
    at: dt.datetime | None = None

    @property
    def asked(self) -> str:
        """What is not known, as a clause."""
        if self.standing is None:
            return "which explanation holds"
        assert self.at is not None
        told = self.outlook
        return f"whether {told.titles[told.indicators.index(self.standing)]} on {_day(self.at)}"

    def gains(self, looks: Sequence[Opportunity], *, weather: Persistence | None = None) -> Gains:
        """What looks add to each other; bits of the entropy of the posterior.

        A clear look shows or does not show every indicator that comes and goes; of more than three those three of
        which one look in the middle tells most.
        """
        whole = self.outlook
        begin = whole.at
        times = [_days(begin, look.start) for look in looks]
        later = [n for n, time in enumerate(times) if time >= 0]
        middle = float(np.median([times[n] for n in later])) if later else 0.0
        told = whole.only(self._followed(middle))
        asked = [max(0.0, _days(begin, self.at))] if self.at is not None else []
        order = sorted({*(times[n] for n in later), *asked}) or [0.0]
        width, hypotheses = told.state.shape[1:]
        number = np.arange(told.state.size)
        bits = (number // hypotheses) % width
        weight, states = paths(told.state.ravel(), told.step, order, label=bits.astype(np.intp))
        column = {time: n for n, time in enumerate(order)}
        target = states[:, -1] % hypotheses
        if self.standing is not None:
            bit = told.indicators.index(self.standing)
            target = (bits[states[:, column[asked[0]]]] >> bit) & 1
        shows = [
            _patterns(bits[states[:, column[times[n]]]], told.seen) if n in later else None for n in range(len(looks))
        ]
        blank = np.full((width, len(weight)), 1 / width)
        return WorldGains(
            Worlds(
                weight=weight,
                target=target.astype(np.intp),
                shows=tuple(blank if one is None else one for one in shows),
                p=np.array([look.p if n in later else 0.0 for n, look in enumerate(looks)]),
                sights=Sights(looks, weather=weather),
            )
        )

    def _followed(self, days: float) -> list[int]:
        """Numbers of the indicators that are followed, in their order."""
        count = len(self.outlook.indicators)
        asked = [self.outlook.indicators.index(self.standing)] if self.standing is not None else []
        if count <= _MOST_INDICATORS:
            return list(range(count))
        told = []
        for n in range(count):
            alone = self.outlook.only([n])
            state = (alone.state.ravel() @ alone.step(days)).reshape(alone.state.shape).sum(axis=0)
            shows = _shows(np.array([False, True]), float(alone.seen[0])) @ state
            told.append((-_information(shows), n))
        best = [n for _, n in sorted(told) if n not in asked]
        return sorted([*asked, *best[: _MOST_INDICATORS - len(asked)]])


Question: TypeAlias = Standing | Deadline | Dating | Explaining


def _shows(there: NDArray[np.bool_], seen: float) -> _Floats:
    """(2, M) P(a look that can tell does not show it, shows it) where it is there or not."""
    yes = np.where(there, seen, FALSE_SIGHT * seen)
    return np.stack((1 - yes, yes))


def _patterns(bits: NDArray[np.intp], seen: _Floats) -> _Floats:
    """(2^m, M) P(which indicators a look shows) where those of `bits` are there."""
    told = np.ones((1, len(bits)))
    for n, one in enumerate(seen):
        told = (_shows((bits >> n) & 1 == 1, float(one))[:, None] * told[None]).reshape(-1, len(bits))
    return told


def _information(joint: _Floats) -> float:
    """Bits that rows and columns of a joint distribution tell of each other."""
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(joint > 0, joint * np.log2(joint / apart), 0.0).sum())


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise OptionError(f"{name} must be a probability, 0 to 1, got {share:g}")


def _check_rates(*rates: float) -> None:
    for rate in rates:
        if not 0 <= rate < math.inf:
            raise OptionError(f"a rate must be a number per day, 0 or more, got {rate:g}")


def _check_change(after: dt.datetime, by: dt.datetime | None, rate: float | None) -> None:
    if by is not None and by <= after:
        raise OptionError(f"a change must lie after {after:%Y-%m-%d %H:%MZ}, got one by {by:%Y-%m-%d %H:%MZ}")
    if rate is None and by is None:
        raise OptionError("a change that has not been seen needs a rate at which it comes")
    if rate is not None and not 0 < rate < math.inf:
        raise OptionError(f"the rate of a change must be a number per day above 0, got {rate:g}")


def _days(begin: dt.datetime, end: dt.datetime) -> float:
    return (end - begin).total_seconds() / _DAY_S


def _day(when: dt.datetime) -> str:
    return f"{when.day} {when:%B %Y}"

"""How well a judgement holds on simulated cases whose truth is known.

    python benchmarks/assessment/cases.py [CASES] [--seed N] [--count] [--time]

Each case has 2 to 5 hypotheses with their own mean lengths of episodes and gaps, 1 to 3 indicators that come and go, up
to 3 claims that others repeat, looks with cloudy months, and spells told with a calibrated probability that they are
real. The truth is drawn from what the case states: a hypothesis by its prior, each likelihood from its distribution.

Printed are, over all hypotheses of all cases, and of P(activity goes on now):

* the expected calibration error: 10 bins of equal width, mean of |share that is true - mean probability| by their size;
* the Brier score (sum over the hypotheses of a case) and the log score, beside

  naive           looks are independent of each other, each look that does not show a thing is one that saw its absence,
                  cloudy ones included; told spells are real where that is the likelier; the same claims, counted once
  cloud is absence  the whole model, but that looks through cloud count as looks in clear weather
  independent looks the whole model, but that each look is an event of its own

with the difference of each score to that of `assess` and its 95 % interval (cases drawn with replacement, 2 000 times).
A second set is made otherwise than it is stated: lengths of episodes and gaps from a gamma distribution of shape 3,
looks that show a thing less often than the case says (`seen` x 0.75), and told probabilities that are too sure (log
odds x 1.5). In a third set all is as in the first but stated likelihoods, which are too extreme (log odds x 2).
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import box

from sitewatch.assessment import SiteRecord, assess
from sitewatch.assessment._evidence import gather
from sitewatch.assessment._likelihoods import draw_coming, draw_once
from sitewatch.assessment._weigh import model_of, once_log, weigh
from sitewatch.case import Case
from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.structures import Bracket, Kind, Presence, State, Structure

Floats = NDArray[np.float64]
START = dt.datetime(2018, 1, 1, tzinfo=dt.UTC)
SITE = Site(id="plant", name="The plant", outline=box(10.0, 50.0, 10.02, 50.01), areas={})
FOOTPRINT = box(10.002, 50.002, 10.003, 50.003)
DRAWS = 150
TOLD = np.array([0.5, 0.7, 0.85, 0.95])
"""Probabilities that spells are told with ..."""
SHARE = np.array([0.1, 0.2, 0.3, 0.4])
"""... and how often each is, over real and false ones."""
RELIABLE = {"A": 0.95, "B": 0.85, "C": 0.7, "D": 0.5, "E": 0.3, "F": 0.5}
FALSE_SPELLS = 0.40
"""False spells per indicator, so that told probabilities are calibrated over all cases (measured by `--count`)."""


@dataclass(frozen=True, kw_only=True)
class World:
    """How cases are made, where otherwise than they state."""

    shape: float = 1.0
    """Of the gamma distribution of lengths; 1: exponential."""
    seen: float = 1.0
    """True `seen` over the stated one."""
    sure: float = 1.0
    """Log odds of told probabilities over the calibrated ones."""
    vain: float = 1.0
    """Log odds of stated likelihoods over the true mean ones; those that were counted are as they are."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A case, what is known of its site, and the truth."""

    case: Case
    record: SiteRecord
    at: dt.datetime
    truth: str
    active: bool
    spells: int
    """Real ones that are told."""


def make(rng: np.random.Generator, world: World) -> Made:
    names = [f"h{n}" for n in range(rng.integers(2, 6))]
    priors = rng.dirichlet(np.full(len(names), 2.0)) * 0.98 + 0.02 / len(names)
    lengths = {n: (float(np.exp(rng.uniform(3.0, 5.3))), float(np.exp(rng.uniform(3.7, 6.4)))) for n in names}
    truth = names[int(rng.choice(len(names), p=priors))]
    length = float(rng.uniform(300, 900))
    at = START + dt.timedelta(days=length)
    looks = looks_of(rng, length)
    switches, states = activity(rng, *lengths[truth], length, world)
    indicators: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    structures: list[Structure] = []
    spells = 0
    for n in range(rng.integers(1, 4)):
        seen = float(rng.uniform(0.5, 0.95))
        table, true = likelihoods(rng, names, vain=world.vain)
        z = np.array([rng.random() < true[truth]["active" if on else "idle"] for on in states])
        one, real = structure(rng, f"t{n}", looks, begins=switches, z=z, seen=seen * world.seen, world=world)
        structures += one
        spells += real
        indicators[f"i{n}"] = {
            "title": f"thing {n} stands", "observable": {"structure": f"t{n}"}, "seen": seen, "likelihoods": table,
        }  # fmt: skip
    for n in range(rng.integers(0, 4)):
        claim(
            rng,
            f"c{n}",
            names=names,
            priors=priors,
            truth=truth,
            length=length,
            indicators=indicators,
            claims=claims,
            vain=world.vain,
        )
    case = Case.model_validate(
        {
            "sitewatch_case": 1, "title": "made", "question": "what is it?", "site": "plant", "since": START.date(),
            "hypotheses": {
                name: {
                    "title": f"it is {name}", "prior": float(p), "benign": name == "h0",
                    "activity": {"on_days": lengths[name][0], "off_days": lengths[name][1]},
                }
                for name, p in zip(names, priors, strict=True)
            },
            "indicators": indicators, "claims": claims,
        }
    )  # fmt: skip
    record = SiteRecord(
        site=SITE, structures=tuple(structures), looks=tuple(looks),
        untold=frozenset({f"t{n}" for n in range(3)} - {s.id for s in structures}),
    )  # fmt: skip
    return Made(case=case, record=record, at=at, truth=truth, active=bool(states[-1]), spells=spells)


def looks_of(rng: np.random.Generator, length: float) -> list[Look]:
    revisit = rng.uniform(5, 15)
    cloudy = rng.random(32) < 0.3
    found = []
    for n, day in enumerate(np.arange(rng.uniform(0, revisit), length, revisit)):
        used = rng.random() < (0.08 if cloudy[int(day // 30)] else 0.7)
        captured = START + dt.timedelta(days=float(day))
        found.append(
            Look(
                scene=f"s{n:03d}", sensor="sentinel-2", captured=captured, published=captured,
                published_is_recorded=False, outcome=Outcome.USED if used else Outcome.COULD_NOT_SEE,
                clear_share=float(rng.uniform(0.4, 1.0)) if used else 0.05,
            )
        )  # fmt: skip
    return found


def activity(
    rng: np.random.Generator, on: float, off: float, length: float, world: World
) -> tuple[list[float], list[bool]]:
    """Beginnings of the episodes and gaps up to the last day, and which of them are episodes."""
    burn = 20 * (on + off) if world.shape != 1 else 0.0
    now, state = -burn, bool(rng.random() < on / (on + off))
    begins, states = [], []
    while now < length:
        begins.append(now)
        states.append(state)
        now += rng.gamma(world.shape, (on if state else off) / world.shape)
        state = not state
    first = max(n for n, begin in enumerate(begins) if begin <= 0)
    return begins[first:], states[first:]


def probability(rng: np.random.Generator, mean: float, *, vain: float = 1.0) -> tuple[dict[str, Any], float]:
    """What a case states of a likelihood, and its true value."""
    if rng.random() < 0.4:
        of = int(rng.integers(3, 25))
        shown = int(rng.binomial(of, mean))
        return {"counted": {"shown": shown, "of": of}}, float(rng.beta(shown + 0.5, of - shown + 0.5))
    cases = float(rng.choice([5.0, 10.0, 30.0]))
    odds = (mean / (1 - mean)) ** (1 / vain)
    true = odds / (1 + odds)
    return {"stated": mean, "cases": cases}, float(rng.beta(true * cases, (1 - true) * cases))


def likelihoods(
    rng: np.random.Generator, names: Sequence[str], *, vain: float
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    table: dict[str, Any] = {}
    true: dict[str, dict[str, float]] = {}
    for name in names:
        sides = {"active": rng.uniform(0.05, 0.95), "idle": rng.beta(1, 6) * 0.9 + 0.01}
        both = {side: probability(rng, float(mean), vain=vain) for side, mean in sides.items()}
        table[name] = {side: told for side, (told, _) in both.items()}
        true[name] = {side: value for side, (_, value) in both.items()}
    return table, true


def structure(
    rng: np.random.Generator, name: str, looks: Sequence[Look], *, begins: Sequence[float], z: NDArray[np.bool_],
    seen: float, world: World,
) -> tuple[list[Structure], int]:  # fmt: skip
    """The structure as the engine would tell it, and how many of its spells are real."""
    used = [k for k in looks if k.outcome is Outcome.USED]
    days = np.array([(k.captured - START).total_seconds() / 86_400 for k in used if k.captured])
    spell = np.searchsorted(begins, days, side="right") - 1
    # Episodes and gaps that follow each other and in all of which it stands are one spell.
    number = np.cumsum(np.concatenate(([0], np.diff(z.astype(int)) != 0)))
    found: list[tuple[int, int, float]] = []
    for n in np.unique(number[z]):
        inside = [i for i in range(len(used)) if number[spell[i]] == n]
        shows = [i for i in inside if rng.random() < seen * (used[i].clear_share or 0.0)]
        if shows:
            found.append((shows[0], shows[-1], told(rng, world, real=True)))
    real = len(found)
    for _ in range(rng.poisson(FALSE_SPELLS)):
        if not used:
            break
        first = int(rng.integers(len(used)))
        last = min(len(used) - 1, first + int(rng.geometric(0.2)) - 1)
        # Somewhere where nothing else is told, with a look between.
        if all(last < a - 1 or first > b + 1 for a, b, _ in found):
            found.append((first, last, told(rng, world, real=False)))
    if not found:
        return [], 0
    presences = []
    for first, last, q in sorted(found):
        up = None if first == 0 else Bracket(after=at(used[first - 1]), by=at(used[first]))
        down = None if last == len(used) - 1 else Bracket(after=at(used[last]), by=at(used[last + 1]))
        presences.append(Presence(erected=up, dismantled=down, state=State.CONFIRMED, probability=q, evidence=()))
    return [
        Structure(
            id=name, kind=Kind.STRUCTURE, footprint=FOOTPRINT, present=presences[-1].dismantled is None,
            probability=max(p.probability for p in presences), area_m2=1000, area_m2_low=900, area_m2_high=1100,
            presences=tuple(presences),
        )
    ], real  # fmt: skip


def told(rng: np.random.Generator, world: World, *, real: bool) -> float:
    share = SHARE * (TOLD if real else 1 - TOLD)
    q = float(rng.choice(TOLD, p=share / share.sum()))
    odds = (q / (1 - q)) ** world.sure
    return odds / (1 + odds)


def at(look: Look) -> dt.datetime:
    assert look.captured is not None
    return look.captured


def claim(
    rng: np.random.Generator, name: str, *, names: Sequence[str], priors: Floats, truth: str, length: float,
    indicators: dict[str, Any], claims: dict[str, Any], vain: float,
) -> None:  # fmt: skip
    """Somebody says one thing or its contrary; others repeat it."""
    letter = str(rng.choice(list("ABCDEF")))
    both = {h: probability(rng, float(rng.uniform(0.05, 0.95)), vain=vain) for h in names}
    true = np.array([both[h][1] for h in names])
    depends = rng.random() < RELIABLE[letter]
    yes = rng.random() < (true[list(names).index(truth)] if depends else priors @ true)
    table = {}
    for h in names:
        one = both[h][0]
        if not yes and "counted" in one:
            one = {"counted": {**one["counted"], "shown": one["counted"]["of"] - one["counted"]["shown"]}}
        elif not yes:
            one = {**one, "stated": 1 - one["stated"]}
        table[h] = one
    said = (START + dt.timedelta(days=float(rng.uniform(0, length)))).date()
    common = {"who": "somebody", "what": "something", "reference": "page 1"}
    claims[name] = {**common, "published": said, "reliability": letter}
    for n in range(rng.integers(0, 3)):
        claims[f"{name}-{n}"] = {**common, "published": said, "repeats": name}
    indicators[name] = {"title": f"claim {name}", "observable": {"claim": name}, "likelihoods": table}


Judge = Callable[[Made], tuple[Floats, float]]


def ours(made: Made) -> tuple[Floats, float]:
    """(H,) probabilities and P(activity goes on now), as `assess` tells them."""
    found = weigh(model_of(made.case, gather(made.case, made.record, at=made.at), draws=DRAWS, seed=0))
    return found.probability, float(found.active.sum())


def cloud_is_absence(made: Made) -> tuple[Floats, float]:
    looks = tuple(replace(k, outcome=Outcome.USED, clear_share=1.0) for k in made.record.looks)
    return ours(replace(made, record=replace(made.record, looks=looks)))


def independent_looks(made: Made) -> tuple[Floats, float]:
    """Episodes and gaps of the same shares, so short that every look falls into another one."""
    hypotheses = {}
    for name, h in made.case.hypotheses.items():
        short = {"on_days": h.activity.on_days * 1e-3, "off_days": h.activity.off_days * 1e-3}
        hypotheses[name] = h.model_copy(update={"activity": h.activity.model_copy(update=short)})
    return ours(replace(made, case=made.case.model_copy(update={"hypotheses": hypotheses})))


def naive(made: Made) -> tuple[Floats, float]:
    case = made.case
    evidence = gather(case, made.record, at=made.at)
    names = sorted(case.hypotheses)
    prior = np.array([case.hypotheses[n].prior for n in names])
    prior /= prior.sum()
    share = np.array([case.hypotheses[n].activity.on_days for n in names])
    share = share / (share + np.array([case.hypotheses[n].activity.off_days for n in names]))
    told = np.log(prior) + once_log(
        evidence.once, draw_once(case, [one.key for one in evidence.once], draws=None, seed=0), prior
    ).sum(axis=(0, 2))
    keys = sorted(key for key, i in case.indicators.items() if key.startswith("i"))
    active, idle = (side[..., 0] for side in draw_coming(case, keys, draws=None, seed=0))
    looks = sorted(made.record.looks, key=lambda k: k.order)
    going = np.log(share), np.log(1 - share)
    for n, key in enumerate(keys):
        stands = np.array([standing(made.record, key, k) for k in looks])
        usual = share * active[n] + (1 - share) * idle[n]
        told = told + stands.sum() * np.log(usual) + (~stands).sum() * np.log(1 - usual)
        if looks:
            last = stands[-1]
            going = tuple(g + np.log(p[n] if last else 1 - p[n]) for g, p in zip(going, (active, idle), strict=True))
    found = np.exp(told - told.max())
    found /= found.sum()
    now = np.exp(going[0]) / (np.exp(going[0]) + np.exp(going[1]))
    return np.maximum(found, 1e-12), float(found @ now)


def standing(record: SiteRecord, key: str, look: Look) -> bool:
    for one in record.structures:
        if one.id == f"t{key[1:]}":
            for p in one.presences:
                began = p.erected is None or p.erected.by <= at(look)
                if p.probability >= 0.5 and began and (p.dismantled is None or at(look) <= p.dismantled.after):
                    return look.outcome is Outcome.USED
    return False


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of one way to judge, over cases."""

    probability: Floats
    """Of every hypothesis of every case."""
    true: NDArray[np.bool_]
    brier: Floats
    """(case,) sum over the hypotheses."""
    log: Floats
    """(case,) -ln of what was given to the true one."""
    active: Floats
    """(case,)"""
    going: NDArray[np.bool_]

    @property
    def brier_now(self) -> Floats:
        """(case,) of P(activity goes on now)."""
        squared: Floats = (self.active - self.going) ** 2
        return squared

    @property
    def error(self) -> float:
        """Expected calibration error of the hypotheses."""
        return calibration_error(self.probability, self.true)

    @property
    def active_error(self) -> float:
        """Expected calibration error of P(activity goes on now)."""
        return calibration_error(self.active, self.going)


def calibration_error(probability: Floats, true: NDArray[np.bool_]) -> float:
    """Expected calibration error over 10 bins of equal width."""
    column = np.minimum((probability * 10).astype(int), 9)
    return float(sum(abs((true[column == b] - probability[column == b]).sum()) for b in range(10)) / len(true))


def score(judge: Judge, cases: Sequence[Made]) -> Scores:
    probability, true, brier, log, active, going = [], [], [], [], [], []
    for made in cases:
        told, now = judge(made)
        right = np.array([name == made.truth for name in sorted(made.case.hypotheses)])
        probability.append(told)
        true.append(right)
        brier.append(float(((told - right) ** 2).sum()))
        log.append(-float(np.log(max(told[right][0], 1e-12))))
        active.append(now)
        going.append(made.active)
    return Scores(
        probability=np.concatenate(probability), true=np.concatenate(true), brier=np.array(brier), log=np.array(log),
        active=np.array(active), going=np.array(going),
    )  # fmt: skip


def difference(one: Floats, other: Floats, *, seed: int = 0) -> tuple[float, float, float]:
    """Mean of one - other, and the 95 % interval of it, cases drawn with replacement."""
    apart = one - other
    rng = np.random.default_rng(seed)
    means = [apart[rng.integers(len(apart), size=len(apart))].mean() for _ in range(2000)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(apart.mean()), float(low), float(high)


JUDGES: dict[str, Judge] = {
    "assess": ours,
    "naive": naive,
    "cloud is absence": cloud_is_absence,
    "independent looks": independent_looks,
}


def table(cases: Sequence[Made], judges: Sequence[str]) -> None:
    print(
        f"{'':18} {'ECE':>6} {'Brier':>6} {'log':>6} {'ECE now':>8} {'Brier now':>9}   "
        "more than `assess`, 95 % interval: Brier, log, Brier now"
    )
    whole: Scores | None = None
    for name in judges:
        began = time.perf_counter()
        found = score(JUDGES[name], cases)
        line = (
            f"{name:18} {found.error:6.3f} {found.brier.mean():6.3f} {found.log.mean():6.3f} "
            f"{found.active_error:8.3f} {found.brier_now.mean():9.3f}   "
        )
        if whole is None:
            whole = found
            line += f"({(time.perf_counter() - began) / len(cases) * 1000:.0f} ms a case)"
        else:
            pairs = ((found.brier, whole.brier), (found.log, whole.log), (found.brier_now, whole.brier_now))
            for one, other in pairs:
                mean, low, high = difference(one, other)
                line += f"{mean:+.3f} ({low:+.3f} to {high:+.3f})  "
        print(line, flush=True)
    assert whole is not None
    print("  told      cases   mean   true")
    column = np.minimum((whole.probability * 10).astype(int), 9)
    for b in range(10):
        told, true = whole.probability[column == b], whole.true[column == b]
        if len(told):
            print(f"  {b / 10:.1f}-{(b + 1) / 10:.1f} {len(told):8d}   {told.mean():.3f}  {true.mean():.3f}")


def make_all(count: int, *, seed: int, world: World | None = None) -> list[Made]:
    rng = np.random.default_rng(seed)
    return [make(rng, world or World()) for _ in range(count)]


def usual(q: float) -> Made:
    """Four hypotheses, four indicators with one spell each that is told with a probability, three years of looks."""
    rng = np.random.default_rng(1)
    names = [f"h{n}" for n in range(4)]
    looks = tuple(
        Look(
            scene=f"s{n:03d}", sensor="sentinel-2", captured=START + dt.timedelta(days=float(day)),
            published=START + dt.timedelta(days=float(day)), published_is_recorded=False, outcome=Outcome.USED,
            clear_share=0.9,
        )
        for n, day in enumerate(np.sort(rng.uniform(0, 1100, 150)))
    )  # fmt: skip
    structures = []
    for n in range(4):
        a = 10 + 15 * n
        spell = Presence(
            erected=Bracket(after=at(looks[a]), by=at(looks[a + 1])),
            dismantled=Bracket(after=at(looks[a + 8]), by=at(looks[a + 9])),
            state=State.CONFIRMED, probability=q, evidence=(),
        )  # fmt: skip
        structures.append(
            Structure(
                id=f"t{n}", kind=Kind.STRUCTURE, footprint=FOOTPRINT, present=False, probability=q, area_m2=1000,
                area_m2_low=900, area_m2_high=1100, presences=(spell,),
            )
        )  # fmt: skip
    case = Case.model_validate(
        {
            "sitewatch_case": 1, "title": "usual", "question": "what is it?", "site": "plant", "since": START.date(),
            "hypotheses": {
                name: {
                    "title": f"it is {name}", "prior": 0.25, "why": "so", "benign": n > 0,
                    "activity": {"on_days": 60 + 20 * n, "off_days": 200},
                }
                for n, name in enumerate(names)
            },
            "indicators": {
                f"i{k}": {
                    "title": f"thing {k} stands", "observable": {"structure": f"t{k}"},
                    "likelihoods": {
                        name: {"active": {"stated": 0.8 if n == k else 0.3}, "idle": {"stated": 0.05}}
                        for n, name in enumerate(names)
                    },
                }
                for k in range(4)
            },
        }
    )  # fmt: skip
    record = SiteRecord(site=SITE, structures=tuple(structures), looks=looks)
    return Made(case=case, record=record, at=START + dt.timedelta(days=1100), truth="h0", active=False, spells=4)


def clock() -> None:
    for q in (1.0, 0.9):
        made = usual(q)
        evidence = gather(made.case, made.record, at=made.at)
        began = time.process_time()
        found = [weigh(model_of(made.case, evidence, draws=1000, seed=seed)).probability[0] for seed in range(8)]
        between = time.process_time()
        assess(made.case, made.record, at=made.at)
        print(
            f"{len(evidence.looks)} looks, {len(evidence.ways)} ways: {(between - began) / 8:.2f} s of one core, with "
            f"all that it hangs on {time.process_time() - between:.2f} s; from seed to seed the first probability "
            f"differs by {np.std(found):.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="?", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", action="store_true", help="Only count spells, to set FALSE_SPELLS.")
    parser.add_argument("--time", action="store_true", help="Only time a usual case.")
    given = parser.parse_args()
    if given.time:
        clock()
        return
    cases = make_all(given.cases, seed=given.seed)
    if given.count:
        things = sum(sum(key.startswith("i") for key in m.case.indicators) for m in cases)
        real = sum(m.spells for m in cases)
        told = sum(len(s.presences) for m in cases for s in m.record.structures)
        q = np.mean([p.probability for m in cases for s in m.record.structures for p in s.presences])
        print(f"{real / things:.3f} real spells an indicator")
        print(f"{real / told:.3f} of {told} that are told are real; mean probability {q:.3f}")
        return
    print(f"{given.cases} cases as they are stated")
    table(cases, list(JUDGES))
    world = World(shape=3.0, seen=0.75, sure=1.5)
    print(f"\n{given.cases // 2} cases that are otherwise than they are stated")
    table(make_all(given.cases // 2, seed=given.seed + 1, world=world), ["assess", "naive"])
    print(f"\n{given.cases // 2} cases whose stated likelihoods are too extreme")
    table(make_all(given.cases // 2, seed=given.seed + 2, world=World(vain=2.0)), ["assess", "naive"])


if __name__ == "__main__":
    main()

"""What a look is worth for a question, and which looks to take within a budget.

The worth of a look is what it is expected to take of what is open, through P(pass) x P(clear) x P(resolved): bits of
entropy, or days of a bracket. The worth of a set is not the sum of its looks': two looks at one thing on one day say
the same. So looks are chosen one after the other by what each adds to those that are chosen, per cost.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sitewatch.assessment import percent
from sitewatch.planning._budget import Budget
from sitewatch.planning._gains import Gains
from sitewatch.planning._opportunities import Opportunity
from sitewatch.planning._persistence import Persistence
from sitewatch.planning._questions import Dating, Deadline, Explaining, Question, Standing

__all__ = ["GUARANTEE", "Choice", "Chosen", "best_set", "worth_of", "worths"]

GUARANTEE = (1 - 1 / math.e) / 2
"""Of the best set's worth that the chosen one has at least, where `Choice.guaranteed`."""
_LEAST = 1e-3
"""A look that adds less than this share of what was open at first adds nothing ..."""
_NOTHING = 1e-4
"""... nor does one that adds fewer bits or days."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A look that is to be taken."""

    number: int
    """Of the opportunity, in the order in which they were given."""
    adds: float
    """What it adds to those chosen before it: bits or days."""
    why: str
    """A sentence."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The looks to take for a question."""

    chosen: tuple[Chosen, ...]
    """In the order in which they were chosen: those that add most per cost first."""
    unit: str
    """ "bits" or "days"."""
    open: float
    """What is open without further looks."""
    worth: float
    """What all of them together are expected to take of it."""
    spent: Budget | None
    """The budget after them; None: there was none."""
    guaranteed: bool
    """True: no affordable set is worth more than `worth / GUARANTEE`."""
    unaffordable: int
    """Opportunities that would add something and whose cost is not told, where there is a budget."""


def worths(question: Question, looks: Sequence[Opportunity]) -> tuple[float, ...]:
    """What each look by itself is worth for a question: bits or days, 0 or more."""
    gains = question.gains(looks)
    return tuple(gains.gain(n) for n in range(len(looks)))


def worth_of(question: Question, looks: Sequence[Opportunity], *, weather: Persistence | None = None) -> float:
    """What some looks together are worth: bits or days. Exact for few.

    Args:
        question: what is asked.
        looks: opportunities.
        weather: how long it stays; None: looks are clear independently of each other.
    """
    gains = question.gains(looks, weather=weather)
    before = gains.open
    for n in range(len(looks)):
        gains.take(n)
    return max(0.0, before - gains.open)


def best_set(
    question: Question,
    looks: Sequence[Opportunity],
    *,
    budget: Budget | None = None,
    most: int | None = None,
    weather: Persistence | None = None,
    after: dt.datetime | None = None,
) -> Choice:
    """The looks to take: greedy by what each adds per cost, or the single best one where that is worth more.

    For a worth that is monotone and submodular (a look adds no more to many looks than to few of them) and costs that
    are one number this has at least (1 - 1/e)/2 = 32 % of the best affordable set (Khuller, Moss and Naor 1999,
    doi:10.1016/S0020-0190(99)00031-9; Leskovec et al. 2007, doi:10.1145/1281192.1281239), by a later proof 40 % (Tang
    et al. 2020, arXiv:2008.05391). The length of a bracket is such a worth, whatever weather looks share: it is one
    for every way in which looks may be able to tell. Entropy is where looks are independent given the answer; where
    the thing may turn between them they are not, and there is no guarantee. Nor is there one for more than one cap.
    How near it comes is measured in docs/science/next-look.md.

    Args:
        question: what is asked.
        looks: opportunities.
        budget: what they may cost together, by each of its units; None: looks are chosen by what they add.
        most: so many at most.
        weather: how long it stays; None: looks are clear independently of each other.
        after: looks before that time are over and are not taken; None: all may be.
    """
    gains = question.gains(looks, weather=weather)
    first = [gains.gain(n) for n in range(len(looks))]
    before, unit = gains.open, gains.unit
    ahead = [n for n, look in enumerate(looks) if after is None or look.start >= after]
    able = [n for n in ahead if budget is None or looks[n].cost is not None]
    taken = _greedy(question, looks, gains, able, budget=budget, most=most)
    alone = max(
        (n for n in able if budget is None or budget.over(looks[n].cost or {}) is None),
        key=lambda n: (first[n], -n), default=None,
    )  # fmt: skip
    if alone is not None and first[alone] > before - gains.open + 1e-12 and most != 0:
        gains = question.gains(looks, weather=weather)
        told = why(question, looks[alone], adds=first[alone], of=before)
        taken = [Chosen(number=alone, adds=first[alone], why=told)]
        gains.take(alone)
    spent = budget
    for one in taken:
        spent = None if spent is None else spent.spend(looks[one.number].cost or {})
    return Choice(
        chosen=tuple(taken),
        unit=unit,
        open=before,
        worth=max(0.0, before - gains.open),
        spent=spent,
        guaranteed=isinstance(question, Dating) and (budget is None or len(budget.caps) == 1),
        unaffordable=sum(n not in able and first[n] > max(_NOTHING, _LEAST * before) for n in ahead),
    )


def _greedy(
    question: Question,
    looks: Sequence[Opportunity],
    gains: Gains,
    able: Sequence[int],
    *,
    budget: Budget | None,
    most: int | None,
) -> list[Chosen]:
    left, before = budget, gains.open
    taken: list[Chosen] = []
    free = list(able)
    while free and (most is None or len(taken) < most):
        if left is not None:
            # What does not fit now fits never again.
            free = [n for n in free if left.over(looks[n].cost or {}) is None]
        adds = {n: gains.gain(n) for n in free}
        free = [n for n in free if adds[n] > max(_NOTHING, _LEAST * before)]
        if not free:
            break
        best = min(free, key=lambda n: (*_order(adds[n], looks[n], left), looks[n].start, n))
        told = why(question, looks[best], adds=adds[best], of=gains.open)
        gains.take(best)
        taken.append(Chosen(number=best, adds=adds[best], why=told))
        left = None if left is None else left.spend(looks[best].cost or {})
        free.remove(best)
    return taken


def _order(adds: float, look: Opportunity, budget: Budget | None) -> tuple[float, float]:
    """The smaller the better: what costs nothing first, then by what is added per cost."""
    share = 0.0 if budget is None else budget.share(look.cost or {})
    return (-adds / share if share > 0 else -math.inf, -adds)


def why(question: Question, look: Opportunity, *, adds: float, of: float) -> str:
    """Why a look is worth taking: a sentence.

    Args:
        question: what is asked.
        look: the opportunity.
        adds: what it is expected to take of what is open, bits or days.
        of: what is open.
    """
    parts = [_when(question, look), _clear(look)]
    if look.p_resolved is not None and look.p_resolved < 0.9:
        sharp = f"shows a thing {look.thing_m:.0f} m wide with {percent(look.p_resolved)} ({look.pixel_m:g} m pixels)"
        parts.append(sharp if look.p_resolved > 0 else "cannot show it")
    if isinstance(question, Dating):
        parts.append(f"is expected to shorten the bracket by {adds:.1f} of {of:.1f} days")
    else:
        parts.append(_effect(adds / of if of > 0 else 0.0).format(what=f"what is not known of {question.asked}"))
    return f"It {', '.join(parts[:-1])}, and {parts[-1]}."


def _when(question: Question, look: Opportunity) -> str:
    asked = {Standing: "at", Deadline: "day", Explaining: "at"}.get(type(question))
    told = None if asked is None else getattr(question, asked)
    if told is None:
        return f"falls on {look.start.day} {look.start:%B}"
    days = (look.start - told).total_seconds() / 86_400
    what = "the deadline" if isinstance(question, Deadline) else "the time that is asked about"
    if abs(days) < 1:
        return f"falls within a day of {what}"
    count = f"{abs(days):.0f} day{'s' if round(abs(days)) != 1 else ''}"
    return f"falls {count} {'after' if days > 0 else 'before'} {what}"


def _clear(look: Opportunity) -> str:
    if look.radar:
        return "sees through cloud"
    told, clear = percent(look.p_clear), round(look.p_clear, 2)  # as it is told
    if clear >= 0.55:
        return f"is likely to be clear ({told})"
    return f"is as likely clear as not ({told})" if clear >= 0.45 else f"is clear with {told} only"


def _effect(share: float) -> str:
    if share >= 0.85:
        return "settles nearly all of {what}"
    return "halves {what}" if 0.45 <= share <= 0.55 else f"takes {percent(share)} of {{what}}"

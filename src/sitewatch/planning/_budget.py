"""What looks may cost: money, quota and hours, with caps that refuse before anything is spent."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sitewatch.errors import OptionError

__all__ = ["HOURS", "KM2", "MONEY", "SCENES", "Budget", "read_budget", "unit_of"]

MONEY = "money"
"""Unit of what has no currency."""
HOURS = "h"
"""Of an analyst."""
KM2 = "km2"
"""Of quota."""
SCENES = "scenes"
"""Of quota."""

_UNITS = {
    "h": (HOURS, 1.0), "hour": (HOURS, 1.0), "hours": (HOURS, 1.0), "min": (HOURS, 1 / 60), "minutes": (HOURS, 1 / 60),
    "km2": (KM2, 1.0), "km²": (KM2, 1.0), "scene": (SCENES, 1.0), "scenes": (SCENES, 1.0), "money": (MONEY, 1.0),
}  # fmt: skip
_SIGNS = {"€": "eur", "$": "usd", "£": "gbp"}
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([^\s\d.,;+-]+[²2]?)\s*")
_CURRENCY = re.compile(r"[a-z]{3}")
_SLACK = 1e-9
"""A sum of costs that is equal to its cap may be above it by as much as numbers are rounded."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Caps by unit, and what is spent of them."""

    caps: Mapping[str, float]
    """Most that may be spent, 0 or more: "eur" or another currency, "h", "km2", "scenes"; no entry: no cap."""
    spent: Mapping[str, float] = field(default_factory=dict)
    """0 or more, by unit."""

    @property
    def currencies(self) -> tuple[str, ...]:
        """In the order of the caps; several where caps of a workspace are in several."""
        return tuple(unit for unit in self.caps if unit not in (HOURS, KM2, SCENES))

    @property
    def money(self) -> str:
        """The first of its currencies; "money" where it has none."""
        return next(iter(self.currencies), MONEY)

    def left(self, unit: str) -> float:
        """What may still be spent, never below 0; infinite where there is no cap."""
        return max(0.0, self.caps.get(unit, math.inf) - self.spent.get(unit, 0.0))

    def over(self, cost: Mapping[str, float]) -> str | None:
        """The unit of which a cost takes more than is left; None: it fits."""
        return next((u for u in self.caps if cost.get(u, 0.0) > self.left(u) + _SLACK * self.caps[u]), None)

    def share(self, cost: Mapping[str, float]) -> float:
        """What a cost takes of the caps: the sum over units of its share of each, 0 or more."""
        return sum(cost.get(unit, 0.0) / cap for unit, cap in self.caps.items() if cap > 0)

    def spend(self, cost: Mapping[str, float]) -> Budget:
        """The budget after a cost.

        Raises:
            OptionError: it is above what is left; nothing is spent.
        """
        unit = self.over(cost)
        if unit is not None:
            raise OptionError(
                f"this takes {cost[unit]:g} {unit}, more than the {self.left(unit):g} {unit} that are left of "
                f"{self.caps[unit]:g}; raise the cap or leave looks out"
            )
        return replace(self, spent={u: self.spent.get(u, 0.0) + cost.get(u, 0.0) for u in {*self.spent, *cost}})


def unit_of(text: str) -> tuple[str, float]:
    """The unit that a word means, and by what a number of it is multiplied: "min" is 1/60 of "h".

    Raises:
        OptionError: it is no unit.
    """
    word = _SIGNS.get(text, text.casefold())
    if word in _UNITS:
        return _UNITS[word]
    if _CURRENCY.fullmatch(word):
        return word, 1.0
    raise OptionError(f"{text[:20]!r} is no unit of cost; give a currency such as eur, or h, min, km2, scenes")


def read_budget(text: str, *, option: str = "--budget", nothing: bool = False) -> Budget:
    """A budget from "500eur,2h,100km2": numbers with units, at most one currency, each unit once.

    Args:
        text: as it is written.
        option: what messages call it.
        nothing: True: an amount may be 0.

    Raises:
        OptionError: it is not written so, or a number is not above 0.
    """
    caps: dict[str, float] = {}
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            signed = re.fullmatch(r"\s*([€$£])\s*([0-9.]+)\s*", part)
            found = _PART.fullmatch(f"{signed[2]}{signed[1]}") if signed else None
        if found is None:
            raise OptionError(
                f"{option} must be amounts with units such as 500eur,2h,100km2, got {part.strip()[:40]!r} in it"
            )
        unit, factor = unit_of(found[2])
        amount = float(found[1]) * factor
        if not (0 < amount < math.inf or (nothing and amount == 0)):
            raise OptionError(f"{option}: an amount must be above 0, got {part.strip()[:40]!r}; leave out what is free")
        if unit in caps:
            raise OptionError(f"{option} tells {unit} twice; give it once")
        caps[unit] = amount
    money = [unit for unit in caps if unit not in (HOURS, KM2, SCENES)]
    if len(money) > 1:
        raise OptionError(f"{option} is in {' and '.join(money)}; give one currency: nothing here exchanges them")
    return Budget(caps=caps)

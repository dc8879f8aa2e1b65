"""Faults put into simulated records as they come, and the gates of the cube taken out: what are they worth?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import sitewatch.cube._cube as reading
import sitewatch.cube._gates as gates

__all__ = ["HEAD", "NOTE", "SETTINGS", "Setting", "applied"]

JITTER_PX = 0.7
"""Standard deviation of the looks' shifts along each axis; the simulator's own is 0.25."""
STEP = 0.1
"""1000 DN, on the later half of the looks; no metadata tell."""

HEAD = ("", "F1", "events found", "false", "false a year in null scenes", "claimed a year there, on works too")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row of the table."""

    name: str
    faults: bool
    gates: bool


SETTINGS = (
    Setting(name="as simulated", faults=False, gates=True),
    Setting(name="with faults", faults=True, gates=True),
    Setting(name="with faults, gates taken out", faults=True, gates=False),
)
NOTE = (
    f"Faults: looks lie {JITTER_PX:g} pixels off (standard deviation along each axis; 0.25 as simulated), and the "
    "later half of them carries 1000 DN more, which no metadata tell. Gates taken out: looks are neither registered "
    "nor searched for the 1000 DN. Inside the outline, one false alarm a year asked for."
)


@contextmanager
def applied(setting: Setting) -> Iterator[None]:
    """Cubes that are read in this block have the setting's faults and gates; shifts are the recipe's affair."""
    read_stack, registered, levelled = reading.read_stack, gates._registered, gates._levelled

    def stepped(*args: Any) -> Any:
        stack, failed = read_stack(*args)
        stack.values[len(stack.passes) // 2 :] += np.float16(STEP)
        return stack, failed

    try:
        if setting.faults:
            reading.read_stack = stepped
        if not setting.gates:
            gates._registered = lambda stack, *_, **__: (stack, [])
            gates._levelled = lambda stack: stack
        yield
    finally:
        reading.read_stack, gates._registered, gates._levelled = read_stack, registered, levelled

"""Whom a run asked for looks, for which period, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asking"]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What a run asked for; the head of its ledger."""

    run: dt.datetime
    """When, UTC."""
    since: dt.datetime | None = None
    """Start of the period, UTC; None: open."""
    until: dt.datetime | None = None
    """Its end, UTC; None: open."""
    catalogs: tuple[str, ...] = ()
    """Names of the catalogs that answered, in the order given; ("folder",) for a folder."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the catalogs that did not answer, one sentence each, by name."""

    @property
    def end(self) -> dt.datetime | None:
        """Where the record ends, UTC: a catalog is asked for all there is until now, a folder holds what it holds."""
        if self.until is not None:
            return min(self.until, self.run)
        return None if self.catalogs in {(), ("folder",)} else self.run

    def document(self) -> dict[str, object]:
        """For JSON."""
        return {
            "run": _written(self.run),
            "since": _written(self.since),
            "until": _written(self.until),
            "catalogs": list(self.catalogs),
            "unanswered": dict(self.unanswered),
        }

    @classmethod
    def read(cls, told: Mapping[str, Any], *, run: dt.datetime) -> Asking:
        """What `document` wrote.

        Args:
            told: the head of a looks.geojson; what is missing, as in files of older versions, counts as not told.
            run: the time of the run where the head does not tell it, UTC.

        Raises:
            ValueError: a part has not the shape that `document` gives it (TypeError and AttributeError too).
        """
        since, until = (dt.datetime.fromisoformat(t) if (t := told.get(key)) else None for key in ("since", "until"))
        return cls(
            run=dt.datetime.fromisoformat(t) if (t := told.get("run")) else run,
            since=since,
            until=until,
            catalogs=tuple(str(name) for name in told.get("catalogs", ())),
            unanswered={str(name): str(text) for name, text in told.get("unanswered", {}).items()},
        )


def _written(moment: dt.datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"

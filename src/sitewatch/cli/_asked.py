"""What `sitewatch looks next` is asked: the site, what is known of it, the question."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.cli._assess import record_of
from sitewatch.cli._values import parse_day
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.assessment import Outlook, SiteRecord
    from sitewatch.case import Case
    from sitewatch.cube import Look
    from sitewatch.planning import Past, Question
    from sitewatch.structures import Structure

__all__ = ["USUAL_M", "Asked", "asked_of", "question_of"]

_KINDS = ("standing:NAME[@DATE]", "deadline:[NAME@]DATE", "bracket[:NAME]", "case")
_DATE_LIKE = re.compile(r"\d{4}[-\d:.TZWz+ ]*")
USUAL_M = 30.0
"""Smallest side of what is looked for, where nobody says: metres."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Where looks are planned, and what is known there."""

    record: SiteRecord
    known: bool
    """False: a site file alone, without a ledger."""
    in_workspace: bool
    """True: a site of the workspace, whose caps hold."""
    case: Case | None

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must be said before anything else."""
        from sitewatch.assessment import SIMULATED

        return (SIMULATED,) if self.record.simulated else ()

    def looks(self, until: dt.datetime) -> list[Look]:
        """The looks that were taken and known by then, in no order."""
        return [k for k in self.record.looks if _known(k, until)]

    def used(self, until: dt.datetime) -> list[dt.datetime]:
        """Captures of the used looks among them, in order."""
        return sorted(k.captured for k in self.looks(until) if k.outcome.value == "used" and k.captured is not None)


def _known(look: Look, at: dt.datetime) -> bool:
    # As in an assessment: when a scene was first recorded here is not when it was published, and hides no look.
    if look.captured is None or look.captured > at:
        return False
    return look.published_is_recorded or look.published <= at


def asked_of(place: str, record: Path | None, case: Path | None, workspace: str, at: dt.datetime | None) -> Asked:
    """The site that is named, and what is known of it.

    Args:
        place: a file, or the id of a site of the workspace.
        record: a folder that `sitewatch watch --out` wrote.
        case: a case file.
        workspace: where the site is watched.
        at: what was known then; None: now.

    Raises:
        InputError: there is no such site, or folder and case are about another one.
    """
    from sitewatch.assessment import SiteRecord
    from sitewatch.case import StandingStructure, read_case
    from sitewatch.site import read_site

    told = None if case is None else read_case(case)
    untold = frozenset(
        one.observable.structure
        for one in (told.indicators.values() if told else ())
        if isinstance(one.observable, StandingStructure)
    )
    file = _is_file(place)
    site = read_site(Path(place)) if file else None
    if record is not None or site is None:
        known = record_of(place, record, workspace, at, untold)
    else:
        known = SiteRecord(site=site, structures=(), looks=(), untold=untold)
    name = place if site is None else site.id
    if known.site.id != name:
        raise InputError(f"{record}: holds site {known.site.id!r}, and {name!r} is asked about; give its own folder")
    if told is not None and told.site != name:
        raise InputError(f"{case}: is about site {told.site!r}, and {name!r} is asked about; give its own case")
    return Asked(
        record=known, known=record is not None or site is None, in_workspace=record is None and site is None, case=told
    )


def _is_file(place: str) -> bool:
    path = Path(place)
    return path.suffix.lower() in (".geojson", ".json") or path.is_file()


def question_of(
    text: str | None, asked: Asked, *, since: dt.datetime, until: dt.datetime, now: dt.datetime
) -> tuple[Question, Structure | None]:
    """`--question`: what is asked, and the structure that it is about, if that is one that is known.

    Without it the case is asked, and without a case how closely the next change of the site would be dated.

    Raises:
        InputError: nothing is known by that name.
        OptionError: it is no question.
    """
    from sitewatch.planning import Explaining

    kind, colon, rest = (text or ("case" if asked.case else "bracket")).partition(":")
    if kind == "case" and not colon:
        return Explaining(outlook=_outlook(asked, now)), _structure_of_case(asked, now)
    if kind == "standing" and rest.strip():
        name, at = _name_and_day(rest)
        if asked.case is not None and (found := _indicator(asked, name, now, at or until)) is not None:
            return found, _structure(asked, name, now, lenient=True)
        past, structure = _past(asked, name, since, now)
        return past.standing(at or until), structure
    if kind == "deadline" and rest.strip():
        name, told = _name_and_day(rest, whole_is_day=True)
        if told is None:
            raise OptionError(f"--question deadline needs a day, such as deadline:2026-10-10, got {text!r}")
        past, structure = _past(asked, name, since, now)
        return past.deadline(told, since=since), structure
    if kind == "bracket" and (rest.strip() or not colon):
        past, structure = _past(asked, rest.strip(), since, now)
        if past.last >= until:
            # The window is over: its passes tell nothing of what comes next, which is asked about for as many days.
            since, until = past.last, past.last + (until - since)
        return past.dating(since=since, until=until), structure
    raise OptionError(f"--question must be {', '.join(_KINDS[:-1])} or {_KINDS[-1]}, got {text!r}")


def _name_and_day(text: str, *, whole_is_day: bool = False) -> tuple[str, dt.datetime | None]:
    """NAME@DATE, DATE or NAME in parts; the end of the day. A name may hold an @ too, but not before a broken date."""
    name, at, day = text.rpartition("@")
    if not at and not whole_is_day:
        return text.strip(), None
    try:
        return name.strip(), parse_day("--question", day.strip(), end=True)
    except OptionError:
        if whole_is_day or _DATE_LIKE.fullmatch(day.strip()):
            raise
        return text.strip(), None


def _past(asked: Asked, name: str, since: dt.datetime, now: dt.datetime) -> tuple[Past, Structure | None]:
    from sitewatch.planning import life_until, past_of_site, past_of_structure

    used = asked.used(now)
    if not name:
        rejected = asked.record.rejected
        lives = (life_until(one, now) for one in asked.record.structures if one.id not in rejected)
        told = [one for one in lives if one is not None]
        return past_of_site(told, name=asked.record.site.name, used=used, since=since), None
    structure = _structure(asked, name, now, lenient=not asked.known)
    return past_of_structure(structure, name=f"the {name}", used=used, since=since), structure


def _structure(asked: Asked, name: str, now: dt.datetime, *, lenient: bool) -> Structure | None:
    """The structure of a name, as looks until now show it; of several the one that turned last; None: none shows it.

    Lenient: None too where nothing is known by that name.
    """
    from sitewatch.planning import life_until

    known = [s for s in asked.record.structures if name in (s.id, asked.record.names.get(s.id))]
    if not known and not lenient:
        known = list(asked.record.named(name))
    lives = [life for one in known if (life := life_until(one, now)) is not None]
    return max(lives, key=lambda s: (_last_turn(s), s.id), default=None)


def _last_turn(structure: Structure) -> dt.datetime:
    newest = structure.presences[-1]
    turn = newest.dismantled or newest.erected
    return dt.datetime.min.replace(tzinfo=dt.UTC) if turn is None else turn.by


def _structure_of_case(asked: Asked, now: dt.datetime) -> Structure | None:
    """The first structure that the case's indicators name, for its size."""
    from sitewatch.case import StandingStructure

    assert asked.case is not None
    for _, one in sorted(asked.case.indicators.items()):
        if isinstance(one.observable, StandingStructure):
            found = _structure(asked, one.observable.structure, now, lenient=True)
            if found is not None:
                return found
    return None


def _outlook(asked: Asked, now: dt.datetime) -> Outlook:
    from sitewatch.assessment import outlook

    if asked.case is None:
        raise OptionError("--question case needs the case: give --case CASE.yaml")
    return outlook(asked.case, asked.record, at=now)


def _indicator(asked: Asked, name: str, now: dt.datetime, at: dt.datetime) -> Question | None:
    """The question whether an indicator of the case shows, by its key or what it is bound to."""
    from sitewatch.planning import Explaining

    told = _outlook(asked, now)
    for key, bound in zip(told.indicators, told.names_of, strict=True):
        if name in (key, bound):
            return Explaining(outlook=told, standing=key, at=at)
    return None

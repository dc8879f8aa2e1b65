"""What is otherwise than in the run before: scenes and structures, and which of the one may come from the other."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sitewatch.archive import SAME_PASS, Memory, News, Notice, What
from sitewatch.change import Kind
from sitewatch.structures._files import structures_in
from sitewatch.structures._structure import Bracket, Presence, Structure

__all__ = [
    "Difference",
    "SinceLast",
    "Turn",
    "changed_settings",
    "compare_structures",
    "read_since",
    "since_document",
    "since_last",
    "spell_in_words",
]

_LEAST_SHARED = 0.3
"""Intersection over union from which two footprints under two ids are one structure."""


class Turn(StrEnum):
    """What became of a structure."""

    NEW = "new"
    GONE = "gone"
    """It is not claimed any more; that it was taken down would be a bracket."""
    CHANGED = "changed"
    """Its brackets, or the number of its presences, are others."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A structure of which another life is told than in the run before."""

    turn: Turn
    structure: str
    """Id; where it is gone, the one it had."""
    before: str | None = None
    """The id that it had, where that was another."""
    words: tuple[str, ...]
    """What is told now, and what was told before: one part for every event that differs."""
    probability: float
    """0-1, as told now; where it is gone, as told before."""
    scenes: tuple[str, ...] = ()
    """Scenes of the notices that lie at the ends of its brackets or next to them: what may have caused it."""


@dataclass(frozen=True, kw_only=True)
class Regrouped:
    """Other sensors are searched as one series than in the run before, because of what looks there are."""

    before: tuple[str, ...]
    """Families, the one that makes the grid first; empty: each was searched alone."""
    now: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Without a full stop."""
        now, before = (" and ".join(names) or "none" for names in (self.now, self.before))
        return f"searched as one series are now {now} (before: {before}), and that alone can tell things otherwise"


@dataclass(frozen=True, kw_only=True)
class SinceLast:
    """What is otherwise than in the run before."""

    run: dt.datetime
    """Time of the last run that was told of scenes, UTC."""
    added: int
    """Scenes that simply came next."""
    notices: tuple[Notice, ...]
    """Scenes that are late, back-filled, replaced, vanished, or listed again."""
    compared: dt.datetime | None
    """Time of the run whose structures these were compared with, UTC; None: one of the two runs had none to compare."""
    settings: tuple[str, ...] = ()
    """What else was asked for than then, so that it may have caused a difference as well."""
    regrouped: Regrouped | None = None
    """What may have as well; None: the same sensors are one series."""
    differences: tuple[Difference, ...] = ()
    """The most probable first."""

    @property
    def tells(self) -> bool:
        """True: something is otherwise."""
        return bool(self.added or self.notices or self.differences)


def since_last(
    news: News,
    previous: Memory,
    structures: Sequence[Structure] | None,
    *,
    head: Mapping[str, object],
    outline: str,
    used: Sequence[dt.datetime],
) -> SinceLast:
    """Set a run beside what is remembered; structures beside those of the last run that had looks to find any on.

    Args:
        news: what the listing tells.
        previous: what is remembered; its `found` holds the `structures` document and the `outline` of that run.
        structures: what is found now; None: there were no looks to find any on.
        head: the `sitewatch` member of this run's structures document.
        outline: of the site, as text.
        used: captures of the used looks, UTC.
    """
    plain = SinceLast(run=news.run, added=news.added, notices=news.notices, compared=None)
    try:
        before = structures_in(previous.found["structures"])
        told = {**previous.found["structures"]["sitewatch"], "outline": previous.found["outline"]}
        regrouped = _regrouped(told, head)
    except (KeyError, TypeError, ValueError, AttributeError):
        return plain
    if structures is None:
        return plain
    return replace(
        plain,
        compared=previous.found_at,
        settings=changed_settings(told, {**head, "outline": outline}),
        regrouped=regrouped,
        differences=compare_structures(before, structures, news=news, used=used),
    )


def compare_structures(
    before: Sequence[Structure], now: Sequence[Structure], *, news: News, used: Sequence[dt.datetime]
) -> tuple[Difference, ...]:
    """Set what is claimed beside what was claimed.

    Args:
        before: all structures of the run before, of which those of kind `structure` count.
        now: those of this one.
        news: what the listing tells.
        used: captures of the used looks, UTC.
    """
    old = {s.id: s for s in before if s.kind is Kind.STRUCTURE}
    new = {s.id: s for s in now if s.kind is Kind.STRUCTURE}
    pairs = {identifier: identifier for identifier in old.keys() & new.keys()}
    shared = [
        (-share, a.id, b.id)
        for a in old.values()
        if a.id not in pairs
        for b in new.values()
        if b.id not in pairs and (share := _shared(a, b)) >= _LEAST_SHARED
    ]
    for _, a, b in sorted(shared):
        if a not in pairs.values() and b not in pairs:
            pairs[b] = a
    near = _Near(news.notices, sorted(used))
    found = [_difference(Turn.GONE, s, None, near=near) for s in old.values() if s.id not in pairs.values()]
    for s in new.values():
        if s.id not in pairs:
            found.append(_difference(Turn.NEW, None, s, near=near))
        elif not _same_lives(s.presences, old[pairs[s.id]].presences):
            found.append(_difference(Turn.CHANGED, old[pairs[s.id]], s, near=near))
    return tuple(sorted(found, key=lambda d: (-d.probability, d.structure)))


@dataclass(frozen=True)
class _Near:
    """Which scenes that are news lie at a bracket."""

    notices: tuple[Notice, ...]
    used: Sequence[dt.datetime]

    def scenes(self, presences: Iterable[Presence]) -> tuple[str, ...]:
        """Those that are its evidence, lie in it, or are the neighbours of its ends."""
        spells = list(presences)
        evidence = {scene for spell in spells for scene in spell.evidence}
        spans = [self._span(b) for spell in spells for b in (spell.erected, spell.dismantled) if b is not None]
        return tuple(
            dict.fromkeys(
                notice.scene
                for notice in self.notices
                if evidence & {notice.scene, notice.before} or any(a <= notice.captured <= b for a, b in spans)
            )
        )

    def _span(self, bracket: Bracket) -> tuple[dt.datetime, dt.datetime]:
        """From the used look before the bracket to the one after it."""
        before = max((t for t in self.used if t < bracket.after), default=bracket.after)
        after = min((t for t in self.used if t > bracket.by), default=bracket.by)
        return before, after


def _difference(turn: Turn, before: Structure | None, now: Structure | None, *, near: _Near) -> Difference:
    old, new = (() if s is None else s.presences for s in (before, now))
    differing = [p for p in old if not any(_same_spell(p, q) for q in new)]
    differing += [q for q in new if not any(_same_spell(p, q) for p in old)]
    structure = now or before
    if structure is None:
        raise ValueError(turn)
    return Difference(
        turn=turn,
        structure=structure.id,
        before=before.id if before is not None and now is not None and before.id != now.id else None,
        words=_words(old, new),
        probability=structure.probability,
        scenes=near.scenes(differing),
    )


def _words(old: Sequence[Presence], new: Sequence[Presence]) -> tuple[str, ...]:
    """Every event that differs, now and before; where the number of spells differs, those that are told only once."""
    if not old or not new:
        return tuple(spell_in_words(presence) for presence in (*old, *new))
    if len(old) != len(new):
        came = [p for p in new if not any(_same_spell(p, q) for q in old)]
        went = [p for p in old if not any(_same_spell(p, q) for q in new)]
        return (
            *(f"now {spell_in_words(p)}" for p in came),
            *(f"not any more {spell_in_words(p)}" for p in went),
        )
    words = []
    for was, spell in zip(old, new, strict=True):
        for name, one, other in (
            ("erected", was.erected, spell.erected),
            ("taken down", was.dismantled, spell.dismantled),
        ):
            if not _same_bracket(one, other):
                words.append(f"{_event(name, other)} (before: {_event(name, one)})")
    return tuple(words)


def spell_in_words(presence: Presence) -> str:
    """When it went up, and when it went."""
    parts = [_event("erected", presence.erected)]
    if presence.dismantled is not None:
        parts.append(_event("taken down", presence.dismantled))
    return ", ".join(parts)


def _event(name: str, bracket: Bracket | None) -> str:
    if bracket is None:
        return "stood before the first look" if name == "erected" else "still stood at the last look"
    return f"{name} after {bracket.after:%Y-%m-%d} and by {bracket.by:%Y-%m-%d}"


def _same_lives(one: Sequence[Presence], other: Sequence[Presence]) -> bool:
    return len(one) == len(other) and all(itertools.starmap(_same_spell, zip(one, other, strict=True)))


def _same_spell(one: Presence, other: Presence) -> bool:
    return _same_bracket(one.erected, other.erected) and _same_bracket(one.dismantled, other.dismantled)


def _same_bracket(one: Bracket | None, other: Bracket | None) -> bool:
    if one is None or other is None:
        return one is other
    # Catalogs date one pass by different seconds, which makes no other bracket.
    return max(abs(one.after - other.after), abs(one.by - other.by)) <= SAME_PASS


def _shared(one: Structure, other: Structure) -> float:
    if not one.footprint.intersects(other.footprint):
        return 0.0
    common = one.footprint.intersection(other.footprint).area
    return float(common / (one.footprint.area + other.footprint.area - common))


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What was asked for otherwise, in words: it may explain a difference as well as any scene.

    Args:
        before: the head of the structures.geojson of the run before, with the site's `outline` as text.
        now: that of this run.
    """
    names = {
        "false_alarms_per_year": "false alarms a year",
        "since": "start of the period",
        "until": "end of the period",
        "pixel_m": "pixel",
        "version": "version of sitewatch",
    }
    told = [
        f"{words} {_shown(before.get(key))}, now {_shown(now.get(key))}"
        for key, words in names.items()
        if before.get(key) != now.get(key)
    ]
    if before.get("outline") != now.get("outline"):
        told.append("another outline of the site")
    if (asked := "harmonised" in now) != ("harmonised" in before):
        then, today = ("each alone", "as one series") if asked else ("as one series", "each alone")
        told.append(f"sensors searched {then}, now {today}")
    return tuple(told)


def _regrouped(before: Mapping[str, Any], now: Mapping[str, Any]) -> Regrouped | None:
    """How other sensors are one series than were, where that was asked for both times; else None.

    Raises:
        KeyError: a head does not say it as a run does (TypeError too).
    """
    if "harmonised" not in before or "harmonised" not in now:
        return None
    then, today = (tuple(map(str, head["harmonised"]["families"])) for head in (before, now))
    return None if then == today else Regrouped(before=then, now=today)


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return f"{value:g}" if isinstance(value, float) else str(value).removesuffix("T00:00:00Z")


def since_document(since: SinceLast) -> dict[str, object]:
    """For JSON."""
    return {
        "run": f"{since.run:%Y-%m-%dT%H:%M:%SZ}",
        "added": since.added,
        "scenes": [_notice_json(notice) for notice in since.notices],
        "compared_with": None if since.compared is None else f"{since.compared:%Y-%m-%dT%H:%M:%SZ}",
        "other_settings": list(since.settings),
        **(
            {}
            if since.regrouped is None
            else {"one_series": {"before": list(since.regrouped.before), "now": list(since.regrouped.now)}}
        ),
        "structures": [
            {
                "what": d.turn.value,
                "structure": d.structure,
                "before": d.before,
                "words": list(d.words),
                "probability": round(d.probability, 4),
                "scenes": list(d.scenes),
            }
            for d in since.differences
        ],
    }


def _notice_json(notice: Notice) -> dict[str, object]:
    captured = f"{notice.captured:%Y-%m-%d}" if notice.whole_day else f"{notice.captured:%Y-%m-%dT%H:%M:%SZ}"
    document: dict[str, object] = {"what": notice.what.value, "scene": notice.scene, "captured": captured}
    if notice.what in {What.LATE, What.BACK_FILLED}:
        document["days_late"] = notice.days_late
    if notice.what is What.BACK_FILLED:
        document["days_published"] = notice.days_published
    if notice.what is What.REPLACED:
        document |= {"pixels_changed": notice.pixels_changed, "before": notice.before}
    return document


def read_since(told: Mapping[str, Any]) -> SinceLast:
    """What `since_document` wrote.

    Raises:
        ValueError: a part has not the shape that it gives it (KeyError and TypeError too).
    """
    return SinceLast(
        run=dt.datetime.fromisoformat(told["run"]),
        added=int(told["added"]),
        notices=tuple(_notice(entry) for entry in told["scenes"]),
        compared=dt.datetime.fromisoformat(t) if (t := told["compared_with"]) else None,
        settings=tuple(told["other_settings"]),
        regrouped=None
        if "one_series" not in told
        else Regrouped(**{key: tuple(map(str, told["one_series"][key])) for key in ("before", "now")}),
        differences=tuple(
            Difference(
                turn=Turn(entry["what"]),
                structure=entry["structure"],
                before=entry["before"],
                words=tuple(entry["words"]),
                probability=float(entry["probability"]),
                scenes=tuple(entry["scenes"]),
            )
            for entry in told["structures"]
        ),
    )


def _notice(told: Mapping[str, Any]) -> Notice:
    whole_day = len(told["captured"]) == len("2020-01-01")
    captured = dt.datetime.fromisoformat(told["captured"])
    return Notice(
        what=What(told["what"]),
        scene=told["scene"],
        captured=captured.replace(tzinfo=dt.UTC) if whole_day else captured,
        whole_day=whole_day,
        days_late=told.get("days_late"),
        days_published=told.get("days_published"),
        pixels_changed=told.get("pixels_changed"),
        before=told.get("before"),
    )

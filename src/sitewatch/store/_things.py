"""Structures and presences: rows and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sitewatch.errors import InputError
from sitewatch.store import _schema as t
from sitewatch.store._as_known import Published, cut_phases, cut_structure, published_looks, watched_later
from sitewatch.store._entries import Row, current, known_at, write_versions
from sitewatch.store._geometry import geometry_columns, polygon
from sitewatch.store._sites import site_name

if TYPE_CHECKING:
    from sitewatch.structures import Correction, Known, Recognition, Structure

__all__ = [
    "find_thing",
    "known_things",
    "load_corrections",
    "load_structures",
    "presence_rows",
    "save_things",
    "structure_at",
    "structure_of",
    "unknown_thing",
]


def known_things(connection: sa.Connection, site: str) -> tuple[Known, ...]:
    """What is known of a site's structures, for `sitewatch.structures.recognise`, sorted by key."""
    from sitewatch.store._conflicts import dismissed_words
    from sitewatch.store._names import current_names
    from sitewatch.store._reviews import load_confirmed, load_verdicts
    from sitewatch.structures import Known, Reading

    pinned = _pinned(connection, site)
    verdicts = load_verdicts(connection, site)
    confirmed = load_confirmed(connection, site, verdicts.confirmed)
    dismissed = dismissed_words(connection, site)
    names = current_names(connection, site)
    ids: dict[str, set[str]] = {}
    for row in connection.execute(sa.select(t.aliases.c.id, t.aliases.c.thing).where(t.aliases.c.site == site)):
        ids.setdefault(row.thing, set()).add(row.id)
    return tuple(
        Known(
            thing=key,
            structure=structure,
            claimed=claimed,
            pinned=key in pinned,
            confirmed=confirmed.get(key),
            dismissed=dismissed.get(key, ""),
            ids=frozenset(ids.get(key, ())),
            reading=Reading(
                name=names.get(key, ""),
                confirmed=key in verdicts.open and key in verdicts.confirmed,
                rejected=key in verdicts.open and key in verdicts.rejected,
            ),
        )
        for key, (structure, claimed) in load_structures(connection, site).items()
    )


def load_structures(
    connection: sa.Connection, site: str, *, at: dt.datetime | None = None
) -> dict[str, tuple[Structure, bool]]:
    """The structures of a site and whether the last search claims them, by key, sorted.

    Args:
        connection: that reads.
        site: id.
        at: as they were known at that moment; None: now. Where the site was not watched yet, what could have been known
            is put together from what is known today (`_as_known`).
    """
    hindsight = watched_later(connection, site, at)
    when = None if hindsight else at
    rows = sorted(current(connection, t.structures, site=site, at=when).items())
    spells = presence_rows(connection, site, at=when)
    if not hindsight:
        return {key: (structure_of(row, spells[key, row["since"]]), row["claimed"]) for (key,), row in rows}
    assert at is not None
    known = published_looks(connection, at, sites=[site]).get(site, Published(()))
    then = ((key, _then(row, spells[key, row["since"]], known), row["claimed"]) for (key,), row in rows)
    return {key: (structure, claimed) for key, structure, claimed in then if structure is not None}


def _then(row: Row, presences: Sequence[Row], known: Published) -> Structure | None:
    """A structure as the published looks show it; None: they do not.

    One that was still growing has the outline of the last phase that was seen, where that is kept, and an area that may
    be off by the same share as today's.
    """
    cut = cut_structure(row, presences, known)
    if cut is None:
        return None
    told, spells = cut
    if told["area_m2_low"] is None:
        seen = cut_phases(spells[-1], known) or spells[-1]["phases"][:1]
        share = seen[-1]["area_m2"] / row["area_m2"] if row["area_m2"] else 0.0
        outline = seen[-1]["footprint"]
        told |= {name: row[name] * share for name in ("area_m2", "area_m2_low", "area_m2_high")}
        told["footprint"] = row["footprint"] if outline is None else bytes.fromhex(outline)
    return structure_of(told, [{**spell, "phases": cut_phases(spell, known)} for spell in spells])


def structure_at(
    connection: sa.Connection, site: str, thing: str, moment: dt.datetime
) -> tuple[Structure, bool] | None:
    """A structure as it was known at a moment, and whether it was claimed; None: it was not known yet."""
    which = (t.structures.c.site == site) & (t.structures.c.thing == thing) & known_at(t.structures, moment)
    row = connection.execute(sa.select(t.structures).where(which)).mappings().first()
    if row is None:
        return None
    lives = (
        sa.select(t.presences)
        .where(t.presences.c.site == site, t.presences.c.thing == thing, t.presences.c.since == row["since"])
        .order_by(t.presences.c.number)
    )
    spells = [dict(spell) for spell in connection.execute(lives).mappings()]
    return structure_of(dict(row), spells), row["claimed"]


def load_corrections(connection: sa.Connection, site: str) -> tuple[Correction, ...]:
    """The corrections that hold, the oldest first."""
    from sitewatch.change import Kind
    from sitewatch.structures import Correction, Corrects

    rows = current(connection, t.corrections, site=site)
    return tuple(
        Correction(
            what=Corrects(row["what"]),
            thing=row["thing"],
            parts=tuple(polygon(bytes.fromhex(part)) for part in row["detail"].get("parts", ())),
            others=tuple(row["detail"].get("others", ())),
            kind=Kind(kind) if (kind := row["detail"].get("kind")) else None,
        )
        for row in sorted(rows.values(), key=lambda row: row["since"])
    )


def save_things(connection: sa.Connection, site: str, recognition: Recognition, *, since: dt.datetime) -> list[str]:
    """Make a recognition what is known of a site's structures.

    Returns:
        Keys of the structures of which something else is known than before.
    """
    things = {one.thing: one for one in recognition.things}
    before = current(connection, t.structures, site=site)
    spells = presence_rows(connection, site)
    rows = [{"thing": one.thing, "claimed": one.claimed, **_row(one.structure)} for one in things.values()]
    lives = {key: _presences(one.structure) for key, one in things.items()}

    def same(known: Row, new: Row) -> bool:
        was = [_life(row) for row in spells[known["thing"], known["since"]]]
        return all(known[name] == value for name, value in new.items()) and was == [
            _life(row) for row in lives[known["thing"]]
        ]

    written = write_versions(connection, t.structures, rows, site=site, since=since, whole=False, same=same)
    keys = [key for (key,) in written]
    presences = [{"site": site, "thing": key, "since": since, **row} for key in keys for row in lives[key]]
    if presences:
        connection.execute(t.presences.insert(), presences)
    _name(connection, site, {key: things[key].structure.id for key in keys}, since=since)
    for descent in recognition.descents:
        if (descent.thing,) in before or (descent.other,) in before:
            _descend(connection, site, descent.thing, descent.other, descent.what, since=since)
    return keys


def find_thing(connection: sa.Connection, site: str, identifier: str, *, at: dt.datetime | None = None) -> str:
    """The key of a structure by the id that it has, by its name, or by an id that it had.

    Args:
        connection: that reads.
        site: id.
        identifier: id or name.
        at: by the ids and names of that moment; None: now. Where the site was not watched yet, by the ids of today.

    Raises:
        InputError: there is no such site or structure, or several have this name.
    """
    when = None if watched_later(connection, site, at) else at
    own = connection.execute(
        sa.select(t.structures.c.thing)
        .where(t.structures.c.site == site, t.structures.c.id == identifier, known_at(t.structures, when))
        .order_by(t.structures.c.claimed.desc(), t.bytewise(t.structures.c.thing))
    ).scalar()
    if own is not None:
        return str(own)
    named = (
        connection.execute(
            sa.select(t.names.c.thing).where(
                t.names.c.site == site, t.names.c.name == identifier, known_at(t.names, at)
            )
        )
        .scalars()
        .all()
    )
    if len(named) == 1:
        return str(named[0])
    if named:
        raise InputError(f"{len(named)} structures of site {site!r} are called {identifier!r}; give the id of one")
    earlier = sa.select(t.aliases.c.thing).where(t.aliases.c.site == site, t.aliases.c.id == identifier)
    if when is not None:
        earlier = earlier.where(t.aliases.c.since <= when)
    alias = connection.execute(earlier).scalar()
    if alias is not None:
        return str(alias)
    site_name(connection, site)
    raise unknown_thing(site, identifier, at=at)


def unknown_thing(site: str, identifier: str, *, at: dt.datetime | None = None) -> InputError:
    """That a site has no such structure, or had none that was known at a moment."""
    if at is None:
        return InputError(f"site {site!r} has no structure {identifier!r}; see `sitewatch structures {site}`")
    return InputError(
        f"site {site!r} has no structure {identifier!r} that was known on {at:%Y-%m-%d}; see "
        f"`sitewatch structures {site} --as-known {at:%Y-%m-%d}`"
    )


def presence_rows(
    connection: sa.Connection, site: str, *, at: dt.datetime | None = None
) -> dict[tuple[str, dt.datetime], list[Row]]:
    """The presences of what is known of a site's structures, or was at a moment, by (key, since), in time order."""
    s, p = t.structures.c, t.presences.c
    join = t.presences.join(t.structures, (p.site == s.site) & (p.thing == s.thing) & (p.since == s.since))
    query = sa.select(t.presences).select_from(join).where(s.site == site, known_at(t.structures, at))
    found: dict[tuple[str, dt.datetime], list[Row]] = {}
    for row in connection.execute(query.order_by(p.number)).mappings():
        found.setdefault((row["thing"], row["since"]), []).append(dict(row))
    return found


def structure_of(row: Mapping[str, Any], presences: Sequence[Mapping[str, Any]]) -> Structure:
    """A structure from its row and those of its presences."""
    from sitewatch.change import Kind
    from sitewatch.structures import Bracket, Phase, Presence, State, Structure

    def bracket(after: dt.datetime | None, by: dt.datetime | None) -> Bracket | None:
        return None if after is None or by is None else Bracket(after=after, by=by)

    return Structure(
        id=row["id"],
        kind=Kind(row["kind"]),
        footprint=polygon(row["footprint"]),
        present=row["present"],
        probability=row["probability"],
        area_m2=row["area_m2"],
        area_m2_low=row["area_m2_low"],
        area_m2_high=row["area_m2_high"],
        sensors=tuple(row["sensors"]),
        presences=tuple(
            Presence(
                erected=bracket(spell["erected_after"], spell["erected_by"]),
                dismantled=bracket(spell["dismantled_after"], spell["dismantled_by"]),
                state=State(spell["state"]),
                probability=spell["probability"],
                evidence=tuple(spell["evidence"]),
                phases=tuple(
                    Phase(
                        name=phase["name"],
                        began=Bracket(
                            after=dt.datetime.fromisoformat(phase["after"]), by=dt.datetime.fromisoformat(phase["by"])
                        ),
                        area_m2=phase["area_m2"],
                        footprint=None if phase["footprint"] is None else polygon(bytes.fromhex(phase["footprint"])),
                    )
                    for phase in spell["phases"]
                ),
            )
            for spell in presences
        ),
    )


def _row(structure: Structure) -> Row:
    return {
        "id": structure.id,
        "kind": structure.kind.value,
        "present": structure.present,
        "probability": structure.probability,
        "area_m2": structure.area_m2,
        "area_m2_low": structure.area_m2_low,
        "area_m2_high": structure.area_m2_high,
        "sensors": list(structure.sensors),
        **geometry_columns("footprint", structure.footprint),
    }


def _presences(structure: Structure) -> list[Row]:
    return [
        {
            "number": number,
            "erected_after": spell.erected.after if spell.erected else None,
            "erected_by": spell.erected.by if spell.erected else None,
            "dismantled_after": spell.dismantled.after if spell.dismantled else None,
            "dismantled_by": spell.dismantled.by if spell.dismantled else None,
            "state": spell.state.value,
            "probability": spell.probability,
            "evidence": list(spell.evidence),
            "phases": [
                {
                    "name": phase.name,
                    "after": phase.began.after.isoformat(),
                    "by": phase.began.by.isoformat(),
                    "area_m2": phase.area_m2,
                    "footprint": None if phase.footprint is None else phase.footprint.wkb_hex,
                }
                for phase in spell.phases
            ],
        }
        for number, spell in enumerate(structure.presences)
    ]


def _life(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("site", "thing", "since")}


def _pinned(connection: sa.Connection, site: str) -> set[str]:
    """Structures that people know by their id."""
    written = (
        sa.select(table.c.thing).where(table.c.site == site) for table in (t.names, t.reviews, t.notes, t.corrections)
    )
    pinned = set(connection.execute(sa.union(*written)).scalars())
    for row in current(connection, t.corrections, site=site).values():
        pinned.update(row["detail"].get("others", ()))
    return pinned


def _name(connection: sa.Connection, site: str, ids: Mapping[str, str], *, since: dt.datetime) -> None:
    """Remember every id that a structure ever had; the key of a structure leads to itself."""
    known = set(connection.execute(sa.select(t.aliases.c.id).where(t.aliases.c.site == site)).scalars())
    new: dict[str, str] = {}
    for key, identifier in ids.items():
        for name in (key, identifier):
            if name not in known:
                new.setdefault(name, key)
    if new:
        connection.execute(
            t.aliases.insert(), [{"site": site, "id": i, "since": since, "thing": key} for i, key in new.items()]
        )


def _descend(connection: sa.Connection, site: str, thing: str, other: str, what: str, *, since: dt.datetime) -> None:
    row = {"site": site, "thing": thing, "other": other, "what": what}
    told = sa.select(sa.literal(1)).where(*(t.lineage.c[name] == value for name, value in row.items()))
    if connection.execute(told).first() is None:
        connection.execute(t.lineage.insert().values(**row, since=since))

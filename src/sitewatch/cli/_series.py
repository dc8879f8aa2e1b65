"""`sitewatch structure series`: when did it look like this before, and what followed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._draw import draw
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_as_known
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    opened,
    print_json,
    print_table,
    tell_hindsight,
)
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.structures import Around

__all__ = ["SERIES_EXAMPLES", "series"]

SERIES_EXAMPLES = """
Examples:

    sitewatch structure series plant shelter

    sitewatch structure series plant s1a2b3c4 --within 30 --picture shelter.svg

    sitewatch structure series plant shelter --as-known 2020-01-31
"""


def series(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of a watched site.")],
    structure: Annotated[str, typer.Argument(metavar="ID", help="Id or name of the structure.")],
    within: Annotated[float, typer.Option(metavar="DAYS", help="How near in time other things count.")] = 90.0,
    least: Annotated[
        float, typer.Option(metavar="P", help="Turns less likely than that are not set beside each other; 0-1.")
    ] = 0.5,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw its life and how long it stands into this file.")
    ] = None,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """A structure's spells and gaps, how long they usually last, and what else happened around its turns."""
    from sitewatch.report import around_sentences, length_words, occasion_words, series_picture, series_sentences
    from sitewatch.store import PICTURE_TITLES, find_thing, list_events, load_site, unknown_thing
    from sitewatch.structures import DatedEvent, Kind, TurnKind, series_document, series_of, what_followed

    if not 0 < within <= 3660:
        raise OptionError(f"--within must be above 0 and at most 3660 days, got {within:g}")
    if not 0 <= least <= 1:
        raise OptionError(f"--least must be a probability, 0 to 1, got {least:g}")
    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        thing = find_thing(connection, site, structure, at=moment)
        known = load_site(connection, site, at=moment)
        # Structures turn between looks, so a picture lies beside every turn: that says nothing of what follows what.
        told = [e for e in list_events(connection, site=site, at=moment) if e.title not in PICTURE_TITLES]
    if thing not in known.structures:
        raise unknown_thing(site, structure, at=moment)
    used = known.used
    if len(used) < 2:
        way_out = f"run `sitewatch watch {site}`" if moment is None else "give a later day"
        raise InputError(f"site {site!r} has {len(used)} used looks, too few for a series; {way_out}")
    one = known.structures[thing]
    found = series_of(one, first=used[0], last=used[-1])
    called = {s.id: known.called(key) for key, s in known.structures.items()}
    around = [
        what_followed(
            one,
            turn=turn,
            others=[other for other in known.told() if other.kind is Kind.STRUCTURE],
            events=[DatedEvent(title=e.title, began=e.began, ended=e.ended, source=e.source) for e in told],
            looks=used,
            within_days=within,
            name=lambda other: called[other.id],
            least=least,
            sure={known.structures[key].id for key in known.confirmed},
        )
        for turn in TurnKind
    ]
    remarks = _remarks(claimed=thing in known.claimed, rejected=thing in known.rejected)
    name = known.called(thing)
    if picture is not None:
        draw(picture, series_picture(found, one, title=f"{name} at {known.site.name}"))
    if as_json:
        print_json(
            {
                **series_document(found, around),
                "site": site,
                "name": known.names.get(thing),
                "sentences": [*remarks, *series_sentences(found)],
                "hindsight": known.hindsight,
            }
        )
        return
    tell_hindsight([site] if known.hindsight else [])
    for sentence in (*remarks, *series_sentences(found)):
        say(sentence)
    print_table(
        ("erected", "taken down", "stood", "probability>"),
        (
            (
                "before the first look"
                if s.erected is None
                else f"{s.erected.after:%Y-%m-%d} .. {s.erected.by:%Y-%m-%d}",
                "stands" if s.dismantled is None else f"{s.dismantled.after:%Y-%m-%d} .. {s.dismantled.by:%Y-%m-%d}",
                length_words(s.length) + (", cut off" if s.length.censored else ""),
                f"{s.probability:.2f}",
            )
            for s in found.spells
        ),
        none="",
    )
    for side in around:
        _print_around(side, around_sentences(side), occasion_words(side))
    if picture is not None:
        print(picture)


def _remarks(*, claimed: bool, rejected: bool) -> list[str]:
    remarks = []
    if not claimed:
        remarks.append("The last search does not claim this structure any more; its series is told as it was known.")
    if rejected:
        remarks.append("Readers reject this structure.")
    return remarks


def _print_around(around: Around, sentences: tuple[str, ...], occasions: list[str]) -> None:
    print(f"Within {around.within_days:g} days of being {around.turn.value}:")
    for line in (*sentences, *occasions):
        say(f"  {line}")

"""`sitewatch forecast add`, `pool`, `list`, `resolve` and `scores`: forecasts that are kept and scored."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._issue import OURS
from sitewatch.cli._progress import note
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_as_known, parse_date, parse_now, present
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    Now,
    Reader,
    opened,
    print_json,
    print_table,
    who,
)
from sitewatch.errors import OptionError

if TYPE_CHECKING:
    from sitewatch.forecast import Pooling
    from sitewatch.store import Registered

__all__ = ["forecast_document", "register_app"]

register_app = typer.Typer()

_POOLED = "aggregate"
_DAY = dt.timedelta(days=1)
_LEAST_SCORED = 10
"""Resolved forecasts from which an interval is told."""

Event = Annotated[str | None, typer.Option(metavar="TITLE", help="Only those about events of this title.")]
OneSite = Annotated[str | None, typer.Option(metavar="SITE", help="Only those about this site.")]


@register_app.command(
    "add",
    epilog="""
Examples:

    sitewatch forecast add "missile test" --probability 0.3 --days 14

    sitewatch forecast add launch --probability 0.05 --days 7 --first 2020-01-01 --site plant --reader ann
""",
)
def add(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Title of the events, as `event list` shows it.")],
    probability: Annotated[float, typer.Option(metavar="P", help="Of at least one in the window, 0.001 to 0.999.")],
    days: Annotated[int, typer.Option(min=1, max=3660, help="Length of the window.")],
    first: Annotated[str | None, typer.Option(metavar="DATE", help="First day of the window; default today.")] = None,
    site: Annotated[str, typer.Option(metavar="SITE", help="Site that it is about; default none.")] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="What it rests on.")] = "",
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Register what you hold likely yourself; it is kept under your name and never changed."""
    from sitewatch.store import Registered, register_forecasts

    moment = parse_now(now)
    begins = parse_date("--first", first) or moment.date()
    with opened(workspace) as space, space.store.writing() as connection:
        author = who(space, reader)
        if author in (OURS, _POOLED):
            raise OptionError(f"--reader {author} is a name that sitewatch uses itself; give your own")
        told = Registered(
            event=event,
            first=begins,
            last=begins + (days - 1) * _DAY,
            author=author,
            probability=probability,
            issued=moment,
            site=site,
            detail={"why": why} if why else {},
        )
        found = register_forecasts(connection, [told], who=author, at=moment)
    print(f"{told.key} {'new' if found.added else 'registered already: nothing changed'}")


@register_app.command(
    "pool",
    epilog="""
Examples:

    sitewatch forecast pool

    sitewatch forecast pool --event "missile test" --json
""",
)
def pool(
    event: Event = None,
    site: OneSite = None,
    reader: Reader = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Make one probability of what several people hold of the same window, and register it as the aggregate.

    It is the mean of their log-odds, made more or less extreme as the resolved questions of the record say. What each
    of them said stays. Windows that have begun before today are left as they are.
    """
    from sitewatch.forecast import learn_pooling
    from sitewatch.forecast import pool as pooled
    from sitewatch.store import CERTAIN, Registered, list_forecasts, register_forecasts

    moment = parse_now(now)
    with opened(workspace) as space, space.store.writing() as connection:
        # In a replay, what was issued or resolved later teaches nothing.
        told = [one for one in list_forecasts(connection) if one.author not in (OURS, _POOLED) and one.issued <= moment]
        how = learn_pooling(_resolved_questions(told, moment.date()))
        made = []
        for question in _questions(told):
            latest = _latest(question)
            head = latest[0]
            if len(latest) < 2 or head.first < moment.date() or head.happened is not None:
                continue
            if not _asked(head, event, site):
                continue
            detail = {
                "individuals": [one.key for one in latest],
                "probabilities": [one.probability for one in latest],
                "sharpen": how.sharpen,
                "shift": how.shift,
                "learned_from": how.learned_from,
            }
            probability = min(1 - CERTAIN, max(CERTAIN, pooled([one.probability for one in latest], how)))
            made.append(
                Registered(
                    event=head.event, first=head.first, last=head.last, author=_POOLED, probability=probability,
                    issued=moment, site=head.site, detail=detail,
                )
            )  # fmt: skip
        register_forecasts(connection, made, who=who(space, reader), at=moment)
    if as_json:
        print_json([forecast_document(one) for one in made])
        return
    rows = ((_window(one), one.event, f"{one.probability:.3f}", len(one.detail["individuals"])) for one in made)
    print_table(("window", "event", "aggregate>", "people>"), rows, none="no open window has forecasts of two people")
    if made:
        say(_pooling_sentence(how))


@register_app.command(
    "list",
    epilog="""
Examples:

    sitewatch forecast list --site plant

    sitewatch forecast list --event "missile test" --as-known 2020-01-31 --json
""",
)
def list_(
    event: Event = None,
    site: OneSite = None,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List registered forecasts with what became of them; warnings that expired stay."""
    from sitewatch.store import list_forecasts

    with opened(workspace) as space, space.store.reading() as connection:
        found = list_forecasts(connection, site=site, event=event, at=parse_as_known(as_known))
    if as_json:
        print_json([forecast_document(one) for one in found])
        return
    today = present().date()
    rows = (
        (
            one.key,
            f"{one.issued:%Y-%m-%d}" + (" (looking back)" if one.looking_back else ""),
            _window(one),
            one.event,
            one.author,
            f"{one.probability:.3f}",
            "" if one.base is None else f"{one.base:.3f}",
            _outcome(one, today),
        )
        for one in found
    )
    columns = ("key", "issued", "window", "event", "by", "probability>", "base rate>", "came")
    print_table(columns, rows, none="no forecast is registered")


@register_app.command(
    "resolve",
    epilog="""
Examples:

    sitewatch forecast resolve --complete-until 2020-03-31

    sitewatch forecast resolve --complete-until 2020-03-31 --site plant --json
""",
)
def resolve(
    complete_until: Annotated[
        str,
        typer.Option(metavar="DATE", help="Last day to which all events are recorded: where none is, there was none."),
    ],
    site: OneSite = None,
    reader: Reader = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Set forecasts beside the recorded events: what came, what did not, what is still open."""
    from sitewatch.store import list_events, list_forecasts, resolve_forecasts, title_key

    moment = parse_now(now)
    complete = parse_date("--complete-until", complete_until)
    assert complete is not None
    with opened(workspace) as space, space.store.writing() as connection:
        found = resolve_forecasts(connection, complete=complete, who=who(space, reader), at=moment, site=site)
        told = {one.key: one for one in list_forecasts(connection, site=site)}
        recorded = {title_key(one.title) for one in list_events(connection)}
    changed = [told[key] for key in found.changed]
    for title in sorted({one.event for one in changed if title_key(one.event) not in recorded}):
        note(f"no event {title!r} is recorded at all, which is taken for none having come; see `sitewatch event list`")
    if as_json:
        print_json(
            {
                "complete_until": complete.isoformat(),
                "resolved": found.resolved,
                "waiting": found.waiting,
                "unclear": list(found.unclear),
                "changed": [forecast_document(one) for one in changed],
            }
        )
        return
    for one in changed:
        say(f"{one.key} {_window(one)} {one.event}, {one.author}, {one.probability:.3f}: {_came(one.happened)}")
    say(f"{found.resolved} resolved with a record that is complete to {complete}, {found.waiting} wait.")
    if found.unclear:
        say(
            f"{len(found.unclear)} cannot be told, as the days of an event lie partly in the window: "
            f"{', '.join(found.unclear[:5])}."
        )


@register_app.command(
    "scores",
    epilog="""
Examples:

    sitewatch forecast scores

    sitewatch forecast scores --event "missile test" --json
""",
)
def scores(
    event: Event = None,
    site: OneSite = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the intervals.")] = 0,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """Score registered forecasts by author and length of window, those that look back apart.

    A forecast is scored once its window is over, also where the event came early. Smaller is better, always a half
    scores .25. The base rate and a half stand beside each, on the same forecasts.
    """
    from sitewatch.store import list_forecasts

    with opened(workspace) as space, space.store.reading() as connection:
        found = list_forecasts(connection, site=site, event=event)
    groups = _scored(found, seed, today=present().date())
    if as_json:
        print_json({"scores": groups})
        return
    rows = []
    for one in groups:
        told, beside = one["score"], one["baselines"]
        rate = beside.get("base rate")
        rows.append(
            (
                one["author"] + (" (looking back)" if one["looking_back"] else ""), one["days"], one["n"], one["open"],
                "" if told is None else f"{told['event_rate']:.2f}", "" if told is None else f"{told['brier']:.4f}",
                "" if told is None else f"{told['log_score']:.3f}",
                "" if rate is None else f"{rate['brier']:.4f}",
                "" if rate is None else _interval(rate),
            )
        )  # fmt: skip
    columns = ("by", "days>", "scored>", "open>", "came>", "Brier>", "log score>", "base rate>", "better by (95 %)>")
    print_table(columns, rows, none="no forecast is registered")


def forecast_document(one: Registered) -> dict[str, object]:
    """A registered forecast for JSON."""
    return {
        "forecast": one.key,
        "event": one.event,
        "site": one.site or None,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "days": one.days,
        "author": one.author,
        "probability": one.probability,
        "base": one.base,
        "issued": f"{one.issued:%Y-%m-%dT%H:%M:%SZ}",
        "registered": None if one.registered is None else f"{one.registered:%Y-%m-%dT%H:%M:%SZ}",
        "looking_back": one.looking_back,
        "happened": one.happened,
        "events": list(one.events),
        "detail": dict(one.detail),
    }


def _scored(found: Sequence[Registered], seed: int, *, today: dt.date) -> list[dict[str, Any]]:
    """Scores of each author and length of window, in order; of windows that are over."""
    from sitewatch.forecast import block_length, compare, score, score_document

    def group(one: Registered) -> tuple[str, bool, int]:
        return one.author, one.looking_back, one.days

    told = []
    for (author, back, days), members in itertools.groupby(
        sorted(found, key=lambda one: (group(one), one.issued)), group
    ):
        listed = list(members)
        over = [one for one in listed if _over(one, today)]
        entry: dict[str, Any] = {
            "author": author, "looking_back": back, "days": days, "n": len(over), "open": len(listed) - len(over),
            "score": None, "baselines": {},
        }  # fmt: skip
        if over:
            block = block_length([one.first.toordinal() for one in over], days)
            chances, came = [one.probability for one in over], [bool(one.happened) for one in over]
            entry["score"] = score_document(score(chances, came, block=block, seed=seed))
            rivals: dict[str, list[float]] = {"half": [0.5] * len(over)}
            if all(one.base is not None for one in over):
                rivals["base rate"] = [one.base or 0.0 for one in over]
            for name, rival in rivals.items():
                beside = compare(chances, rival, came, block=block, seed=seed)
                entry["baselines"][name] = {
                    "brier": beside.brier,
                    "difference": beside.difference,
                    # From a few forecasts no interval can be drawn that means anything.
                    "ci": list(beside.difference_interval) if len(over) >= _LEAST_SCORED else None,
                    "skill": beside.skill,
                }
        told.append(entry)
    return told


def _interval(rate: dict[str, Any]) -> str:
    if rate["ci"] is None:
        return f"{-rate['difference']:+.4f} (too few)"
    low, high = rate["ci"]
    return f"{-rate['difference']:+.4f} ({-high:+.4f} to {-low:+.4f})"


def _questions(told: Sequence[Registered]) -> list[list[Registered]]:
    """Forecasts of the same events, window and site together."""
    from sitewatch.store import title_key

    def question(one: Registered) -> tuple[str, str, dt.date, dt.date]:
        return one.site, title_key(one.event), one.first, one.last

    return [list(members) for _, members in itertools.groupby(sorted(told, key=question), question)]


def _latest(question: Sequence[Registered]) -> list[Registered]:
    """The last word of each author."""
    last = {one.author: one for one in sorted(question, key=lambda one: one.issued)}
    return [last[author] for author in sorted(last)]


def _resolved_questions(told: Sequence[Registered], today: dt.date) -> list[tuple[list[float], bool]]:
    found = []
    for question in _questions(told):
        latest = _latest(question)
        if len(latest) > 1 and _over(latest[0], today):
            assert latest[0].happened is not None
            found.append(([one.probability for one in latest], latest[0].happened))
    return found


def _over(one: Registered, today: dt.date) -> bool:
    """Whether a forecast is resolved and its window over.

    An event shows before the end of a window, its absence only then: of windows that go on, those that came true alone
    would count.
    """
    return one.happened is not None and one.last < today


def _asked(one: Registered, event: str | None, site: str | None) -> bool:
    from sitewatch.store import title_key

    return (event is None or title_key(one.event) == title_key(event)) and site in (None, one.site)


def _pooling_sentence(how: Pooling) -> str:
    if not how.learned_from:
        return "It is the mean of their log-odds as it is: no question with several forecasts is resolved yet."
    return (
        f"The mean of their log-odds is multiplied by {how.sharpen:.2f} and moved by {how.shift:+.2f}, as learned from "
        f"{how.learned_from} resolved questions."
    )


def _window(one: Registered) -> str:
    return f"{one.first} to {one.last}"


def _came(happened: bool | None) -> str:
    return {True: "it came", False: "it did not come", None: "open"}[happened]


def _outcome(one: Registered, today: dt.date) -> str:
    if one.happened is not None:
        return "yes" if one.happened else "no"
    return "not resolved" if one.last < today else "open"

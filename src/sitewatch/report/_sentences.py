"""What happened, in plain language: events lie between two looks, never on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sitewatch.change import MIN_LOOKS
from sitewatch.cube import Look, Outcome
from sitewatch.structures import Bracket, Presence, State, Structure

__all__ = [
    "bracket_words",
    "finding",
    "moment",
    "number",
    "plural",
    "presence_sentence",
    "seen_sentence",
    "square_metres",
    "state_words",
]

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_STATES = {
    State.FIRST: "one used look shows it",
    State.PROVISIONAL: "two or three used looks show it",
    State.CONFIRMED: "four or more used looks show it",
}


def number(count: int) -> str:
    """A count as written in running text."""
    return _SMALL[count] if count < len(_SMALL) else f"{count:,}".replace(",", " ")


def plural(count: int, noun: str) -> str:
    """A count and its noun: "1 look", "4 looks"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def square_metres(area: float) -> str:
    """An area as written in running text: no more digits than pixels can carry, thousands set apart."""
    step = 100 if area >= 1000 else 10 if area >= 100 else 1
    return f"{step * round(area / step):,}".replace(",", "\u202f")


def moment(time: dt.datetime, *, hours: bool = False) -> str:
    """A UTC time as a date, or as date and time of day."""
    return f"{time:%Y-%m-%d %H:%M} UTC" if hours else f"{time:%Y-%m-%d}"


def bracket_words(bracket: Bracket) -> str:
    """The bracket as "after A and by B"; with times of day where both lie on one date."""
    hours = bracket.after.date() == bracket.by.date()
    return f"after {moment(bracket.after, hours=hours)} and by {moment(bracket.by, hours=hours)}"


def presence_sentence(presence: Presence, *, first: dt.datetime | None, last: dt.datetime | None) -> str:
    """One spell of standing, from its brackets.

    Args:
        presence: the spell.
        first: first look on which its ground was seen, None where not known.
        last: last look on which its ground was seen, None where not known.
    """
    if presence.erected is None:
        begin = "Stood already at the first clear look" + (f", {moment(first)}" if first else "")
    else:
        begin = f"Erected {bracket_words(presence.erected)}"
    if presence.dismantled is None:
        until = f", {moment(last)}" if last else ""
        if presence.erected is None:
            return f"{begin}, and still stood at the last{until}."
        return f"{begin}; it still stood at the last clear look{until}."
    end = f"{begin}; taken down {bracket_words(presence.dismantled)}."
    if presence.erected is None:
        return end
    least = max(0, (presence.dismantled.after - presence.erected.by).days)
    most = (presence.dismantled.by - presence.erected.after).days
    stood = f"between {least} and {plural(most, 'day')}" if most > least else f"about {plural(most, 'day')}"
    return f"{end} It stood for {stood}."


def state_words(state: State) -> str:
    """What the state of a presence means."""
    return _STATES[state]


def finding(
    claims: Sequence[Structure],
    looks: Sequence[Look],
    *,
    first: dt.datetime | None,
    last: dt.datetime | None,
    pair: bool = True,
) -> tuple[str, str]:
    """The report's answer: a short verdict and one sentence.

    The three answers "nothing changed", "nothing was seen" and "could not look" are kept apart. `pair` says that of too
    few looks two were compared, as all but radar's are.
    """
    used = sum(look.outcome is Outcome.USED for look in looks)
    if not looks:
        return "Could not look", "No scene of the site is listed for the period, so nothing can be said about it."
    if not used:
        return _unseen(looks)
    span = f"between {moment(first)} and {moment(last)}" if first and last else "in the record"
    basis = f"{used} of {plural(len(looks), 'listed look')} could be used."
    if used < MIN_LOOKS:
        basis = f"{basis[:-1]}, too few to tell a change from noise: {MIN_LOOKS} are needed."
        if used > 1 and pair:
            basis += (
                " Only two were compared, and nothing tells there what was built from what stood about for a day, from "
                "the season or from the light."
            )
        if not claims:
            return "Too few looks", f"{basis} This is not a finding that nothing changed."
    erected = [sum(p.erected is not None for p in s.presences) for s in claims]
    taken = [sum(p.dismantled is not None for p in s.presences) for s in claims]
    parts = []
    if any(erected):
        parts.append(_counted(erected, "erected", noun=True))
    if any(taken):
        parts.append(_counted(taken, "taken down", noun=not parts))
    if not parts:
        return "Nothing changed", f"Nothing was found erected or taken down {span}; {basis}"
    text = " and ".join(parts)
    sure = used >= MIN_LOOKS and any(s.probability >= 0.5 for s in claims)
    verdict = "Changes found" if sure else "Possible changes"
    return verdict, f"{text[0].upper()}{text[1:]} {span}; {basis} {_odds(claims)}"


def _odds(claims: Sequence[Structure]) -> str:
    """How many of the claims their probabilities promise to be right: a budget of false alarms lets unsure ones in."""
    if len(claims) == 1:
        return f"Its probability is {claims[0].probability:.2f}."
    right = sum(s.probability for s in claims)
    return f"Their probabilities add up to {right:.1f} of {len(claims)}: so many can be expected to be real."


def _counted(times: Sequence[int], done: str, *, noun: bool) -> str:
    """How many structures it was done to, and how often where one had it done to it again."""
    things = sum(n > 0 for n in times)
    subject = number(things) + (f" structure{'s' if things > 1 else ''}" if noun else "")
    again = f" ({number(sum(times))} times in all)" if sum(times) > things else ""
    return f"{subject} {'were' if things > 1 else 'was'} {done}{again}"


def _unseen(looks: Sequence[Look]) -> tuple[str, str]:
    failed = sum(look.outcome is Outcome.FAILED for look in looks)
    if failed == len(looks):
        what = "the one listed scene could not" if failed == 1 else f"none of the {failed} listed scenes could"
        return "Could not look", f"{what[0].upper()}{what[1:]} be read, so nothing can be said about the site."
    counts = {outcome: sum(look.outcome is outcome for look in looks) for outcome in Outcome}
    told = {
        Outcome.COULD_NOT_SEE: "could not see the ground",
        Outcome.REJECTED: "could not be compared",
        Outcome.FAILED: "could not be read",
    }
    why = ", ".join(f"{counts[outcome]} {words}" for outcome, words in told.items() if counts[outcome])
    return (
        "Nothing was seen",
        (
            f"None of {plural(len(looks), 'listed look')} showed the site well enough to compare ({why}). "
            "This is not a finding that nothing changed."
        ),
    )


def seen_sentence(share: float) -> str:
    """How much of the outline lies outside every image; empty where all of it was covered."""
    if share >= 0.9995:
        return ""
    missing = max(0.1, 100 * (1 - share))
    shown = f"{missing:.0f}" if missing >= 10 else f"{missing:.1f}"
    return (
        f"{shown} % of the site's outline lies outside every image and could never be seen: "
        "what happened there is not known."
    )
